"""Which files there are, and the identity of each: its hash, its size, what its bytes say it is.

Never opens a document: a file that is named here may still turn out damaged when it is read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import InputError
from ingest.media_types import HEAD_BYTES, READABLE, TAIL_BYTES, recognise

_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """A file's content, named: `document_id` is the first 16 hex digits of the SHA-256 of its bytes."""

    path: Path
    document_id: str
    media_type: str
    byte_count: int


def identify(path: Path) -> FileIdentity:
    """Hash the file and find its type from its bytes.

    Raises `InputError` for a path that is missing, unreadable, not a file, empty, or of a type that is not read.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file; check the path")
    if not path.is_file():
        raise InputError(f"{path}: not a regular file; give the path of a document")
    digest = hashlib.sha256()
    head, tail, byte_count = b"", b"", 0
    try:
        with path.open("rb") as file:
            while data := file.read(_READ_BYTES):
                head = head or data[:HEAD_BYTES]
                tail = (tail + data)[-TAIL_BYTES:]
                digest.update(data)
                byte_count += len(data)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); check that it is there and its permissions"
        ) from None
    if byte_count == 0:
        raise InputError(f"{path}: the file is empty; nothing to add")
    media_type, other = recognise(head, tail, path.name)
    if other:
        raise InputError(f"{path}: holds {other}; convert it to {READABLE}")
    return FileIdentity(path, digest.hexdigest()[:16], media_type, byte_count)


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Every file named by `paths`, folders and links to folders walked in sorted order, each path once.

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
    above: dict[str, frozenset[str]] = {os.fspath(folder): frozenset()}
    for root, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        within = above.pop(root) | {os.path.realpath(root)}
        # A link back to a folder that it lies in would never end; what is there is found without it.
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(os.path.join(root, name)) not in within
        ]
        above.update({os.path.join(root, name): within for name in folders})
        files += [Path(root, name) for name in names if not name.startswith(".")]
    return sorted(files)
