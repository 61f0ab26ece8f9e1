"""What evaluation is about: questions with their gold pages, the documents asked of, what a system did. Frozen data.

Data sets are loaded into these and nothing else; page numbers are 0-based here, whatever the source counts from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    `documents` are gold documents beyond those of `gold`, of sources that do not say the page: only the document
    metrics use them.
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
    documents: tuple[str, ...] = ()

    def renamed(self, names: Mapping[str, str]) -> Question:
        """The same with documents under other names, those that are not in `names` under their own.

        Of gold pages that become one the highest grade counts.
        """
        gold: dict[tuple[str, int], GoldPage] = {}
        for page in self.gold:
            page = replace(page, document=names.get(page.document, page.document))
            known = gold.setdefault((page.document, page.page_index), page)
            if page.grade > known.grade:
                gold[page.document, page.page_index] = page
        regions = tuple(replace(one, document=names.get(one.document, one.document)) for one in self.regions)
        documents = tuple(dict.fromkeys(names.get(document, document) for document in self.documents))
        return replace(self, gold=tuple(gold.values()), regions=regions, documents=documents)


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


@dataclass(frozen=True, slots=True)
class RankedPage:
    """A page that the system under test found. `boxes`: where on it, as far as the system says.

    copies: documents whose same page shares this place of the ranking.
    """

    document: str
    page_index: int
    score: float
    boxes: tuple[Box, ...] = ()
    copies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CitedPlace:
    """A place that a claim rests on."""

    document: str
    page_index: int
    box: Box
    quote: str


@dataclass(frozen=True, slots=True)
class StatedClaim:
    """A claim of an answer. `supported`: the system's own check of it passed."""

    text: str
    supported: bool
    citations: tuple[CitedPlace, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the system under test did with one question. `answer` is None when it was only searched, not asked.

    `ranking` is best first. `confidence` is the system's own, higher is surer, on any scale; None where it gives none.
    """

    question_id: str
    ranking: tuple[RankedPage, ...] = ()
    answer: str | None = None
    abstained: bool = False
    confidence: float | None = None
    claims: tuple[StatedClaim, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    usage: Mapping[str, int] = field(default_factory=dict)
