"""Which words of a text layer may be hidden: looks at the page drawn small. Settles nothing (`ingest.visibility`).

A word is doubted when its place is flat, when its colour is that of the ground around it, when a picture is drawn
later over it, or when other words stand on it. All are told for many pieces of text at once, as arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pymupdf
from numpy.typing import NDArray

CONTRAST = 20
"""Less than this between a word's grey and the ground's, of 255, is worth a second look."""
CELL = 3
"""Characters looked at together when the page is searched for flat places."""
INSET = 0.2
"""Part of a box at each of its edges that is not looked at: neighbours, lines and bars reach into it."""
CLIPPED = pymupdf.mupdf.FZ_STEXT_CLIPPED
"""Set on characters that clip what is drawn after them: they have no colour of their own."""
_ZOOM = 1.0
_MOST_PIXELS = 4_000_000
_EDGE = 6
"""A step of grey, of 255, from one pixel to the next that shows that something is drawn."""
_SHARED_HEIGHT = 0.65
_SHARED_WIDTH = 0.3
"""Parts of the smaller of two boxes beyond which one word stands on the other; tight lines share up to half."""

Floats = NDArray[np.float64]
SpanOfLine = tuple[dict[str, Any], tuple[float, float]]
"""A span of `get_text("dict")` and the direction of its line."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The page's measures in points as displayed, and how it is turned for that; None when it is not."""

    width: float
    height: float
    turn: pymupdf.Matrix | None

    @staticmethod
    def of(page: pymupdf.Page) -> Sheet:
        return Sheet(page.rect.width, page.rect.height, page.rotation_matrix if page.rotation else None)


class Pieces:
    """Parts of spans, n of them, as arrays. A piece of text that only clips has no colour of its own (`grey` NaN)."""

    def __init__(
        self, spans: Sequence[SpanOfLine], counts: Sequence[int], sheet: Sheet, inset_along: float = INSET
    ) -> None:
        """Each span, with its line's direction, is cut into as many equal pieces as `counts` says."""
        boxes = np.array([span["bbox"] for span, _ in spans], np.float64).reshape(-1, 4)
        upright = np.array([abs(direction[0]) >= abs(direction[1]) for _, direction in spans], bool)
        level = np.array([max(abs(direction[0]), abs(direction[1])) > 0.999 for _, direction in spans], bool)
        clips = np.array([bool(span["char_flags"] & CLIPPED) for span, _ in spans], bool)
        times = np.array(counts, np.int64)
        of = np.repeat(np.arange(len(spans)), times)
        number = np.arange(len(of)) - np.repeat(np.cumsum(times) - times, times)
        low, high = number / times[of], (number + 1) / times[of]
        whole = boxes[of]
        width, height = whole[:, 2] - whole[:, 0], whole[:, 3] - whole[:, 1]
        cut = np.where(upright, 1.0, 0.0)[of], np.where(upright, 0.0, 1.0)[of]
        parts = whole.copy()
        for axis, size in ((0, width), (1, height)):
            parts[:, axis] += cut[axis] * low * size
            parts[:, axis + 2] -= cut[axis] * (1 - high) * size
        self.boxes: Floats = _turned(parts, sheet.turn)
        """(n, 4) points of the displayed page."""
        sizes = np.stack([parts[:, 2] - parts[:, 0], parts[:, 3] - parts[:, 1]], axis=1)
        inset = sizes * np.where(np.stack(cut, axis=1) > 0, inset_along, INSET)
        self.cores: Floats = _turned(parts + np.hstack([inset, -inset]), sheet.turn)
        """The middles of the boxes: lines, bars and neighbours reach into their edges."""
        self.grey: Floats = np.where(clips, np.nan, [_grey(span["color"]) for span, _ in spans])[of]
        self.alpha: Floats = np.array([span["alpha"] / 255 for span, _ in spans])[of]
        self.level: NDArray[np.bool_] = level[of]
        self.texts = [span["text"] for span, _ in spans]
        self._cut = np.stack([times[of], number], axis=1)
        self.of: NDArray[np.int64] = of
        """Index of each piece's span."""

    def has_words(self, index: int) -> bool:
        """True when letters or digits stand in the piece, as far as equal widths of all characters tell."""
        text = self.texts[self.of[index]]
        count, number = self._cut[index]
        return any(map(str.isalnum, text[len(text) * number // count : -(-len(text) * (number + 1) // count)]))

    def contrast(self, ground: Floats) -> Floats:
        """(n,) how far each piece's grey, as painted, is from the ground's; NaN where it only clips."""
        return np.asarray(np.abs(self.grey - ground) * self.alpha)


class Probe:
    """The page drawn small, in grey."""

    def __init__(self, page: pymupdf.Page) -> None:
        area = max(page.rect.width * page.rect.height, 1.0)
        self.zoom = min(_ZOOM, (_MOST_PIXELS / area) ** 0.5)
        matrix = pymupdf.Matrix(self.zoom, self.zoom)
        pixmap = page.get_pixmap(matrix=matrix, colorspace=pymupdf.csGRAY, alpha=False)
        self.grey = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width)
        edges, grey = np.zeros(self.grey.shape, np.bool_), self.grey
        edges[:, 1:] = _differ(grey[:, 1:], grey[:, :-1])
        edges[1:] |= _differ(grey[1:], grey[:-1])
        self._sums = cv2.integral(edges.view(np.uint8))  # twenty times as fast as two `cumsum`

    def edges_in(self, boxes: Floats) -> NDArray[np.int64]:
        """(n,) how many pixels of each box differ from a neighbour."""
        height, width = self.grey.shape
        x0, y0 = self._pixels(boxes[:, 0], width), self._pixels(boxes[:, 1], height)
        x1, y1 = self._pixels(boxes[:, 2] + 1 / self.zoom, width), self._pixels(boxes[:, 3] + 1 / self.zoom, height)
        sums = self._sums
        return (sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]).astype(np.int64)

    def ground(self, boxes: Floats) -> Floats:
        """(n,) the grey around each box: the middle one along its upper and lower edge."""
        height, width = self.grey.shape
        steps = np.linspace(0.0, 1.0, 9)
        xs = self._pixels(boxes[:, :1] + steps * (boxes[:, 2:3] - boxes[:, :1]), width - 1)
        ys = [self._pixels(boxes[:, row : row + 1], height - 1) for row in (1, 3)]
        return np.median(np.hstack([self.grey[y, xs] for y in ys]), axis=1)

    def contrast_in(self, box: tuple[float, float, float, float]) -> int:
        """The range of grey in the box, made half its height larger on all sides."""
        x0, y0, x1, y1 = box
        margin = min(x1 - x0, y1 - y0) / 2
        left, top = (int(max(0.0, value - margin) * self.zoom) for value in (x0, y0))
        inside = self.grey[top : int((y1 + margin) * self.zoom) + 1, left : int((x1 + margin) * self.zoom) + 1]
        return int(inside.max()) - int(inside.min()) if inside.size else 0

    def _pixels(self, values: Floats, most: int) -> NDArray[np.int64]:
        return np.clip(values * self.zoom, 0, most).astype(np.int64)


def _differ(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.maximum(one, other) - np.minimum(one, other) >= _EDGE


def cell_counts(spans: Sequence[SpanOfLine]) -> list[int]:
    return [max(1, round(len(span["text"]) / CELL)) for span, _ in spans]


def doubted_pieces(
    page: pymupdf.Page, probe: Probe, pieces: Pieces, images: Sequence[pymupdf.Rect], sheet: Sheet
) -> NDArray[np.bool_]:
    """(n,) which pieces may be hidden."""
    doubted = probe.edges_in(pieces.cores) == 0
    for index in np.flatnonzero(doubted):
        doubted[index] = pieces.has_words(int(index))
    doubted |= pieces.contrast(probe.ground(pieces.boxes)) < CONTRAST  # NaN: never
    doubted |= _under_pictures(page, pieces.boxes, images, sheet)
    doubted |= _under_words(pieces)
    return doubted


def beside_the_page(boxes: Floats, sheet: Sheet) -> NDArray[np.bool_]:
    """(n,) which pieces have their middle beside the page."""
    x, y = _centres(boxes)
    return (x < 0) | (y < 0) | (x > sheet.width) | (y > sheet.height)


def _under_pictures(
    page: pymupdf.Page, boxes: Floats, images: Sequence[pymupdf.Rect], sheet: Sheet
) -> NDArray[np.bool_]:
    """(n,) over which pieces a picture is drawn after some words."""
    x, y = _centres(boxes)

    def within(rects: Floats) -> NDArray[np.bool_]:
        inside = (rects[:, :1] <= x) & (x <= rects[:, 2:3]) & (rects[:, 1:2] <= y) & (y <= rects[:, 3:])
        return np.asarray(inside)

    if not images or not within(np.array([[image.x0, image.y0, image.x1, image.y1] for image in images])).any():
        return np.zeros(len(boxes), bool)
    under = np.zeros(len(boxes), bool)
    written = np.zeros(len(boxes), bool)
    for kind, box in page.get_bboxlog():
        if kind == "fill-text":
            written |= within(_turned(np.array([box], np.float64), sheet.turn))[0]
        elif kind == "fill-image":
            under |= written & within(_turned(np.array([box], np.float64), sheet.turn))[0]
    return under


def _under_words(pieces: Pieces) -> NDArray[np.bool_]:
    """(n,) which pieces share their place with a piece of other words."""
    found = np.zeros(len(pieces.boxes), bool)
    found[[index for pair in sharing_pieces(pieces) for index in pair]] = True
    return found


def sharing_pieces(pieces: Pieces) -> list[tuple[int, int]]:
    """Pieces of different words in one place. Slanted text is left out: its boxes are far wider than it is."""
    level = np.flatnonzero(pieces.level)
    order = level[np.argsort(pieces.boxes[level, 1], kind="stable")]
    boxes = pieces.boxes[order]
    heights, widths = boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0]
    pairs = []
    for step in range(1, len(order)):
        first, second = boxes[:-step], boxes[step:]
        down = np.minimum(first[:, 3], second[:, 3]) - second[:, 1]
        if not (down > 0).any():
            break
        across = np.minimum(first[:, 2], second[:, 2]) - np.maximum(first[:, 0], second[:, 0])
        shared = down > _SHARED_HEIGHT * np.minimum(heights[:-step], heights[step:])
        shared &= across > _SHARED_WIDTH * np.minimum(widths[:-step], widths[step:])
        for index in np.flatnonzero(shared):
            one, other = int(order[index]), int(order[index + step])
            if pieces.texts[pieces.of[one]].strip() != pieces.texts[pieces.of[other]].strip():
                pairs.append((one, other))
    return pairs


def _turned(boxes: Floats, turn: pymupdf.Matrix | None) -> Floats:
    if turn is None:
        return boxes
    xs, ys = boxes[:, 0::2], boxes[:, 1::2]
    across, down = xs * turn.a + ys * turn.c + turn.e, xs * turn.b + ys * turn.d + turn.f
    return np.stack([across.min(1), down.min(1), across.max(1), down.max(1)], axis=1)


def _grey(colour: int) -> float:
    return 0.299 * (colour >> 16 & 255) + 0.587 * (colour >> 8 & 255) + 0.114 * (colour & 255)


def _centres(boxes: Floats) -> tuple[Floats, Floats]:
    return (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
