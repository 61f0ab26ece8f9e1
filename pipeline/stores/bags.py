"""The bags of page vectors, for exact scoring. Owns `page_vectors/`; computes no score.

A page has two records side by side: the vectors of its chunks (for the text channel), then its own bag (for the visual
one). The place of the first follows from the second's, so the catalog keeps one place a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.embedding.base import PageVectors, Vectors
from pipeline.stores.records import HEADER, RecordFiles

VECTOR_BYTES = 2
BOX_BYTES = 16


@dataclass(frozen=True, slots=True)
class BagRef:
    """Where a bag of `(rows, dim)` vectors lies: at byte `offset` of its document's file."""

    document_id: str
    offset: int
    rows: int
    dim: int

    @property
    def end(self) -> int:
        """The byte behind the bag."""
        return self.offset + HEADER.size + self.rows * (self.dim * VECTOR_BYTES + BOX_BYTES)


def chunk_bag(page_bag: BagRef, rows: int, dim: int) -> BagRef:
    """Where the `rows` chunk vectors of a page lie: right before its own bag."""
    return BagRef(page_bag.document_id, page_bag.offset - BagRef(page_bag.document_id, 0, rows, dim).end, rows, dim)


class BagStore:
    """Bags by document: float16 vectors, then float32 boxes, one checksummed record a page."""

    def __init__(self, root: Path) -> None:
        self.files = RecordFiles(root)

    def append(self, document_id: str, bags: Sequence[PageVectors]) -> list[BagRef]:
        """Append bags, durable on return, and return their places. Raises `StoreError` (disk)."""
        offsets = self.files.append(document_id, [_payload(bag) for bag in bags])
        return [BagRef(document_id, offset, *_shape(bag)) for offset, bag in zip(offsets, bags, strict=True)]

    def as_stored(self, bag: PageVectors) -> PageVectors:
        """The bag as `read` will give it back: what is derived from it can then be derived again."""
        return PageVectors(bag.vectors.astype(np.float16).astype(np.float32), bag.boxes)

    def read(self, refs: Iterable[BagRef], checked: bool = False) -> list[PageVectors]:
        """The bags, in the order asked for; vectors float32 again. `checked` compares the checksums too.

        Raises `StoreError` (damaged, missing).
        """
        return [self._read(ref, checked) for ref in refs]

    def vectors(self, refs: Sequence[BagRef]) -> Vectors:
        """The vectors of bags of one dimension end to end, (rows, dim) float32, in the order asked for.

        Raises `StoreError` (damaged, missing).
        """
        found = [np.frombuffer(self._payload(ref), np.float16, ref.rows * ref.dim) for ref in refs]
        return np.concatenate(found).astype(np.float32).reshape(-1, refs[0].dim)

    def _read(self, ref: BagRef, checked: bool) -> PageVectors:
        payload = self._payload(ref, checked)
        split = ref.rows * ref.dim * VECTOR_BYTES
        vectors = np.frombuffer(payload[:split], np.float16).reshape(ref.rows, ref.dim)
        boxes = np.frombuffer(payload[split:], np.float32).reshape(ref.rows, 4)
        return PageVectors(vectors.astype(np.float32), boxes.copy())

    def _payload(self, ref: BagRef, checked: bool = False) -> memoryview:
        payload = self.files.payload(ref.document_id, ref.offset, checked)
        if len(payload) != ref.end - ref.offset - HEADER.size:
            raise self.files.damaged(ref.document_id, ref.offset)
        return payload

    def truncate(self, document_id: str, end: int) -> None:
        """Cut off what a killed run wrote behind its last durable bag (`BagRef.end`)."""
        self.files.truncate(document_id, end)

    def remove(self, document_id: str) -> None:
        """Delete the document's bags. None is no error."""
        self.files.remove(document_id)

    def size(self, document_id: str) -> int:
        """Bytes of the document's bags."""
        return self.files.size(document_id)

    def documents(self) -> list[str]:
        """Ids of the documents that have bags, sorted."""
        return self.files.documents()

    def close(self) -> None:
        self.files.close()


def _shape(bag: PageVectors) -> tuple[int, int]:
    rows, dim = bag.vectors.shape
    return rows, dim


def _payload(bag: PageVectors) -> bytes:
    vectors, boxes = np.ascontiguousarray(bag.vectors, np.float16), np.ascontiguousarray(bag.boxes, np.float32)
    return vectors.tobytes() + boxes.tobytes()
