"""Rows that the terms of a question stand for: "return on assets" is on no page, net income and total assets are.

Owns which rows of the pages found say the line items that the glossary (`pipeline.retrieval.terms`) has for a term.
Nothing is computed. A term that is itself the name of a line item ("net income") is left to `ranking.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean

from pipeline.answering.abstention import Strength
from pipeline.answering.ranking import W_RANK
from pipeline.answering.units import Unit, UnitKind, cut
from pipeline.answering.words import content_stems, question_terms, stems
from pipeline.results import PageHit
from pipeline.retrieval.terms import Glossary, Reading

MOST_ROWS = 6
SAME_ITEM = 0.68
"""Dice overlap of a row's label and a line item's name from which the row says the item."""
YEAR_UNSAID = 0.6
"""Factor for a row whose header names no year, on a page that names one of those asked about."""
ONE_OF_SEVERAL = 0.8
"""Factor for a row whose label stands on the page several times, each time of a segment or a quarter."""
WEIGHTS = {"total": 0.1, "consolid": 0.1, "net": 0.25}
"""Of words (stems) that one report writes and another leaves out; every other word counts 1."""
_ANOTHER = frozenset(stems("other before non noncurrent current deferred accumulated excluding discontinued"))
"""A label with one of these is another item than a name without it."""
_TAIL = re.compile(r"\([^)]*\)|, net of\b.*|,? including\b.*| attributable to\b.*", re.IGNORECASE)
_CALCULATED = content_stems(
    "ratio average margin growth rate CAGR adjusted unadjusted change percentage USD EUR GBP dollars euros pounds"
)
"""Words of a calculation, and units of the answer, that questions write with a capital and that name nothing."""
_CALCULATION = re.compile(
    r"\b(?:ratio|average|growth|CAGR|compound annual|percentage of|percent of)\b|% of\b", re.IGNORECASE
)
_YEAR = re.compile(r"(?:19|20)\d\d")


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
    """The rows, at least one, in the order of the question's terms, and how well they fit it."""

    rows: tuple[ItemRow, ...]
    strength: Strength


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A row with values: stems of its label, how many rows of the page have that label, years of its header and of its
    page."""

    unit: Unit
    label: frozenset[str]
    times: int
    header: frozenset[str]
    page: frozenset[str]


def rows_meant(question: str, hits: Sequence[PageHit], glossary: Glossary) -> ItemRows | None:
    """The rows of the hits that the question's terms stand for; None where it has no such term, or they no such row.

    The items of one statement are taken from one page, the one that says most of them for the years asked about, and
    from one more for years that it lacks. Only documents that have every name of the question are read.
    """
    reading = glossary.read(question)
    statements = _statements(question, reading)
    if not statements:
        return None
    asked = question_terms(reading.rest).specific
    years = frozenset(term for term in asked if _YEAR.fullmatch(term))
    names = frozenset(term for term in asked if not term[0].isdigit()) - _CALCULATED
    about = _about(names, hits)
    pages = [(rank, hit, _labelled(hit)) for rank, hit in enumerate(hits, 1) if hit.ref.document_id in about]
    rows: dict[str, list[ItemRow]] = {}
    for items in statements:
        wanted = {item: _names(item, glossary) for item in items if item not in rows}
        rows |= _best_rows(wanted, pages, years)
    found = list({(row.hit.ref, row.unit.ranges): row for of_item in rows.values() for row in of_item}.values())
    if not found:
        return None
    share = len(rows) / len({item for items in statements for item in items})
    match = fmean(row.match for row in found)
    return ItemRows(tuple(found[:MOST_ROWS]), Strength(match, share, named=bool(years or names)))


def _statements(question: str, reading: Reading) -> list[tuple[str, ...]]:
    """Line items, statement by statement: none where nothing is to be computed. Of a term that is the name of a line
    item itself only that one."""
    found = []
    computed = _CALCULATION.search(question) is not None
    for said, meanings in reading.terms:
        itself = tuple(item for one in meanings for item in one.line_items if _stems(item) == _stems(said))
        computed = computed or (not itself and any(one.line_items for one in meanings))
        found += [itself] if itself else [one.line_items for one in meanings if one.line_items]
    return found if computed else []


def _about(names: frozenset[str], hits: Sequence[PageHit]) -> set[str]:
    """Documents that have all the names, on the pages found, in their title or file name."""
    words: dict[str, frozenset[str]] = {}
    for hit in hits:
        text = "\n".join([re.sub(r"[_\W]+", " ", hit.name), hit.title, *(item.chunk.text for item in hit.chunks)])
        words[hit.ref.document_id] = words.get(hit.ref.document_id, frozenset()) | content_stems(text)
    return {document_id for document_id, own in words.items() if names <= own}


def _labelled(hit: PageHit) -> list[_Labelled]:
    on_page = _years("\n".join(item.chunk.text for item in hit.chunks))
    units = [unit for item in hit.chunks for unit in cut(item.chunk) if _has_values(unit)]
    labels = [_stems(unit.cells[0][1]) for unit in units]
    times = Counter(label for label, _ in {(label, unit.quote) for label, unit in zip(labels, units, strict=True)})
    return [
        _Labelled(
            unit, label, times[label], _years(" ".join([unit.heading, *(name for name, _ in unit.cells)])), on_page
        )
        for unit, label in zip(units, labels, strict=True)
        if label
    ]


def _has_values(unit: Unit) -> bool:
    return unit.kind is UnitKind.ROW and any(map(str.isdigit, "".join(value for _, value in unit.cells[1:])))


def _best_rows(
    wanted: Mapping[str, Sequence[frozenset[str]]],
    pages: Iterable[tuple[int, PageHit, Sequence[_Labelled]]],
    years: frozenset[str],
) -> dict[str, list[ItemRow]]:
    """Rows by item: of the page that has most of what is wanted, and of the next that has a year which it lacks."""
    ranked: list[tuple[float, dict[str, ItemRow]]] = []
    for rank, hit, labelled in pages:
        found, total = {}, 0.0
        for item, names in wanted.items():
            fits = [(_match(names, row.label) * _fits(row, years), row) for row in labelled]
            fit, best = max(fits, key=lambda one: one[0], default=(0.0, None))
            if best is not None and fit:
                found[item] = ItemRow(best.unit, hit, _match(names, best.label), best.header & years)
                total += fit**2
        if found:
            share = len(_years_of(found)) / len(years) if years else 1.0
            ranked.append((total * (1 + share) / 2 + W_RANK / rank, found))
    ranked.sort(key=lambda page: -page[0])
    if not ranked:
        return {}
    first, *others = [found for _, found in ranked]
    missing = years - _years_of(first)
    further = next((found for found in others if missing & _years_of(found)), {})
    return {item: [found[item] for found in (first, further) if item in found] for item in (first | further)}


def _years_of(found: Mapping[str, ItemRow]) -> frozenset[str]:
    return frozenset[str]().union(*(row.years for row in found.values()))


def _fits(row: _Labelled, years: frozenset[str]) -> float:
    """1 for a row of the years asked about, less for one that may not be what is meant, 0 for one of other years."""
    sure = 1.0 if row.times == 1 else ONE_OF_SEVERAL
    if not years or row.header & years:
        return sure
    return sure * YEAR_UNSAID if not row.header and row.page & years else 0.0


def _match(names: Iterable[frozenset[str]], label: frozenset[str]) -> float:
    """The weighted Dice overlap with the nearest of the item's names; 0 below `SAME_ITEM`."""
    best = max((_overlap(name, label) for name in names), default=0.0)
    return best if best >= SAME_ITEM else 0.0


def _overlap(name: frozenset[str], label: frozenset[str]) -> float:
    if (label - name) & _ANOTHER:
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
