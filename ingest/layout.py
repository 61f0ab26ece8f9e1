"""Fragments of a page to blocks in reading order: turned text, columns, tables, and paragraphs between them.

Geometry and typography only; opens no PDF, looks at no picture and at no other page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ingest.attached import attach
from ingest.columns import group_rows, reading_order
from ingest.document import Block, Box, Kind, Line, Source
from ingest.paragraphs import PageFrame, Style, body_style, paragraphs
from ingest.rows import STAND_IN, Row
from ingest.ruled_tables import take_ruled_table
from ingest.rulings import Ruling, find_grids
from ingest.tables import TableRows, split_tables
from ingest.textlayer import Fragment
from ingest.writing import is_right_to_left

_FOOT = 0.5
_EDGE = 0.9
"""Below this part of the page a line under a footnote is the page's foot."""
_STAND_IN_WORDS = "\x00 stands for a table drawn here"


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
        own_frame = frame if turn % 2 == 0 else PageFrame(frame.height, frame.width, frame.clips)
        lines = [_upright_ruling(ruling, turn, frame) for ruling in rulings]
        if is_right_to_left(" ".join(fragment.text for fragment in upright)):
            found = _lay_out_mirrored(upright, own_frame, source, lines)
        else:
            found = _lay_out_upright(upright, own_frame, source, lines)
        blocks += [turned(block, turn) for block in footnotes_last(found)]
    return blocks


def footnotes_last(blocks: Sequence[Block]) -> list[Block]:
    """The blocks, those at the foot of a column that are footnotes after all others: text goes on in the next column.

    A mark above other text (a note right under its table) is a paragraph in its place.
    """
    notes, others = [], []
    for block in blocks:
        below = [o for o in blocks if o.box.y0 >= block.box.y1 and o.box.x0 < block.box.x1 and o.box.x1 > block.box.x0]
        if block.kind is not Kind.FOOTNOTE:
            others.append(block)
        elif block.box.y0 > _FOOT and all(o.kind is Kind.FOOTNOTE or o.box.y0 > _EDGE for o in below):
            notes.append(block)
        else:
            others.append(replace(block, kind=Kind.TEXT))
    return others + notes


def _lay_out_mirrored(
    fragments: Sequence[Fragment], frame: PageFrame, source: Source, rulings: Sequence[Ruling]
) -> list[Block]:
    """Text written from right to left, laid out as its mirror image: columns, rows and cells begin on the right."""
    width = frame.width
    mirrored = [replace(f, x0=width - f.x1, x1=width - f.x0) for f in _joined_left_to_right(fragments)]
    lines = [Ruling(width - x1, y0, width - x0, y1) for x0, y0, x1, y1 in rulings]

    def back(box: Box) -> Box:
        return Box(1 - box.x1, box.y0, 1 - box.x0, box.y1)

    return [
        replace(block, box=back(block.box), lines=tuple(replace(line, box=back(line.box)) for line in block.lines))
        for block in _lay_out_upright(mirrored, frame, source, lines)
    ]


def _joined_left_to_right(fragments: Sequence[Fragment]) -> list[Fragment]:
    """Neighbours without a letter written from right to left become one, so that they keep their order."""
    joined: list[Fragment] = []
    for row in group_rows(fragments):
        for fragment in sorted(row, key=lambda fragment: fragment.x0):
            last = joined[-1] if joined else None
            if (
                last
                and last.y0 < fragment.middle < last.y1
                and 0 <= fragment.x0 - last.x1 < fragment.size
                and any(map(str.isalpha, last.text + fragment.text))
                and not any(is_right_to_left(other.text) for other in (last, fragment))
            ):
                joined[-1] = replace(last, text=f"{last.text} {fragment.text}", x1=fragment.x1)
            else:
                joined.append(fragment)
    return joined


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
    line = _upright(Fragment("", *ruling, size=0.0, turn=turn), frame)
    return Ruling(line.x0, line.y0, line.x1, line.y1)


def turned(block: Block, turn: int) -> Block:
    """A block of a frame in which it reads left to right, back on the page as displayed."""
    lines = tuple(replace(line, box=line.box.turned(turn)) for line in block.lines)
    return replace(block, box=block.box.turned(turn), lines=lines)


def _lay_out_upright(
    fragments: Sequence[Fragment], frame: PageFrame, source: Source, rulings: Sequence[Ruling]
) -> list[Block]:
    body = body_style(fragments, source)
    rest, drawn = place_tables(attach(fragments), rulings, body)
    return [
        block for rows in reading_order(rest, body.size) for block in blocks_of_rows(rows, drawn, body, frame, source)
    ]


def blocks_of_rows(
    rows: Sequence[Row], drawn: DrawnTables, body: Style, frame: PageFrame, source: Source
) -> list[Block]:
    """The rows of one column as blocks: tables, and paragraphs between them."""
    blocks: list[Block] = []
    paragraph: list[Row] = []
    for item in drawn.items(rows):
        if isinstance(item, TableRows):
            blocks += paragraphs(paragraph, body, frame, source)
            paragraph = []
            blocks.append(_table_block(item, frame, source))
        else:
            paragraph.append(item)
    return [*blocks, *paragraphs(paragraph, body, frame, source)]


class DrawnTables:
    """Tables found by their lines, each by the name of the one line that stands for it in the order of columns."""

    def __init__(self) -> None:
        self._tables: dict[str, TableRows] = {}

    def add(self, table: TableRows) -> str:
        """Keeps a table; its name is long enough to weigh like text where columns are looked for."""
        name = f"{STAND_IN}{len(self._tables)}{_STAND_IN_WORDS}"
        self._tables[name] = table
        return name

    def items(self, rows: Sequence[Row]) -> list[Row | TableRows]:
        """The rows with tables in the place of theirs: drawn ones for their stand-ins, others by alignment."""
        items: list[Row | TableRows] = []
        start = 0
        for index, row in enumerate(rows):
            if self._tables and STAND_IN in row.text:
                items += split_tables(rows[start:index])
                others = tuple(cell for cell in row.cells if cell.text not in self._tables)
                items += [replace(row, cells=others)] if others else []
                items += [table for name, table in self._tables.items() if name in row.text]
                start = index + 1
        return items + split_tables(rows[start:])


def place_tables(
    fragments: Sequence[Fragment], rulings: Sequence[Ruling], body: Style
) -> tuple[list[Fragment], DrawnTables]:
    """The fragments with one in the place of each table whose cells are drawn, and those tables."""
    rest, drawn = list(fragments), DrawnTables()
    for grid in find_grids(rulings):
        found = take_ruled_table(grid, rest)
        if found:
            table, rest = found
            top = grid.ys[0]
            rest.append(Fragment(drawn.add(table), grid.xs[0], top, grid.xs[-1], top + body.size, body.size))
    return rest, drawn


def _table_block(table: TableRows, frame: PageFrame, source: Source) -> Block:
    lines = tuple(
        Line(" | ".join(item.printed), frame.box(item.row.x0, item.row.y0, item.row.x1, item.row.y1), item.cells)
        for item in table.rows
    )
    box = Box.around(line.box for line in lines)
    return Block(Kind.TABLE, box, lines, source, header_rows=table.header_rows)
