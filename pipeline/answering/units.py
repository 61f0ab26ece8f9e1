"""The smallest things that can be quoted: sentences, table rows, form fields, each with its place on the page.

Owns the cutting of a chunk into units. Every unit is part of `chunk.text`, so its boxes come from the parser.
Never ranks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from ingest.document import FULL_PAGE, Box, Chunk, Kind, Span
from pipeline.answering.picture_words import group_words
from pipeline.answering.sentences import sentence_ends

CELLS = " | "
MOST_LABELS = 3
"""Lines between two rows of one table; more are a text between two tables."""


class UnitKind(StrEnum):
    HEADING = "heading"
    SENTENCE = "sentence"
    ROW = "row"
    FIELD = "field"


@dataclass(frozen=True, slots=True)
class Unit:
    """A quotable part of a chunk.

    ranges: where it stands in `chunk.text`; more than one for words of a picture that belong together by their place.
    quote: the words as they stand there, line breaks made spaces. said: the same so that it is understood alone (a
    table row carries its column headers). cells: (header, value) of a row, the first being its label. heading: what
    names it in its chunk (the line above, the header of its table), if anything does.
    """

    chunk: Chunk
    ranges: tuple[tuple[int, int], ...]
    kind: UnitKind
    quote: str
    said: str
    cells: tuple[tuple[str, str], ...] = ()
    heading: str = ""

    @property
    def parts(self) -> tuple[tuple[str, Box], ...]:
        """Quote and box for each run of lines that stand together (a sentence over a column break has two)."""
        return tuple(part for start, end in self.ranges for part in placed(self.chunk, start, end))


def placed(chunk: Chunk, start: int, end: int) -> tuple[tuple[str, Box], ...]:
    """(quote, box) of each group of neighbouring lines that `chunk.text[start:end]` touches, in reading order."""
    touched = [span for span in chunk.spans if span.start < end and span.end > start]
    if not touched:
        return ((_flat(chunk.text[start:end]), FULL_PAGE),)
    groups: list[list[Span]] = [[touched[0]]]
    for span in touched[1:]:
        if _apart(groups[-1][-1].box, span.box):
            groups.append([span])
        else:
            groups[-1].append(span)
    bounds = [start, *(group[0].start for group in groups[1:]), end]
    found = (
        (_flat(chunk.text[low:high]), Box.around(span.box for span in group))
        for group, (low, high) in zip(groups, pairwise(bounds), strict=True)
    )
    return tuple(part for part in found if part[0])


def cut(chunk: Chunk) -> tuple[Unit, ...]:
    """All units of a chunk in reading order; together they hold every word of it.

    Lines of a chunk are paragraphs, headings or rows (`ingest.chunking`): a sentence ends with its line, unless the
    next line goes on in lower case.
    """
    if chunk.kind is Kind.PICTURE and chunk.spans:
        return _picture_units(chunk)
    text = chunk.text
    units: list[Unit] = []
    heading = ""
    header: list[list[str]] = []
    runs = _runs(text)
    for number, (is_row, lines) in enumerate(runs):
        if is_row:
            goes_on = number + 2 < len(runs) and _is_label(text, runs[number + 1][1])
            rows, header = _rows(chunk, lines, heading, header, goes_on)
            units += rows
            continue
        if not _is_label(text, lines):
            header = []
        for start, end in lines:
            line = text[start:end]
            units += _sentences(chunk, start, end, heading)
            if _is_heading(line):
                heading = _flat(line)
    return tuple(units)


def _picture_units(chunk: Chunk) -> tuple[Unit, ...]:
    """Words of a picture, joined by where they stand: a box of a diagram, a bar with its label."""
    units: list[Unit] = []
    title = ""
    for group in group_words([(span.start, span.end, span.box) for span in chunk.spans], chunk.text):
        start, end = group.ranges[0][0], group.ranges[-1][1]
        if group.is_running_text:
            units += _sentences(chunk, start, end, title)
            continue
        texts = [_flat(chunk.text[low:high]) for low, high in group.ranges]
        if len(texts) == 1:
            kind = (
                UnitKind.HEADING
                if _is_heading(texts[0]) and not any(c.isdigit() for c in texts[0])
                else UnitKind.SENTENCE
            )
            units.append(Unit(chunk, group.ranges, kind, texts[0], texts[0], (), title))
            title = _flat(f"{title} {texts[0]}") if len(texts[0].split()) > 2 else title
        else:
            said = f"{texts[0]}: {' '.join(texts[1:])}"
            units.append(Unit(chunk, group.ranges, UnitKind.FIELD, " ".join(texts), said, (), title))
    return tuple(units)


def _runs(text: str) -> list[tuple[bool, list[tuple[int, int]]]]:
    """Neighbouring table rows together, and neighbouring other lines; a line that goes on is one with the next."""
    runs: list[tuple[bool, list[tuple[int, int]]]] = []
    for match in re.finditer(r"[^\n]*\S[^\n]*", text):
        start, end = match.span()
        is_row = CELLS in match.group()
        if not runs or runs[-1][0] != is_row:
            runs.append((is_row, []))
        lines = runs[-1][1]
        goes_on = lines and match.group().lstrip()[:1].islower() and text[lines[-1][1] - 1] not in ".!?:;"
        if goes_on and not is_row and not _BULLET.match(match.group()):
            lines[-1] = (lines[-1][0], end)
        else:
            lines.append((start, end))
    return runs


def _flat(text: str) -> str:
    return " ".join(text.split())


# Rows ------------------------------------------------------------------------------------------------------------

_VALUE = re.compile(r"^[\s$€£(+\-\u2212]*\d[\d.,\s]*[)%]?\s*(?:[a-zA-Z%]{1,3}|[mb]illion)?$")
_YEAR = re.compile(r"^(?:FY\s*|CY\s*)?(?:19|20)\d\d\S?$")


def _is_header(cells: list[str]) -> bool:
    """A row without values other than years."""
    return not any(_VALUE.match(cell) and not _YEAR.match(cell) for cell in cells)


def _is_label(text: str, lines: list[tuple[int, int]]) -> bool:
    """Whether lines between two rows of a table only name what follows."""
    said = [text[start:end].rstrip() for start, end in lines]
    return len(said) <= MOST_LABELS and all(len(line.split()) <= 14 and line[-1:] not in ".!?;" for line in said)


def _rows(
    chunk: Chunk, lines: list[tuple[int, int]], heading: str, header: list[list[str]], goes_on: bool
) -> tuple[list[Unit], list[list[str]]]:
    """The rows of one or more tables, each with the header above it: a table's first rows without values, up to four.

    In a table of words alone only the first row is its header. `header`: what is in force where the rows begin; what
    is where they end comes back, for it holds beyond a line such as "Current liabilities:". goes_on: the table goes on
    after such a label.
    """
    table = [_split(chunk.text[start:end]) for start, end in lines]
    if _is_header(table[0]) and any(any(map(str.isalpha, cell)) or _YEAR.match(cell) for cell in table[0][1:]):
        header = []
    fresh = not header
    units: list[Unit] = []
    for number, ((start, end), cells) in enumerate(zip(lines, table, strict=True)):
        followed = goes_on or number + 1 < len(table)
        opens = not fresh and followed and _is_header(cells) and (not cells[0] or any(map(_YEAR.match, cells)))
        if opens:
            header, fresh = [], True
        if fresh and followed and _is_header(cells) and (not header or _headed(header, cells)) and len(header) < 4:
            header = [*header, cells]
            units.append(replace(_row(chunk, start, end, [], heading), kind=UnitKind.HEADING))
            continue
        fresh = False
        units.append(_row(chunk, start, end, header, heading))
    return units, header


def _headed(header: list[list[str]], cells: list[str]) -> bool:
    """Whether a second row without values still belongs to the header: the first one spans columns, or it has years."""
    return "" in header[0] or any(map(_YEAR.match, cells))


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r" ?\| ?", line)]


def _row(chunk: Chunk, start: int, end: int, header: list[list[str]], heading: str) -> Unit:
    text = chunk.text[start:end]
    values = _split(text)
    rows = [row for row in header if len(row) == len(values)]
    names = [" ".join(dict.fromkeys(filter(None, column))) for column in zip(*rows, strict=True)]
    cells = tuple(zip(names or [""] * len(values), values, strict=True))
    above = " ".join(filter(None, [heading, *(cell for row in header for cell in row)]))
    return Unit(chunk, ((start, end),), UnitKind.ROW, _flat(text), say_row(cells), cells, above)


def say_row(cells: tuple[tuple[str, str], ...]) -> str:
    """A row with its headers: "Revenue | 2024: 512.3 | 2023: 498.1"."""
    label, *others = cells
    said = [label[1]] if label[1] else []
    said += [f"{name}: {value}" if name else value for name, value in others if value]
    return CELLS.join(said)


# Running text ----------------------------------------------------------------------------------------------------

_BULLET = re.compile(r"^\s*(?:[\u2022\u2023\u25aa\u25cf\u25e6\u2013*\-]\s|\(?\d{1,2}[.)]\s|\(?[a-z]\)\s)")
_FIELD = re.compile(r"^\s*[^\W\d_][^:.!?\n]{0,48}:\s+\S")


def _is_heading(line: str) -> bool:
    """A short line without an end mark, as headings and captions inside a chunk are."""
    words = line.split()
    return (
        0 < len(words) <= 14
        and line.rstrip()[-1:] not in ".!?:;,|"
        and not _FIELD.match(line)
        and words[0][0].isupper()
    )


def _apart(upper: Box, lower: Box) -> bool:
    """Two successive lines that do not stand together: no shared column, or more than a line's height between them."""
    height = max(upper.y1 - upper.y0, lower.y1 - lower.y0)
    same_line = min(upper.y1, lower.y1) - max(upper.y0, lower.y0) > 0.5 * min(upper.y1 - upper.y0, lower.y1 - lower.y0)
    if same_line:
        return False
    shared = min(upper.x1, lower.x1) - max(upper.x0, lower.x0)
    return shared <= 0 or lower.y0 < upper.y0 or lower.y0 - upper.y1 > height


def _sentences(chunk: Chunk, start: int, end: int, heading: str) -> list[Unit]:
    text = chunk.text[start:end]
    units: list[Unit] = []
    low = 0
    for high in sentence_ends(text):
        if quote := _flat(text[low:high]):
            kind = UnitKind.FIELD if _FIELD.match(quote) and quote[-1] not in ".!?" else UnitKind.SENTENCE
            if kind is UnitKind.SENTENCE and low == 0 and high == len(text) and _is_heading(quote):
                kind = UnitKind.HEADING
            begin = start + low + len(text[low:high]) - len(text[low:high].lstrip())
            own = "" if kind is UnitKind.FIELD else heading
            units.append(Unit(chunk, ((begin, start + high),), kind, quote, quote, (), own))
        low = high
    return units
