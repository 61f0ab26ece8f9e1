"""All vector collections of a library over one Chroma, and how they are rebuilt from their logs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.stores.chroma import Chroma, Space
from pipeline.stores.durable import disk_errors, half_built, settle_folder, swap_folder
from pipeline.stores.vector_log import VectorLog
from pipeline.stores.vectors import VectorCollection

logger = logging.getLogger(__name__)


class VectorIndex:
    """The collections named by `spaces`: indexed in `folder` or on the server at `url`, logged below `logs`."""

    def __init__(self, folder: Path, logs: Path, spaces: Mapping[str, Space], url: str = "", prefix: str = "") -> None:
        self.chroma = Chroma(folder, spaces, url, prefix)
        self._folder = folder
        self.collections = {name: VectorCollection(self.chroma, name, VectorLog(logs / name)) for name in spaces}
        settle_folder(folder)
        if self.chroma.torn:
            logger.warning("a run was killed while Chroma wrote its index; rebuilding it from the stored vectors")
            self.rebuild()
            return
        try:
            self.chroma.connect()
            for collection in self.collections.values():
                collection.count()
        except StoreError as error:
            if url:
                raise
            logger.warning("%s; rebuilding it from the stored vectors", error)
            self.rebuild()

    def rebuild(self) -> None:
        """Build the index anew from the logs and swap it in. A kill on the way harms nothing.

        On a server, what the logs have is put there again, and what they do not have is deleted.
        """
        if self.chroma.url:
            self._fill(self.chroma)
            for collection in self.collections.values():
                collection.prune()
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

    def _fill(self, chroma: Chroma) -> None:
        for name, collection in self.collections.items():
            target = VectorCollection(chroma, name, collection.log)
            for document_id in collection.log.documents():
                logged = collection.log.read(document_id)
                if logged is not None:
                    target.index(logged.ids, logged.vectors, logged.refs)

    def scrub(self) -> None:
        """After `delete_document`: leave no byte of what was deleted."""
        self.chroma.scrub()

    def close(self) -> None:
        """Idempotent."""
        self.chroma.close()
