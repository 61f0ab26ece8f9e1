"""Give disk space back, and mend what can be mended: every derived store is built anew from what is kept."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.stores.durable import tree_bytes
from pipeline.stores.opened import Stores


@dataclass(frozen=True, slots=True)
class VacuumReport:
    """Bytes of the whole library before and after."""

    bytes_before: int
    bytes_after: int


def vacuum(stores: Stores) -> VacuumReport:
    """Drop what the catalog does not know, rebuild Chroma and the lexical indexes, compact the catalog.

    Each step swaps a finished result in: a kill between or in them harms nothing. Needs free space of about the
    size of Chroma's folder.
    """
    before = tree_bytes(stores.paths.root)
    known = {row.info.document_id for row in stores.catalog.documents()}
    for holder in (stores.originals, stores.bags):
        for document_id in set(holder.documents()) - known:
            holder.remove(document_id)
    for folder in stores.paths.cache.glob("*"):
        if folder.is_dir() and folder.name not in known:
            stores.remove_pictures(folder.name)
    stores.vectors.rebuild()
    stores.rebuild_words()
    stores.catalog.database.vacuum()
    return VacuumReport(before, tree_bytes(stores.paths.root))
