"""Rows that the terms of a question stand for: "return on assets" is on no page, net income and total assets are.

Owns which rows of the pages found say the line items that the glossary (`pipeline.retrieval.terms`) has for a term.
Nothing is computed. A term that is itself the name of a line item ("net income") is left to `ranking.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import fmean

from pipeline.answering.abstention import Strength
from pipeline.answering.ranking import W_RANK
from pipeline.answering.units import Unit, UnitKind, cut
from pipeline.answering.words import content_stems, question_terms, stems
from pipeline.results import PageHit
from pipeline.retrieval.terms import Glossary, Meaning, Reading

MOST_ROWS = 10
SAME_ITEM = 0.68
"""Dice overlap of a row's label and a line item's name from which the row says the item."""
AS_SIMILAR = 0.7
"""What a label that is the item's name counts among similarities of sentences, on MiniLM-L6's scale."""
YEAR_UNSAID = 0.6
"""Factor for a row whose header names no year, on a page that names one of those asked about."""
ONE_OF_SEVERAL = 0.8
"""Factor for a row whose label stands on the page several times, each time of a segment or a quarter."""
ON_STATEMENT = 1.2
"""Factor for a page that calls itself what the glossary calls the statement: changes stand in that of cash flows."""
WEIGHTS = {"total": 0.1, "consolid": 0.1, "net": 0.25}
"""Of words (stems) that one report writes and another leaves out; every other word counts 1."""
_ANOTHER = frozenset(
    stems(
        "other before non noncurrent current fixed deferred accumulated excluding discontinued equity liabilities "
        "interest fee investing financing paid payable receivable repayments proceeds tax share growth margin"
    )
)
"""A label with one of these is another item than a name without it."""
_TAIL = re.compile(r"\([^)]*\)|, net\b.*|,? including\b.*| attributable to\b.*", re.IGNORECASE)
_CALCULATED = content_stems(
    "ratio average margin growth rate CAGR adjusted unadjusted change percentage USD EUR GBP dollars euros pounds"
)
"""Words of a calculation, and units of the answer, that questions write with a capital and that name nothing."""
_CALCULATION = re.compile(
    r"\b(?:ratio|average|growth|CAGR|compound annual|percentage of|percent of)\b|% of\b", re.IGNORECASE
)
_NO_AMOUNT = re.compile(r"(?:when|where)\b|how many\b", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_PART_OF_A_YEAR = re.compile(
    r"\b(?:Q[1-4]|[1-4]Q|H[12]|quarter|half[- ]year|first half|second half|(?:three|six|nine) months)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """A row that says a line item. match: how much of the item's name is its label, 0-1. years: asked for, and in its
    header."""

    unit: Unit
    hit: PageHit
    match: float
    years: frozenset[str]


@dataclass(frozen=True, slots=True)
class ItemRows:
    """The rows, at least one, in the order of the question's terms, and how well they fit it.

    computed: a term stands for them; otherwise the question names the items itself and asks for something computed.
    """

    rows: tuple[ItemRow, ...]
    strength: Strength
    computed: bool


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A row with values: stems of its label, how many rows of the page have that label, years of the columns where it
    has values, whether any column has a year."""

    unit: Unit
    label: frozenset[str]
    times: int
    years: frozenset[str]
    dated: bool


@dataclass(frozen=True, slots=True)
class _Page:
    rank: int
    hit: PageHit
    words: frozenset[str]
    rows: tuple[_Labelled, ...]


def rows_meant(question: str, hits: Sequence[PageHit], glossary: Glossary) -> ItemRows | None:
    """The rows of the hits that the question's terms stand for; None where it has no such term, or they no such row.

    The items of one statement are taken from one page, the one that says most of them for the years asked about, and
    from one more for years that it lacks. Only documents that have every name of the question are read, and of those
    the ones whose title or file name has most of its words. Parts of a year are not told apart: none is answered for.
    """
    reading = glossary.read(question)
    statements, computed = _statements(question, reading, glossary)
    beside = question_terms(reading.rest)
    other = _NO_AMOUNT.match(question.strip()) or _PART_OF_A_YEAR.search(question)
    if not statements or other or question_terms(question).wants_person:
        return None
    years = frozenset(filter(_YEAR.fullmatch, beside.specific))
    names = frozenset(term for term in beside.specific if not term.isdigit()) - _CALCULATED
    about = _about(names, frozenset(term for term in beside.terms - _CALCULATED if not term.isdigit()), hits)
    pages = [_page(rank, hit) for rank, hit in enumerate(hits, 1) if hit.ref.document_id in about]
    rows: dict[str, list[ItemRow]] = {}
    for meaning in statements:
        wanted = {item: _names(item, glossary) for item in meaning.line_items if item not in rows}
        rows |= _best_rows(wanted, content_stems(meaning.statement), pages, years)
    found = list(
        {(row.unit.chunk.chunk_id, row.unit.ranges): row for of_item in rows.values() for row in of_item}.values()
    )
    if not found:
        return None
    share = len(rows) / len({item for meaning in statements for item in meaning.line_items})
    similarity = AS_SIMILAR * fmean(row.match for row in found)
    strength = Strength(similarity, share, named=bool(years or names))
    return ItemRows(tuple(found[:MOST_ROWS]), strength, computed)


def _statements(question: str, reading: Reading, glossary: Glossary) -> tuple[list[Meaning], bool]:
    """What is to be quoted, statement by statement, and whether a term stands for it. Of a term that is the name of a
    line item itself only that one, and only where something is to be computed of it."""
    computed = False
    found: list[Meaning] = []
    for said, meanings in reading.terms:
        own = [
            replace(one, line_items=(item,))
            for one in meanings
            for item in one.line_items
            if _stems(said) in _names(item, glossary)
        ]
        meant = [one for one in meanings if one.line_items]
        computed = computed or bool(meant and not own)
        found += own or meant
    return (found if computed or _CALCULATION.search(question) else []), computed


def _about(names: frozenset[str], words: frozenset[str], hits: Sequence[PageHit]) -> set[str]:
    """Documents that have all the names, and any of the question's other words if it has any; of these the ones whose
    title and file name have most of both."""
    title: dict[str, frozenset[str]] = {}
    text: dict[str, frozenset[str]] = {}
    for hit in hits:
        document_id = hit.ref.document_id
        title[document_id] = content_stems(hit.title + " " + re.sub(r"[_\W]+", " ", hit.name))
        own = content_stems("\n".join(item.chunk.text for item in hit.chunks))
        text[document_id] = text.get(document_id, title[document_id]) | own
    wanted = names | words
    fitting = {
        document_id: len(wanted & title[document_id])
        for document_id, own in text.items()
        if names <= own and (not wanted or wanted & own)
    }
    most = max(fitting.values(), default=0)
    return {document_id for document_id, count in fitting.items() if count == most}


def _page(rank: int, hit: PageHit) -> _Page:
    words = content_stems("\n".join(f"{item.chunk.context}\n{item.chunk.text}" for item in hit.chunks))
    units = [unit for item in hit.chunks for unit in cut(item.chunk) if _has_values(unit)]
    labels = [_stems(unit.cells[0][1]) for unit in units]
    times = Counter(label for label, _ in {(label, unit.quote) for label, unit in zip(labels, units, strict=True)})
    rows = []
    for unit, label in zip(units, labels, strict=True):
        columns = " ".join(name for name, _ in unit.cells).strip()
        filled = " ".join(name for name, value in unit.cells[1:] if any(map(str.isdigit, value)))
        years = _years(filled if columns else unit.heading)
        if label:
            rows.append(_Labelled(unit, label, times[label], years, bool(_years(columns or unit.heading))))
    return _Page(rank, hit, words, tuple(rows))


def _has_values(unit: Unit) -> bool:
    return unit.kind is UnitKind.ROW and any(map(str.isdigit, "".join(value for _, value in unit.cells[1:])))


def _best_rows(
    wanted: Mapping[str, Sequence[frozenset[str]]],
    statement: frozenset[str],
    pages: Sequence[_Page],
    years: frozenset[str],
) -> dict[str, list[ItemRow]]:
    """Rows by item: of the page that has most of what is wanted, and of the next that has a year which it lacks."""
    ranked: list[tuple[float, dict[str, ItemRow]]] = []
    for page in pages:
        found, total = {}, 0.0
        for item, names in wanted.items():
            fits = [
                (match * _fits(row, page, years), match, row)
                for row in page.rows
                if (match := _match(names, row.label))
            ]
            fit, match, best = max(fits, key=lambda one: one[0], default=(0.0, 0.0, None))
            if best is not None and fit:
                found[item] = ItemRow(best.unit, page.hit, match, best.years & years)
                total += fit**2
        if found:
            share = len(_years_of(found)) / len(years) if years else 1.0
            named = ON_STATEMENT if statement and statement <= page.words else 1.0
            ranked.append((named * total * (1 + share) / 2 + W_RANK / page.rank, found))
    if not ranked:
        return {}
    ranked.sort(key=lambda page: -page[0])
    first, *others = [found for _, found in ranked]
    missing = years - _years_of(first)
    further = next((found for found in others if missing & _years_of(found)), {})
    return {item: [found[item] for found in (first, further) if item in found] for item in (first | further)}


def _years_of(found: Mapping[str, ItemRow]) -> frozenset[str]:
    return frozenset[str]().union(*(row.years for row in found.values()))


def _fits(row: _Labelled, page: _Page, years: frozenset[str]) -> float:
    """1 for a row of the years asked about, less for one that may not be what is meant, 0 for one of other years."""
    sure = 1.0 if row.times == 1 else ONE_OF_SEVERAL
    if not years or row.years & years:
        return sure
    return sure * YEAR_UNSAID if not row.dated and page.words & years else 0.0


def _match(names: Iterable[frozenset[str]], label: frozenset[str]) -> float:
    """The weighted Dice overlap with the nearest of the item's names; 0 below `SAME_ITEM`."""
    best = max((_overlap(name, label) for name in names), default=0.0)
    return best if best >= SAME_ITEM else 0.0


def _overlap(name: frozenset[str], label: frozenset[str]) -> float:
    if (label - name) & _ANOTHER or {"net", "total"} <= name ^ label:
        return 0.0
    return 2 * _weight(name & label) / (_weight(name) + _weight(label))


def _weight(words: frozenset[str]) -> float:
    return sum(WEIGHTS.get(word, 1.0) for word in words)


def _names(item: str, glossary: Glossary) -> list[frozenset[str]]:
    """The item's own name and those that stand for the same."""
    own = _stems(item)
    groups = [[_stems(name) for name in group] for group in glossary.same]
    return [own, *(name for group in groups if any(_plain(own) == _plain(one) for one in group) for name in group)]


def _plain(words: frozenset[str]) -> frozenset[str]:
    return words - WEIGHTS.keys()


@lru_cache(maxsize=4096)
def _stems(text: str) -> frozenset[str]:
    head = _TAIL.sub(" ", text)
    return frozenset(word for word in content_stems(head) | _ANOTHER.intersection(stems(head)) if not word.isdigit())


def _years(text: str) -> frozenset[str]:
    return frozenset(word for word in content_stems(text) if _YEAR.fullmatch(word))
