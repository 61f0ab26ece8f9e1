"""Which files there are and what each one is, told from its bytes.

Never opens a document: a file that is named here may still turn out damaged when it is read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import filetype  # type: ignore[import-untyped]

from ingest.errors import InputError

PDF = "application/pdf"
IMAGES = frozenset({"image/png", "image/jpeg", "image/tiff", "image/webp", "image/gif", "image/bmp"})
SUPPORTED = IMAGES | {PDF}

_SAME_FORMAT = {"image/apng": "image/png"}
_HEAD_BYTES = 8192  # what `filetype` looks at
_PDF_HEADER_BYTES = 1024  # the header may stand anywhere in these (ISO 32000-1, implementation note 13)
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """A file's content, named: `document_id` is the first 16 hex digits of the SHA-256 of its bytes."""

    path: Path
    document_id: str
    media_type: str
    byte_count: int


def identify(path: Path) -> FileIdentity:
    """Hash the file and find its type from its bytes; the name only decides where the bytes leave it open.

    Raises `InputError` for a path that is missing, unreadable, not a file, empty, or of a type that is not read.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file; check the path")
    if not path.is_file():
        raise InputError(f"{path}: not a regular file; give the path of a document")
    digest = hashlib.sha256()
    head, byte_count = b"", 0
    try:
        with path.open("rb") as file:
            while data := file.read(_READ_BYTES):
                head = head or data[:_HEAD_BYTES]
                digest.update(data)
                byte_count += len(data)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); check that it is there and its permissions"
        ) from None
    if byte_count == 0:
        raise InputError(f"{path}: the file is empty; nothing to add")
    media_type = _media_type(head, path)
    if media_type not in SUPPORTED:
        raise InputError(f"{path}: {media_type} is not supported; convert it to PDF, PNG, JPEG, TIFF, WebP, GIF or BMP")
    return FileIdentity(path, digest.hexdigest()[:16], media_type, byte_count)


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Every file named by `paths`, folders walked recursively in sorted order, each path once.

    Hidden files and folders inside a folder are skipped. Files of other types stay in the list: `identify`
    names them, so that none vanishes silently. Raises `InputError` for a missing path or an unreadable folder.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if not os.path.lexists(path):
            raise InputError(f"{path}: no such file or folder; check the path")
        for file in _walk(path) if path.is_dir() else [path]:
            found.setdefault(os.path.abspath(file), file)
    return list(found.values())


def _walk(folder: Path) -> list[Path]:
    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename}: the folder cannot be read ({error.strerror}); check its permissions")

    files: list[Path] = []
    for root, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [Path(root, name) for name in names if not name.startswith(".")]
    return sorted(files)


def _media_type(head: bytes, path: Path) -> str:
    """A media type, or "plain text" or "unknown data" where the bytes fit none."""
    kind = filetype.guess(head)
    found = _SAME_FORMAT.get(kind.mime, kind.mime) if kind else ""
    if found in SUPPORTED:
        return found
    if b"%PDF-" in head[:_PDF_HEADER_BYTES]:
        return PDF
    if found:
        return found
    if path.suffix.lower() == ".pdf" and b" obj" in head:  # a lost header; MuPDF repairs such files
        return PDF
    try:
        # The cut at _HEAD_BYTES may split one character.
        head.decode("utf-8") if len(head) < _HEAD_BYTES else head[:-3].decode("utf-8", errors="strict")
    except UnicodeDecodeError:
        return "unknown data"
    return "unknown data" if b"\0" in head else "plain text"
