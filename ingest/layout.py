"""Fragments of a page to blocks in reading order: paragraphs, headings, lists, captions, tables.

Geometry and typography only; opens no PDF, looks at no picture and at no other page.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.attached import attach
from ingest.columns import reading_order
from ingest.document import Block, Box, Kind, Line, Source
from ingest.rows import Row
from ingest.ruled_tables import take_ruled_table
from ingest.rulings import Ruling, find_grids
from ingest.tables import TableRows, split_tables
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
_FOLIO = re.compile(r"^[ivxlc]{1,6}$|^\d{1,4}$", re.IGNORECASE)
_RUNNING_EDGE = 0.12
_STAND_IN = "\x00"
_STAND_IN_WORDS = "\x00 stands for a table drawn here"
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


def lay_out(
    fragments: Sequence[Fragment],
    frame: PageFrame,
    source: Source = Source.TEXT_LAYER,
    rulings: Sequence[Ruling] = (),
) -> list[Block]:
    """Blocks in reading order: text of the main direction first, turned text (stamps, axis labels) after it."""
    turns = Counter[int]()
    for fragment in fragments:
        turns[fragment.turn] += len(fragment.text)
    blocks: list[Block] = []
    for turn, _ in sorted(turns.items(), key=lambda item: (-item[1], item[0])):
        upright = [_upright(fragment, frame) for fragment in fragments if fragment.turn == turn]
        turned = frame if turn % 2 == 0 else PageFrame(frame.height, frame.width)
        lines = [_upright_ruling(ruling, turn, frame) for ruling in rulings]
        blocks += [_turn_block(block, turn) for block in _lay_out_upright(upright, turned, source, lines)]
    return blocks


def _upright(fragment: Fragment, frame: PageFrame) -> Fragment:
    """The fragment in a frame in which it reads left to right."""
    f = fragment
    if f.turn == 0:
        return f
    if f.turn == 1:
        x0, y0, x1, y1 = f.y0, frame.width - f.x1, f.y1, frame.width - f.x0
    elif f.turn == 2:
        x0, y0, x1, y1 = frame.width - f.x1, frame.height - f.y1, frame.width - f.x0, frame.height - f.y0
    else:
        x0, y0, x1, y1 = frame.height - f.y1, f.x0, frame.height - f.y0, f.x1
    return replace(f, x0=x0, y0=y0, x1=x1, y1=y1, turn=0)


def _upright_ruling(ruling: Ruling, turn: int, frame: PageFrame) -> Ruling:
    turned = _upright(Fragment("", *ruling, size=0.0, turn=turn), frame)
    return Ruling(turned.x0, turned.y0, turned.x1, turned.y1)


def _turn_block(block: Block, turn: int) -> Block:
    """A block of a turned frame back on the page as displayed (fractions, so no sizes are needed)."""

    def back(box: Box) -> Box:
        if turn == 1:
            return Box(1 - box.y1, box.x0, 1 - box.y0, box.x1)
        if turn == 2:
            return Box(1 - box.x1, 1 - box.y1, 1 - box.x0, 1 - box.y0)
        return Box(box.y0, 1 - box.x1, box.y1, 1 - box.x0)

    if turn == 0:
        return block
    return replace(block, box=back(block.box), lines=tuple(replace(line, box=back(line.box)) for line in block.lines))


def _lay_out_upright(
    fragments: Sequence[Fragment], frame: PageFrame, source: Source, rulings: Sequence[Ruling]
) -> list[Block]:
    body = _body_style(fragments, source)
    rest = attach(fragments)
    drawn: dict[str, TableRows] = {}
    for grid in find_grids(rulings):
        found = take_ruled_table(grid, rest)
        if found:
            name = f"{_STAND_IN}{len(drawn)}{_STAND_IN_WORDS}"
            drawn[name], rest = found
            # In the order of columns one line stands for the whole table: its first.
            rest.append(Fragment(name, grid.xs[0], grid.ys[0], grid.xs[-1], grid.ys[0] + body.size, body.size))
    blocks: list[Block] = []
    for rows in reading_order(rest, body.size):
        paragraph: list[Row] = []
        for item in _items(rows, drawn):
            if isinstance(item, TableRows):
                blocks += _paragraphs(paragraph, body, frame, source)
                paragraph = []
                blocks.append(_table_block(item, frame, source))
            else:
                paragraph.append(item)
        blocks += _paragraphs(paragraph, body, frame, source)
    return blocks


def _items(rows: Sequence[Row], drawn: Mapping[str, TableRows]) -> list[Row | TableRows]:
    """The rows with tables in the place of theirs: drawn ones for their stand-ins, others by alignment."""
    items: list[Row | TableRows] = []
    start = 0
    for index, row in enumerate(rows):
        if drawn and _STAND_IN in row.text:
            items += split_tables(rows[start:index])
            others = tuple(cell for cell in row.cells if _STAND_IN not in cell.text)
            items += [replace(row, cells=others)] if others else []
            items += [table for name, table in drawn.items() if name in row.text]
            start = index + 1
    return items + split_tables(rows[start:])


@dataclass(frozen=True, slots=True)
class _Style:
    """`noisy`: sizes are measured from pixels, so those of one text differ from line to line."""

    size: float
    bold: bool
    noisy: bool = False


def _body_style(fragments: Sequence[Fragment], source: Source) -> _Style:
    """Size and weight that most characters of the page have."""
    sizes, bold = Counter[float](), Counter[bool]()
    for fragment in fragments:
        sizes[round(fragment.size * 2) / 2] += len(fragment.text)
        bold[fragment.bold] += len(fragment.text)
    if not sizes:
        return _Style(10.0, False)
    hidden = sum(fragment.hidden for fragment in fragments) > 0.5 * len(fragments)
    size = max(sizes, key=lambda size: (sizes[size], size))
    return _Style(size, bold[True] > bold[False], source is Source.OCR or hidden)


def _paragraphs(rows: Sequence[Row], body: _Style, frame: PageFrame, source: Source) -> list[Block]:
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
    return [_text_block(group, body, frame, source, seen) for group in groups]


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
    if row.is_listing or _ITEM.match(row.text) or (_CAPTION.match(row.text) and not _goes_on(before, right)):
        return True
    indented = row.x0 - before.x0 > 0.8 * row.size
    short = right - before.x1 > 0.15 * (right - before.x0)
    ended = before.text.rstrip("”\"')")[-1:] in ".!?:;"
    is_item = group[0].is_listing or bool(_ITEM.match(group[0].text))
    if ended and (short or (indented and not is_item)):
        return True
    return is_item and row.x0 < group[0].x0 - 0.5 * row.size


def _goes_on(row: Row, right: float) -> bool:
    """A full line without an end: the next line is the rest of its sentence, whatever it begins with."""
    return row.text[-1] not in ".!?:;”" and right - row.x1 < 0.1 * (right - row.x0) and len(row.text.split()) > 4


def _text_block(rows: Sequence[Row], body: _Style, frame: PageFrame, source: Source, seen: Counter[str]) -> Block:
    texts = join_hyphens([row.text for row in rows], seen)
    lines = tuple(
        Line(text, frame.box(row.x0, row.y0, row.x1, row.y1)) for row, text in zip(rows, texts, strict=True) if text
    )
    kind, level = _kind(rows, body)
    return Block(kind, Box.around(line.box for line in lines), lines, source, level)


def _kind(rows: Sequence[Row], body: _Style) -> tuple[Kind, int]:
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


def _table_block(table: TableRows, frame: PageFrame, source: Source) -> Block:
    lines = tuple(
        Line(" | ".join(item.printed), frame.box(item.row.x0, item.row.y0, item.row.x1, item.row.y1), item.cells)
        for item in table.rows
    )
    box = Box.around(line.box for line in lines)
    return Block(Kind.TABLE, box, lines, source, header_rows=table.header_rows)
