"""How much writing a drawn page shows, and how much of it a text layer covers. Looks at pixels; reads no words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pymupdf
from numpy.typing import NDArray

_WINDOW = 24
"""Pixels of one row looked at together: two or three letters of a page at 72 dpi."""
_STEP = 40
"""A change of grey, of 255, that is the edge of a stroke."""
_FEWEST, _MOST = 7, 20
"""Edges in a window of writing: lines and areas have fewer, hatching more."""
_FEWEST_DOWN = 3
"""Pixels of a window that differ from those below them: none in the rows of upright bars."""


class Cover(NamedTuple):
    """Windows of writing under the text layer's words, and elsewhere."""

    inside: int
    outside: int

    @property
    def share(self) -> float:
        """The part of the writing that is in the text layer; 1 where there is none."""
        total = self.inside + self.outside
        return self.inside / total if total else 1.0


class Writing:
    """Where a page shows writing. `grey`: (height, width) uint8 of the whole page, at `zoom` pixels a point."""

    def __init__(self, grey: NDArray[np.uint8], zoom: float) -> None:
        self._zoom = zoom
        columns = max(grey.shape[1] - 1, 0) // _WINDOW
        width = columns * _WINDOW
        here, right, below = grey[:-1, :width], grey[:-1, 1 : width + 1], grey[1:, :width]
        across, down = (
            _differ(here, other).reshape(-1, columns, _WINDOW).sum(axis=2) if width else np.zeros((len(here), 0), int)
            for other in (right, below)
        )
        self._written = (across >= _FEWEST) & (across <= _MOST) & (down >= _FEWEST_DOWN)

    def cover(
        self,
        words: Sequence[tuple[float, float, float, float]],
        within: pymupdf.Rect | None = None,
        without: Sequence[pymupdf.Rect] = (),
    ) -> Cover:
        """How the boxes of `words` cover the writing, all in displayed points; `within` an area, `without` others."""
        looked_at = np.zeros_like(self._written)
        looked_at[self._windows((within.x0, within.y0, within.x1, within.y1)) if within else slice(None)] = True
        for area in without:
            looked_at[self._windows((area.x0, area.y0, area.x1, area.y1))] = False
        covered = np.zeros_like(self._written)
        for box in words:
            covered[self._windows(box)] = True
        seen = self._written & looked_at
        return Cover(int((seen & covered).sum()), int((seen & ~covered).sum()))

    def _windows(self, box: tuple[float, float, float, float]) -> tuple[slice, slice]:
        x0, y0, x1, y1 = (int(min(max(value * self._zoom, 0.0), 1e6)) for value in box)
        return slice(max(0, y0 - 1), y1 + 2), slice(x0 // _WINDOW, x1 // _WINDOW + 1)


def _differ(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.maximum(one, other) - np.minimum(one, other) >= _STEP
