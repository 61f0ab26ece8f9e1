"""One collection of vectors in Chroma. Never holds text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from pipeline.embedding.base import Vectors
from pipeline.results import PageRef
from pipeline.stores.chroma import Chroma, patiently

IDS_A_CALL = 5000
IDS_A_FILTER = 10_000
"""Documents that Chroma is asked to narrow a search to: each is a variable of SQLite, which takes some 32,000."""


class VectorCollection:
    """The collection `name`: vectors by id, each belonging to a page."""

    def __init__(self, chroma: Chroma, name: str) -> None:
        self.name = name
        self._chroma = chroma

    def upsert(self, ids: Sequence[str], vectors: Vectors, refs: Sequence[PageRef]) -> None:
        """Store `vectors` (n, dim) under `ids`. Raises `StoreError` (disk, Chroma)."""
        size = self._chroma.batch_size
        for start in range(0, len(ids), size):
            end = start + size
            metadatas: list[Any] = [
                {"document_id": ref.document_id, "page_index": ref.page_index} for ref in refs[start:end]
            ]
            with self._chroma.writing(len(metadatas)):
                patiently(
                    self._collection.upsert,
                    ids=list(ids[start:end]),
                    embeddings=vectors[start:end],
                    metadatas=metadatas,
                )

    def query(self, vector: Vectors, k: int, document_ids: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The `k` nearest to `vector` (dim,): (id, similarity) by (-similarity, id); fewer when there are fewer.

        Similarity is the cosine, or the inner product, as the collection was made. `document_ids` narrows.
        """
        if k <= 0 or (document_ids is not None and not document_ids):
            return []
        if document_ids is not None and len(document_ids) > IDS_A_FILTER:
            return self._among_many(vector, k, frozenset(document_ids))
        where: Any = None if document_ids is None else {"document_id": {"$in": sorted(document_ids)}}
        return self._nearest(vector, k, where)

    def _among_many(self, vector: Vectors, k: int, document_ids: Collection[str]) -> list[tuple[str, float]]:
        """The `k` nearest of more documents than Chroma can be told: ever more of all vectors, the others left out."""
        everything, asked = max(1, self.count()), k
        while True:
            asked = min(2 * asked, everything)
            found = self._nearest(vector, asked)
            kept = [pair for pair in found if pair[0].split(":")[0] in document_ids]
            if len(kept) >= k or asked == everything:
                return kept[:k]

    def _nearest(self, vector: Vectors, k: int, where: Any = None) -> list[tuple[str, float]]:
        with self._chroma.reading():
            found = self._collection.query(
                query_embeddings=vector[None], n_results=k, where=where, include=["distances"]
            )
        # Both of Chroma's distances are 1 - similarity.
        pairs = [(one, 1.0 - distance) for one, distance in zip(found["ids"][0], found["distances"][0], strict=True)]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def ids(self, document_id: str | None = None) -> list[str]:
        """Ids in Chroma, of one document or of all, sorted."""
        where: Any = None if document_id is None else {"document_id": document_id}
        with self._chroma.reading():
            return sorted(self._collection.get(where=where, include=[])["ids"])

    def count(self) -> int:
        """Vectors in Chroma."""
        with self._chroma.reading():
            return int(self._collection.count())

    def delete_document(self, document_id: str) -> None:
        """Delete the document's vectors. Chroma only marks them: `VectorIndex.scrub` leaves no byte of them."""
        self.delete(self.ids(document_id))

    def delete(self, ids: Sequence[str]) -> None:
        """Delete the vectors of these ids, as `delete_document` does."""
        for start in range(0, len(ids), IDS_A_CALL):
            some = list(ids[start : start + IDS_A_CALL])
            with self._chroma.writing(len(some)):
                patiently(self._collection.delete, ids=some)

    @property
    def _collection(self) -> Any:
        return self._chroma.collection(self.name)
