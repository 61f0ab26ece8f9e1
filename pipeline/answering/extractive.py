"""The default answerer: quotes the best-supported sentences and table rows, with their places. No language model.

Owns which units are quoted and what of a row is said. Never writes a word that does not stand on the page, except that
a row's values come with their column headers.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pipeline.answering.abstention import Strength, abstention, confidence, is_weak
from pipeline.answering.base import AnswerEvent, AnswerReady, ClaimReady, TextDelta
from pipeline.answering.line_items import rows_meant
from pipeline.answering.ranking import RankedUnit, Ranking, rank_units
from pipeline.answering.units import Unit, UnitKind, say_row
from pipeline.answering.words import content_stems
from pipeline.embedding.base import TextEmbedder
from pipeline.results import Answer, Citation, Claim, ContextUsed, FoundPart, PageHit, SearchResult
from pipeline.retrieval.terms import Glossary
from pipeline.turns import COMPUTING
from prompts.loader import load

if TYPE_CHECKING:
    from PIL import Image

MOST_CLAIMS = 3
NEEDED_GAIN = 0.25
"""Share of the topic (by idf) that a further quotation must newly cover, if it brings no new name or number."""

NEEDED_SCORE, NEEDED_SCORE_NAMED = 0.75, 0.6
"""Share of the best unit's score that a further quotation must reach; the second if it brings a new name or number."""

SAME = 0.8
"""Jaccard overlap of words from which two quotations say the same."""


class ExtractiveAnswerer:
    """Answers by quoting. `pages`: how many of the hits are read. `terms`: those that are answered by line items."""

    def __init__(self, embedder: TextEmbedder, pages: int = 5, terms: Glossary | None = None) -> None:
        self._embedder, self._pages, self._terms = embedder, pages, terms or Glossary({})

    def answer(
        self,
        question: str,
        hits: Sequence[PageHit],
        parts: Sequence[FoundPart] = (),
        picture: Image.Image | None = None,
    ) -> Answer:
        """The quotations that answer, or an abstention. Parts are answered one by one.

        A `picture` has had its say in which pages were found.
        """
        started = time.perf_counter()
        asked = parts or [FoundPart(question, SearchResult(question, tuple(hits)))]
        read = dict.fromkeys(hit.ref for part in asked for hit in part.found.hits[: self._pages])
        with COMPUTING:
            quoted = [self._quotations(part.found, MOST_CLAIMS if len(asked) == 1 else 1) for part in asked]
        claims = tuple(dict.fromkeys(claim for own, _ in quoted for claim in own))
        silent = [part.question for part, (own, _) in zip(asked, quoted, strict=True) if not own]
        said = abstention(question).text
        if claims:
            said = load("extractive_answer").render(quotes=" \u2026 ".join(claim.text for claim in claims))
            said = " ".join([said, *(load("part_unanswered").render(question=text) for text in silent)])
        seconds = {"answer": time.perf_counter() - started}
        sure = max(confidence for _, confidence in quoted)
        return Answer(question, said, not claims, claims, ContextUsed(tuple(read)), seconds=seconds, confidence=sure)

    def stream(
        self,
        question: str,
        hits: Sequence[PageHit],
        parts: Sequence[FoundPart] = (),
        picture: Image.Image | None = None,
    ) -> Iterator[AnswerEvent]:
        """Quoting takes a moment, so the events come all at once."""
        answer = self.answer(question, hits, parts, picture)
        yield TextDelta(answer.text)
        for claim in answer.claims:
            yield ClaimReady(claim)
        yield AnswerReady(answer)

    def _quotations(self, found: SearchResult, most: int) -> tuple[tuple[Claim, ...], float]:
        """At most `most` quotations, none where they are weak, and how sure they are.

        What has to be computed is answered by the rows that it is computed from (`line_items.py`), beside sentences
        that speak of it; what stands there computed, by itself.
        """
        hits = found.hits[: self._pages]
        ranking = rank_units(found.question, hits, self._embedder)
        chosen = choose(ranking, most) if ranking.units else []
        fits = [strength(chosen, ranking)] if chosen else []
        if not fits or is_weak(fits[0]):
            chosen = []
        quoted = [(one.unit, one.hit) for one in chosen]
        items = None if self._is_printed(found.question, chosen) else rows_meant(found.question, hits, self._terms)
        if items:
            kept = [one for one in quoted if not items.computed or one[0].kind is UnitKind.SENTENCE]
            rows = [(row.unit, row.hit) for row in items.rows]
            first = not items.computed or ranking.terms.wants_reason
            quoted = kept + rows if first else rows + kept
            fits.append(items.strength)
        claims = tuple(dict.fromkeys(_claim(unit, hit, ranking.terms.specific) for unit, hit in quoted))
        return claims, max(map(confidence, fits), default=0.0)

    def _is_printed(self, question: str, chosen: Sequence[RankedUnit]) -> bool:
        """Whether a quotation has a term that stands for line items, and a number for it."""
        asked = content_stems(question)
        terms = [
            content_stems(said)
            for said, meanings in self._terms.read(question).terms
            if any(m.line_items for m in meanings)
        ]
        return any(
            term <= content_stems(one.unit.said)
            and any(map(str.isdigit, "".join(content_stems(one.unit.quote) - asked)))
            for one in chosen
            for term in terms
        )


def strength(chosen: Sequence[RankedUnit], ranking: Ranking) -> Strength:
    """How well the chosen units, best first, fit the question."""
    grounded = frozenset[str]().union(*(unit.grounded for unit in chosen))
    best, asked = chosen[0], ranking.terms.specific
    return Strength(best.similarity, best.coverage, best.fits, asked - grounded, bool(asked) and asked <= grounded)


def choose(ranking: Ranking, most: int = MOST_CLAIMS) -> list[RankedUnit]:
    """Greedy coverage: the best unit, then units that bring terms of the question which the chosen ones lack."""
    best = ranking.units[0]
    chosen, covered = [best], set(best.covered)
    if ranking.terms.wants_reason:
        chosen += _next_sentence(best, ranking)
    while len(chosen) < most:
        useful = [unit for unit in ranking.units if _adds(unit, chosen, covered, ranking)]
        if not useful:
            break
        chosen.append(max(useful, key=lambda unit: _gain(unit, covered, ranking) + unit.score))
        covered |= chosen[-1].covered
    return chosen


def _adds(unit: RankedUnit, chosen: Sequence[RankedUnit], covered: set[str], ranking: Ranking) -> bool:
    """Whether the unit is worth quoting beside the chosen ones: an answer by itself, to a part that they leave open."""
    names = (unit.covered - covered) & ranking.terms.specific
    share = NEEDED_SCORE_NAMED if names else NEEDED_SCORE
    return (
        unit.fits
        and unit.unit.kind is not UnitKind.HEADING
        and unit.score >= share * chosen[0].score
        and bool(names or _gain(unit, covered, ranking) >= NEEDED_GAIN)
        and not any(_same(unit, other) for other in chosen)
    )


def _gain(unit: RankedUnit, covered: set[str], ranking: Ranking) -> float:
    """Share of the topic (by idf) that the unit newly covers; a name or number newly covered counts as NEEDED_GAIN."""
    new = unit.covered - covered
    total = sum(ranking.idf.values()) or 1.0
    names = len(new & ranking.terms.specific) * NEEDED_GAIN
    return names + sum(ranking.idf.get(term, 0.0) for term in new - ranking.terms.specific) / total


def _next_sentence(ranked: RankedUnit, ranking: Ranking) -> list[RankedUnit]:
    """The sentence that goes on after `ranked` in its chunk: reasons and ways seldom end with one sentence."""
    end = ranked.unit.ranges[-1][1]
    after = [
        unit
        for unit in ranking.units
        if unit.unit.chunk is ranked.unit.chunk
        and unit.unit.kind is UnitKind.SENTENCE
        and unit.unit.ranges[0][0] >= end
    ]
    following = min(after, key=lambda unit: unit.unit.ranges[0][0], default=None)
    return [following] if following and following.unit.ranges[0][0] <= end + 1 else []


def _same(one: RankedUnit, other: RankedUnit) -> bool:
    if one.unit is other.unit:
        return True
    if one.hit.ref.document_id != other.hit.ref.document_id:
        return False  # two documents that say the same are two witnesses
    a, b = content_stems(one.unit.said), content_stems(other.unit.said)
    return bool(a | b) and len(a & b) / len(a | b) >= SAME


def _claim(unit: Unit, hit: PageHit, specific: frozenset[str]) -> Claim:
    citations = tuple(Citation(hit.ref, hit.name, hit.page_label, box, quote) for quote, box in unit.parts)
    return Claim(_said(unit, specific), supported=True, citations=citations)


def _said(unit: Unit, specific: frozenset[str]) -> str:
    """A row is said with only the columns asked for, and those between them, when the question names some of them.

    specific: names, numbers and years of the question.
    """
    if unit.kind is not UnitKind.ROW or len(unit.cells) < 3:
        return unit.said
    label, *others = unit.cells
    named = [at for at, (name, _) in enumerate(others) if content_stems(name) & specific]
    asked = others[named[0] : named[-1] + 1] if named else []
    return say_row((label, *asked)) if any(value for _, value in asked) else unit.said
