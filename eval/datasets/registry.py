"""Data sets by kind: who publishes them, how many questions a whole copy has, and what reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from pickle import UnpicklingError

from eval.datasets import (
    financebench,
    m3docvqa,
    mmdocir,
    mmdocrag,
    mmlongbench,
    mpdocvqa,
    ohrbench,
    recto,
    slidevqa,
    unidoc,
    vidore,
    vidore_qa,
    vidoseek,
)
from eval.datasets.hub import noted_revision
from eval.errors import EvaluationError
from eval.records import Corpus


@dataclass(frozen=True, slots=True)
class Source:
    """`load(folder, cache)` reads a local copy in the publisher's own layout; `questions`: of a whole copy."""

    load: Callable[[Path, Path], Corpus]
    questions: int | None = None


SOURCES: Mapping[str, Source] = {
    "recto": Source(recto.load),
    "financebench": Source(financebench.load, financebench.QUESTIONS),
    "m3docvqa": Source(m3docvqa.load, m3docvqa.QUESTIONS),
    "mmdocir": Source(mmdocir.load, mmdocir.QUESTIONS),
    "mmdocrag": Source(mmdocrag.load, mmdocrag.QUESTIONS),
    "mmlongbench": Source(mmlongbench.load, mmlongbench.QUESTIONS),
    "mpdocvqa": Source(mpdocvqa.load),
    "ohrbench": Source(ohrbench.load),
    "slidevqa": Source(slidevqa.load, slidevqa.QUESTIONS),
    "unidoc": Source(unidoc.load, unidoc.QUESTIONS),
    "vidore": Source(vidore.load),
    "vidore-qa": Source(vidore_qa.load),
    "vidoseek": Source(vidoseek.load, vidoseek.QUESTIONS),
    "visrag": Source(vidore.load),
}


_MEND = "mend the file, or take it from the publisher again (--debug shows where)"


def load(kind: str, folder: Path, cache: Path) -> Corpus:
    """The set of `kind` in `folder`; documents that must be put together go to `cache`.

    Its revision is the commit it was fetched at where that is noted, else a hash of the files read.

    Raises `EvaluationError` for an unknown kind, a wrong file, and a copy that is not whole.
    """
    if kind not in SOURCES:
        raise EvaluationError(f"there is no kind of data set {kind!r}; there are {', '.join(SOURCES)}")
    if not folder.is_dir():
        raise EvaluationError(f"there is no folder {folder} with a data set")
    source = SOURCES[kind]
    try:
        corpus = source.load(folder, cache)
    except KeyError as error:
        raise EvaluationError(f"{kind} in {folder}: {error} is missing somewhere, and is needed: {_MEND}") from error
    except (TypeError, ValueError, IndexError, AttributeError, ArithmeticError, EOFError, UnpicklingError) as error:
        raise EvaluationError(f"{kind} in {folder} has not the form that is read here ({error}): {_MEND}") from error
    if source.questions not in (None, len(corpus.questions)):
        raise EvaluationError(
            f"{folder} holds {len(corpus.questions)} questions and {kind} has {source.questions}: "
            "the copy is not whole, or of another release than the one this reads"
        )
    return replace(corpus, revision=noted_revision(folder) or corpus.revision)
