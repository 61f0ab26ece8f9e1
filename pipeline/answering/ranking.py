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
from pipeline.answering.words import NUMBER_WORDS, QuestionTerms, content_stems, question_terms
from pipeline.embedding.base import TextEmbedder
from pipeline.results import PageHit

EMBEDDED = 32
"""Units that are embedded: the best by their words. They are most of the time an answer takes."""

W_SIMILARITY, W_COVERAGE, W_DENSITY, W_RANK = 1.0, 1.0, 0.3, 0.15
AROUND, NEAR, ON_PAGE = 0.7, 0.4, 0.3
"""What a question's term counts when it stands not in the unit but in what names it (title, headings, header), in the
sentence before or after, or elsewhere on its page."""

RELATED = 0.7
"""What a word counts that only begins alike (direct, director), of at least five letters."""

MISSING_NAME, FAR_NAME = 0.75, 0.95
"""Factors for each name, year or number of the question that the document does not have, or has far from the unit."""

WRONG_TYPE = 0.7
"""Factor for a unit that cannot be what is asked: no number where the question asks how much or when, no name where it
asks who, nothing beyond the question's own words, or a heading."""


@dataclass(frozen=True, slots=True)
class RankedUnit:
    """A unit with its score and the parts of it.

    covered: terms of the question that it has, itself or in what names it. grounded: names, years and numbers of the
    question that it may be about: years and numbers stand on its page, names in its document. fits: it can be what is
    asked (a number, a name).
    """

    unit: Unit
    hit: PageHit
    score: float
    similarity: float
    coverage: float
    covered: frozenset[str]
    grounded: frozenset[str]
    fits: bool


@dataclass(frozen=True, slots=True)
class Ranking:
    """Units, best first; `idf` of the question's topic."""

    terms: QuestionTerms
    units: tuple[RankedUnit, ...]
    idf: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Candidate:
    unit: Unit
    hit: PageHit
    rank: int
    own: frozenset[str]
    around: frozenset[str]
    near: frozenset[str]
    page: frozenset[str]
    document: frozenset[str]
    leans_on: Unit | None
    """The sentence before, when this one cannot be understood without it."""

    def weight(self, term: str) -> float:
        """How much of `term` the unit has, 0-1."""
        if term in self.own:
            return 1.0
        if term in self.around:
            return AROUND
        if len(term) >= 5 and any(len(w) >= 5 and (w.startswith(term) or term.startswith(w)) for w in self.own):
            return RELATED
        return NEAR if term in self.near else ON_PAGE if term in self.page else 0.0


_LEANS = re.compile(r"(?:it|its|they|their|them|he|his|she|her|this|that|these|those|both|such)\b", re.IGNORECASE)
"""Words that point back to the sentence before when they open one."""


def rank_units(question: str, hits: Sequence[PageHit], embedder: TextEmbedder) -> Ranking:
    """All units of the hits' chunks, ranked. Ties go to the earlier hit, then to reading order."""
    terms = question_terms(question)
    of_document: dict[str, frozenset[str]] = {}
    for hit in hits:
        words = content_stems("\n".join(item.chunk.text for item in hit.chunks))
        of_document[hit.ref.document_id] = of_document.get(hit.ref.document_id, frozenset()) | words
    candidates = [c for rank, hit in enumerate(hits, start=1) for c in _candidates(hit, rank, of_document)]
    idf = _idf(terms.topic, candidates)
    if not candidates:
        return Ranking(terms, (), idf)
    by_words = sorted(candidates, key=lambda c: -(_coverage(c, idf) + W_RANK / c.rank))[:EMBEDDED]
    texts = _as_far_as_seen([_embedded(c) for c in by_words], embedder)
    similarities = embedder.embed_texts(texts) @ embedder.embed_question(question)
    ranked = [_score(c, float(s), terms, idf) for c, s in zip(by_words, similarities, strict=True)]
    order = {id(c.unit): n for n, c in enumerate(candidates)}
    ranked.sort(key=lambda r: (-r.score, order[id(r.unit)]))
    return Ranking(terms, tuple(ranked), idf)


def _candidates(hit: PageHit, rank: int, of_document: Mapping[str, frozenset[str]]) -> list[_Candidate]:
    name = re.sub(r"[_\W]+", " ", hit.name.rsplit(".", 1)[0])
    page: frozenset[str] = frozenset().union(*(content_stems(item.chunk.text) for item in hit.chunks))
    found = []
    for item in hit.chunks:
        around = content_stems(f"{name} {hit.title} {item.chunk.context}")
        units = [unit for unit in cut(item.chunk) if any(c.isalnum() for c in unit.quote)]
        own = [content_stems(unit.said) for unit in units]
        for n, unit in enumerate(units):
            in_text = unit.kind is UnitKind.SENTENCE and item.chunk.kind is not Kind.PICTURE
            near: frozenset[str] = frozenset().union(*own[max(0, n - 1) : n + 2]) if in_text else frozenset()
            leans_on = units[n - 1] if n and in_text and _LEANS.match(unit.said) else None
            named = around | content_stems(unit.heading) | (own[n - 1] if leans_on else frozenset())
            of_all = of_document[hit.ref.document_id]
            found.append(_Candidate(unit, hit, rank, own[n], named, near, page, of_all, leans_on))
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
    said = f"{candidate.leans_on.said} {candidate.unit.said}" if candidate.leans_on else candidate.unit.said
    return f"{heading}: {said}" if heading else said


def _as_far_as_seen(texts: Sequence[str], embedder: TextEmbedder) -> list[str]:
    """The texts, cut where the embedder's window ends: a row with its headers can be longer than the chunk it is of."""
    seen = list(texts)
    for place, tokens in enumerate(embedder.count_tokens(seen)):
        while tokens > embedder.max_tokens:
            seen[place] = seen[place][: len(seen[place]) * embedder.max_tokens // tokens]
            tokens = embedder.count_tokens([seen[place]])[0]
    return seen


def _score(candidate: _Candidate, similarity: float, terms: QuestionTerms, idf: Mapping[str, float]) -> RankedUnit:
    coverage = _coverage(candidate, idf)
    covered = (terms.terms | terms.specific) & (candidate.own | candidate.around)
    density = len(terms.terms & candidate.own) / max(1, len(candidate.own))
    score = W_SIMILARITY * similarity + W_COVERAGE * coverage + W_DENSITY * density + W_RANK / candidate.rank
    for name in terms.specific - covered:
        score *= FAR_NAME if name in candidate.document else MISSING_NAME
    on_page = covered | candidate.page
    grounded = frozenset(
        t for t in terms.specific if t in (on_page if t[0].isdigit() else on_page | candidate.document)
    )
    fits = _fits(candidate, terms)
    if not fits or candidate.unit.kind is UnitKind.HEADING or candidate.unit.quote.endswith(("?", ":")):
        score *= WRONG_TYPE
    return RankedUnit(candidate.unit, candidate.hit, score, similarity, coverage, covered, grounded, fits)


_MONEY = re.compile(
    r"[$\u20ac\u00a3\u00a5]|\b(?:eur|euros?|usd|dollars?|gbp|pounds?|chf|cents?|millions?|billions?)\b", re.I
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_NAME = re.compile(r"(?<=\S )[A-Z][^\W\d_]+|\b[A-Z][^\W\d_]+(?=(?: [A-Z]\.)? [A-Z])")


def _fits(candidate: _Candidate, terms: QuestionTerms) -> bool:
    """Whether the unit says something beyond the question's words, and of the kind that is asked."""
    new = candidate.own - terms.terms - terms.specific
    if _of_another_year(candidate, terms) or not any(map(str.isalpha, candidate.unit.said)):
        return False
    if terms.wants_money:
        unit = candidate.unit
        named = f"{unit.said} {unit.heading} {unit.chunk.context}"
        is_money = _MONEY.search(named) or re.search(r"\d[.,]\d", unit.said)
        return bool(is_money) and any(c.isdigit() for word in new for c in word)
    if terms.wants_number:
        return any(c.isdigit() for word in new for c in word) or bool(new & NUMBER_WORDS)
    if terms.wants_person:
        return any(content_stems(name) & new for name in _NAME.findall(candidate.unit.said))
    return bool(new) or (terms.wants_reason and bool(candidate.near - terms.terms))


def _of_another_year(candidate: _Candidate, terms: QuestionTerms) -> bool:
    """Whether the unit names years, in itself or in its title, headings and header, and none of those asked about."""
    asked = {term for term in terms.specific if _YEAR.fullmatch(term)}
    named = {word for word in candidate.own | candidate.around if _YEAR.fullmatch(word)}
    return bool(asked and named) and not asked & (named | candidate.near)
