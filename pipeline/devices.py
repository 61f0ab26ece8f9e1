"""What models compute on: the best device of this machine, and what its processor is fast in. Loads no model."""

from __future__ import annotations


def best_device() -> str:
    """A GPU where torch has one, else the processor."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def processor_has_bfloat16() -> bool:
    """Whether the processor computes in bfloat16 (measured: about twice the speed of float32 on AMX)."""
    import torch

    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported() and torch.cpu._is_avx512_bf16_supported())
