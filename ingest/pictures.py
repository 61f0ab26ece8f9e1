"""Which parts of a PDF page must be read from pixels. Finds pictures and ink and renders them; reads no words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pymupdf
from numpy.typing import NDArray

from ingest.render import bounded_zoom
from ingest.textlayer import Fragment

Pixels = NDArray[np.uint8]
"""(height, width, 3) uint8 RGB."""

_INK_STEP = 48
"""A change of grey from one pixel to the next that counts as the edge of a stroke."""
_INK_SHARE = 0.0015
_PROBE_DPI = 50


def image_boxes(page: pymupdf.Page) -> list[pymupdf.Rect]:
    """Where images are drawn on the page, displayed points, in the file's order."""
    boxes = ((pymupdf.Rect(info["bbox"]) * page.rotation_matrix) & page.rect for info in page.get_image_info())
    return [box for box in boxes if not box.is_empty]


def picture_areas(page: pymupdf.Page, boxes: Sequence[pymupdf.Rect], smallest: float) -> list[pymupdf.Rect]:
    """`image_boxes` with those that touch merged, each at least `smallest` of the page."""
    areas: list[pymupdf.Rect] = []
    for box in boxes:
        areas = _merge(areas, box)
    least = smallest * page.rect.width * page.rect.height
    return sorted((area for area in areas if area.get_area() >= least), key=lambda area: (area.y0, area.x0))


def _merge(areas: Sequence[pymupdf.Rect], area: pymupdf.Rect) -> list[pymupdf.Rect]:
    """Adds an area. Touching strips become one (scanners cut pages so), as do areas that overlap well."""
    x0, y0, x1, y1 = area.x0 - 1, area.y0 - 1, area.x1 + 1, area.y1 + 1
    apart = []
    for other in areas:
        if other[0] < x1 and other[2] > x0 and other[1] < y1 and other[3] > y0:
            area = area | other
        else:
            apart.append(other)
    if len(apart) == len(areas):
        return [*areas, area]
    return _merge(apart, area)


def render(page: pymupdf.Page, clip: pymupdf.Rect, dpi: int) -> Pixels:
    """The clip (displayed points) as pixels, fewer than `dpi` asks where it is very large."""
    zoom = bounded_zoom(clip.width, clip.height, dpi)
    # PyMuPDF takes the clip on the page as displayed and cuts it to whole pixels.
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), clip=clip, colorspace=pymupdf.csRGB, alpha=False)
    return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)


def has_ink(page: pymupdf.Page, clip: pymupdf.Rect, fragments: Sequence[Fragment] = ()) -> bool:
    """True when the area has strokes outside the fragments: enough sharp edges to be writing. Flat areas have none."""
    grey = render(page, clip, _PROBE_DPI).astype(np.int16).mean(axis=2)
    if grey.shape[1] < 2:
        return False
    edges = np.abs(np.diff(grey, axis=1)) >= _INK_STEP
    scale = bounded_zoom(clip.width, clip.height, _PROBE_DPI)
    for f in fragments:
        left, top = max(0, int((f.x0 - clip.x0) * scale) - 1), max(0, int((f.y0 - clip.y0) * scale) - 1)
        edges[top : max(0, int((f.y1 - clip.y0) * scale) + 2), left : max(0, int((f.x1 - clip.x0) * scale) + 2)] = False
    return bool(edges.mean() >= _INK_SHARE)
