"""Where a page answers to a question, as colours over its picture. A hint for people, never a citation."""

from __future__ import annotations

import numpy as np
from PIL import Image

from pipeline.embedding.base import PageVectors, Vectors

SIDE = 512
"""Cells along the longer side of the map before it is enlarged."""
COLOUR = np.array([230, 60, 0], np.float32)
STRONGEST = 0.75
"""Share of the colour where the page answers best."""


def heat(bag: PageVectors, question: Vectors, width: int, height: int) -> np.ndarray:
    """(height, width) from 0 to 1: of each place the best similarity of a vector whose box lies on it, stretched.

    Vectors whose box is the whole page say nothing about where, and are left out.
    """
    similarities = (bag.vectors @ question.T).max(axis=1)
    found = np.full((height, width), -np.inf, np.float32)
    for (x0, y0, x1, y1), similarity in zip(bag.boxes.tolist(), similarities.tolist(), strict=True):
        if (x1 - x0) * (y1 - y0) > 0.95:
            continue
        left, top = int(x0 * width), int(y0 * height)
        area = found[top : max(top + 1, round(y1 * height)), left : max(left + 1, round(x1 * width))]
        np.maximum(area, similarity, out=area)
    seen = np.isfinite(found)
    if not seen.any():
        return np.zeros((height, width), np.float32)
    low, high = float(found[seen].min()), float(found[seen].max())
    return np.where(seen, (found - low) / max(high - low, 1e-6), 0.0).astype(np.float32)


def draw_heat(picture: Image.Image, bag: PageVectors, question: Vectors) -> Image.Image:
    """The picture with places coloured by how well they answer; `question` (m, dim)."""
    scale = min(1.0, SIDE / max(picture.size))
    width, height = (max(1, round(side * scale)) for side in picture.size)
    small = Image.fromarray((heat(bag, question, width, height) ** 2 * 255).astype(np.uint8))
    share = np.asarray(small.resize(picture.size, Image.Resampling.BILINEAR), np.float32)[..., None] / 255 * STRONGEST
    page = np.asarray(picture.convert("RGB"), np.float32)
    return Image.fromarray((page * (1 - share) + COLOUR * share).astype(np.uint8))
