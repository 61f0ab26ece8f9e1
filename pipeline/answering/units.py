"""The smallest things that can be quoted: sentences, table rows, form fields, each with its place on the page.

Owns the cutting of a chunk into units. Every unit is `chunk.text[start:end]`, so its boxes come from the parser.
Never ranks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from ingest.document import FULL_PAGE, Box, Chunk, Kind, Span
from pipeline.answering.sentences import sentence_ends

CELLS = " | "


class UnitKind(StrEnum):
    SENTENCE = "sentence"
    ROW = "row"
    FIELD = "field"


@dataclass(frozen=True, slots=True)
class Unit:
    """A quotable part of a chunk.

    quote: the words as they stand there, line breaks made spaces. said: the same so that it is understood alone (a
    table row carries its column headers). cells: (header, value) of a row, the first being its label.
    """

    chunk: Chunk
    start: int
    end: int
    kind: UnitKind
    quote: str
    said: str
    cells: tuple[tuple[str, str], ...] = ()

    @property
    def parts(self) -> tuple[tuple[str, Box], ...]:
        """Quote and box for each run of lines that stand together (a sentence over a column break has two)."""
        return parts(self.chunk, self.start, self.end)


def parts(chunk: Chunk, start: int, end: int) -> tuple[tuple[str, Box], ...]:
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
        for group, low, high in zip(groups, bounds, bounds[1:], strict=True)
    )
    return tuple(part for part in found if part[0])


def cut(chunk: Chunk) -> tuple[Unit, ...]:
    """All units of a chunk in reading order; together they hold every word of it."""
    units: list[Unit] = []
    lines = _lines(chunk.text)
    header = _header(chunk, lines)
    paragraph: list[tuple[int, int]] = []
    for number, (start, end) in enumerate(lines):
        line = chunk.text[start:end]
        if CELLS in line:
            units += _sentences(chunk, paragraph)
            paragraph = []
            units.append(_row(chunk, start, end, header if number >= len(header) else []))
            continue
        if paragraph and _breaks(chunk, paragraph, (start, end)):
            units += _sentences(chunk, paragraph)
            paragraph = []
        paragraph.append((start, end))
    return tuple(units + _sentences(chunk, paragraph))


def _flat(text: str) -> str:
    return " ".join(text.split())


def _lines(text: str) -> list[tuple[int, int]]:
    """(start, end) of each line that has words."""
    return [match.span() for match in re.finditer(r"[^\n]*\S[^\n]*", text)]


# Rows ------------------------------------------------------------------------------------------------------------

_VALUE = re.compile(r"^[\s$€£(+\-\u2212]*\d[\d.,\s]*[)%]?\s*(?:[a-zA-Z%]{1,3})?$")
_YEAR = re.compile(r"^(?:FY\s*|CY\s*)?(?:19|20)\d\d\S?$")


def _header(chunk: Chunk, lines: list[tuple[int, int]]) -> list[list[str]]:
    """The header rows that begin a table chunk: rows without values other than years. At most three."""
    header: list[list[str]] = []
    for start, end in lines[:3]:
        cells = _split(chunk.text[start:end])
        if len(cells) < 2 or any(_VALUE.match(cell) and not _YEAR.match(cell) for cell in cells):
            break
        header.append(cells)
    if len(header) == len(lines) or chunk.kind is not Kind.TABLE:
        return header[:1] if chunk.kind is Kind.TABLE and len(lines) > 1 else []
    if len(header) > 1 and not any(cell == "" or _YEAR.match(cell) for cell in header[0]):
        return header[:1]  # a table of words: only its first row is a header
    return header


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r" ?\| ?", line)]


def _row(chunk: Chunk, start: int, end: int, header: list[list[str]]) -> Unit:
    text = chunk.text[start:end]
    values = _split(text)
    rows = [row for row in header if len(row) == len(values)]
    names = [" ".join(dict.fromkeys(filter(None, column))) for column in zip(*rows, strict=True)]
    names = names or [""] * len(values)
    cells = tuple(zip(names, values, strict=True))
    return Unit(chunk, start, end, UnitKind.ROW, _flat(text), say_row(cells), cells)


def say_row(cells: tuple[tuple[str, str], ...]) -> str:
    """A row with its headers: "Revenue | 2024: 512.3 | 2023: 498.1"."""
    label, *others = cells
    said = [label[1]] if label[1] else []
    said += [f"{name}: {value}" if name else value for name, value in others if value]
    return CELLS.join(said)


# Running text ----------------------------------------------------------------------------------------------------

_BULLET = re.compile(r"^\s*(?:[\u2022\u2023\u25aa\u25cf\u25e6\u2013*\-]\s|\(?\d{1,2}[.)]\s|\(?[a-z]\)\s)")
_FIELD = re.compile(r"^\s*[^\W\d_][^:.!?\n]{0,48}:\s+\S")


def _breaks(chunk: Chunk, before: list[tuple[int, int]], line: tuple[int, int]) -> bool:
    """Whether a new paragraph begins with `line`."""
    previous = before[-1]
    text = chunk.text[line[0] : line[1]]
    if chunk.text[previous[1] : line[0]].count("\n") > 1 or _BULLET.match(text):
        return True
    upper, lower = _box(chunk, previous), _box(chunk, line)
    if upper and lower and _apart(upper, lower) and not _same_sentence(chunk, previous, line):
        return True
    if _FIELD.match(text) and _FIELD.match(chunk.text[previous[0] : previous[1]]):
        return True
    widest = max(end - start for start, end in _lines(chunk.text))
    short = previous[1] - previous[0] < 0.6 * widest
    return (short or widest < 40) and not text.lstrip()[:1].islower()


def _same_sentence(chunk: Chunk, previous: tuple[int, int], line: tuple[int, int]) -> bool:
    """Text that runs over a column break: no full stop before, lower case after."""
    return (
        chunk.text[line[0] : line[1]].lstrip()[:1].islower() and chunk.text[: previous[1]].rstrip()[-1:] not in ".!?:"
    )


def _box(chunk: Chunk, line: tuple[int, int]) -> Box | None:
    boxes = chunk.boxes(*line)
    return Box.around(boxes) if boxes else None


def _apart(upper: Box, lower: Box) -> bool:
    """Two successive lines that do not stand together: no shared column, or more than a line's height between them."""
    height = max(upper.y1 - upper.y0, lower.y1 - lower.y0)
    same_line = min(upper.y1, lower.y1) - max(upper.y0, lower.y0) > 0.5 * min(upper.y1 - upper.y0, lower.y1 - lower.y0)
    if same_line:
        return False
    shared = min(upper.x1, lower.x1) - max(upper.x0, lower.x0)
    return shared <= 0 or lower.y0 < upper.y0 or lower.y0 - upper.y1 > height


def _sentences(chunk: Chunk, paragraph: list[tuple[int, int]]) -> list[Unit]:
    if not paragraph:
        return []
    start, stop = paragraph[0][0], paragraph[-1][1]
    text = chunk.text[start:stop]
    units: list[Unit] = []
    low = 0
    for high in sentence_ends(text):
        quote = _flat(text[low:high])
        if quote:
            kind = UnitKind.FIELD if _FIELD.match(quote) and not quote.endswith(".") else UnitKind.SENTENCE
            begin = start + low + len(text[low:high]) - len(text[low:high].lstrip())
            units.append(Unit(chunk, begin, start + high, kind, quote, quote))
        low = high
    return units
