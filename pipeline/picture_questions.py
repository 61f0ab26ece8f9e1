"""Pictures as questions: a file, a page of one, or a part of a page. Owns how they are read; never searches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ingest.document import Box
from ingest.errors import InputError
from ingest.files import identify
from ingest.media_types import IMAGES, PDF
from ingest.render import render_page
from pipeline.questions import MOST_CHARACTERS
from pipeline.screenshots import crop


def open_picture(file: Path, page_index: int, dpi: int) -> Image.Image:
    """A page of a picture file or PDF, as displayed. Raises `InputError`."""
    media_type = identify(file).media_type
    if media_type not in IMAGES and media_type != PDF:
        raise InputError(f"{file}: a picture to search by is an image or a page of a PDF, not {media_type}")
    return render_page(file, media_type, page_index, dpi)


def part_of(picture: Image.Image, box: Box) -> Image.Image:
    """The part of a page's picture in `box`. Raises `InputError` for a box that is not on the page."""
    if not (0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1):
        raise InputError(f"the box {','.join(f'{edge:g}' for edge in box)} must be x0,y0,x1,y1 within 0 and 1")
    return crop(picture, box)


def parsed_box(text: str) -> Box:
    """A box from `x0,y0,x1,y1`. Raises `InputError`."""
    try:
        x0, y0, x1, y1 = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"the box {text!r} is not x0,y0,x1,y1, fractions of the page from its top left") from None
    return Box(x0, y0, x1, y1)


def words_in(picture: Image.Image) -> str:
    """What is written in a picture, for page readers that only read words. Raises `InputError` when nothing is."""
    from ingest.ocr import OcrReader

    lines = OcrReader().read(np.asarray(picture.convert("RGB")))
    words = " ".join(line.text for line in lines)
    if not words.strip():
        raise InputError(
            "no words were found in the picture, and embedding.page_model 'regions' compares words: "
            "make a library with a page model that looks at pictures"
        )
    return words[:MOST_CHARACTERS]
