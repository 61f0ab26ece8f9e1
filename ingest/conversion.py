"""The working copy of a document that cannot be read page by page as it is: always a PDF without a lock.

Made once, by a worker, of PDFs behind a password or without a page tree, and of the other formats that MuPDF opens. Its
pages are then fixed, whatever a later MuPDF makes of the original, and no password is needed again. Keeps no password
and reads no page.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import InputError
from ingest.media_types import CONVERTED, PDF, TEXT, text_encoding
from ingest.pdf_file import count_pages, open_pdf, rebuild_page_tree, silence_mupdf, unlock

if TYPE_CHECKING:
    import pymupdf

_BOOK_PAGE = (420.0, 595.0, 11.0)
"""A5, in points, and the size of letters: reflowable books have no pages of their own."""
_TEXT_PAGE = (595.0, 842.0, 10.0)
"""A4: 86 characters of plain text a line."""
_GUESSED_BYTES = 1 << 16  # enough to tell an encoding by
_GUESSED_LINES = 1000
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_MAY_BREAK = "\u200b"
"""A blank of no width; reading drops it again."""
_LONG_RUN, _TOO_LONG = re.compile(r"\S{81,}"), re.compile(rf"[^\s{_MAY_BREAK}]{{80}}(?=[^\s{_MAY_BREAK}])")


def open_document(
    path: Path, media_type: str, working_copy: Path | None = None, passwords: Sequence[str] = ()
) -> pymupdf.Document:
    """The document as a PDF that can be read; the caller closes it.

    `working_copy` is where the PDF is kept when the file itself cannot be read as it is; when one is there already, it
    is opened and no password is needed. None: nothing is kept. Raises `InputError`: missing, damaged, or none of the
    `passwords` opens it.
    """
    import pymupdf

    if working_copy is not None and working_copy.exists():
        return open_pdf(working_copy)
    if media_type == PDF:
        document = open_pdf(path, locked=True)
        if document.needs_pass:
            unlock(document, path, passwords)
        elif count_pages(document) > 0 or (rebuilt := rebuild_page_tree(document)) is None:
            return document
        else:
            document.close()
            document = pymupdf.open("pdf", rebuilt)
    else:
        document = pymupdf.open("pdf", _as_pdf(path, media_type))
    if working_copy is None:
        return document
    with document:
        half_built = working_copy.with_name(working_copy.name + ".part")
        document.save(half_built, encryption=pymupdf.mupdf.PDF_ENCRYPT_NONE)
        os.replace(half_built, working_copy)
    return open_pdf(working_copy)


def _as_pdf(path: Path, media_type: str) -> bytes:
    """What MuPDF makes of the file: its pages, outline, title and author as a PDF."""
    import pymupdf

    from ingest.glyph_meanings import add_meanings

    silence_mupdf()
    kind = CONVERTED[media_type]
    try:
        if kind in ("txt", "svg", "fb2"):  # as bytes: MuPDF would look for linked pictures beside a file
            data = path.read_bytes()
            source = pymupdf.open(stream=_as_utf8(data) if media_type == TEXT else data, filetype=kind)
        else:
            source = pymupdf.open(path, filetype=kind)
        with source:
            if source.is_reflowable:
                width, height, size = _TEXT_PAGE if media_type == TEXT else _BOOK_PAGE
                source.layout(width=width, height=height, fontsize=size)
            with pymupdf.open("pdf", source.convert_to_pdf()) as document:
                add_meanings(source, document)
                facts = source.metadata or {}
                document.set_metadata({key: facts.get(key) or "" for key in ("title", "author")})
                document.set_toc(_outline(source, document.page_count))
                return document.tobytes(deflate=True)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; it was moved or removed") from None
    except Exception as error:  # MuPDF raises several unrelated classes
        detail = " ".join(str(error).split())[:200]
        raise InputError(f"{path}: cannot be opened as {kind.upper()} ({detail}); the file is damaged") from None


def _outline(source: pymupdf.Document, page_count: int) -> list[tuple[int, str, int]]:
    """Entries that name a page, each at most one level below the one before it, as `set_toc` demands."""
    entries: list[tuple[int, str, int]] = []
    for level, title, page in source.get_toc(simple=True):
        if 1 <= page <= page_count and title.strip():
            entries.append((min(level, entries[-1][0] + 1) if entries else 1, title, page))
    return entries


def _as_utf8(data: bytes) -> bytes:
    """Text with a mark that says UTF-8: without one, MuPDF takes what it likes. Long runs may be broken."""
    text = _LONG_RUN.sub(_breakable, _decoded(data))
    return text.removeprefix("\ufeff").encode("utf-8-sig")


def _breakable(run: re.Match[str]) -> str:
    """A run without a blank that MuPDF may break, after its commas or else anywhere: it would run off the page."""
    return _TOO_LONG.sub(lambda match: match[0] + _MAY_BREAK, re.sub(r"(?<=[,;|])", _MAY_BREAK, run[0]))


def _decoded(data: bytes) -> str:
    """The text by the encoding of its beginning; where that is plain ASCII and says nothing, by its other lines."""
    encoding = text_encoding(data[:_GUESSED_BYTES]) or "utf-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, errors="replace")
    # A few wrong bytes among letters that are right are damage, not another encoding.
    if encoding == "utf-8" and text.count("\ufffd") > 0.5 * len(_NOT_ASCII.findall(text)):
        lines = islice((line for line in data.splitlines() if not line.isascii()), _GUESSED_LINES)
        telling = b"".join(line + b"\n" for line in lines)[:_GUESSED_BYTES]
        return data.decode(text_encoding(telling) or "cp1252", errors="replace")  # else the commonest of all others
    return text
