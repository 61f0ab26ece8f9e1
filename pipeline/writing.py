"""Prepared pages into vectors and words, and those into the stores, in the order that survives a kill.

Order of one group: Chroma (chunks, pages) and bags, then the lexical index, then the catalog rows in one transaction.
Nothing is visible until the catalog says so; all ids come from content, so a repeated group overwrites itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from ingest.document import Box, Chunk, DocumentInfo, Page, PageIssue
from pipeline.embedding.base import PageInput, PageVectors, Vectors, candidate_vector
from pipeline.embedding.models import Embedders
from pipeline.results import PageRef
from pipeline.retrieval.words import page_key
from pipeline.stores.bags import BagRef
from pipeline.stores.opened import Stores
from pipeline.stores.rows import IndexedPage

PageImage = Callable[[PageRef], Image.Image]


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """A finished page (furniture known, chunks cut) that only has to be embedded and written."""

    info: DocumentInfo
    page: Page
    chunks: tuple[Chunk, ...]

    @property
    def ref(self) -> PageRef:
        return PageRef(self.info.document_id, self.page.page_index)


class IndexWriter:
    """Embeds pages and writes them to every store."""

    def __init__(
        self,
        stores: Stores,
        embedders: Embedders,
        page_image: PageImage,
    ) -> None:
        self.stores = stores
        self.embedders = embedders
        self._page_image = page_image

    def begin(self, info: DocumentInfo, pages: Sequence[Page]) -> None:
        """Take up a document: what a killed run appended behind its last durable bag is dropped, its card written."""
        self.stores.bags.truncate(info.document_id, self.stores.catalog.bag_end(info.document_id))
        self.stores.cards.add([self.stores.words.card_record(info, pages)])

    def commit_words(self) -> None:
        """Make words and cards searchable and durable."""
        self.stores.lexical.commit()
        self.stores.cards.commit()

    def write(self, pages: Sequence[PreparedPage]) -> dict[str, float]:
        """Embed and commit; durable when it returns. Gives the seconds spent in "embed" and "store"."""
        started = time.perf_counter()
        chunks = [chunk for prepared in pages for chunk in prepared.chunks]
        chunk_vectors = self.embedders.text.embed_texts([chunk.embedded_text for chunk in chunks])
        bags = self.embedders.pages.embed_pages([self._page_input(prepared) for prepared in pages])
        pages = [_with_trouble(prepared, bag.trouble) for prepared, bag in zip(pages, bags, strict=True)]
        embedded = time.perf_counter()

        # As stored, so that Chroma's index comes out the same when it is rebuilt from the bags.
        bag_store = self.stores.bags
        stored = [bag_store.as_stored(bag, bag_store.page_storage) for bag in bags]
        of_chunks = [bag_store.as_stored(bag) for bag in _by_page(pages, chunk_vectors)]
        if chunks:
            self.stores.chunks.upsert(
                [chunk.chunk_id for chunk in chunks],
                np.concatenate([bag.vectors for bag in of_chunks]),
                [PageRef(chunk.document_id, chunk.page_index) for chunk in chunks],
            )
        self._write_candidates(pages, stored)
        bag_refs = self._append_bags(pages, of_chunks, bags)
        self.stores.lexical.add([self.stores.words.page_record(prepared.info, prepared.page) for prepared in pages])
        self.commit_words()
        self.stores.catalog.save_indexed(
            [
                IndexedPage(prepared.ref, prepared.page, prepared.chunks, bag)
                for prepared, bag in zip(pages, bag_refs, strict=True)
            ]
        )
        return {"embed": embedded - started, "store": time.perf_counter() - embedded}

    def _page_input(self, prepared: PreparedPage) -> PageInput:
        return PageInput(prepared.page, prepared.info.title, lambda: self._page_image(prepared.ref))

    def _write_candidates(self, pages: Sequence[PreparedPage], bags: Sequence[PageVectors]) -> None:
        """What Chroma searches of a page: its one vector, or the fixed-dimensional encoding of its bag."""
        filled = [(prepared.ref, bag.vectors) for prepared, bag in zip(pages, bags, strict=True) if len(bag.vectors)]
        if filled:
            refs = [ref for ref, _ in filled]
            encoder = self.embedders.pages.encoder
            vectors = np.stack([candidate_vector(encoder, vectors) for _, vectors in filled])
            self.stores.pages.upsert([page_key(ref) for ref in refs], vectors, refs)

    def _append_bags(
        self, pages: Sequence[PreparedPage], chunk_bags: Sequence[PageVectors], bags: Sequence[PageVectors]
    ) -> list[BagRef]:
        refs: list[BagRef] = []
        start = 0
        for end in range(1, len(pages) + 1):
            document_id = pages[start].ref.document_id
            if end == len(pages) or pages[end].ref.document_id != document_id:
                pairs = list(zip(chunk_bags[start:end], bags[start:end], strict=True))
                refs.extend(self.stores.bags.append_pages(document_id, pairs))
                start = end
        return refs


def _with_trouble(prepared: PreparedPage, trouble: str) -> PreparedPage:
    """The page with what went wrong in embedding it."""
    if not trouble or any(issue.lost for issue in prepared.page.issues):
        return prepared
    issue = PageIssue(prepared.page.page_index, "embed", trouble)
    return replace(prepared, page=replace(prepared.page, issues=(*prepared.page.issues, issue)))


def _by_page(pages: Sequence[PreparedPage], chunk_vectors: Vectors) -> list[PageVectors]:
    """The chunks' vectors as one bag a page, each with the box around its chunk."""
    bags, start = [], 0
    for prepared in pages:
        boxes = [Box.around(chunk.boxes()) for chunk in prepared.chunks]
        end = start + len(prepared.chunks)
        bags.append(PageVectors(chunk_vectors[start:end], np.array(boxes, dtype=np.float32).reshape(-1, 4)))
        start = end
    return bags
