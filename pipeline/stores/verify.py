"""Do the stores agree with the catalog? Reads everything and changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ingest.media_types import CONVERTED
from pipeline.errors import StoreError
from pipeline.stores.opened import Stores
from pipeline.stores.rows import SEARCHABLE, DocumentRow

NAMED = 3
"""Ids named in one line; the rest is counted."""


def verify(stores: Stores) -> list[str]:
    """Every difference in one line; none when all agree."""
    return list(_differences(stores))


def _differences(stores: Stores) -> Iterator[str]:
    for found in stores.catalog.database.integrity():
        yield f"catalog: {found}"
    rows = {row.info.document_id: row for row in stores.catalog.documents()}
    for row in rows.values():
        yield from _document(stores, row)
    holders = {
        "originals": stores.originals.documents(),
        "page_vectors": stores.bags.documents(),
        "lexical": {key.split(":")[0] for key in stores.lexical.keys()},  # noqa: SIM118 (no mapping)
        "cards": stores.cards.keys(),
    }
    for name, collection in stores.vectors.collections.items():
        holders[f"chroma {name}"] = {one.split(":")[0] for one in collection.ids()}
    for name, documents in holders.items():
        for document_id in sorted(set(documents) - set(rows)):
            yield f"{name}: holds document {document_id}, which the catalog does not know: run `recto vacuum`"


def _document(stores: Stores, row: DocumentRow) -> Iterator[str]:
    document_id = row.info.document_id
    name = f"{document_id} ({row.info.name})"
    if row.status not in SEARCHABLE:
        if row.status == "adding":
            done = f"{row.pages_indexed} of {row.info.page_count} pages"
            yield f"{name}: not finished, {done}: run `recto add {row.path}` again"
        return
    if row.pages_indexed != row.info.page_count:
        yield f"{name}: catalog: {row.pages_indexed} of {row.info.page_count} pages are indexed"
    if not stores.originals.intact(document_id):
        yield f"{name}: originals: missing, or not the bytes that were added: run `recto add {row.path}` again"
    if row.info.media_type in CONVERTED and not stores.originals.working_copy(document_id).is_file():
        yield f"{name}: originals: its pages as a PDF are missing: remove it and add {row.path} again"

    bags = stores.catalog.bag_refs(stores.catalog.page_refs([document_id]), stores.manifest.text_embedder.dimension)
    try:
        chunk_ids = set(stores.catalog.chunk_ids(document_id))
    except StoreError as error:
        yield f"{name}: {error}"
        return
    if len(chunk_ids) != row.chunks:
        yield f"{name}: catalog: {len(chunk_ids)} chunks, {row.chunks} counted"
    with_vectors = {f"{document_id}:{ref.page_index}" for ref, pair in bags.items() if pair.page.rows}
    for collection, expected in ((stores.chunks, chunk_ids), (stores.pages, with_vectors)):
        yield from _compare(f"{name}: chroma {collection.name}", expected, collection.ids(document_id))
    pages = {f"{document_id}:{ref.page_index}" for ref in bags}
    yield from _compare(f"{name}: lexical", pages, stores.lexical.keys(document_id))
    yield from _compare(f"{name}: cards", {document_id}, stores.cards.keys(document_id))
    for ref, pair in bags.items():
        try:
            stores.catalog.page(ref)
            stores.bags.read(pair, checked=True)
        except StoreError as error:
            yield f"{name}: page {ref.page_index}: {error}"


def _compare(where: str, expected: Collection[str], found: Collection[str]) -> Iterator[str]:
    missing, surplus = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if missing:
        yield f"{where}: {len(missing)} of {len(expected)} missing ({_some(missing)}): run `recto vacuum`"
    if surplus:
        yield f"{where}: {len(surplus)} too many ({_some(surplus)}): run `recto vacuum`"


def _some(ids: list[str]) -> str:
    return ", ".join(ids[:NAMED]) + (", …" if len(ids) > NAMED else "")
