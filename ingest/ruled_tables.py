"""Tables whose cells are drawn: text by the field it stands in, so that wrapped cells stay whole.

A grid that holds no table (a chart's, a frame around columns of text) is left to the alignment of words.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from ingest.columns import group_rows
from ingest.rows import Cell, Row, make_row
from ingest.rulings import Grid
from ingest.tables import TableRow, TableRows
from ingest.textlayer import Fragment
from ingest.writing import join_lines

_MOST_WORDS = 250
"""A cell with more words is a part of the page, not of a table."""
_LEAST_FILLED = 0.4
_ALIGNED_LINES = 3


def take_ruled_table(grid: Grid, fragments: Sequence[Fragment]) -> tuple[TableRows, list[Fragment]] | None:
    """The grid's table and the fragments outside it; None when it is no table."""
    inside: list[Fragment] = []
    outside: list[Fragment] = []
    for fragment in (part for whole in fragments for part in _parted(whole, grid)):
        middle = (fragment.x0 + fragment.x1) / 2
        is_in = grid.xs[0] <= middle <= grid.xs[-1] and grid.ys[0] <= fragment.middle <= grid.ys[-1]
        (inside if is_in else outside).append(fragment)
    cell_at = {
        (row, column): cell
        for cell in grid.cells
        for row in range(cell[0], cell[2] + 1)
        for column in range(cell[1], cell[3] + 1)
    }
    held: dict[tuple[int, int, int, int], list[Fragment]] = {}
    for fragment in inside:
        place = bisect_right(grid.ys, fragment.middle) - 1, bisect_right(grid.xs, (fragment.x0 + fragment.x1) / 2) - 1
        if place in cell_at:
            held.setdefault(cell_at[place], []).append(fragment)
    filled = {cell: [make_row(row) for row in group_rows(held[cell])] for cell in grid.cells if cell in held}
    if not _is_table(grid, filled):
        return None
    rows = _rows(grid, filled)
    return (TableRows(tuple(rows), _header_rows(rows, filled)), outside) if len(rows) > 1 else None


def _parted(fragment: Fragment, grid: Grid) -> list[Fragment]:
    """A fragment that runs over a line between two cells, parted at its blank nearest to that line."""
    if not grid.ys[0] <= fragment.middle <= grid.ys[-1]:
        return [fragment]
    step = (fragment.x1 - fragment.x0) / len(fragment.text)
    for x in grid.xs[1:-1]:
        if fragment.x0 + fragment.size < x < fragment.x1 - fragment.size and _is_wall(grid, x, fragment.middle):
            blanks = [place for place, character in enumerate(fragment.text) if character == " "]
            place = min(blanks, key=lambda place: abs(fragment.x0 + (place + 0.5) * step - x), default=None)
            if place is None or abs(fragment.x0 + (place + 0.5) * step - x) > 3 * fragment.size:
                continue
            cut = fragment.x0 + place * step
            before = replace(fragment, text=fragment.text[:place].rstrip(), x1=min(cut, x))
            after = replace(fragment, text=fragment.text[place:].lstrip(), x0=max(cut, x))
            return [part for half in (before, after) if half.text for part in _parted(half, grid)]
    return [fragment]


def _is_wall(grid: Grid, x: float, y: float) -> bool:
    """A line at `x` parts two cells at the height `y`."""
    return any(grid.ys[top] <= y < grid.ys[bottom + 1] and grid.xs[left] == x for top, left, bottom, _ in grid.cells)


def _is_table(grid: Grid, filled: dict[tuple[int, int, int, int], list[Row]]) -> bool:
    if len(filled) < max(4, _LEAST_FILLED * len(grid.cells)):
        return False
    if any(sum(len(row.text.split()) for row in rows) > _MOST_WORDS for rows in filled.values()):
        return False
    beside = [cells for top in range(len(grid.ys) - 1) if len(cells := [c for c in filled if c[0] == top]) > 1]
    if len(beside) < 2:
        return False
    # Lines of neighbouring cells that stand side by side are rows without a line between them.
    return not any(
        _is_several_rows([filled[cell] for cell in cells], is_first=number == 0) for number, cells in enumerate(beside)
    )


def _is_several_rows(cells: Sequence[Sequence[Row]], is_first: bool) -> bool:
    """Short lines or values of neighbouring cells that stand side by side."""
    tall = [rows for rows in cells if len(rows) >= _ALIGNED_LINES]
    short = [rows for rows in cells if sum(len(row.text.split()) for row in rows) <= 3 * len(rows)]
    values = [rows for rows in tall if sum(row.cells[0].is_number for row in rows) > 0.6 * len(rows)]
    if len(tall) > 1 and (values or all(rows in short for rows in tall)):
        return _stand_side_by_side(tall)
    counts = {len(rows) for rows in cells}
    wrapped = any(row.text[:1].islower() for rows in cells for row in rows[1:])
    return (
        not is_first
        and len(counts) == 1
        and max(counts) > 1
        and len(short) > 1
        and not wrapped
        and _stand_side_by_side(cells)
    )


def _stand_side_by_side(cells: Sequence[Sequence[Row]]) -> bool:
    first = [(row.y0 + row.y1) / 2 for row in cells[0]]
    return all(
        sum(min(abs((row.y0 + row.y1) / 2 - place) for place in first) < 0.3 * row.size for row in rows)
        > 0.7 * len(rows)
        for rows in cells[1:]
    )


def _rows(grid: Grid, filled: dict[tuple[int, int, int, int], list[Row]]) -> list[TableRow]:
    """One a row of fields that has words; columns without any are left out."""
    used = sorted({column for cell in filled for column in range(cell[1], cell[3] + 1)})
    kept = [column for column in used if any(cell[1] == column for cell in filled)]
    rows = []
    for top in range(len(grid.ys) - 1):
        own = {cell: lines for cell, lines in filled.items() if cell[0] <= top <= cell[2]}
        begun = {cell: lines for cell, lines in own.items() if cell[0] == top}
        if not begun:
            continue
        cells, printed = [""] * len(kept), [""] * len(kept)
        for cell, lines in own.items():
            text = join_lines([line.text for line in lines])
            places = [place for place, column in enumerate(kept) if cell[1] <= column <= cell[3]]
            for place in places:
                cells[place] = text
            if cell in begun and places:
                printed[places[0]] = text
        every = [line for lines in begun.values() for line in lines]
        row = Row(
            tuple(Cell(c.text, c.x0, c.x1) for line in every for c in line.cells),
            min(line.y0 for line in every),
            max(line.y1 for line in every),
            median(line.size for line in every),
            all(line.bold for line in every),
        )
        rows.append(TableRow(row, tuple(cells), tuple(printed)))
    return rows


def _header_rows(rows: Sequence[TableRow], filled: dict[tuple[int, int, int, int], list[Row]]) -> int:
    """Rows at the top that only name: bold above others, or words above numbers, all cells short."""
    bold = 0
    while bold < min(3, len(rows) - 1) and rows[bold].row.bold:
        bold += 1
    if 0 < bold < len(rows) and not all(item.row.bold for item in rows):
        return bold
    first = rows[0]
    heads = [Cell(cell, 0, 0) for cell in first.cells[1:]]
    named = all(c.text and len(c.text.split()) <= 8 and (c.is_period or not c.is_number) for c in heads)
    return int(named and len(first.cells) > 1)
