"""Ranks quotable units against a question: meaning, the question's rarer words, and where retrieval put the page.

Owns the score and its parts. Never decides whether to answer.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.document import Kind
from pipeline.answering.units import Unit, UnitKind, cut
from pipeline.answering.words import QuestionTerms, content_stems, question_terms
from pipeline.embedding.base import TextEmbedder
from pipeline.results import PageHit

EMBEDDED = 64
"""Units that are embedded: the best by their words. About 0.2 s of MiniLM on two cores."""

W_SIMILARITY, W_COVERAGE, W_RANK = 1.0, 1.0, 0.15
AROUND, ON_PAGE = 0.7, 0.3
"""What a question's term counts when it stands not in the unit but in its headings, header or title, or on its page."""

MISSING_NAME = 0.75
"""Factor for each name, year or number of the question that neither the unit nor what stands around it has."""

WRONG_TYPE = 0.85
"""Factor for a unit without any number when the question asks how much or when, or without a name when it asks who."""


@dataclass(frozen=True, slots=True)
class RankedUnit:
    """A unit with its score and the parts of it. `covered`: terms of the question it has, itself or around it."""

    unit: Unit
    hit: PageHit
    score: float
    similarity: float
    coverage: float
    covered: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Units, best first; `idf` of the question's terms; `missing`: specific terms that occur nowhere in the hits."""

    terms: QuestionTerms
    units: tuple[RankedUnit, ...]
    idf: Mapping[str, float]
    missing: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Candidate:
    unit: Unit
    hit: PageHit
    rank: int
    own: frozenset[str]
    around: frozenset[str]
    page: frozenset[str]

    def weight(self, term: str) -> float:
        if term in self.own:
            return 1.0
        return AROUND if term in self.around else ON_PAGE if term in self.page else 0.0


def rank_units(question: str, hits: Sequence[PageHit], embedder: TextEmbedder) -> Ranking:
    """All units of the hits' chunks, ranked. Ties go to the earlier hit, then to reading order."""
    terms = question_terms(question)
    candidates = [c for rank, hit in enumerate(hits, start=1) for c in _candidates(hit, rank)]
    idf = _idf(terms.terms, candidates)
    everywhere: frozenset[str] = frozenset().union(*(c.own | c.around for c in candidates))
    missing = terms.specific - everywhere
    if not candidates:
        return Ranking(terms, (), idf, missing)
    by_words = sorted(candidates, key=lambda c: -(_coverage(c, idf) + W_RANK / c.rank))[:EMBEDDED]
    similarities = embedder.embed_texts([_embedded(c) for c in by_words]) @ embedder.embed_question(question)
    ranked = [_score(c, float(s), terms, idf) for c, s in zip(by_words, similarities, strict=True)]
    order = {id(c.unit): n for n, c in enumerate(candidates)}
    ranked.sort(key=lambda r: (-r.score, order[id(r.unit)]))
    return Ranking(terms, tuple(ranked), idf, missing)


def _candidates(hit: PageHit, rank: int) -> list[_Candidate]:
    name = re.sub(r"[_\W]+", " ", hit.name.rsplit(".", 1)[0])
    page: frozenset[str] = frozenset().union(*(content_stems(item.chunk.text) for item in hit.chunks))
    found = []
    for item in hit.chunks:
        around = content_stems(f"{name} {hit.title} {item.chunk.context}")
        found += [
            _Candidate(unit, hit, rank, content_stems(unit.said), around | content_stems(unit.heading), page)
            for unit in cut(item.chunk)
            if any(c.isalnum() for c in unit.quote)
        ]
    return found


def _idf(terms: frozenset[str], candidates: Sequence[_Candidate]) -> dict[str, float]:
    """Robertson-Sparck Jones idf over the pool of units, in its always positive form."""
    count = Counter(term for c in candidates for term in terms & (c.own | c.around))
    return {t: math.log(1 + (len(candidates) - count[t] + 0.5) / (count[t] + 0.5)) for t in sorted(terms)}


def _coverage(candidate: _Candidate, idf: Mapping[str, float]) -> float:
    total = sum(idf.values())
    return sum(weight * candidate.weight(term) for term, weight in idf.items()) / total if total else 0.0


def _embedded(candidate: _Candidate) -> str:
    heading = candidate.unit.heading or candidate.unit.chunk.context.rsplit(" \u203a ", 1)[-1] or candidate.hit.title
    return f"{heading}: {candidate.unit.said}" if heading else candidate.unit.said


def _score(candidate: _Candidate, similarity: float, terms: QuestionTerms, idf: Mapping[str, float]) -> RankedUnit:
    coverage = _coverage(candidate, idf)
    covered = (terms.terms | terms.specific) & (candidate.own | candidate.around)
    score = W_SIMILARITY * similarity + W_COVERAGE * coverage + W_RANK / candidate.rank
    score *= MISSING_NAME ** len(terms.specific - covered)
    if _wrong_type(candidate.unit, candidate.own, terms):
        score *= WRONG_TYPE
    return RankedUnit(candidate.unit, candidate.hit, score, similarity, coverage, covered)


def _wrong_type(unit: Unit, own: frozenset[str], terms: QuestionTerms) -> bool:
    """Whether the unit cannot be what is asked: no new number, no name, or itself a heading or a question."""
    if terms.wants_number and not any(c.isdigit() for word in own - terms.specific for c in word):
        return True
    if terms.wants_person and not re.search(r"\b[A-Z][^\W\d_]+\W+(?:\w+\W+){0,3}[A-Z]", unit.quote):
        return True
    return unit.kind is UnitKind.HEADING or unit.chunk.kind is Kind.HEADING or unit.quote.endswith(("?", ":"))
