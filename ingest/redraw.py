"""A PDF page drawn without some of its words. Owns the device that leaves them out; judges nothing.

MuPDF calls a device for everything on a page, in the order in which it is drawn. `_Leaving` hands each call on to the
device that draws, except for the text operations it was told to leave out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import numpy as np
import pymupdf
from numpy.typing import NDArray
from pymupdf import mupdf

Place = tuple[str, int, int]
"""A character, "" for any, and where its baseline begins, in tenths of a point of the page before it is turned."""

_TEXT = ("fill_text", "stroke_text", "ignore_text")
_OTHERS = (
    *("fill_path", "stroke_path", "clip_path", "clip_stroke_path", "clip_text", "clip_stroke_text", "pop_clip"),
    *("fill_shade", "fill_image", "fill_image_mask", "clip_image_mask", "begin_mask", "end_mask"),
    *("begin_group", "end_group", "begin_tile", "end_tile", "render_flags", "set_default_colorspaces"),
)


class _Leaving(mupdf.FzDevice2):
    def __init__(self, drawing: Any, left_out: Collection[int]) -> None:
        super().__init__()
        self.drawing = drawing.m_internal
        self.left_out = left_out
        self.count = -1
        for name in (*_TEXT, *_OTHERS):
            getattr(self, f"use_virtual_{name}")()


def _hand_on(name: str) -> Any:
    # The plain calls, which take colours as MuPDF hands them over; `end_mask` with a transfer function has its own.
    call = getattr(mupdf._mupdf, "ll_fz_end_mask_tr" if name == "end_mask" else f"ll_fz_{name}")

    def method(self: _Leaving, context: Any, *values: Any) -> Any:
        return call(self.drawing, *values)

    return method


def _hand_on_text(name: str) -> Any:
    call = getattr(mupdf._mupdf, f"ll_fz_{name}")

    def method(self: _Leaving, context: Any, *values: Any) -> None:
        self.count += 1
        if self.count not in self.left_out:
            call(self.drawing, *values)

    return method


for _name in _OTHERS:
    setattr(_Leaving, _name, _hand_on(_name))
for _name in _TEXT:
    setattr(_Leaving, _name, _hand_on_text(_name))


def place(character: str, origin: tuple[float, float]) -> Place:
    """The key under which `text_operations` knows a character."""
    return character, round(origin[0] * 10), round(origin[1] * 10)


def text_operations(page: pymupdf.Page) -> dict[Place, set[int]]:
    """For every character and every place the text operations that draw there, counted from 0 in their order."""
    spans = page.get_texttrace()
    ordinals = {number: ordinal for ordinal, number in enumerate(sorted({span["seqno"] for span in spans}))}
    found: dict[Place, set[int]] = defaultdict(set)
    for span in spans:
        for code, _, origin, _ in span["chars"]:
            for name in (chr(code), ""):
                found[place(name, origin)].add(ordinals[span["seqno"]])
    return found


def draw_without(page: pymupdf.Page, clip: pymupdf.Rect, zoom: float, left_out: Collection[int]) -> NDArray[np.uint8]:
    """The clip (displayed points) at `zoom` without the text operations `left_out`: (height, width, 3) uint8 RGB.

    Raises what MuPDF raises on damaged pages.
    """
    matrix = pymupdf.Matrix(zoom, zoom)
    pixmap = pymupdf.Pixmap(pymupdf.csRGB, (clip * matrix).irect, False)
    pixmap.clear_with(255)
    drawing = mupdf.fz_new_draw_device(mupdf.FzMatrix(), pixmap.this)
    leaving = _Leaving(drawing, left_out)
    # Managed colours come out duller on a device of one's own, and words as light as their ground vanish.
    pymupdf.TOOLS.set_icc(False)
    try:
        mupdf.fz_run_page(page.this, leaving, mupdf.FzMatrix(zoom, 0, 0, zoom, 0, 0), mupdf.FzCookie())
    finally:
        pymupdf.TOOLS.set_icc(True)
    mupdf.fz_close_device(leaving)
    mupdf.fz_close_device(drawing)
    return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)
