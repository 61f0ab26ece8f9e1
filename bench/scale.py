"""One library of several, or of any size: what a search finds and costs among more pages.

    python bench/scale.py OUT PAGES LIBRARY...

Every document of the libraries is written into OUT as it is, then again and again under other ids, its vectors turned
a little (cosine about 0.95), until OUT has PAGES; 0 leaves it at the first. By the code that `recto add` writes with,
from what it stored: nothing is parsed or embedded, originals are not copied. `bench/search.py` and `bench/recall.py`
take it from there.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import count, islice
from pathlib import Path

import numpy as np

from pipeline import Library
from pipeline.embedding.base import PageInput, PageVectors, Vectors, candidate_vector, unit_length
from pipeline.embedding.models import Embedders
from pipeline.retrieval.words import PageWords
from pipeline.stores.opened import Stores
from pipeline.stores.rows import DocumentRow
from pipeline.writing import IndexWriter, PreparedPage

GROUP = 256
TURN = 0.33
"""Length of the random vector that is added to a unit vector."""


class Replayed:
    """In the place of both embedders: gives out the vectors of the pages about to be written."""

    def __init__(self, embedders: Embedders) -> None:
        self.encoder = embedders.pages.encoder
        self.chunk_vectors: Vectors
        self.bags: list[PageVectors]

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        assert len(texts) == len(self.chunk_vectors)
        return self.chunk_vectors

    def embed_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        return self.bags


def main(out: Path, pages: int, sources: Sequence[Path]) -> None:
    random = np.random.default_rng(0)
    with ExitStack() as opened:
        libraries = [opened.enter_context(Library(source)) for source in sources]
        replayed = Replayed(libraries[0]._embedders)
        candidate = partial(candidate_vector, replayed.encoder)
        stores = Stores.open(out, libraries[0]._stores.manifest, PageWords(), candidate)
        opened.callback(stores.close)
        writer = IndexWriter(stores, Embedders(replayed, replayed), libraries[0].page_picture)  # type: ignore[arg-type]
        rows = [(one._stores, row) for one in libraries for row in one.documents() if row.status == "ready"]
        written = 0
        for copy in count():
            for source, row in rows:
                if copy and written >= pages:
                    return
                most = pages - written if copy else row.info.page_count
                written += write_again(source, writer, replayed, row, copy, most, random)
                print(f"\r{written:,} pages", end="", file=sys.stderr)


def write_again(
    source: Stores,
    writer: IndexWriter,
    replayed: Replayed,
    row: DocumentRow,
    copy: int,
    most: int,
    random: np.random.Generator,
) -> int:
    """Write the first `most` pages of the document: copy 0 as it is, others under their own id. How many that were."""
    turn = TURN if copy else 0.0
    document_id = hashlib.sha256(f"{row.info.document_id}{copy}".encode()).hexdigest()[:16]
    document_id = document_id if copy else row.info.document_id
    places = source.catalog.indexed_pages(row.info.document_id)[:most]
    info = replace(row.info, document_id=document_id, page_count=len(places), outline=())
    parsed = source.catalog.parsed_pages(row.info.document_id)[: len(places)]
    writer.stores.catalog.begin_document(info, row.path)
    writer.begin(info, parsed)
    groups = iter(zip(parsed, places, strict=True))
    while some := list(islice(groups, GROUP)):
        refs, bags = [ref for _, (ref, _) in some], [bag for _, (_, bag) in some]
        own = source.catalog.chunks_of(refs)
        where = source.catalog.bag_refs(refs, source.manifest.text_embedder.dimension)
        chunk_bags = source.bags.read([where[ref].chunks for ref in refs])
        replayed.chunk_vectors = turned(np.concatenate([bag.vectors for bag in chunk_bags]), turn, random)
        replayed.bags = [PageVectors(turned(bag.vectors, turn, random), bag.boxes) for bag in source.bags.read(bags)]
        chunks = [tuple(replace(chunk, document_id=document_id) for chunk in own[ref]) for ref in refs]
        writer.write([PreparedPage(info, page, mine) for (page, _), mine in zip(some, chunks, strict=True)])
    writer.stores.catalog.set_status(document_id, "ready")
    return len(places)


def turned(vectors: Vectors, turn: float, random: np.random.Generator) -> Vectors:
    """The unit vectors (n, dim), a random vector of length `turn` added to each, at unit length."""
    if not turn:
        return vectors
    return unit_length(vectors + turn * unit_length(random.standard_normal(vectors.shape, np.float32)))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), int(sys.argv[2]), [Path(argument) for argument in sys.argv[3:]])
