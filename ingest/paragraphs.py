"""Rows of one column to blocks: paragraphs, headings, list items, captions, and words parted at line ends.

Typography and spacing only; finds no columns and no tables.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.document import Block, Box, Kind, Line, Source
from ingest.rows import Row
from ingest.scripts import MARKS
from ingest.textlayer import Fragment

_CAPTION = re.compile(
    r"^(?:(?i:fig(?:ure|\.)|table|exhibit|chart|graph|plate|box|scheme|algorithm|listing|map|photo|diagram)\s*"
    r"[A-Z]?(?:\d+|[IVX]+\b)(?:[.\-–]\d+)*[a-z]?)(?=[.:|)]|\s*[–—-]|\s+[^\sa-z,;)]|\s*$)"
)
_BULLETS = "•●▪■◦○‣∙·✓➢►"
_ITEM = re.compile(
    rf"^(?:[{_BULLETS}]\s*|[-–—*]\s+|\(?[a-z0-9]{{1,2}}\)\s+|\(?[ivx]{{1,4}}[.)]\s+|\d{{1,2}}[.]\s+(?=\D))\S"
)
_KEPT_HYPHEN = re.compile(
    r"(?:self|non|well|long|short|high|low|full|part|half|pre|post|mid|multi|cross|inter|intra|ex|year|vice|"
    r"one|two|three|four|five|six|first|second|third)$",
    re.IGNORECASE,
)
_FOOTNOTE = re.compile(rf"^(?:[{MARKS}]{{1,3}}|[*†‡§¶]{{1,3}})\s*\S")
_FOOTNOTE_SIZE = 0.95
_FOLIO = re.compile(r"^[ivxlc]{1,6}$|^\d{1,4}$", re.IGNORECASE)
_RUNNING_EDGE = 0.12
_LINE_END_HYPHEN = re.compile(r"([A-Za-z]+)-$")


@dataclass(frozen=True, slots=True)
class PageFrame:
    """Width and height in points of the displayed page, to turn points into fractions (of the page, if it clips)."""

    width: float
    height: float
    clips: bool = True

    def box(self, x0: float, y0: float, x1: float, y1: float) -> Box:
        """Points as a `Box`."""
        values = (x0 / self.width, y0 / self.height, x1 / self.width, y1 / self.height)
        return Box(*(min(1.0, max(0.0, value)) for value in values)) if self.clips else Box(*values)


@dataclass(frozen=True, slots=True)
class Style:
    """`noisy`: sizes are measured from pixels, so those of one text differ from line to line."""

    size: float
    bold: bool
    noisy: bool = False


def is_caption(text: str) -> bool:
    """True when the text begins as captions do: `Figure 3: `, `Table II `, not `Figure 3 shows`."""
    return bool(_CAPTION.match(text))


def body_style(fragments: Sequence[Fragment], source: Source) -> Style:
    """Size and weight that most characters of the page have."""
    sizes, bold = Counter[float](), Counter[bool]()
    for fragment in fragments:
        sizes[round(fragment.size * 2) / 2] += len(fragment.text)
        bold[fragment.bold] += len(fragment.text)
    if not sizes:
        return Style(10.0, False)
    hidden = sum(fragment.hidden for fragment in fragments) > 0.5 * len(fragments)
    size = max(sizes, key=lambda size: (sizes[size], size))
    return Style(size, bold[True] > bold[False], source is Source.OCR or hidden)


def paragraphs(rows: Sequence[Row], body: Style, frame: PageFrame, source: Source) -> list[Block]:
    if not rows:
        return []
    right = max(row.x1 for row in rows)
    groups: list[list[Row]] = []
    open_group = False
    for row in rows:
        if _is_running(row, frame):
            groups += [[replace(row, cells=(cell,))] for cell in row.cells]
            open_group = False
        elif open_group and not _starts_new(groups[-1], row, right, body.noisy):
            groups[-1].append(row)
        else:
            groups.append([row])
            open_group = True
    seen = Counter(word for row in rows for word in row.text.split())
    return [text_block(group, body, frame, source, seen) for group in groups]


def _is_running(row: Row, frame: PageFrame) -> bool:
    """A line at the upper or lower edge in parts: a page number with other words, or left, middle and right."""
    if len(row.cells) < 2 or (_RUNNING_EDGE * frame.height < row.y1 and row.y0 < (1 - _RUNNING_EDGE) * frame.height):
        return False
    apart = all(cell.x0 - before.x1 > 3 * row.size for before, cell in pairwise(row.cells))
    return (apart and len(row.cells) == 3) or any(_FOLIO.match(cell.text) for cell in (row.cells[0], row.cells[-1]))


def _starts_new(group: Sequence[Row], row: Row, right: float, noisy: bool) -> bool:
    before = group[-1]
    gap = row.y0 - before.y1
    if abs(row.size - before.size) > (0.35 if noisy else 0.08) * max(row.size, before.size) or row.bold != before.bold:
        return True
    leading = group[1].y0 - group[0].y1 if len(group) > 1 else 0.45 * row.size
    if gap > max(leading, 0.0) + 0.35 * row.size or gap < -0.9 * row.size:
        return True
    if (
        row.is_listing
        or _ITEM.match(row.text)
        or _FOOTNOTE.match(row.text)
        or (_CAPTION.match(row.text) and not _goes_on(before, right))
    ):
        return True
    indented = row.x0 - before.x0 > 0.8 * row.size
    short = right - before.x1 > 0.15 * (right - before.x0)
    ended = before.text.rstrip("”\"')")[-1:] in ".!?:;"
    is_item = group[0].is_listing or bool(_ITEM.match(group[0].text) or _FOOTNOTE.match(group[0].text))
    if ended and (short or (indented and not is_item)):
        return True
    return is_item and row.x0 < group[0].x0 - 0.5 * row.size and not _goes_on(before, right)


def _goes_on(row: Row, right: float) -> bool:
    """A full line without an end: the next line is the rest of its sentence, whatever it begins with."""
    return row.text[-1] not in ".!?:;”" and right - row.x1 < 0.1 * (right - row.x0) and len(row.text.split()) > 4


def text_block(rows: Sequence[Row], body: Style, frame: PageFrame, source: Source, seen: Counter[str]) -> Block:
    texts = join_hyphens([row.text for row in rows], seen)
    lines = tuple(
        Line(text, frame.box(row.x0, row.y0, row.x1, row.y1)) for row, text in zip(rows, texts, strict=True) if text
    )
    kind, level = kind_of(rows, body)
    return Block(kind, Box.around(line.box for line in lines), lines, source, level)


def kind_of(rows: Sequence[Row], body: Style) -> tuple[Kind, int]:
    first = rows[0]
    text = " ".join(row.text for row in rows)
    if _CAPTION.match(text) and len(text) < 600:
        return Kind.CAPTION, 0
    ratio = first.size / body.size
    words = text.split()
    letters = sum(character.isalpha() for character in text)
    headline = len(rows) <= 3 and len(words) <= 25 and letters >= 3 and letters > 0.4 * len(text.replace(" ", ""))
    sentence = text[-1] == "." and len(words) > 6
    if headline and text[-1] not in ",;" and text[0] not in _BULLETS and not (text[0].islower() and len(rows) > 1):
        least = 1.5 if body.noisy or sentence or len(words) > 15 else 1.15
        if body.noisy and len(words) > 12:
            return Kind.TEXT, 0
        if ratio >= least:
            return Kind.HEADING, 1 if ratio >= 1.6 else 2
        if first.bold and not body.bold and len(words) <= 15 and text[-1] not in ".":
            return Kind.HEADING, 3
    if _FOOTNOTE.match(text) and ratio <= _FOOTNOTE_SIZE and not body.noisy:
        return Kind.FOOTNOTE, 0
    if first.is_listing or _ITEM.match(text):
        return Kind.LIST_ITEM, 0
    return Kind.TEXT, 0


def join_hyphens(texts: Sequence[str], seen: Counter[str]) -> list[str]:
    """Mends words parted at line ends: the rest of the word moves up to the line where it begins.

    The hyphen stays where the word is likely written with one: a usual first part (`long-`, `self-`), or the
    hyphenated form stands in `seen` elsewhere.
    """
    mended = list(texts)
    for index in range(len(mended) - 1):
        hyphen = _LINE_END_HYPHEN.search(mended[index])
        rest, _, tail = mended[index + 1].partition(" ")
        if not hyphen or not rest[:1].islower():
            continue
        start = hyphen.group(1)
        bare = rest.rstrip(".,;:)")
        keep = _KEPT_HYPHEN.match(start) or f"{start}-{bare}" in seen or "-" in rest
        mended[index] = mended[index][: -1 if not keep else None] + rest
        mended[index + 1] = tail
    return mended
