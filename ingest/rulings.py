"""The lines drawn on a page, and the grids that they form. Knows nothing of text.

A grid is a set of horizontal and vertical lines that meet. Fields with no line between them are one cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pymupdf

_THIN = 3.0
"""Points; a filled rectangle no wider is a line."""
_SHORTEST = 6.0
_SAME = 3.5
"""Points within which two lines are one: borders are often drawn twice."""
_MEETS = 4.0
_MOST = 4000
"""A page with more lines is a drawing."""


class Ruling(NamedTuple):
    """A drawn line or frame as its box, points of the displayed page."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(slots=True)
class _Line:
    """A straight line at `at`, drawn over `spans` (sorted, apart) of the other axis."""

    at: float
    spans: list[tuple[float, float]]

    def covers(self, place: float) -> bool:
        return any(low - _SAME <= place <= high + _SAME for low, high in self.spans)


@dataclass(frozen=True, slots=True)
class Grid:
    """`xs` and `ys`: where its lines stand, ascending. `cells`: (first row, first column, last row, last column)."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[tuple[int, int, int, int], ...]


def read_rulings(page: pymupdf.Page) -> list[Ruling]:
    """The page's lines and frames; filled areas are none. Empty where there are so many that they are a drawing."""
    flags = pymupdf.TEXT_COLLECT_VECTORS | pymupdf.TEXT_MEDIABOX_CLIP
    found = []
    plain = page.rotation == 0
    for block in page.get_text("dict", flags=flags)["blocks"]:
        if block["type"] != 3 or block["alpha"] == 0:
            continue
        x0, y0, x1, y1 = block["bbox"]
        if min(x1 - x0, y1 - y0) > _THIN and not (block["stroked"] and block["isrect"]):
            continue
        if max(x1 - x0, y1 - y0) < _SHORTEST:
            continue
        found.append(
            Ruling(x0, y0, x1, y1) if plain else Ruling(*(pymupdf.Rect(x0, y0, x1, y1) * page.rotation_matrix))
        )
    return found if len(found) <= _MOST else []


def find_grids(rulings: Sequence[Ruling]) -> list[Grid]:
    """Grids of at least two rows and two columns, from the top."""
    horizontal, vertical = _lines(rulings)
    grids = []
    while horizontal and vertical:
        across, down = [horizontal.pop()], []
        grown = True
        while grown:
            met = [line for line in vertical if any(_meet(other, line) for other in across)]
            vertical = [line for line in vertical if line not in met]
            down += met
            more = [line for line in horizontal if any(_meet(line, other) for other in met)]
            horizontal = [line for line in horizontal if line not in more]
            across += more
            grown = bool(more)
        if len(across) > 2 and len(down) > 2:
            grids.append(_grid(sorted(across, key=lambda line: line.at), sorted(down, key=lambda line: line.at)))
    return sorted(grids, key=lambda grid: (grid.ys[0], grid.xs[0]))


def _lines(rulings: Sequence[Ruling]) -> tuple[list[_Line], list[_Line]]:
    across, down = [], []
    for x0, y0, x1, y1 in rulings:
        if y1 - y0 <= _THIN:
            across.append(((y0 + y1) / 2, x0, x1))
        elif x1 - x0 <= _THIN:
            down.append(((x0 + x1) / 2, y0, y1))
        else:
            across += [(y0, x0, x1), (y1, x0, x1)]
            down += [(x0, y0, y1), (x1, y0, y1)]
    return _joined(across), _joined(down)


def _joined(pieces: Sequence[tuple[float, float, float]]) -> list[_Line]:
    """Pieces (place, from, to) that stand in one line, joined where they touch."""
    lines: list[list[tuple[float, float, float]]] = []
    for piece in sorted(pieces):
        if lines and piece[0] - lines[-1][0][0] <= _SAME:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    joined = []
    for line in lines:
        spans: list[tuple[float, float]] = []
        for low, high in sorted((low, high) for _, low, high in line):
            if spans and low <= spans[-1][1] + _MEETS:
                spans[-1] = (spans[-1][0], max(spans[-1][1], high))
            else:
                spans.append((low, high))
        # What stands apart on one line may belong to two tables side by side.
        at = sum(place for place, _, _ in line) / len(line)
        joined += [_Line(at, [span]) for span in spans if span[1] - span[0] >= _SHORTEST]
    return joined


def _meet(across: _Line, down: _Line) -> bool:
    return across.covers(down.at) and down.covers(across.at)


def _grid(across: Sequence[_Line], down: Sequence[_Line]) -> Grid:
    xs, ys = _places(down), _places(across)
    rows, columns = len(ys) - 1, len(xs) - 1

    def is_ruled(lines: Sequence[_Line], at: float, place: float) -> bool:
        return any(abs(line.at - at) <= _SAME and line.covers(place) for line in lines)

    taken: set[tuple[int, int]] = set()
    cells = []
    for row in range(rows):
        for column in range(columns):
            if (row, column) in taken:
                continue
            middle = (ys[row] + ys[row + 1]) / 2
            right = column
            while right + 1 < columns and (row, right + 1) not in taken and not is_ruled(down, xs[right + 1], middle):
                right += 1
            middle = (xs[column] + xs[column + 1]) / 2
            bottom = row
            while bottom + 1 < rows and not is_ruled(across, ys[bottom + 1], middle):
                bottom += 1
            taken |= {(r, c) for r in range(row, bottom + 1) for c in range(column, right + 1)}
            cells.append((row, column, bottom, right))
    return Grid(xs, ys, tuple(cells))


def _places(lines: Sequence[_Line]) -> tuple[float, ...]:
    """Where the lines stand, those within a hair's breadth of each other as one."""
    places: list[list[float]] = []
    for at in sorted(line.at for line in lines):
        if places and at - places[-1][-1] <= _SAME:
            places[-1].append(at)
        else:
            places.append([at])
    return tuple(sum(group) / len(group) for group in places)
