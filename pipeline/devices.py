"""What models compute on: the best device of this machine, and what its processor is fast in. Loads no model."""

from __future__ import annotations

from pipeline.errors import ConfigError, first_line


def best_device() -> str:
    """A GPU where torch has one, else the processor."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def usable_device(name: str, setting: str) -> str:
    """The device, or the best there is for "auto". Raises `ConfigError` for one that torch does not have."""
    import torch

    if name == "auto":
        return best_device()
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"{setting} {name!r} cannot be used: {first_line(error)}") from None
    return name


def processor_has_bfloat16() -> bool:
    """Whether the processor computes in bfloat16 (measured: about twice the speed of float32 on AMX)."""
    import torch

    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported() and torch.cpu._is_avx512_bf16_supported())
