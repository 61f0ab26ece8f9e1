"""Give disk space back, and mend what can be mended: every derived store is built anew from what is kept."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.stores.durable import tree_bytes
from pipeline.stores.opened import CHUNKS, Stores


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
    for collection in stores.vectors.collections.values():
        for document_id in collection.log.documents():
            collection.log.compact(document_id, keep_ids(stores, collection.name, document_id))
    stores.vectors.rebuild()
    stores.rebuild_words()
    stores.catalog.database.vacuum()
    return VacuumReport(before, tree_bytes(stores.paths.root))


def keep_ids(stores: Stores, collection: str, document_id: str) -> set[str]:
    """The ids that the catalog knows of a document, in one collection."""
    if collection == CHUNKS:
        return set(stores.catalog.chunk_ids(document_id))
    return {f"{document_id}:{ref.page_index}" for ref, bag in stores.catalog.indexed_pages(document_id) if bag.rows}
