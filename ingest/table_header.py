"""Which columns a heading of a table stands over. Knows one header row at a time and the columns below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ingest.rows import Cell, Row

Column = tuple[float, float]
"""(x0, x1) in points."""

_LEAST_OVERLAP = 0.3
"""A heading stands over a column when it covers this part of it, or of itself."""
_FULL_WIDTH = 0.8
"""A cell as wide has words over each of its columns; a heading of them all stands in their middle."""
_OFF_CENTRE = 2.0
"""How far from the middle of its columns, in font sizes, the middle of a heading over several may stand."""


def parted_headings(row: Row, columns: Sequence[Column]) -> Row:
    """The row, a cell that holds the headings of several columns set close together parted into one for each."""
    return replace(row, cells=tuple(part for cell in row.cells for part in _parted(cell, columns)))


def _parted(cell: Cell, columns: Sequence[Column]) -> list[Cell]:
    words = cell.text.split()
    first, last = _under(cell, columns)
    width = columns[last][1] - columns[first][0]
    if len(words) < 2 or first == last or cell.x1 - cell.x0 < _FULL_WIDTH * width:
        return [cell]
    step = (cell.x1 - cell.x0) / len(cell.text)
    parts: dict[int, Cell] = {}
    at = 0
    for word in words:
        at = cell.text.index(word, at)
        x0, x1 = cell.x0 + at * step, cell.x0 + (at + len(word)) * step
        at += len(word)
        middle = (x0 + x1) / 2
        place = min(range(first, last + 1), key=lambda place: abs(sum(columns[place]) / 2 - middle))
        known = parts.get(place)
        parts[place] = Cell(f"{known.text} {word}", known.x0, x1) if known else Cell(word, x0, x1)
    return list(parts.values()) if len(parts) == last - first + 1 else [cell]


def columns_of_headings(row: Row, columns: Sequence[Column], below: Row | None) -> list[tuple[int, int]]:
    """For each cell of a header row the first and the last column that it heads.

    `below` is the next header row, None when the row is the last: only over other headings does a heading reach
    farther than its own width, over the columns that it stands in the middle of.
    """
    ranges = [_under(cell, columns) for cell in row.cells]
    if below is None or len(below.cells) <= len(row.cells):
        return ranges
    headed = {first for cell in below.cells for first in [_under(cell, columns)[0]]}
    spread: list[tuple[int, int]] = []
    for number, (cell, (first, last)) in enumerate(zip(row.cells, ranges, strict=True)):
        if first == 0:
            spread.append((first, last))
            continue
        low = max(1, spread[-1][1] + 1 if spread else 1)
        high = ranges[number + 1][0] - 1 if number + 1 < len(ranges) else len(columns) - 1
        middle = (cell.x0 + cell.x1) / 2
        wider = [
            (end - start, start, end)
            for start in range(low, first + 1)
            for end in range(last, high + 1)
            if abs((columns[start][0] + columns[end][1]) / 2 - middle) <= _OFF_CENTRE * row.size
            and all(place in headed for place in range(start, end + 1) if not first <= place <= last)
        ]
        _, start, end = max(wider, default=(0, first, last))
        spread.append((start, end))
    return spread


def _under(cell: Cell, columns: Sequence[Column]) -> tuple[int, int]:
    """The columns that the cell's own width reaches over; the nearest one when it reaches over none."""
    over = [
        place
        for place, (x0, x1) in enumerate(columns)
        if min(cell.x1, x1) - max(cell.x0, x0) > _LEAST_OVERLAP * min(x1 - x0, cell.x1 - cell.x0)
    ]
    if not over:
        middle = (cell.x0 + cell.x1) / 2
        nearest = min(range(len(columns)), key=lambda place: abs((columns[place][0] + columns[place][1]) / 2 - middle))
        return nearest, nearest
    return (0, 0) if over[0] == 0 else (over[0], over[-1])
