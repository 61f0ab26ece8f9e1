"""What evaluation is about: questions with their gold pages, and the documents they are asked of. Plain frozen data.

Data sets are loaded into these and nothing else; page numbers are 0-based here, whatever the source counts from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ingest.document import Box


@dataclass(frozen=True, slots=True, order=True)
class GoldPage:
    """A page that answers a question. `grade` as in TREC qrels: 0 is judged and useless, more is better."""

    document: str
    page_index: int
    grade: int = 1


@dataclass(frozen=True, slots=True)
class GoldRegion:
    """Where on a gold page the evidence stands (`Box`: 0-1 of the page as displayed)."""

    document: str
    page_index: int
    box: Box


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what is known of its answer.

    `answers` are alternatives, any of which is right. `gold` is empty for a question without annotated pages: it
    counts for answers and abstention, never for retrieval. `answer_format` is the source's own (e.g. "Int", "List").
    `slices` maps a property to its values (`{"type": ("table",)}`); a question counts in every slice named.
    """

    id: str
    text: str
    answers: tuple[str, ...] = ()
    answerable: bool = True
    gold: tuple[GoldPage, ...] = ()
    regions: tuple[GoldRegion, ...] = ()
    answer_format: str | None = None
    evidence: tuple[str, ...] = ()
    slices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CorpusDocument:
    """A document that questions are asked of: the name gold pages use, its file, and its pages where known."""

    name: str
    path: Path
    page_count: int | None = None


@dataclass(frozen=True, slots=True)
class Corpus:
    """A data set: documents, questions, and the `revision` (a commit or a SHA-256 of its files) that was loaded."""

    name: str
    revision: str
    documents: tuple[CorpusDocument, ...]
    questions: tuple[Question, ...]
