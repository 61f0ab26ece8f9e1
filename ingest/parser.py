"""The two pure functions that worker processes run: what a file is, and its pages.

Trouble on a page is data on that page; only a file that cannot be opened at all is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.document import DocumentInfo, Line, Page, PageIssue
from ingest.errors import InputError
from ingest.files import FileIdentity
from ingest.media_types import IMAGES
from ingest.settings import IngestSettings

if TYPE_CHECKING:
    import numpy as np

    from ingest.ocr import OcrReader

_ERROR_LENGTH = 300


def read_info(
    path: Path, identity: FileIdentity, working_copy: Path | None = None, passwords: Sequence[str] = ()
) -> DocumentInfo:
    """What the document is. Raises `InputError` when it is damaged, cannot be decrypted, or has no pages.

    A document whose pages cannot be read from the file as it is leaves a PDF at `working_copy` (see
    `ingest.conversion`); its pages are parsed and drawn from that.
    """
    if identity.media_type in IMAGES:
        from ingest.images import read_image_info

        return read_image_info(
            path,
            document_id=identity.document_id,
            name=identity.path.name,
            media_type=identity.media_type,
            byte_count=identity.byte_count,
        )

    from ingest.conversion import open_document
    from ingest.pdf import read_pdf_info

    with open_document(path, identity.media_type, working_copy, passwords) as document:
        return read_pdf_info(
            document,
            document_id=identity.document_id,
            name=identity.path.name,
            media_type=identity.media_type,
            byte_count=identity.byte_count,
        )


def parse_pages(path: Path, media_type: str, page_indices: Sequence[int], settings: IngestSettings) -> list[Page]:
    """One page for each of `page_indices`, in their order, always: a page that fails carries a lost issue.

    `path` is an image, a PDF without a lock, or the working copy that `read_info` left.
    """
    return list(iter_pages(path, media_type, page_indices, settings))


def iter_pages(path: Path, media_type: str, page_indices: Sequence[int], settings: IngestSettings) -> Iterator[Page]:
    """`parse_pages`, each page given as soon as it is parsed."""
    if media_type in IMAGES:
        yield from _iter_image_pages(path, page_indices, settings)
    else:
        yield from _iter_pdf_pages(path, page_indices, settings)


def _iter_image_pages(path: Path, page_indices: Sequence[int], settings: IngestSettings) -> Iterator[Page]:
    from ingest.images import parse_image_page

    read_words = _word_reader(settings)
    for page_index in page_indices:
        try:
            page = parse_image_page(path, page_index, settings, read_words)
        except Exception as error:
            page = lost_page(page_index, describe(error))
        yield page


def _iter_pdf_pages(path: Path, page_indices: Sequence[int], settings: IngestSettings) -> Iterator[Page]:
    import pymupdf

    from ingest.pdf import parse_pdf_page
    from ingest.pdf_file import open_pdf

    read_words = _word_reader(settings)
    try:
        document = open_pdf(path)
    except InputError as error:
        yield from (lost_page(page_index, str(error)) for page_index in page_indices)
        return
    try:
        for page_index in page_indices:
            try:
                page = parse_pdf_page(document, page_index, settings, read_words)
            except Exception as error:
                page = lost_page(page_index, describe(error))
            yield page
    finally:
        document.close()
        pymupdf.TOOLS.store_shrink(100)  # MuPDF keeps fonts and pictures of closed documents


def lost_page(page_index: int, error: str) -> Page:
    """A page that gave nothing, and why."""
    issue = PageIssue(page_index, "parse", error[:_ERROR_LENGTH], lost=True)
    return Page(page_index, str(page_index + 1), 1.0, 1.0, issues=(issue,))


def describe(error: BaseException) -> str:
    """An exception as one line."""
    text = " ".join(str(error).split())
    return text if isinstance(error, InputError) else f"{type(error).__name__}: {text}".removesuffix(": ")


def _word_reader(settings: IngestSettings) -> Callable[[np.ndarray], list[Line]] | None:
    return _ocr_reader().read if settings.ocr != "off" else None


@cache
def _ocr_reader() -> OcrReader:
    """This process's one reader; its models are loaded when the first picture is read."""
    from ingest.ocr import OcrReader

    return OcrReader(threads=1)
