"""Pictures as questions: a file, a page of one, or a part of a page, and how a conversation keeps them.

Owns how they are read, what is sought for them and how they are stored; never searches.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from ingest.document import Box
from ingest.errors import InputError
from ingest.files import identify
from ingest.media_types import IMAGES, PDF
from ingest.render import render_page
from pipeline.questions import MOST_CHARACTERS, check_question
from pipeline.screenshots import crop
from prompts.loader import load

KEPT_SIDE = 2_048
"""Pixels of the long side of a picture that a conversation keeps: more than models are shown of it."""


def open_picture(file: Path, page_index: int, dpi: int) -> Image.Image:
    """A page of a picture file or PDF, as displayed. Raises `InputError`."""
    try:
        media_type = identify(file).media_type
        if media_type in IMAGES or media_type == PDF:
            return render_page(file, media_type, page_index, dpi)
    except InputError as error:
        cause, _, _ = str(error).partition("; ")  # what follows is advice for adding a document
        raise InputError(f"{cause}; name a picture, or a page of a PDF that opens without a password") from None
    raise InputError(f"{file}: a picture to search by is an image or a page of a PDF, not {media_type}")


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


def asked_with(question: str, picture: Image.Image | None) -> str:
    """The question, checked; with a picture and no words the usual question about one. Raises `InputError`."""
    return load("picture_question").text if picture is not None and not question.strip() else check_question(question)


def sought_by_words(question: str, picture: Image.Image, *, seen: bool) -> str:
    """What a page reader that only reads words searches for: the question, and the words in its picture.

    `seen`: a model is shown the picture too, so one without words may stand beside a question. Raises `InputError`.
    """
    try:
        return f"{question} {words_in(picture)}".strip()[:MOST_CHARACTERS]
    except InputError:
        if seen and question.strip():
            return question
        raise


def to_png(picture: Image.Image) -> bytes:
    """The picture as a conversation keeps it."""
    kept = picture.convert("RGB")
    kept.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    kept.save(buffer, format="PNG")
    return buffer.getvalue()


def from_png(stored: bytes) -> Image.Image:
    """The picture that `to_png` wrote."""
    return Image.open(io.BytesIO(stored)).convert("RGB")


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
