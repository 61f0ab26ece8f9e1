"""Words on layers (optional content) that are switched off. The document's own switches are put back as they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pymupdf
from pymupdf import mupdf


def words_switched_off(page: pymupdf.Page) -> list[str]:
    """Runs of text, in the file's order, that show only when every layer is on."""
    document = mupdf.pdf_document_from_fz_document(page.parent.this)
    off = [layer for layer in range(document.pdf_count_layers()) if not document.pdf_layer_is_enabled(layer)]
    if not off:
        return []
    shown = Counter(_runs(page))
    with _switched_on(document, off):
        everything = _runs(page)
    hidden = []
    for run in everything:
        if shown[run]:
            shown[run] -= 1
        else:
            hidden.append(run[0])
    return hidden


@contextmanager
def _switched_on(document: mupdf.PdfDocument, layers: list[int]) -> Iterator[None]:
    try:
        for layer in layers:
            document.pdf_enable_layer(layer, 1)
        yield
    finally:
        for layer in layers:
            document.pdf_enable_layer(layer, 0)


def _runs(page: pymupdf.Page) -> list[tuple[str, tuple[int, ...]]]:
    """Every span of the page that is not blank, with its place in whole points."""
    found = page.get_text("dict", flags=pymupdf.TEXT_PRESERVE_WHITESPACE)
    return [
        (span["text"].strip(), tuple(round(value) for value in span["bbox"]))
        for block in found["blocks"]
        for line in block.get("lines", ())
        for span in line["spans"]
        if span["text"].strip()
    ]
