"""All vector collections of a library over one Chroma, and how they are rebuilt from what the library stores.

Chroma's index files are changed in place and do not survive a kill in the middle of that, so they never hold the only
copy of a vector: what they were made from is handed in as `stored`. The index is in one place, in the folder or on a
server; where it is when opened for another place, it is made anew there and left nowhere else.
"""

from __future__ import annotations

import logging
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.embedding.base import Vectors
from pipeline.errors import StoreError
from pipeline.results import PageRef
from pipeline.stores.chroma import Chroma, Space
from pipeline.stores.durable import disk_errors, half_built, settle_folder, swap_folder, write_atomically
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
        self._server = folder.with_name(f"{folder.name}.server")
        settle_folder(folder)
        try:
            if fault := self._open():
                logger.warning("%s; rebuilding its index from the stored vectors", fault)
                self.rebuild()
            self._settle_place()
        except BaseException:
            self.chroma.disconnect()  # else Chroma hands the same client out again for the folder
            raise

    def _open(self) -> str:
        """Connect. Why the index has to be rebuilt; "" where it is as it was left."""
        chroma = self.chroma
        where = chroma.url or self._folder
        if self._moved():
            if chroma.url:
                chroma.connect()
            return f"Chroma ({where}) does not have what was changed in the library while its vectors were elsewhere"
        if chroma.torn:
            return "a run was killed while Chroma wrote its files"
        try:
            chroma.connect()
            filled = [collection.count() for collection in self.collections.values()]
        except StoreError as error:
            if chroma.url:
                raise
            return str(error)
        if not any(filled) and next(iter(self._stored()), None) is not None:
            return f"Chroma ({where}) has nothing of this library"
        return ""

    def _moved(self) -> bool:
        """Whether another place was the last to have the index: what this one has, if anything, is of another time."""
        last = self._server.read_text(encoding="utf-8") if self._server.exists() else ""
        if self.chroma.url:
            return self._folder.exists() or last not in ("", self.chroma.server)
        return bool(last)

    def _settle_place(self) -> None:
        """Note that this place has the index, then leave nothing in the folder where that is not the place.

        A kill before that is a move not finished: the next opening rebuilds again.
        """
        with disk_errors("noting where Chroma's index is"):
            if not self.chroma.url:
                self._server.unlink(missing_ok=True)
            elif self._moved() or not self._server.exists():
                self._server.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(self._server, self.chroma.server.encode())
                if self._folder.exists():
                    shutil.rmtree(self._folder)

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
