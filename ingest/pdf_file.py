"""Opening PDF files with MuPDF: quiet, and with one clear error for each way it can fail. Never reads a page."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import InputError

if TYPE_CHECKING:
    import pymupdf

_FLAGS = "--password or --password-file"


def open_pdf(path: Path, *, locked: bool = False) -> pymupdf.Document:
    """The open document; the caller closes it. Raises `InputError`: missing, damaged, and encrypted unless `locked`."""
    import pymupdf

    silence_mupdf()
    try:
        document = pymupdf.open(path, filetype="pdf")
        if not document.is_pdf:  # MuPDF falls back to its other formats, HTML for one
            raise InputError(f"{path}: is not a PDF although its name or header says so; replace the file")
        if document.needs_pass and not locked:
            raise InputError(f"{path}: is encrypted; give its password with {_FLAGS}")
    except InputError:
        raise
    except pymupdf.FileNotFoundError:
        raise InputError(f"{path}: no such file; it was moved or removed") from None
    except Exception:  # MuPDF raises several unrelated classes, with no more to say than that it failed
        raise InputError(f"{path}: cannot be opened as a PDF; the file is damaged, replace it") from None
    return document


def unlock(document: pymupdf.Document, path: Path, passwords: Sequence[str]) -> None:
    """Open an encrypted document with the first password that fits. Raises `InputError`, which names no password."""
    if any(document.authenticate(password) for password in passwords):
        return
    document.close()
    tried = "none of the passwords given opens it" if len(passwords) > 1 else "the password given does not open it"
    raise InputError(
        f"{path}: is encrypted" + (f" and {tried}" if passwords else "") + f"; give its password with {_FLAGS}"
    )


def count_pages(document: pymupdf.Document) -> int:
    """Pages that are there, not pages that the file claims: the tree is asked for the last of them."""
    import pymupdf

    try:
        claimed = document.page_count
    except Exception:  # MuPDF refuses a claim that the file is too small for
        return 0
    if not document.is_pdf:
        return claimed
    tree = pymupdf.mupdf.pdf_document_from_fz_document(document)

    def exists(page_index: int) -> bool:
        try:  # pages that stand in the tree itself are no objects of their own, so their number says nothing
            return bool(pymupdf.mupdf.pdf_is_dict(pymupdf.mupdf.pdf_lookup_page_obj(tree, page_index)))
        except Exception:  # MuPDF raises several unrelated classes
            return False

    if claimed == 0 or exists(claimed - 1):
        return claimed
    return bisect_left(range(claimed), True, key=lambda page_index: not exists(page_index))


def rebuild_page_tree(document: pymupdf.Document) -> bytes | None:
    """The document with a catalog and a page tree made of all objects that are pages; None when there are none.

    For files whose own tree leads to no page. Outline and form are lost with the catalog.
    """
    pages = [number for number in range(1, document.xref_length()) if _is_page(document, number)]
    if not pages:
        return None
    kids = " ".join(f"{number} 0 R" for number in pages)
    try:
        tree, catalog = document.get_new_xref(), document.get_new_xref()
        document.update_object(tree, f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>")
        document.update_object(catalog, f"<</Type/Catalog/Pages {tree} 0 R>>")
        for number in pages:
            document.xref_set_key(number, "Parent", f"{tree} 0 R")
        document.xref_set_key(-1, "Root", f"{catalog} 0 R")
        return document.tobytes(garbage=1)
    except Exception:  # MuPDF raises several unrelated classes; the caller says that there are no pages
        return None


def _is_page(document: pymupdf.Document, number: int) -> bool:
    try:
        return document.xref_get_key(number, "Type") == ("name", "/Page")
    except Exception:  # MuPDF raises several unrelated classes
        return False


@cache
def silence_mupdf() -> None:
    """MuPDF's messages about damaged files go nowhere: what matters arrives as an exception or as lost words."""
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    pymupdf.set_messages(path=os.devnull)
