"""Visual rows and their cells: text apart from its neighbours by a wide gap; what is a number, a period, a bullet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from ingest.scripts import MARKS
from ingest.textlayer import Fragment

STAND_IN = "\x00"
"""First character of a fragment that stands for what is no words (a drawn table); it is a cell of its own."""
_CURRENCY = "$€£¥₹"
_NUMBER = re.compile(
    rf"^[\s{_CURRENCY}(+\-–—−~<>≤≥±*]*(\d[\d,.\s]*+|[.,]\d+)\s*(%|x|X|bps?|pts?|[KMB]|mn|bn)?[\s)*%†‡]*(\(\w{{1,2}}\)|[\s,{MARKS}])*$"
)
_DASH = re.compile(rf"^[\s{_CURRENCY}(]*([-–—−]+|n/?a|nm|n\.m\.)[\s)%]*[{MARKS}]*$", re.IGNORECASE)
_YEAR = re.compile(
    rf"^(fy|fiscal|fiscal year)?\s*[’']?(19|20)\d\d[ae]?(\s*[-–/]\s*(19|20)?\d\d)?[\s*†(\d){MARKS}]*$", re.IGNORECASE
)
_DATE = re.compile(
    r"^\(?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d{1,2}\s*,?(\s*(19|20)\d\d)?\s*,?\)?$",
    re.IGNORECASE,
)
_ENUMERATOR = re.compile(
    r"^(?:[•●▪■◦○‣∙·–—\-*✓➢►]|o|\(?[a-z0-9]{1,3}[.)]|\(?[ivxlc]{1,5}[.)]|(?:item\s+)?\d{1,2}[a-c]?\.)$", re.IGNORECASE
)
_OPERATOR = re.compile(r"[∑∏∫∮∂∇∈∉⊂⊆∀∃≡≅⊕⊗⨁]|=$|^=(?!\d)")
_OPEN_NUMBER = re.compile(rf"^[\s{_CURRENCY}(+\-–—−]*(\d[\d,.\s]*|[.,]\d+|[—–])$")
_CELL_GAP = 1.0
"""Smallest gap between cells, in font sizes; justified prose stays below."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Text between two wide gaps of one visual row. Points of the displayed page."""

    text: str
    x0: float
    x1: float

    @property
    def is_number(self) -> bool:
        return _is_number(self.text)

    @property
    def is_period(self) -> bool:
        """A year or a date: a number that heads columns."""
        return bool(_YEAR.match(self.text) or _DATE.match(self.text))


@dataclass(frozen=True, slots=True)
class Row:
    """One visual row: cells left to right. `size` and `bold` of most of its characters."""

    cells: tuple[Cell, ...]
    y0: float
    y1: float
    size: float
    bold: bool

    @property
    def x0(self) -> float:
        return min(cell.x0 for cell in self.cells)

    @property
    def x1(self) -> float:
        return max(cell.x1 for cell in self.cells)

    @property
    def text(self) -> str:
        return " ".join(cell.text for cell in self.cells)

    @property
    def is_listing(self) -> bool:
        """A bullet or number with its text, not two cells of a table."""
        return len(self.cells) == 2 and is_enumerator(self.cells[0].text)

    @property
    def is_formula(self) -> bool:
        """Parts of a displayed formula, which stand as far apart as cells."""
        return any(_OPERATOR.search(cell.text) for cell in self.cells)


def is_enumerator(text: str) -> bool:
    """True for a lone bullet, dash or number such as `(a)`, `iv.`, `12)`."""
    return bool(_ENUMERATOR.match(text))


def is_value(text: str) -> bool:
    """A number, a year, a date, a dash or a currency sign."""
    return text in _CURRENCY or _is_number(text) or bool(_YEAR.match(text) or _DATE.match(text))


def make_row(fragments: Sequence[Fragment]) -> Row:
    """A row from the fragments on one baseline: near ones are joined, and `$`, `)` and `%` join their number."""
    ordered = sorted(fragments, key=lambda fragment: fragment.x0)
    cells: list[Cell] = []
    glue = False
    for fragment in ordered:
        cell = Cell(fragment.text, fragment.x0, fragment.x1)
        if cells:
            last = cells[-1]
            gap = cell.x0 - last.x1
            tail = cell.text in {")", "%", ")%", "%)", "x", "pts", "bps"} and _OPEN_NUMBER.match(last.text)
            apart = last.is_number and (cell.is_number or cell.text in _CURRENCY) and gap > 0.2 * fragment.size
            near = gap < _CELL_GAP * fragment.size and not apart
            alone = cell.text.startswith(STAND_IN) or last.text.startswith(STAND_IN)
            if (glue or tail or near) and not alone:
                blank = "" if glue or tail or gap < 0.12 * fragment.size else " "
                cells[-1] = Cell(last.text + blank + cell.text, last.x0, max(last.x1, cell.x1))
                glue = False
                continue
        cells.append(cell)
        glue = cell.text in _CURRENCY or cell.text in {"(", "$(", "$ ("}
    cells = [
        replace(cell, text=_tidy_number(cell.text)) if " " in cell.text and cell.is_number else cell for cell in cells
    ]
    characters = max(ordered, key=lambda fragment: len(fragment.text))
    bold = all(fragment.bold for fragment in ordered if any(map(str.isalnum, fragment.text)))
    return Row(tuple(cells), min(f.y0 for f in ordered), max(f.y1 for f in ordered), characters.size, bold)


@lru_cache(maxsize=8192)
def _is_number(text: str) -> bool:
    return bool(_NUMBER.match(text) or _DASH.match(text))


def _tidy_number(text: str) -> str:
    """`$ 1,234 %` as `$1,234%`."""
    return re.sub(rf"(?<=[{_CURRENCY}(])\s+|\s+(?=[)%])", "", text)
