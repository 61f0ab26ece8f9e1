"""The errors a caller of Recto may see, beside `InputError` for the user's own files."""

from ingest.errors import InputError, RectoError

__all__ = ["ConfigError", "InputError", "ModelError", "RectoError", "StoreError", "first_line"]


class ConfigError(RectoError):
    """A setting that is unknown, impossible, or at odds with the library. Names the field."""

    exit_code = 2


class StoreError(RectoError):
    """A library that is locked, damaged, made with other settings, or on a full disk."""


class ModelError(RectoError):
    """A model or an endpoint that is absent, unreachable, or answers nonsense."""


def first_line(error: BaseException) -> str:
    """What an exception of a library says, on one short line; its type where it says nothing."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:300]
