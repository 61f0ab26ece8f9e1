"""`Stores`: all stores of one opened library, and what must happen in all of them in a safe order.

Each store knows only its own files. The catalog says what exists; the others follow it.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ingest.document import Page
from pipeline.embedding.base import Vectors
from pipeline.errors import StoreError
from pipeline.stores.bags import BagStore
from pipeline.stores.catalog import Catalog
from pipeline.stores.chroma import Space
from pipeline.stores.durable import disk_errors
from pipeline.stores.layout import LibraryPaths
from pipeline.stores.lexical import LexicalIndex, LexicalRecord
from pipeline.stores.lock import LibraryLock
from pipeline.stores.manifest import Manifest, refuse_foreign_folder
from pipeline.stores.originals import Originals
from pipeline.stores.rows import LEAVING, SEARCHABLE, DocumentRow
from pipeline.stores.vector_index import StoredVectors, VectorIndex
from pipeline.stores.vectors import VectorCollection
from pipeline.stores.words import Words

logger = logging.getLogger(__name__)

CHUNKS, PAGES = "chunks", "pages"
SPACES: Mapping[str, Space] = {CHUNKS: "cosine", PAGES: "ip"}
"""Pages by inner product: fixed-dimensional encodings approximate MaxSim by it; of unit vectors it is the cosine."""


Candidate = Callable[[Vectors], Vectors]
"""The vectors of a bag `(n, dim)` to the one vector that stands for the page in Chroma."""


@dataclass
class Stores:
    """An opened library. `chunks` and `pages` are collections in Chroma, `lexical` finds pages by their words and
    `cards` documents by theirs, `bags` holds the page vectors for exact MaxSim."""

    paths: LibraryPaths
    manifest: Manifest
    catalog: Catalog
    originals: Originals
    vectors: VectorIndex
    lexical: LexicalIndex
    cards: LexicalIndex
    bags: BagStore
    words: Words
    _closing: ExitStack

    @classmethod
    def open(
        cls, root: Path, expected: Manifest, words: Words, candidate: Candidate, *, chroma_url: str = ""
    ) -> Stores:
        """Open the library at `root`; make it when there is none. Finishes what a killed run left half done.

        `candidate` makes of a page's bag what Chroma searches; it is called only when Chroma's index is rebuilt.
        Raises `StoreError`: held by another process, made with other settings, damaged, not a library.
        """
        paths = LibraryPaths(root)
        refuse_foreign_folder(paths)
        with ExitStack() as closing:
            closing.enter_context(LibraryLock(paths))
            refuse_foreign_folder(paths)
            manifest = Manifest.load(paths.manifest)
            if manifest is None:
                manifest = expected
                with disk_errors("making the library"):
                    manifest.save(paths.manifest)
            elif _catalog_is_lost(paths):
                raise StoreError(
                    f"{paths.catalog} is missing or empty, though {paths.originals} holds documents: restore it from a "
                    "backup, or add the documents again to a new library folder"
                )
            manifest.check(expected)
            catalog = Catalog(paths.catalog, manifest.page_storage)
            closing.callback(catalog.close)
            bags = BagStore(paths.page_vectors, manifest.page_storage)
            closing.callback(bags.close)
            stored = partial(_stored_vectors, catalog, bags, manifest.text_embedder.dimension, candidate)
            vectors = VectorIndex(paths.chroma, SPACES, stored, chroma_url, f"{catalog.library_id}-")
            closing.callback(vectors.close)
            lexical, new_lexical = _lexical(paths.lexical, words.page_fields, words.page_pairs)
            closing.callback(lexical.close)
            cards, new_cards = _lexical(paths.cards, words.card_fields, 0.0)
            closing.callback(cards.close)
            stores = cls(
                paths, manifest, catalog, Originals(paths.originals), vectors, lexical, cards, bags, words, closing
            )
            if new_lexical or new_cards:
                stores.rebuild_words()
            stores._finish_removals()
            stores._closing = closing.pop_all()
            return stores

    @property
    def chunks(self) -> VectorCollection:
        return self.vectors.collections[CHUNKS]

    @property
    def pages(self) -> VectorCollection:
        return self.vectors.collections[PAGES]

    def close(self) -> None:
        """Close everything and give the lock back. Idempotent."""
        self._closing.close()

    # ---- removing

    def remove_documents(self, document_ids: Sequence[str], *, to_reread: bool = False) -> None:
        """Remove documents from every store; no byte of them is left in any file of the library.

        Costs a rebuild of the lexical indexes and a clean-up of Chroma, once for all of them. The status is
        written first and the rows are deleted last: a removal that is killed is finished at the next opening.
        `to_reread`: the documents are about to be read again. Their originals stay, as a working copy may have needed
        a password, and their rows, as `adding`: a run that is killed before it has read them loses none.
        """
        for document_id in document_ids:
            self.catalog.set_status(document_id, "rereading" if to_reread else "removing")
        for document_id in document_ids:
            if not to_reread:
                self.originals.remove(document_id)
                self.remove_pictures(document_id)
            self.bags.remove(document_id)
            for collection in self.vectors.collections.values():
                collection.delete_document(document_id)
        if any(self.catalog.has_pages(document_id) for document_id in document_ids):
            self.vectors.scrub()
            self.rebuild_words()
        for document_id in document_ids:
            if to_reread:
                self.catalog.forget_pages(document_id)
            else:
                self.catalog.remove_document(document_id)

    def remove_pictures(self, document_id: str) -> None:
        """Delete the document's cached screenshots. None is no error."""
        folder = self.paths.cache / document_id
        if folder.exists():
            with disk_errors("deleting page pictures"):
                shutil.rmtree(folder)

    def _finish_removals(self) -> None:
        rows = self.catalog.documents()
        for status in LEAVING:
            begun = [row.info.document_id for row in rows if row.status == status]
            if begun:
                logger.warning("finishing the removal of %d documents that was interrupted", len(begun))
                self.remove_documents(begun, to_reread=status == "rereading")

    # ---- the lexical indexes, from the catalog

    def rebuild_words(self) -> None:
        """Build both lexical indexes anew from the catalog's indexed pages."""
        self.lexical.rebuild(self._page_records())
        self.cards.rebuild(self._card_records())

    def _page_records(self) -> Iterator[LexicalRecord]:
        for row in self.catalog.documents():
            if row.status in LEAVING:
                continue
            indexed = {ref.page_index for ref, _ in self.catalog.indexed_pages(row.info.document_id)}
            for page in self._readable_pages(row):
                if page.page_index in indexed:
                    yield self.words.page_record(row.info, page)

    def _card_records(self) -> Iterator[LexicalRecord]:
        for row in self.catalog.documents():
            if row.status in SEARCHABLE:
                yield self.words.card_record(row.info, self._readable_pages(row))

    def _readable_pages(self, row: DocumentRow) -> list[Page]:
        """The document's pages; none where one is damaged, because the words of all others must not hang on it."""
        try:
            return self.catalog.parsed_pages(row.info.document_id)
        except StoreError as error:
            logger.warning("%s (%s): %s", row.info.document_id, row.info.name, error)
            return []


def _catalog_is_lost(paths: LibraryPaths) -> bool:
    """Whether documents were added and the catalog, which alone tells what they are, is not there."""
    files = (paths.catalog, paths.catalog.with_name(f"{paths.catalog.name}-wal"))
    return not any(file.exists() and file.stat().st_size for file in files) and any(paths.originals.glob("??/*"))


def _stored_vectors(catalog: Catalog, bags: BagStore, dim: int, candidate: Candidate) -> Iterator[StoredVectors]:
    """What Chroma's collections are made from: the bags of every indexed page. `dim` is that of the chunk vectors."""
    for row in catalog.documents():
        if row.status in LEAVING:
            continue
        try:
            yield from _document_vectors(catalog, bags, dim, candidate, row.info.document_id)
        except StoreError as error:
            logger.warning("%s", error)


def _document_vectors(
    catalog: Catalog, bags: BagStore, dim: int, candidate: Candidate, document_id: str
) -> Iterator[StoredVectors]:
    places = catalog.bag_refs(catalog.page_refs([document_id]), dim)
    counted = [ref for ref, pair in places.items() for _ in range(pair.chunks.rows)]
    if counted:
        vectors = np.concatenate([bag.vectors for bag in bags.read(pair.chunks for pair in places.values())])
        yield StoredVectors(CHUNKS, catalog.chunk_ids(document_id), vectors, counted)
    filled = [ref for ref, pair in places.items() if pair.page.rows]
    if filled:
        found = bags.read([places[ref].page for ref in filled])
        encoded = np.stack([candidate(bag.vectors) for bag in found])
        yield StoredVectors(PAGES, [f"{document_id}:{ref.page_index}" for ref in filled], encoded, filled)


def _lexical(path: Path, fields: Mapping[str, float], pairs: float) -> tuple[LexicalIndex, bool]:
    """The index at `path`, and whether it has to be filled: it was missing, damaged, or had other fields."""
    try:
        new = not path.exists()
        return LexicalIndex(path, fields, pairs), new
    except StoreError as error:
        reason = error.__cause__ or error
        logger.warning("%s: damaged, or of another version (%s): built anew from the catalog", path.name, reason)
        shutil.rmtree(path, ignore_errors=True)
        return LexicalIndex(path, fields, pairs), True
