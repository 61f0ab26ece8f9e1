"""Image files as documents: frames as pages, decoded to plain RGB as a viewer shows them.

Owns decoding (orientation, transparency, colour models, size limits). Never finds words itself: the caller
hands it a reader.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import ceil
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from ingest.document import FULL_PAGE, Block, DocumentInfo, Kind, Line, Page, PageIssue, Source, TextSource, TextTrust
from ingest.errors import InputError
from ingest.settings import IngestSettings

if TYPE_CHECKING:
    from PIL import Image

MAX_FILE_PIXELS = 178_956_970
"""Larger frames are refused unread: Pillow's own limit against decompression bombs (512 MB of RGB)."""

MAX_FRAME_PIXELS = 25_000_000
"""Larger frames are reduced when they are loaded: an A4 page at 500 dpi."""

Range = tuple[float, float] | None
_STRIP_PIXELS = 4_000_000

_PAGE_WIDTH = 612.0  # points: layout measures on paper, and an image file has no size on it
_TITLE_LINES = 3
_TITLE_ZONE = 0.2  # of the height: a title starts above it
_TITLE_HEIGHT = 0.8  # of the median line height: what is smaller is a remark
_SENTENCE_ENDS = (".", ",", ";", ":", "-")
_EXIF_DATE_TIME = 0x0132
_EXIF_ORIENTATION = 0x0112
_TURNED = frozenset({5, 6, 7, 8})  # orientations that swap width and height


def read_image_info(path: Path, *, document_id: str, name: str, media_type: str, byte_count: int) -> DocumentInfo:
    """What the image file is. Each frame of a TIFF is a page; an animation is one page, its first frame, and says so.

    Raises `InputError` for a damaged file or one that is too large.
    """
    with _opened(path) as image:
        page_count = getattr(image, "n_frames", 1) if media_type == "image/tiff" else 1
        created = str(image.getexif().get(_EXIF_DATE_TIME, ""))
    return DocumentInfo(
        document_id=document_id,
        name=name,
        media_type=media_type,
        byte_count=byte_count,
        page_count=page_count,
        created=created.partition(" ")[0].replace(":", "-"),
    )


def load_frame(path: Path, page_index: int, max_pixels: int = MAX_FRAME_PIXELS) -> Image.Image:
    """One frame as RGB, upright, transparency on white, reduced to at most `max_pixels` pixels.

    Raises `InputError` for a damaged file, a missing frame, or a frame beyond `MAX_FILE_PIXELS`.
    """
    return _load(path, page_index, max_pixels)[0]


def parse_image_page(
    path: Path, page_index: int, settings: IngestSettings, read_words: Callable[[np.ndarray], list[Line]] | None
) -> Page:
    """One frame as a page, its words read by `read_words` (RGB uint8 array of shape (h, w, 3); None: no OCR).

    The page's size is the frame's own, in pixels, as displayed. A frame without words is one empty picture.
    """
    from ingest.layout import PageFrame
    from ingest.ocr_layout import lay_out_ocr

    frame, (width, height), unread = _load(path, page_index, MAX_FRAME_PIXELS)
    lines = read_words(np.asarray(frame)) if read_words else []
    blocks = _with_title(lay_out_ocr(lines, PageFrame(_PAGE_WIDTH, _PAGE_WIDTH * height / width)))
    blocks = blocks or [Block(Kind.PICTURE, FULL_PAGE, source=Source.OCR)]
    issues = (PageIssue(page_index, "decode", unread),) if unread else ()
    trust = TextTrust(TextSource.OCR if lines else TextSource.NONE, "the file is a picture")
    return Page(page_index, str(page_index + 1), float(width), float(height), tuple(blocks), issues, trust)


def _with_title(blocks: list[Block]) -> list[Block]:
    """The first block as a heading, where it is a short text at the top that ends like no sentence.

    Charts and slides name themselves so, often in letters no larger than the rest.
    """
    if len(blocks) < 2 or blocks[0].kind != Kind.TEXT:
        return blocks
    usual = median(line.box.y1 - line.box.y0 for block in blocks for line in block.lines)
    first = blocks[0]
    is_title = (
        len(first.lines) <= _TITLE_LINES
        and first.box.y0 < _TITLE_ZONE
        and not first.text.endswith(_SENTENCE_ENDS)
        and min(line.box.y1 - line.box.y0 for line in first.lines) >= _TITLE_HEIGHT * usual
    )
    return [replace(first, kind=Kind.HEADING, level=1), *blocks[1:]] if is_title else blocks


def _load(path: Path, page_index: int, max_pixels: int) -> tuple[Image.Image, tuple[int, int], str]:
    """The frame, its own width and height as displayed, and what of the file is on no page."""
    from PIL import ImageOps

    with _opened(path) as image:
        try:
            image.seek(page_index)
        except EOFError:
            raise InputError(f"{path}: has no page {page_index + 1}; the file changed since it was added") from None
        _check_size(path, image)
        width, height = image.size
        # Pillow turns TIFF frames itself while loading; all others wait for `exif_transpose`.
        if image.format != "TIFF" and image.getexif().get(_EXIF_ORIENTATION) in _TURNED:
            width, height = height, width
        scale = (max_pixels / (width * height)) ** 0.5
        if scale < 1:
            # JPEG only: the decoder itself gives 1/2, 1/4 or 1/8 of the size, never less than asked for.
            image.draft(None, (int(image.width * scale), int(image.height * scale)))
        image.load()
        value_range = _value_range(image)
        scale = (max_pixels / (image.width * image.height)) ** 0.5
        frame = _rgb(image, value_range) if scale >= 1 else _reduced(image, value_range, scale)
        if image.format != "TIFF":
            frame.getexif().update(image.getexif())
        ImageOps.exif_transpose(frame, in_place=True)
        # The second picture of an MPO, a telephone's JPEG, is a preview or the same seen by another eye.
        frames = getattr(image, "n_frames", 1) if image.format not in ("TIFF", "MPO") else 1
        unread = f"an animation of {frames} frames, of which the first is read" if frames > 1 else ""
        return frame, (width, height), unread


def _reduced(image: Image.Image, value_range: Range, scale: float) -> Image.Image:
    """The loaded image as RGB, each side times `scale`. By strips: a second copy at full size is never made."""
    from PIL import Image

    width, height = max(1, int(image.width * scale)), max(1, int(image.height * scale))
    reduced = Image.new("RGB", (width, height))
    step = image.height / height
    rows = max(1, int(_STRIP_PIXELS / (image.width * step)))
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first, last = int(top * step), min(ceil(bottom * step), image.height)
        strip = _rgb(image.crop((0, first, image.width, last)), value_range)
        # A box filter takes nothing from beyond the strip, so that no seam shows.
        box = (0, top * step - first, image.width, min(bottom * step - first, strip.height))
        reduced.paste(strip.resize((width, bottom - top), Image.Resampling.BOX, box), (0, top))
    return reduced


def _value_range(image: Image.Image) -> Range:
    """Least and greatest value, of modes wider than 8 bits."""
    if not image.mode.startswith(("I", "F")):
        return None
    low, high = image.getextrema()
    return float(low), float(high)  # type: ignore[arg-type]  # one band


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The open image; whatever Pillow raises while it is used becomes an `InputError`."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # oddities of metadata, and sizes, which `_check_size` judges
            with Image.open(path) as image:
                _check_size(path, image)
                yield image
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; it was moved or removed") from None
    except Image.DecompressionBombError:
        raise InputError(f"{path}: {_TOO_LARGE}") from None
    except Exception as error:  # Pillow's plugins raise nearly every built-in exception on damaged files
        detail = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(
            f"{path}: the image is damaged or incomplete ({detail}); save it again or replace it"
        ) from None


_TOO_LARGE = f"the image has more than {MAX_FILE_PIXELS // 1_000_000} million pixels; save it smaller"


def _check_size(path: Path, image: Image.Image) -> None:
    if image.width * image.height > MAX_FILE_PIXELS:
        raise InputError(f"{path}: {_TOO_LARGE}")


def _rgb(image: Image.Image, value_range: Range) -> Image.Image:
    """8-bit RGB of any mode, transparency on white. `value_range`: of the whole image, for modes of wide values."""
    from PIL import Image

    if value_range is not None:
        return Image.fromarray(_to_8_bit(np.asarray(image), *value_range)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    frame = Image.new("RGB", image.size, "white")
    layer = image.convert("RGBA")
    frame.paste(layer, mask=layer.getchannel("A"))
    return frame


def _to_8_bit(pixels: np.ndarray, low: float, high: float) -> np.ndarray:
    """16-bit values by their high byte; wider integers and floats stretched over their range."""
    if pixels.dtype == np.uint16 or (pixels.dtype.kind in "iu" and 255 < high <= 65_535 and low >= 0):
        return (pixels // 257).astype(np.uint8)
    if not np.isfinite(high - low):
        finite = pixels[np.isfinite(pixels)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    values = np.nan_to_num(pixels.astype(np.float32), nan=low, posinf=high, neginf=low)
    return ((values - low) * (255.0 / (high - low or 1.0))).clip(0, 255).astype(np.uint8)
