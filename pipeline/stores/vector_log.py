"""Every vector that was handed to Chroma, in plain append-only files: what Chroma's index is rebuilt from.

Chroma's index files are changed in place and do not survive a kill in the middle of that, so they are never the
only copy. Owns `vectors/NAME/`; searches nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from pipeline.embedding.base import Vectors
from pipeline.results import PageRef
from pipeline.stores.records import RecordFiles

SHAPE = struct.Struct("<III")
"""Vectors, dimension, and bytes of the ids; then page indexes (uint32), ids (UTF-8, one a line), float16 vectors."""


@dataclass(frozen=True, slots=True)
class LoggedVectors:
    """Vectors `(n, dim)` float32 with the id and page of each."""

    ids: list[str]
    refs: list[PageRef]
    vectors: Vectors


class VectorLog:
    """Vectors by document, as float16 (a cosine moves by less than 0.0005). The last vector of an id counts."""

    def __init__(self, root: Path) -> None:
        self.files = RecordFiles(root)
        self._ends_well: set[str] = set()

    def append(self, ids: Sequence[str], vectors: Vectors, refs: Sequence[PageRef]) -> None:
        """Append, durable on return. Raises `StoreError` (disk)."""
        order = sorted(range(len(ids)), key=lambda index: refs[index].document_id)
        for document_id, rows in groupby(order, key=lambda index: refs[index].document_id):
            self._mend(document_id)
            chosen = list(rows)
            payload = _payload([ids[i] for i in chosen], [refs[i].page_index for i in chosen], vectors[chosen])
            self.files.append(document_id, [payload])

    def read(self, document_id: str) -> LoggedVectors | None:
        """The document's vectors in the order first written, None when there are none."""
        latest: dict[str, tuple[int, np.ndarray]] = {}
        for ids, pages, vectors in self._records(document_id):
            for chunk_id, page_index, vector in zip(ids, pages, vectors, strict=True):
                latest[chunk_id] = (page_index, vector)
        if not latest:
            return None
        refs = [PageRef(document_id, page_index) for page_index, _ in latest.values()]
        return LoggedVectors(list(latest), refs, np.stack([vector for _, vector in latest.values()]).astype(np.float32))

    def ids(self, document_id: str) -> set[str]:
        """Ids of the document's vectors."""
        return {one for ids, _, _ in self._records(document_id) for one in ids}

    def documents(self) -> list[str]:
        """Ids of the documents that have vectors, sorted."""
        return self.files.documents()

    def remove(self, document_id: str) -> None:
        """Delete the document's vectors. None is no error."""
        self.files.remove(document_id)
        self._ends_well.discard(document_id)

    def compact(self, document_id: str, keep: set[str]) -> None:
        """Rewrite the document's file with the last vector of each id in `keep`, if it holds anything else."""
        written = [one for ids, _, _ in self._records(document_id) for one in ids]
        if len(written) == len(keep) and set(written) == keep:
            return
        logged = self.read(document_id)
        chosen = [i for i, one in enumerate(logged.ids) if one in keep] if logged else []
        if logged is None or not chosen:
            self.remove(document_id)
            return
        pages = [logged.refs[i].page_index for i in chosen]
        self.files.replace(document_id, [_payload([logged.ids[i] for i in chosen], pages, logged.vectors[chosen])])

    def _mend(self, document_id: str) -> None:
        """Once a process: cut off half a record that a killed run left at the end."""
        if document_id not in self._ends_well:
            self.files.truncate(document_id, self.files.sound_size(document_id))
            self._ends_well.add(document_id)

    def _records(self, document_id: str) -> Iterator[tuple[list[str], list[int], np.ndarray]]:
        for _, payload in self.files.payloads(document_id):
            count, dim, id_bytes = SHAPE.unpack_from(payload)
            ids_start = SHAPE.size + 4 * count
            pages = np.frombuffer(payload, np.uint32, count, SHAPE.size).tolist()
            ids = payload[ids_start : ids_start + id_bytes].decode().split("\n")
            yield ids, pages, np.frombuffer(payload, np.float16, count * dim, ids_start + id_bytes).reshape(count, dim)


def _payload(ids: Sequence[str], pages: Sequence[int], vectors: Vectors) -> bytes:
    encoded = "\n".join(ids).encode()
    shape = SHAPE.pack(len(ids), vectors.shape[1], len(encoded))
    return b"".join((shape, np.asarray(pages, np.uint32).tobytes(), encoded, vectors.astype(np.float16).tobytes()))
