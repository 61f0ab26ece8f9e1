"""The bags of page vectors, for exact scoring. Owns `page_vectors/`; computes no score.

A page has two records side by side: the vectors of its chunks (for the text channel, float16), then its own bag (for
the visual one, in the numbers that the library was made with). The place of the first follows from the second's, so
the catalog keeps one place a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding.base import PageVectors, Vectors
from pipeline.stores.numbers import FLOAT16, FORMS, Form, Storage
from pipeline.stores.records import HEADER, Part, RecordFiles

BOX_BYTES = 16


class BagRef(NamedTuple):
    """Where a bag of `(rows, dim)` vectors lies, written as `storage` says: at byte `offset` of its document's file.

    A tuple, because a search makes two for every candidate.
    """

    document_id: str
    offset: int
    rows: int
    dim: int
    storage: Storage = FLOAT16

    @property
    def form(self) -> Form:
        """How its vectors are written."""
        return FORMS[self.storage]

    @property
    def end(self) -> int:
        """The byte behind the bag."""
        return self.offset + HEADER.size + self.form.size(self.rows, self.dim) + self.rows * BOX_BYTES


def chunk_bag(page_bag: BagRef, rows: int, dim: int) -> BagRef:
    """Where the `rows` chunk vectors of a page lie: right before its own bag."""
    length = HEADER.size + FORMS[FLOAT16].size(rows, dim) + rows * BOX_BYTES
    return BagRef(page_bag.document_id, page_bag.offset - length, rows, dim)


class PageBags(NamedTuple):
    """Where the vectors of a page's chunks lie, and its own bag."""

    chunks: BagRef
    page: BagRef


class BagStore:
    """Bags by document: vectors, then float32 boxes, one checksummed record a page.

    `page_storage`: the numbers that bags of pages are written in; those of chunks are always float16.
    """

    def __init__(self, root: Path, page_storage: Storage = FLOAT16) -> None:
        self.files = RecordFiles(root)
        self.page_storage = page_storage

    def append_pages(self, document_id: str, pages: Sequence[tuple[PageVectors, PageVectors]]) -> list[BagRef]:
        """Append each page's vectors of chunks and its own bag, durable on return; the places of the latter.

        Raises `StoreError` (disk).
        """
        own = FORMS[self.page_storage]
        payloads = [
            _payload(bag, form) for pair in pages for bag, form in zip(pair, (FORMS[FLOAT16], own), strict=True)
        ]
        offsets = self.files.append(document_id, payloads)[1::2]
        return [
            BagRef(document_id, offset, *_shape(bag), self.page_storage)
            for offset, (_, bag) in zip(offsets, pages, strict=True)
        ]

    def as_stored(self, bag: PageVectors, storage: Storage = FLOAT16) -> PageVectors:
        """The bag as `read` will give it back: what is derived from it can then be derived again."""
        numbers = FORMS[storage].last
        return PageVectors(numbers.read(memoryview(numbers.write(bag.vectors)), *_shape(bag)), bag.boxes)

    def read(self, refs: Iterable[BagRef], checked: bool = False) -> list[PageVectors]:
        """The bags, in the order asked for; vectors float32 again. `checked` compares the checksums too.

        Raises `StoreError` (damaged, missing).
        """
        return [self._read(ref, checked) for ref in refs]

    def vectors(self, refs: Sequence[BagRef], first: bool = False) -> NDArray[np.float16] | Vectors:
        """The vectors of bags of one dimension end to end, (rows, dim), in the order asked for; float16 as it is.

        `first`: in the numbers that score every candidate, not in the last and best. Raises `StoreError` (damaged,
        missing).
        """
        if any(ref.storage != FLOAT16 for ref in refs):
            return np.concatenate([self._first(ref) if first else self._last(ref, self._payload(ref)) for ref in refs])
        parts = []
        for ref in refs:  # hundreds a question: nothing here looks a form up
            size = ref.rows * ref.dim * 2
            parts.append(Part(ref.document_id, ref.offset, size + ref.rows * BOX_BYTES, size))
        return np.frombuffer(self.files.joined(parts), np.float16).reshape(-1, refs[0].dim)

    def _read(self, ref: BagRef, checked: bool) -> PageVectors:
        payload = self._payload(ref, checked)
        boxes = np.frombuffer(payload[ref.form.size(ref.rows, ref.dim) :], np.float32).reshape(ref.rows, 4)
        return PageVectors(self._last(ref, payload), boxes.copy())

    def _first(self, ref: BagRef) -> Vectors:
        numbers = ref.form.first
        return numbers.read(self._payload(ref)[: numbers.size(ref.rows, ref.dim)], ref.rows, ref.dim)

    def _last(self, ref: BagRef, payload: memoryview) -> Vectors:
        start, end = ref.form.before(ref.rows, ref.dim), ref.form.size(ref.rows, ref.dim)
        return ref.form.last.read(payload[start:end], ref.rows, ref.dim)

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

    def documents(self) -> list[str]:
        """Ids of the documents that have bags, sorted."""
        return self.files.documents()

    def close(self) -> None:
        self.files.close()


def _shape(bag: PageVectors) -> tuple[int, int]:
    rows, dim = bag.vectors.shape
    return rows, dim


def _payload(bag: PageVectors, form: Form) -> bytes:
    return form.write(bag.vectors) + np.ascontiguousarray(bag.boxes, np.float32).tobytes()
