"""What on a page speaks to the question: its best chunks, and the regions that its page vectors matched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ingest.document import Box, Chunk
from pipeline.embedding.base import PageVectors, Vectors
from pipeline.results import PageRef, ScoredChunk, ScoredRegion
from pipeline.stores.bags import BagRef, PageBags
from pipeline.stores.opened import Stores

REGIONS = 3


def best_chunks(
    stores: Stores, places: Mapping[PageRef, PageBags], refs: Sequence[PageRef], asked: Vectors
) -> dict[PageRef, tuple[ScoredChunk, ...]]:
    """All chunks of the pages, those nearest to any of the vectors first. `asked` (facets, dim), unit length."""
    chunks = stores.catalog.chunks_of(refs)
    bags = _read(stores, {ref: pair.chunks for ref, pair in places.items()})
    nearest = {ref: (bag.vectors @ asked.T).max(axis=1) for ref, bag in bags.items()}
    return {ref: tuple(_scored(chunks[ref], nearest[ref])) if ref in nearest else () for ref in refs}


def _scored(chunks: Sequence[Chunk], scores: Vectors) -> list[ScoredChunk]:
    """The chunks in the order of their scores; both come in the order of the page."""
    scored = [ScoredChunk(chunk, float(score)) for chunk, score in zip(chunks, scores, strict=True)]
    return sorted(scored, key=lambda item: (-item.score, item.chunk.ordinal))


def best_regions(
    stores: Stores, places: Mapping[PageRef, PageBags], refs: Sequence[PageRef], question: Vectors
) -> dict[PageRef, tuple[ScoredRegion, ...]]:
    """The `REGIONS` boxes of each page whose vectors are nearest to any of the question's (m, dim), best first."""
    bags = _read(stores, {ref: pair.page for ref, pair in places.items()})
    return {ref: _nearest(bags[ref], question) if ref in bags and len(bags[ref].vectors) else () for ref in refs}


def _read(stores: Stores, where: Mapping[PageRef, BagRef]) -> dict[PageRef, PageVectors]:
    return dict(zip(where, stores.bags.read(where.values()), strict=True))


def _nearest(bag: PageVectors, question: Vectors) -> tuple[ScoredRegion, ...]:
    """A box around all others says nothing about where; it counts only when there is no other."""
    similarities = (bag.vectors @ question.T).max(axis=1)
    wide = (bag.boxes[:, :2] <= bag.boxes[:, :2].min(axis=0)) & (bag.boxes[:, 2:] >= bag.boxes[:, 2:].max(axis=0))
    pointing = np.flatnonzero(~wide.all(axis=1))
    rows = pointing if len(pointing) else np.arange(len(bag.boxes))
    best = rows[np.argsort(-similarities[rows], kind="stable")][:REGIONS]
    return tuple(ScoredRegion(Box(*map(float, bag.boxes[row])), float(similarities[row])) for row in best)
