"""Opening PDF files with MuPDF: quiet, and with one clear error for each way it can fail. Never reads a page."""

from __future__ import annotations

import os
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


@cache
def silence_mupdf() -> None:
    """MuPDF's messages about damaged files go nowhere: what matters arrives as an exception or as lost words."""
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    pymupdf.set_messages(path=os.devnull)
