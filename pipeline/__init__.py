"""Recto's pipeline. `from pipeline import Library` is the way in; everything heavy loads when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.library import Library

__all__ = ["Library"]


def __getattr__(name: str) -> Any:
    if name == "Library":
        from pipeline.library import Library

        return Library
    raise AttributeError(f"module 'pipeline' has no attribute {name!r}")
