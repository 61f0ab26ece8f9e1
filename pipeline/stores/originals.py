"""Copies of the files that were added, by content. Owns `originals/`; never opens a document."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ingest.files import FileIdentity
from pipeline.errors import InputError
from pipeline.stores.durable import HALF_BUILT, disk_errors, sync_path

READ_BYTES = 1 << 20


class Originals:
    """The original of each document, named by its id."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, document_id: str) -> Path:
        """Where the document's original lies (or would)."""
        return self.root / document_id[:2] / document_id

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
        return sorted(path.name for path in self.root.glob("??/*") if path.suffix != HALF_BUILT)

    def intact(self, document_id: str) -> bool:
        """Whether the copy is there and its bytes still have the hash they were stored under."""
        path = self.path(document_id)
        return path.is_file() and _hash(path) == document_id

    def remove(self, document_id: str) -> None:
        """Delete the document's original. None is no error."""
        path = self.path(document_id)
        with disk_errors("deleting an original"):
            for one in (path, path.with_name(path.name + HALF_BUILT)):
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
