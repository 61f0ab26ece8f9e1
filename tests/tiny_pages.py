"""Pages for the tests of models that look at pictures: deterministic noise, whose every patch looks different."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ingest.document import Page, PageIssue
from pipeline.embedding.base import PageInput
from tests.tiny_models import TILE

WIDTH, HEIGHT = 3 * TILE, 4 * TILE


def page_of(picture: Image.Image, *issues: PageIssue) -> PageInput:
    page = Page(0, "1", picture.width, picture.height, (), issues)
    return PageInput(page, "", lambda: picture)


def noise(seed: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST)
