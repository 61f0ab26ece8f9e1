"""A small library of invented pages, written as indexing writes it. Real SQLite, Chroma and tantivy."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ingest.document import Block, Box, Chunk, DocumentInfo, Kind, Line, Page, Span
from ingest.files import FileIdentity
from ingest.settings import ChunkSettings, IngestSettings
from pipeline.embedding.base import EmbedderIdentity, PageVectors, Vectors
from pipeline.results import PageRef
from pipeline.stores.lexical import LexicalRecord
from pipeline.stores.manifest import Manifest
from pipeline.stores.opened import Stores
from pipeline.stores.rows import IndexedPage

DIM = 32

Opener = Callable[..., Stores]


@dataclass(frozen=True)
class PlainWords:
    """Page words and document names, as they are."""

    page_fields: Mapping[str, float] = field(default_factory=lambda: {"body": 1.0})
    page_pairs: float = 0.0
    card_fields: Mapping[str, float] = field(default_factory=lambda: {"name": 1.0})

    def page_record(self, info: DocumentInfo, page: Page) -> LexicalRecord:
        text = "\n".join(block.text for block in page.blocks)
        ref = PageRef(info.document_id, page.page_index)
        return LexicalRecord(f"{info.document_id}:{page.page_index}", ref, {"body": text})

    def card_record(self, info: DocumentInfo, pages: Sequence[Page]) -> LexicalRecord:
        return LexicalRecord(info.document_id, PageRef(info.document_id, 0), {"name": info.name})


def manifest(**changes: object) -> Manifest:
    values = {
        "text_embedder": EmbedderIdentity("words", "1", DIM),
        "page_embedder": EmbedderIdentity("regions", "1", DIM),
        "ingest": IngestSettings(),
        "chunks": ChunkSettings(),
    }
    return Manifest(**{**values, **changes})  # type: ignore[arg-type]


def unit(seed: str, rows: int, dim: int = DIM) -> Vectors:
    """(rows, dim) unit vectors that depend on `seed` alone."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
    vectors = np.random.default_rng(number).standard_normal((rows, dim), np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def page_vector(vectors: Vectors) -> Vectors:
    """What stands for a page in Chroma here: the sum of its bag."""
    return np.asarray(vectors.sum(axis=0), np.float32)


def make_page(page_index: int, text: str) -> Page:
    lines = tuple(
        Line(line, Box(0.1, round(0.1 + 0.05 * number, 5), 0.9, round(0.14 + 0.05 * number, 5)))
        for number, line in enumerate(text.split("\n"))
    )
    return Page(page_index, str(page_index + 1), 612.0, 792.0, (Block(Kind.TEXT, Box(0.1, 0.1, 0.9, 0.9), lines),))


def make_chunks(document_id: str, page: Page) -> tuple[Chunk, ...]:
    """One chunk a line."""
    return tuple(
        Chunk(document_id, page.page_index, number, Kind.TEXT, line.text, "", 8, (Span(0, len(line.text), line.box),))
        for number, line in enumerate(page.blocks[0].lines)
    )


def write_file(folder: Path, name: str, pages: Sequence[str]) -> FileIdentity:
    """A file with these pages (form feeds between), and its identity."""
    path = folder / name
    path.write_text("\f".join(pages))
    data = path.read_bytes()
    return FileIdentity(path, hashlib.sha256(data).hexdigest()[:16], "application/pdf", len(data))


def index_pages(stores: Stores, identity: FileIdentity, texts: Mapping[int, str]) -> None:
    """Commit pages in the order that indexing keeps: vectors and bags, words, catalog."""
    document_id = identity.document_id
    info = DocumentInfo(document_id, identity.path.name, identity.media_type, identity.byte_count, len(texts))
    for page_index, text in texts.items():
        page, ref = make_page(page_index, text), PageRef(document_id, page_index)
        chunks = make_chunks(document_id, page)
        ids = [chunk.chunk_id for chunk in chunks]
        boxes = np.full((len(ids), 4), 0.5, np.float32)
        of_chunks, bag = (
            stores.bags.as_stored(PageVectors(unit(f"{kind}{ids[0]}", len(ids)), boxes)) for kind in ("chunks", "bag")
        )
        stores.chunks.upsert(ids, of_chunks.vectors, [ref] * len(ids))
        stores.pages.upsert([f"{document_id}:{page_index}"], page_vector(bag.vectors)[None], [ref])
        (bag_ref,) = stores.bags.append_pages(document_id, [(of_chunks, bag)])
        stores.lexical.add([stores.words.page_record(info, page)])
        stores.lexical.commit()
        stores.catalog.save_indexed([IndexedPage(ref, page, chunks, bag_ref)])


def add_document(stores: Stores, identity: FileIdentity) -> str:
    """Add a file that `write_file` wrote, whole. Its id."""
    texts = identity.path.read_text().split("\f")
    document_id = identity.document_id
    stores.originals.add(identity.path, identity)
    info = DocumentInfo(document_id, identity.path.name, identity.media_type, identity.byte_count, len(texts))
    stores.catalog.begin_document(info, str(identity.path))
    stores.catalog.save_parsed(document_id, [make_page(index, text) for index, text in enumerate(texts)])
    index_pages(stores, identity, dict(enumerate(texts)))
    stores.cards.add([stores.words.card_record(info, ())])
    stores.cards.commit()
    stores.catalog.set_status(document_id, "ready")
    return document_id
