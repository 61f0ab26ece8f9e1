"""Append-only files of checksummed records, one file a document. Knows nothing of what the records hold.

A record is a 16-byte header (magic, CRC-32 of the payload, payload length) and its payload. Where records begin is
for the caller to remember; what a kill leaves behind the last known one is cut off by `truncate`.
"""

from __future__ import annotations

import mmap
import os
import struct
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import StoreError
from pipeline.stores.durable import disk_errors, sync_path

HEADER = struct.Struct("<4sIQ")
MAGIC = b"RCT1"
OPEN_MAPS = 256, 4096
"""Files mapped at a time, at least and at most. A map costs a file descriptor; mapping a file anew for a question costs
five times what reading its records does, so a quarter of the descriptors that a process may have are spent on them."""


class Part(NamedTuple):
    """The first `wanted` bytes of the payload of `length` bytes whose record begins at `offset`."""

    document_id: str
    offset: int
    length: int
    wanted: int


class RecordFiles:
    """The record files below `root`, in folders by the first two hex digits of the document id."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.open_maps = _open_maps()
        self._maps: OrderedDict[str, mmap.mmap] = OrderedDict()
        self._guard = threading.Lock()

    def path(self, document_id: str) -> Path:
        return self.root / document_id[:2] / document_id

    def append(self, document_id: str, payloads: Sequence[bytes]) -> list[int]:
        """Append records, durable on return, and return each one's offset. Raises `StoreError` (disk)."""
        path = self.path(document_id)
        with disk_errors(f"writing {self.root.name}"):
            made = not path.parent.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                start = file.tell()
                offsets, parts, end = [], [], start
                for payload in payloads:
                    offsets.append(end)
                    parts += [HEADER.pack(MAGIC, zlib.crc32(payload), len(payload)), payload]
                    end += HEADER.size + len(payload)
                try:
                    file.write(b"".join(parts))
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    os.ftruncate(file.fileno(), start)
                    raise
            if start == 0:
                sync_path(path.parent)
            if made:
                sync_path(self.root)
        return offsets

    def payload(self, document_id: str, offset: int, checked: bool = False) -> memoryview:
        """The payload of the record at `offset`. Raises `StoreError` when it is damaged or missing.

        The checksum costs as much as reading: it is for `verify`; a search checks magic and length only.
        """
        view = memoryview(self._map(document_id, offset + HEADER.size))
        if len(view) >= offset + HEADER.size:
            magic, checksum, length = HEADER.unpack_from(view, offset)
            start = offset + HEADER.size
            if len(view) < start + length:
                view = memoryview(self._map(document_id, start + length))
            payload = view[start : start + length]
            whole = magic == MAGIC and len(payload) == length
            if whole and (not checked or zlib.crc32(payload) == checksum):
                return payload
        raise self.damaged(document_id, offset)

    def joined(self, parts: Iterable[Part]) -> bytearray:
        """All parts end to end, in the order asked for. Magic and length are checked, as in `payload`.

        For hundreds of small records a question: what is looked up or called once a record costs more than its bytes,
        so a file's map is looked up once as long as its records follow one another. Raises `StoreError` (damaged,
        missing, of another length).
        """
        found: list[memoryview] = []
        view, mapped = memoryview(b""), ""
        unpack, header = HEADER.unpack_from, HEADER.size
        for document_id, offset, length, wanted in parts:
            start = offset + header
            if document_id != mapped or len(view) < start + length:
                view, mapped = memoryview(self._map(document_id, start + length)), document_id
                if len(view) < start + length:
                    raise self.damaged(document_id, offset)
            magic, _, stored = unpack(view, offset)
            if magic != MAGIC or stored != length:
                raise self.damaged(document_id, offset)
            found.append(view[start : start + wanted])
        return bytearray().join(found)

    def damaged(self, document_id: str, offset: int) -> StoreError:
        """The error of a record that cannot be read."""
        return StoreError(
            f"{self.root.name}: the record of document {document_id} at byte {offset} is damaged or missing: "
            f"`recto remove {document_id}` and add the document again"
        )

    def truncate(self, document_id: str, end: int) -> None:
        """Cut the file to `end` bytes (what lies behind was never made durable). No file is no error."""
        self._forget(document_id)
        path = self.path(document_id)
        if path.exists() and path.stat().st_size > end:
            with disk_errors(f"writing {self.root.name}"), path.open("r+b") as file:
                file.truncate(end)
                os.fsync(file.fileno())

    def documents(self) -> list[str]:
        """Ids of the documents that have a file, sorted."""
        return sorted(path.name for path in self.root.glob("??/*") if path.is_file())

    def remove(self, document_id: str) -> None:
        """Delete the document's file. No file is no error."""
        self._forget(document_id)
        path = self.path(document_id)
        with disk_errors(f"deleting from {self.root.name}"):
            path.unlink(missing_ok=True)
            if path.parent.exists() and not any(path.parent.iterdir()):
                path.parent.rmdir()

    def close(self) -> None:
        """Let go of all open maps. Idempotent; the files can be used again afterwards."""
        with self._guard:
            self._maps.clear()

    def _forget(self, document_id: str) -> None:
        with self._guard:
            self._maps.pop(document_id, None)

    def _map(self, document_id: str, needed: int) -> mmap.mmap | bytes:
        """The document's file, mapped; mapped anew when it has grown. Maps close when nothing looks at them."""
        with self._guard:
            found = self._maps.get(document_id)
            if found is None or len(found) < needed:
                try:
                    with self.path(document_id).open("rb") as file:
                        found = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                except (FileNotFoundError, ValueError):  # ValueError: an empty file cannot be mapped
                    return b""
                self._maps[document_id] = found
            self._maps.move_to_end(document_id)
            while len(self._maps) > self.open_maps:
                self._maps.popitem(last=False)
            return found


def _open_maps() -> int:
    least, most = OPEN_MAPS
    try:
        import resource
    except ImportError:  # Windows, which does not tell
        return least
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return most if allowed == resource.RLIM_INFINITY else min(max(least, allowed // 4), most)
