"""From the pieces an OCR engine finds to lines in reading order. Pure geometry; blocks are made in `ocr_layout`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from ingest.document import Box, Line

_JOIN_GAP = 1.0  # of the line height: pieces this near on one line are one run of text
_SAME_ROW = 0.5  # of the smaller height: share of vertical overlap that makes a row
_COLUMN_WIDTH = 0.2  # of the page: lines of text columns are wider than this, table cells and labels are not
_COLUMN_LINES = 3  # fewer on either side are no column
_SAME_HEIGHT = 1.4  # ratio of the heights of pieces within one line


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text and its four corners in pixels, shape (4, 2), clockwise from the top left of the picture.

    turn: quarter turns clockwise that the text is turned in the picture. score: probability that it is read right.
    """

    text: str
    corners: np.ndarray
    turn: int = 0
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class _Placed:
    """A piece with its upright box in pixels, and `middle`, its height on the page once the skew is taken out."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    middle: float
    height: float


def order_pieces(pieces: Sequence[Piece], width: int, height: int) -> list[Line]:
    """A line for each piece, in reading order, boxes as fractions of a picture of `width` by `height` pixels.

    Each direction of writing is read for itself, the one with the most text first.
    """
    turns = Counter[int]()
    for piece in pieces:
        turns[piece.turn] += len(piece.text)
    lines: list[Line] = []
    for turn, _ in sorted(turns.items(), key=lambda item: (-item[1], item[0])):
        upright = [_upright(piece, width, height) for piece in pieces if piece.turn == turn and piece.text]
        across, down = (width, height) if turn % 2 == 0 else (height, width)
        runs = [run for row in _rows(_place(upright)) for run in row]
        for run in _reading_order(runs, across):
            box = Box(*(float(min(max(v, 0.0), 1.0)) for v in _fractions(run, across, down)))
            lines.append(Line(run.text, box.turned(turn), turn=turn))
    return lines


def join_neighbours(lines: Sequence[Line], shape: float) -> list[Line]:
    """Lines, in reading order, with those that stand next to each other in letters of one size made one.

    For the words of pictures, which are not laid out. shape: width to height of what the boxes are fractions of.
    """
    joined: list[Line] = []
    for line in lines:
        if joined and line.turn == joined[-1].turn == 0 and _are_neighbours(joined[-1].box, line.box, shape):
            box = Box.around((joined[-1].box, line.box))
            joined[-1] = replace(line, text=f"{joined[-1].text} {line.text}", box=box)
        else:
            joined.append(line)
    return joined


def _are_neighbours(left: Box, right: Box, shape: float) -> bool:
    lower, higher = sorted((left.y1 - left.y0, right.y1 - right.y0))
    same_row = min(left.y1, right.y1) - max(left.y0, right.y0) >= _SAME_ROW * lower
    near = -lower <= (right.x0 - left.x1) * shape <= _JOIN_GAP * lower
    return same_row and near and higher <= _SAME_HEIGHT * lower


def _upright(piece: Piece, width: int, height: int) -> Piece:
    """The piece in the picture turned back so that it reads left to right."""
    corners = piece.corners
    for _ in range(piece.turn):
        corners = np.roll(np.stack([corners[:, 1], width - corners[:, 0]], axis=1), -1, axis=0)
        width, height = height, width
    return Piece(piece.text, corners)


def _place(pieces: Sequence[Piece]) -> list[_Placed]:
    """Pieces with their place on a page turned straight: scans lie a degree or two askew."""
    slopes = []
    for piece in pieces:
        dx, dy = (piece.corners[1] - piece.corners[0] + piece.corners[2] - piece.corners[3]) / 2
        if dx > 4 * abs(dy) and dx > 4 * np.linalg.norm(piece.corners[3] - piece.corners[0]):
            slopes.append(dy / dx)
    slope = float(median(slopes)) if slopes else 0.0
    placed = []
    for piece in pieces:
        (x0, y0), (x1, y1) = piece.corners.min(axis=0), piece.corners.max(axis=0)
        x, y = piece.corners.mean(axis=0)
        height = max(1.0, float(y1 - y0 - abs(slope) * (x1 - x0)))
        placed.append(_Placed(piece.text, float(x0), float(y0), float(x1), float(y1), float(y - slope * x), height))
    return placed


def _rows(placed: Sequence[_Placed]) -> list[list[_Placed]]:
    """Pieces on one height, left to right; rows from the top down."""
    rows: list[list[_Placed]] = []
    for piece in sorted(placed, key=lambda p: (p.middle, p.x0)):
        if rows and _overlap(rows[-1][-1], piece) >= _SAME_ROW * min(rows[-1][-1].height, piece.height):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda p: p.x0) for row in rows]


def _overlap(a: _Placed, b: _Placed) -> float:
    top = max(a.middle - a.height / 2, b.middle - b.height / 2)
    return min(a.middle + a.height / 2, b.middle + b.height / 2) - top


def _reading_order(runs: Sequence[_Placed], width: int) -> list[_Placed]:
    """Rows from the top down; where wide lines stand in two or more columns, column by column.

    The gutter is the vertical strip that the fewest lines cross with columns on both sides. Lines across it
    (titles, full-width pictures) part the page: what is above them is read before what is below.
    """
    gutter = _gutter(runs, width)
    if gutter is None:
        return list(runs)
    ordered: list[_Placed] = []
    left: list[_Placed] = []
    right: list[_Placed] = []

    def flush() -> None:
        ordered.extend([*_reading_order(left, width), *_reading_order(right, width)])
        left.clear()
        right.clear()

    for run in runs:
        if run.x0 < gutter < run.x1:
            flush()
            ordered.append(run)
        else:
            (left if run.x1 <= gutter else right).append(run)
    flush()
    return ordered


def _gutter(runs: Sequence[_Placed], width: int) -> float | None:
    """Where two columns of text part, in pixels; None on a page of one column, a table or a picture."""
    best: tuple[int, float] | None = None
    for x in sorted({run.x0 - 1.0 for run in runs}):
        left = [run.x1 - run.x0 for run in runs if run.x1 <= x]
        right = [run.x1 - run.x0 for run in runs if run.x0 >= x]
        crossing = len(runs) - len(left) - len(right)
        columns = all(
            len(side) >= _COLUMN_LINES and median(side) >= _COLUMN_WIDTH * width and len(side) > crossing
            for side in (left, right)
        )
        if columns and (best is None or crossing < best[0]):
            best = (crossing, x)
    return best[1] if best else None


def _fractions(run: _Placed, width: int, height: int) -> tuple[float, float, float, float]:
    return run.x0 / width, run.y0 / height, run.x1 / width, run.y1 / height
