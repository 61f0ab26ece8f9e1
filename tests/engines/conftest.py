"""The real engines: transformers and vLLM in this process, and `vllm serve` as a server beside it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

START_SECONDS = 600.0
ENGINE = {"enforce_eager": True, "max_num_seqs": 8}

os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")  # GiB; the tiny models need far less
os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")


@contextmanager
def served(model: Path, pages: int, context_tokens: int, log: Path) -> Iterator[str]:
    """A `vllm serve` of the model; gives its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # What `vllm serve` starts; the command itself asks for the version of a package that the CPU build calls otherwise.
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model), "--host", "127.0.0.1"]
    command += ["--port", str(port), "--served-model-name", "tiny", "--dtype", "float32", "--enforce-eager"]
    command += ["--max-model-len", str(context_tokens), "--limit-mm-per-prompt", f'{{"image": {pages}}}']
    command += ["--max-num-seqs", "8", "--seed", "0"]
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT) as server:
        try:
            _wait(f"http://127.0.0.1:{port}/health", server, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if server.poll() is not None:
            pytest.fail(f"vllm serve ended with {server.returncode}:\n{log.read_text(errors='replace')[-3000:]}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    pytest.fail(f"vllm serve did not start in {START_SECONDS:g} s:\n{log.read_text(errors='replace')[-3000:]}")
