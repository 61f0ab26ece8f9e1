"""What readers wrote onto a PDF page: comments, notes, remarks on highlights. Links are not read.

Form fields are read by `ingest.forms`. Words that an annotation paints onto the page (free text, stamps) are in the
text layer already; here is what it carries beside that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pymupdf

from ingest.document import Block, Kind, Line, Source
from ingest.hidden_text import HiddenText
from ingest.paragraphs import PageFrame
from ingest.textlayer import Fragment

_HIDDEN = pymupdf.mupdf.PDF_ANNOT_IS_HIDDEN
_NO_VIEW = pymupdf.mupdf.PDF_ANNOT_IS_NO_VIEW
_OTHERS = frozenset(
    {
        pymupdf.mupdf.PDF_ANNOT_LINK,
        pymupdf.mupdf.PDF_ANNOT_POPUP,
        pymupdf.mupdf.PDF_ANNOT_WIDGET,
        pymupdf.mupdf.PDF_ANNOT_MOVIE,
        pymupdf.mupdf.PDF_ANNOT_SOUND,
        pymupdf.mupdf.PDF_ANNOT_3D,
    }
)
"""Form fields, which are read elsewhere, links, and what has no words of its own."""
_PLAIN_WORDS = pymupdf.TEXTFLAGS_WORDS & ~pymupdf.TEXT_PRESERVE_LIGATURES


@dataclass(frozen=True, slots=True)
class Annotations:
    """Blocks in the page's order of annotations, those that nobody is shown, and what could not be read."""

    blocks: list[Block]
    hidden: list[HiddenText]
    errors: list[str]


def read_annotations(page: pymupdf.Page, frame: PageFrame, fragments: Sequence[Fragment]) -> Annotations:
    """`fragments`: the page's words, so that nothing is said twice."""
    blocks: list[Block] = []
    hidden: list[HiddenText] = []
    errors: list[str] = []
    printed = " ".join(" ".join(fragment.text for fragment in fragments).split())
    xrefs = [xref for xref, kind, _ in page.annot_xrefs() if kind not in _OTHERS]
    words = page.get_text("words", flags=_PLAIN_WORDS) if xrefs else []
    for xref in xrefs:
        try:
            annotation = page.load_annot(xref)
            text = " ".join(annotation.info["content"].split())
            if not text:
                continue
            if annotation.flags & (_HIDDEN | _NO_VIEW):
                hidden.append(HiddenText("in a hidden annotation", text))
            elif text not in printed or not _stands_in(annotation.rect, text, words):
                box = frame.box(*tuple(annotation.rect * page.rotation_matrix))
                author = " ".join(annotation.info["title"].split())
                line = Line(f"{author}: {text}" if author else text, box)
                blocks.append(Block(Kind.ANNOTATION, box, (line,), Source.ANNOTATION))
        except Exception as error:  # damaged ones raise several unrelated classes, and cost only themselves
            errors.append(f"annotation {xref} cannot be read ({type(error).__name__}: {error})".splitlines()[0])
    return Annotations(blocks, hidden, errors)


def _stands_in(rect: pymupdf.Rect, text: str, words: Sequence[tuple[Any, ...]]) -> bool:
    """The annotation's own place says the same: it paints its words there, or repeats those that it marks."""
    there = " ".join(word for x0, y0, x1, y1, word, *_ in words if rect.contains(((x0 + x1) / 2, (y0 + y1) / 2)))
    return re.search(rf"(?<!\w){re.escape(text)}(?!\w)", there) is not None
