"""All vector collections of a library over one Chroma, and how they are rebuilt from what the library stores.

Chroma's index files are changed in place and do not survive a kill in the middle of that, so they never hold the only
copy of a vector: what they were made from is handed in as `stored`.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.embedding.base import Vectors
from pipeline.errors import StoreError
from pipeline.results import PageRef
from pipeline.stores.chroma import Chroma, Space
from pipeline.stores.durable import disk_errors, half_built, settle_folder, swap_folder
from pipeline.stores.vectors import VectorCollection

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """Some vectors `(n, dim)` float32 of a collection, with the id and page of each."""

    collection: str
    ids: Sequence[str]
    vectors: Vectors
    refs: Sequence[PageRef]


class VectorIndex:
    """The collections named by `spaces`: indexed in `folder` or on the server at `url`, rebuilt from `stored()`."""

    def __init__(
        self,
        folder: Path,
        spaces: Mapping[str, Space],
        stored: Callable[[], Iterable[StoredVectors]],
        url: str = "",
        prefix: str = "",
    ) -> None:
        self.chroma = Chroma(folder, spaces, url, prefix)
        self.collections = {name: VectorCollection(self.chroma, name) for name in spaces}
        self._folder = folder
        self._stored = stored
        settle_folder(folder)
        if self.chroma.torn:
            logger.warning("a run was killed while Chroma wrote its index; rebuilding it from the stored vectors")
            self.rebuild()
            return
        try:
            self.chroma.connect()
            filled = [collection.count() for collection in self.collections.values()]
        except StoreError as error:
            if url:
                raise
            logger.warning("%s; rebuilding it from the stored vectors", error)
            self.rebuild()
            return
        if not any(filled) and next(iter(stored()), None) is not None:
            logger.warning(
                "Chroma (%s) has nothing of this library; rebuilding its index from the stored vectors", url or folder
            )
            self.rebuild()

    def rebuild(self) -> None:
        """Build the index anew from the stored vectors and swap it in. A kill on the way harms nothing.

        On a server, what is stored is put there again, and what is not is deleted.
        """
        if self.chroma.url:
            known = self._fill(self.chroma)
            for name, collection in self.collections.items():
                collection.delete([one for one in collection.ids() if one not in known[name]])
            return
        self.chroma.disconnect()
        with disk_errors("rebuilding Chroma's index"):
            fresh = Chroma(half_built(self._folder), self.chroma.spaces)
            fresh.connect()
            try:
                self._fill(fresh)
                fresh.settle()
            finally:
                fresh.disconnect()
            swap_folder(self._folder)
        self.chroma.connect()

    def _fill(self, chroma: Chroma) -> Mapping[str, set[str]]:
        """Put everything stored into `chroma`; its ids by collection."""
        ids: dict[str, set[str]] = defaultdict(set)
        for some in self._stored():
            VectorCollection(chroma, some.collection).upsert(some.ids, some.vectors, some.refs)
            ids[some.collection].update(some.ids)
        return ids

    def scrub(self) -> None:
        """After `delete_document`: leave no byte of what was deleted."""
        self.chroma.scrub()

    def close(self) -> None:
        """Idempotent."""
        self.chroma.close()
