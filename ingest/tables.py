"""Tables from geometry alone: columns, header rows. Needs no ruling lines, so financial statements work.

Columns are where the numbers (or, in a table of words, the cells) of several rows overlap. Decides nothing
about prose or reading order.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.paragraphs import is_caption
from ingest.rows import Cell, Row
from ingest.table_header import Column, columns_of_headings, parted_headings

_WORDS_OF_A_CELL = 14
_MOST_WRAPPED = 3


@dataclass(frozen=True, slots=True)
class TableRow:
    """`cells`: one text a column (a label alone is one), a heading over several columns in each of them.

    `printed`: the same with such a heading once, in the first of its columns.
    """

    row: Row
    cells: tuple[str, ...]
    printed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableRows:
    """A table as found, and how many of its rows are header."""

    rows: tuple[TableRow, ...]
    header_rows: int


def split_tables(rows: Sequence[Row]) -> list[Row | TableRows]:
    """The rows in order, each run of rows that makes a table replaced by it."""
    items: list[Row | TableRows] = []
    index = 0
    while index < len(rows):
        end = _table_end(rows, index)
        table = None
        if end:
            start = index
            while items and isinstance(items[-1], Row) and _heads(items[-1], rows[start], rows[index:end]):
                start -= 1
                items.pop()
            table = _build(rows[start:end])
            if table is None:
                items += rows[start:index]
        if table is None:
            items.append(rows[index])
            index += 1
        else:
            items.append(table)
            index = end
    return items


def _is_multi(row: Row) -> bool:
    """At least two cells, and not prose: a cell is a number, or all but one are short."""
    if len(row.cells) < 2 or row.is_listing or row.is_formula:
        return False
    if any(cell.is_number or cell.is_period for cell in row.cells[1:]):
        return True
    return sum(len(cell.text.split()) > _WORDS_OF_A_CELL for cell in row.cells) <= 1 and len(row.text.split()) <= 40


def _table_end(rows: Sequence[Row], start: int) -> int:
    """One past the last row of the table that begins at `start`; 0 when none does."""
    if not _is_multi(rows[start]):
        return 0
    last = start
    multi = 1
    numbers = int(_has_number(rows[start]))
    index = start + 1
    while index < len(rows):
        row = rows[index]
        gap = row.y0 - rows[index - 1].y1
        if gap > 2.5 * max(row.size, rows[index - 1].size):
            break
        if gap > 0.25 * row.size and numbers > 1 and _starts_header(rows, start, index):
            break
        if is_caption(row.text):
            break
        if _is_multi(row):
            last, multi = index, multi + 1
            numbers += _has_number(row)
        elif index - last > 4 or not _fits_inside(row, rows[start : last + 1]):
            break
        index += 1
    if multi < 2 or (numbers == 0 and multi < 3):
        return 0
    end = last + 1
    while end < len(rows) and end - last <= _MOST_WRAPPED and _continues(rows[end - 1], rows[end]):
        if not _fits_inside(rows[end], rows[start : last + 1]):
            break
        end += 1
    return end


def _starts_header(rows: Sequence[Row], start: int, index: int) -> bool:
    """Words or periods over the columns, right after a row of numbers and before others: the next table's header."""
    if not _is_body(rows[index - 1]):
        return False
    left = _second_column(rows[start:index]) - rows[index].size
    labels = min(row.x0 for row in rows[start:index]) + 4 * rows[index].size
    for number, row in enumerate(rows[index : index + 5]):
        if _is_body(row):
            return number > 0
        over_columns = row.x0 >= (labels if len(row.cells) > 1 else left) or any(c.is_period for c in row.cells[1:])
        if number == 0 and not over_columns:
            return False
    return False


def _has_number(row: Row) -> bool:
    return any(cell.is_number for cell in row.cells[1:])


def _fits_inside(row: Row, table: Sequence[Row]) -> bool:
    """A label of its own (a section's name, a wrapped label) may stand between rows; a line of prose may not."""
    if len(row.cells) > 1:
        return row.is_listing and row.x1 <= _second_column(table)
    return len(row.text) <= 60 or row.x1 <= _second_column(table)


def _second_column(table: Sequence[Row]) -> float:
    """Where the numbers begin (the cells right of the first, when there are none)."""
    starts = [cell.x0 for row in table for cell in row.cells[1:] if cell.is_number]
    return min(starts or [cell.x0 for row in table for cell in row.cells[1:]], default=float("inf"))


def _continues(before: Row, row: Row) -> bool:
    """The rest of a wrapped label: close below, and it goes on in small letters."""
    return (
        len(row.cells) == 1
        and row.text[:1].islower()
        and _is_close(before, row)
        and abs(row.x0 - before.x0) < 3 * row.size
    )


def _is_close(before: Row, row: Row) -> bool:
    return row.y0 - before.y1 < 0.35 * row.size


def _heads(row: Row, below: Row, table: Sequence[Row]) -> bool:
    """A row right above a table that stands over its columns, not over its labels: `December 31,`."""
    if below.y0 - row.y1 > 1.6 * row.size or len(row.text) > 120:
        return False
    first = min(r.x0 for r in table)
    left = _second_column(table) - 4 * row.size
    right = max(r.x1 for r in table)
    columns = [cell for cell in row.cells if cell.x0 >= left and cell.x1 <= right + row.size]
    if len(columns) == len(row.cells):
        return left > first
    return len(row.cells) > 1 and len(columns) == len(row.cells) - 1


def _build(rows: Sequence[Row]) -> TableRows | None:
    columns = _columns(rows)
    if len(columns) < 2:
        return None
    filled = [(row, _fill(row, columns)) for row in rows]
    header = 0
    for index, (row, cells) in enumerate(filled):
        if _is_body(row) and not _names_columns(index, filled):
            break
        if any(cells[1:]):
            header = index + 1
    else:
        header = 1 if len(filled[0][0].cells) > 1 else 0
    body = [TableRow(row, cells, cells) for row, cells in _join_labels(filled, header)[header:]]
    heads = [_heading(rows[:header], index, columns) for index in range(header)]
    return TableRows((*heads, *body), header)


def _names_columns(index: int, filled: Sequence[tuple[Row, tuple[str, ...]]]) -> bool:
    """Numbers at the very top, over the columns and without a label where the rows below have one (`737 | 747`)."""
    below = [cells for row, cells in filled[index + 1 :] if _is_body(row)]
    return index == 0 and not filled[0][1][0] and len(below) > 1 and all(cells[0] for cells in below)


def _heading(header: Sequence[Row], index: int, columns: Sequence[Column]) -> TableRow:
    below = header[index + 1] if index + 1 < len(header) else None
    row = header[index] if below else parted_headings(header[index], columns)
    cells, printed = [""] * len(columns), [""] * len(columns)
    for cell, (first, last) in zip(row.cells, columns_of_headings(row, columns, below), strict=True):
        printed[first] = f"{printed[first]} {cell.text}".strip()
        for place in range(first, last + 1):
            cells[place] = f"{cells[place]} {cell.text}".strip()
    return TableRow(row, _trimmed(cells), _trimmed(printed))


def _trimmed(texts: list[str]) -> tuple[str, ...]:
    while not texts[-1]:
        texts.pop()
    return tuple(texts)


def _is_body(row: Row) -> bool:
    """A row whose values are numbers; years and dates alone are a header's."""
    values = row.cells[1:] if len(row.cells) > 1 else ()
    return any(cell.is_number and not cell.is_period for cell in values)


def _columns(rows: Sequence[Row]) -> list[Column]:
    """Intervals (x0, x1) of the columns, left to right."""
    multi = [row for row in rows if _is_multi(row)]
    body = [row for row in multi if _is_body(row)]
    anchors = _merge([(cell.x0, cell.x1) for row in body for cell in row.cells if cell.is_number])
    others = [(cell.x0, cell.x1) for row in (body or multi) for cell in row.cells if not cell.is_number]
    loose = [span for span in others if not any(_overlap(span, anchor) > 0 for anchor in anchors)]
    columns = sorted(anchors + _merge(loose))
    cells = max(len(row.cells) for row in body or multi)
    return _fold(columns, body or multi, cells) if len(columns) > 1.5 * cells else columns


def _fold(columns: list[Column], rows: Sequence[Row], cells: int) -> list[Column]:
    """Values that stand at many places but never beside each other (ends of bars in a chart) are one column."""
    while len(columns) > max(cells, 2):
        for left, right in sorted(pairwise(columns), key=lambda pair: pair[1][0] - pair[0][1]):
            joined = (left[0], max(left[1], right[1]))
            if all(sum(_overlap((cell.x0, cell.x1), joined) > 0 for cell in row.cells) <= 1 for row in rows):
                columns = [column for column in columns if column not in (left, right)] + [joined]
                columns.sort()
                break
        else:
            break
    return columns


def _merge(spans: list[Column]) -> list[Column]:
    merged: list[Column] = []
    for x0, x1 in sorted(spans):
        if merged and x0 < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], x1))
        else:
            merged.append((x0, x1))
    return merged


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> float:
    return min(one[1], other[1]) - max(one[0], other[0])


def _fill(row: Row, columns: Sequence[Column]) -> tuple[str, ...]:
    """One text a column; a cell goes to the column it overlaps most (the nearest, when it overlaps none)."""
    if len(row.cells) == 1 and _overlap((row.x0, row.x1), columns[0]) > 0:
        return (row.cells[0].text,)
    texts = [""] * len(columns)
    for cell in row.cells:
        place = _place(cell, columns)
        texts[place] = f"{texts[place]} {cell.text}".strip()
    return _trimmed(texts)


def _place(cell: Cell, columns: Sequence[Column]) -> int:
    """The column a cell belongs to; a heading over several columns stands with the first of them."""
    over = [index for index, column in enumerate(columns) if _overlap((cell.x0, cell.x1), column) > 0]
    if len(over) > 1 and not cell.is_number:
        return over[0]
    middle = (cell.x0 + cell.x1) / 2
    after = bisect_left(columns, middle, key=lambda column: column[1])
    if after == len(columns):
        return len(columns) - 1
    if columns[after][0] <= middle or after < 2 or cell.is_number:
        shared = [_overlap((cell.x0, cell.x1), column) for column in columns]
        return shared.index(max(shared))
    return after - 1


def _join_labels(filled: Sequence[tuple[Row, tuple[str, ...]]], header: int) -> list[tuple[Row, tuple[str, ...]]]:
    """Gives a label that was wrapped over several rows to the row that has its numbers."""
    joined: list[tuple[Row, tuple[str, ...]]] = []
    for index, (row, cells) in enumerate(filled):
        if index > header and joined:
            before, label = joined[-1]
            wraps = _is_close(before, row) and cells[0][:1].islower()
            if wraps and len(label) == 1 and before.size == row.size:
                joined[-1] = (_around(before, row), (f"{label[0]} {cells[0]}", *cells[1:]))
                continue
            if wraps and len(cells) == 1:
                joined[-1] = (_around(before, row), (f"{label[0]} {cells[0]}".strip(), *label[1:]))
                continue
        joined.append((row, cells))
    return joined


def _around(one: Row, other: Row) -> Row:
    return replace(one, cells=one.cells + other.cells, y0=min(one.y0, other.y0), y1=max(one.y1, other.y1))
