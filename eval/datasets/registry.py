"""Data sets by name or by folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from eval.datasets import recto
from eval.errors import EvaluationError
from eval.records import Corpus

Loader = Callable[[Path], Corpus]

LOADERS: Mapping[str, Loader] = {}


def load(kind: str, folder: Path, cache: Path) -> Corpus:
    """The set of `kind` ("recto" or a published one) in `folder`. Raises `EvaluationError`."""
    if not folder.is_dir():
        raise EvaluationError(f"there is no folder {folder} with a data set")
    if kind == "recto":
        return recto.load(folder, cache)
    if kind not in LOADERS:
        raise EvaluationError(f"there is no kind of data set {kind!r}; there are {', '.join(['recto', *LOADERS])}")
    return LOADERS[kind](folder)
