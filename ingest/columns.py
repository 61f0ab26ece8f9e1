"""Fragments to visual rows, and rows to columns in the order in which a reader takes them.

Columns are found by a recursive cut in the manner of XY-cut (Nagy and Seth, 1984), with one check more: a
gap between words and numbers belongs to a table and is no gutter. Knows nothing of headings or tables' cells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ingest.rows import Row, is_enumerator, is_value, make_row
from ingest.textlayer import Fragment

_MOST_COLUMN_DEPTH = 6
_COUNTED = re.compile(r"^(\d{1,2})[.)]\s*\D")
_LEAST_COUNTED = 3
_MOST_HEADINGS = 8
_LONGEST_HEADING = 32
"""Rows and characters that the headings over a table's values take at most."""


def group_rows(fragments: Sequence[Fragment]) -> list[list[Fragment]]:
    """Fragments that stand side by side, top down."""
    rows: list[list[Fragment]] = []
    for fragment in sorted(fragments, key=lambda fragment: (fragment.middle, fragment.x0)):
        if rows:
            head = rows[-1][0]
            shared = min(head.y1, fragment.y1) - max(head.y0, fragment.y0)
            if shared >= 0.5 * min(head.y1 - head.y0, fragment.y1 - fragment.y0) and not _collides(rows[-1], fragment):
                rows[-1].append(fragment)
                continue
        rows.append([fragment])
    return rows


def _collides(row: Sequence[Fragment], fragment: Fragment) -> bool:
    """Over another fragment of the row: then it is the next line of tight type, not its neighbour."""
    return any(
        min(other.x1, fragment.x1) - max(other.x0, fragment.x0)
        > 0.5 * min(other.x1 - other.x0, fragment.x1 - fragment.x0)
        for other in row
    )


def reading_order(fragments: Sequence[Fragment], size: float) -> list[list[Row]]:
    """Rows of each column in the order in which a reader takes them; rows across all columns part the columns.

    Cards in rows and in columns look alike: where they are numbered, the order is that of their numbers.
    """
    order = _order(fragments, size, 0, bands=True)
    if _is_counted(order) is False:
        down = _order(fragments, size, 0, bands=False)
        return down if _is_counted(down) else order
    return order


def _is_counted(columns: Sequence[Sequence[Row]]) -> bool | None:
    """Do rows that begin with 1., 2., 3. … come in that order? None when there are no such rows."""
    found = [_COUNTED.match(row.text) for rows in columns for row in rows]
    numbers = [int(match[1]) for match in found if match]
    if len(numbers) < _LEAST_COUNTED or sorted(numbers) != list(range(1, len(numbers) + 1)):
        return None
    return numbers == sorted(numbers)


def _order(fragments: Sequence[Fragment], size: float, depth: int, *, bands: bool) -> list[list[Row]]:
    grouped = group_rows(fragments)
    cut = _column_cut(grouped, size, bands) if depth < _MOST_COLUMN_DEPTH and len(grouped) > 2 else None
    if cut is None:
        return [[make_row(row) for row in grouped]] if grouped else []
    start, end, x = cut
    parts = [
        [fragment for row in grouped[:start] for fragment in row],
        [fragment for row in grouped[start:end] for fragment in row if fragment.x0 < x],
        [fragment for row in grouped[start:end] for fragment in row if fragment.x0 >= x],
        [fragment for row in grouped[end:] for fragment in row],
    ]
    return [rows for part in parts for rows in _order(part, size, depth + 1, bands=bands)]


def _column_cut(grouped: Sequence[Sequence[Fragment]], size: float, bands: bool) -> tuple[int, int, float] | None:
    """The widest-reaching pair of columns: rows `start:end`, parted at `x`. None when the rows are one column."""
    best = None
    best_weight = 0
    for x in _valleys(grouped):
        start = 0
        across = _rows_across(grouped, x, size)
        for index in range(len(grouped) + 1):
            crosses = index == len(grouped) or across[index]
            if not crosses and not (bands and _begins_band(grouped, start, index, size)):
                continue
            weight, place = _section_weight(grouped[start:index], x, size, best_weight)
            if weight > best_weight:
                best_weight, best = weight, (start, index, place)
            start = index + 1 if crosses else index
    return best


def _rows_across(grouped: Sequence[Sequence[Fragment]], x: float, size: float) -> list[bool]:
    """For each row: is something written over `x`, or is it of a table that reaches over `x`, headings included?"""
    across = [any(f.x0 < x - 1 and f.x1 > x + 1 for f in row) for row in grouped]
    for index, row in enumerate(grouped):
        if across[index] or not _is_values_row(row, x):
            continue
        across[index] = True
        above = index - 1
        while above >= max(0, index - _MOST_HEADINGS) and not across[above]:
            gap = min(f.y0 for f in grouped[above + 1]) - max(f.y1 for f in grouped[above])
            headings = sorted(grouped[above], key=lambda fragment: fragment.x0)
            # The first may be the label of the table's rows, of any length.
            longest = _LONGEST_HEADING if len(headings) < 3 else 1.5 * _LONGEST_HEADING
            if gap > 1.5 * size or any(len(f.text) > longest for f in headings[1:] or headings):
                break
            across[above] = True
            above -= 1
    return across


def _is_values_row(row: Sequence[Fragment], x: float) -> bool:
    """A row of a table over both sides of `x`: it begins with words on the left, and on its right with a value."""
    if len(row) < 3:
        return False
    ordered = sorted(row, key=lambda fragment: fragment.x0)
    right = [is_value(fragment.text) for fragment in ordered if fragment.x0 >= x]
    if is_value(ordered[0].text) or ordered[0].x0 >= x or not right or not right[0]:
        return False
    return sum(right) > 1 and sum(right) > 0.6 * len(right)


def _begins_band(grouped: Sequence[Sequence[Fragment]], start: int, index: int, size: float) -> bool:
    """A row of cards ends: a wide empty band across the page, and no sentence goes on below it."""
    if index <= start:
        return False
    above, below = grouped[start:index], grouped[index]
    gap = min(fragment.y0 for fragment in below) - max(fragment.y1 for row in above[-4:] for fragment in row)
    return gap > 3 * size and len(below) > 1 and not any(fragment.text[:1].islower() for fragment in below)


def _valleys(grouped: Sequence[Sequence[Fragment]]) -> list[float]:
    """Places across which few rows write, most promising first."""
    left = min(fragment.x0 for row in grouped for fragment in row)
    right = max(fragment.x1 for row in grouped for fragment in row)
    step = max((right - left) / 120, 1.0)
    cover = [0] * (int((right - left) / step) + 2)
    for row in grouped:
        for fragment in row:
            for place in range(int((fragment.x0 - left) / step), int((fragment.x1 - left) / step) + 1):
                cover[place] += 1
    limit = 0.5 * max(cover)
    valleys = []
    place = 0
    while place < len(cover):
        end = place
        while end + 1 < len(cover) and cover[end + 1] == cover[place]:
            end += 1
        lower_left = place == 0 or cover[place - 1] > cover[place]
        lower_right = end + 1 == len(cover) or cover[end + 1] > cover[place]
        if cover[place] <= limit and lower_left and lower_right and place > 0 and end + 1 < len(cover):
            valleys.append((cover[place], left + (place + end + 1) / 2 * step))
        place = end + 1
    return [x for _, x in sorted(valleys)[:8]]


def _section_weight(rows: Sequence[Sequence[Fragment]], x: float, size: float, least: int) -> tuple[int, float]:
    """Characters in the lesser of the two columns (0: no gutter, or not above `least`), and the gutter's middle."""
    left = [fragment for row in rows for fragment in row if fragment.x0 < x]
    right = [fragment for row in rows for fragment in row if fragment.x0 >= x]
    if not left or not right:
        return 0, x
    low, high = max(fragment.x1 for fragment in left), min(fragment.x0 for fragment in right)
    weight = min(sum(len(f.text) for f in left), sum(len(f.text) for f in right))
    if high - low < 0.6 * size or weight <= least:
        return 0, x
    if not _are_columns([make_row(row) for row in group_rows(left)], [make_row(row) for row in group_rows(right)]):
        return 0, x
    return weight, (low + high) / 2


def _are_columns(left: Sequence[Row], right: Sequence[Row]) -> bool:
    """Both sides are text that runs down, not the labels and the values of a table."""
    if len(left) < 2 or len(right) < 2:
        return False
    starts_with_number = sum(row.cells[0].is_number or row.cells[0].is_period for row in right)
    if starts_with_number > 0.3 * len(right):
        return False
    if sum(is_enumerator(row.text) or row.cells[0].is_number for row in left) > 0.5 * len(left):
        return False
    words_left, words_right = _words_per_row(left), _words_per_row(right)
    if min(words_left, words_right) >= 3.5 and len(left) > 2 and len(right) > 2:
        return True
    if (_runs_on(left) and _is_tight(right)) or (_runs_on(right) and _is_tight(left)):
        return True
    middles = [(row.y0 + row.y1) / 2 for row in left]
    aligned = sum(any(abs((row.y0 + row.y1) / 2 - middle) < 0.25 * row.size for middle in middles) for row in right)
    return min(words_left, words_right) >= 1.2 and aligned < 0.5 * min(len(left), len(right))


def _runs_on(rows: Sequence[Row]) -> bool:
    """Prose: rows of several words that go on in small letters."""
    small = sum(row.text[:1].islower() for row in rows[1:])
    return len(rows) >= 4 and _words_per_row(rows) >= 3.5 and small > 0.5 * (len(rows) - 1)


def _is_tight(rows: Sequence[Row]) -> bool:
    """Lines of one text (a note in the margin), not labels each beside its own text."""
    gaps = sorted(row.y0 - before.y1 for before, row in pairwise(rows))
    return bool(gaps) and gaps[len(gaps) // 2] < 0.7 * rows[0].size


def _words_per_row(rows: Sequence[Row]) -> float:
    return sum(sum(word[:1].isalpha() for word in row.text.split()) for row in rows) / len(rows)
