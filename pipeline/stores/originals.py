"""Copies of the files that were added, by content, and beside them what they are read from where that is another file.

Owns `originals/`; never opens a document.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ingest.files import FileIdentity
from pipeline.errors import InputError
from pipeline.stores.durable import HALF_BUILT, disk_errors, sync_path

READ_BYTES = 1 << 20
_WORKING = ".pdf"


class Originals:
    """The original of each document, named by its id."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, document_id: str) -> Path:
        """Where the document's original lies (or would)."""
        return self.root / document_id[:2] / document_id

    def working_copy(self, document_id: str) -> Path:
        """Where a PDF of the document lies (or would), if its pages cannot be read from the original as it is.

        It is made of the original once, by `ingest.conversion`: without its password, or with the pages of another
        format laid out. No secret is lost by it: the catalog holds the same words in the open.
        """
        return self.root / document_id[:2] / (document_id + _WORKING)

    def readable(self, document_id: str) -> Path:
        """What the document's pages are read from: its working copy if there is one, else the original."""
        copy = self.working_copy(document_id)
        return copy if copy.exists() else self.path(document_id)

    def add(self, path: Path, identity: FileIdentity) -> Path:
        """Copy the file that `identity` was told from, and return the copy's path.

        Raises `InputError` when the file is gone, or is no longer what it was when it was identified.
        """
        copy = self.path(identity.document_id)
        if copy.exists() and copy.stat().st_size == identity.byte_count:
            return copy
        temporary = copy.with_name(copy.name + HALF_BUILT)
        with disk_errors(f"copying {path.name}"):
            copy.parent.mkdir(parents=True, exist_ok=True)
            try:
                found = _copy(path, temporary)
                if found != identity.document_id:
                    raise InputError(f"{path}: the file changed while it was read; add it again when it is finished")
                os.replace(temporary, copy)
            finally:
                temporary.unlink(missing_ok=True)
            sync_path(copy.parent)
            sync_path(self.root)
        return copy

    def documents(self) -> list[str]:
        """Ids of the documents that have an original, sorted."""
        return sorted(path.name for path in self.root.glob("??/*") if not path.suffix)

    def intact(self, document_id: str) -> bool:
        """Whether the copy is there and its bytes still have the hash they were stored under."""
        path = self.path(document_id)
        return path.is_file() and _hash(path) == document_id

    def remove(self, document_id: str) -> None:
        """Delete the document's original. None is no error."""
        path = self.path(document_id)
        with disk_errors("deleting an original"):
            for one in path.parent.glob(f"{document_id}*"):  # and its working copy, and what a kill left of both
                one.unlink(missing_ok=True)
            if path.parent.exists() and not any(path.parent.iterdir()):
                path.parent.rmdir()


def _copy(source: Path, target: Path) -> str:
    """Copy durably; the id of what was really read."""
    digest = hashlib.sha256()
    try:
        reader = source.open("rb")
    except OSError as error:
        raise InputError(
            f"{source}: cannot be read ({error.strerror}); check that it is there and its permissions"
        ) from None
    with reader, target.open("wb") as writer:
        while data := reader.read(READ_BYTES):
            digest.update(data)
            writer.write(data)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest()[:16]


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(READ_BYTES):
            digest.update(data)
    return digest.hexdigest()[:16]
