"""Page pictures: a pure function of (bytes, `page_index`, dpi). Never caches, never draws on the page."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import InputError
from ingest.media_types import IMAGES

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 25_000_000
"""Beyond this a page is rendered smaller than its dpi asks: posters and plans would fill the memory."""

_IMAGE_LONG_SIDE = 11.0
"""Inches: an image file has no size on paper, so it is shown as large as a letter page."""

_mupdf = threading.Lock()  # MuPDF is not thread-safe


def render_page(path: Path, media_type: str, page_index: int, dpi: int) -> Image.Image:
    """The page as RGB, as displayed. PDF pages at `dpi`, images with a long side of at most 11 inches at `dpi`.

    `path` is an image, a PDF, or the working copy of anything else.

    Raises `InputError` when the file is gone or damaged, or has no such page.
    """
    return _render_image(path, page_index, dpi) if media_type in IMAGES else _render_pdf(path, page_index, dpi)


def bounded_zoom(width: float, height: float, dpi: int) -> float:
    """Pixels a point at `dpi`; fewer where a picture of that many points would have more than `MAX_PIXELS`."""
    zoom = dpi / 72
    pixels = width * height * zoom**2
    return zoom * (MAX_PIXELS / pixels) ** 0.5 if pixels > MAX_PIXELS else zoom


def _render_pdf(path: Path, page_index: int, dpi: int) -> Image.Image:
    import pymupdf
    from PIL import Image

    from ingest.pdf_file import open_pdf

    with _mupdf, open_pdf(path) as document:
        if not 0 <= page_index < document.page_count:
            raise InputError(f"{path}: has no page {page_index + 1}; it has {document.page_count}")
        try:
            page = document.load_page(page_index)
            zoom = bounded_zoom(page.rect.width, page.rect.height, dpi)
            pixmap = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), colorspace=pymupdf.csRGB, alpha=False)
        except Exception as error:  # MuPDF raises several unrelated classes on damaged pages
            detail = " ".join(str(error).split())[:200]
            raise InputError(f"{path}: page {page_index + 1} cannot be drawn ({detail}); the file is damaged") from None
        return Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)


def _render_image(path: Path, page_index: int, dpi: int) -> Image.Image:
    from ingest.images import load_frame

    frame = load_frame(path, page_index, max_pixels=MAX_PIXELS)
    side = round(_IMAGE_LONG_SIDE * dpi)
    if max(frame.size) > side:
        frame.thumbnail((side, side), reducing_gap=2.0)
    return frame
