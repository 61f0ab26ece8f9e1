"""The channels: each gives pages with scores for one question. Owns how a store's answer becomes a ranking of pages.

dense     Chroma `chunks`: the best chunk scores its page (cosine)
lexical   tantivy: BM25 of the page's words
visual    Chroma `pages` (a page's vector or the encoding of its bag), then exact MaxSim over the bags
document  BM25 of the question against what each document is (its card); a prior, the same for all its pages
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pipeline.embedding.base import BagEncoder, PageVectors, Vectors
from pipeline.results import PageRef
from pipeline.retrieval.maxsim import PageMatch, maxsim
from pipeline.stores.opened import Stores

CHUNKS_PER_PAGE = 3
"""Chunks asked for a page wanted: several of the best chunks often stand on one page."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The documents that may be found. `filtered`: fewer than all searchable ones, so stores must filter."""

    document_ids: frozenset[str]
    filtered: bool

    @property
    def where(self) -> frozenset[str] | None:
        return self.document_ids if self.filtered else None


Exact = dict[PageRef, tuple[PageMatch, PageVectors]]
"""What MaxSim found in each page's bag."""


def dense(stores: Stores, question: Vectors, pool: int, scope: Scope) -> dict[PageRef, float]:
    """The best chunk scores its page. `question` (dim,)."""
    found: dict[PageRef, float] = {}
    for chunk_id, similarity in stores.chunks.query(question, pool * CHUNKS_PER_PAGE, scope.where):
        ref = ref_of(chunk_id)
        if ref.document_id in scope.document_ids and ref not in found and len(found) < pool:
            found[ref] = similarity
    return found


def lexical(
    stores: Stores, words: str, pool: int, scope: Scope, within: Collection[str] | None = None
) -> dict[PageRef, float]:
    """BM25 of the page's words; `within` narrows to some documents."""
    found: dict[PageRef, float] = {}
    for key, score in stores.lexical.search(words, pool, within if within is not None else scope.where):
        ref = ref_of(key)
        if ref.document_id in scope.document_ids:
            found[ref] = score
    return found


def visual_candidates(
    stores: Stores, question: Vectors, encoder: BagEncoder | None, pool: int, scope: Scope
) -> list[PageRef]:
    """Pages whose vector, or whose bag's encoding, is nearest to the question's. `question` (m, dim)."""
    vector = question[0] if encoder is None else encoder.encode_question(question)
    found = [ref_of(key) for key, _ in stores.pages.query(vector, pool, scope.where)]
    return [ref for ref in found if ref.document_id in scope.document_ids]


def exact(stores: Stores, question: Vectors, refs: Sequence[PageRef]) -> Exact:
    """Exact MaxSim of the bags of `refs`; pages without vectors are left out."""
    where = stores.catalog.bag_refs(refs)
    known = [ref for ref in refs if ref in where and where[ref].rows]
    bags = stores.bags.read([where[ref] for ref in known])
    matches = maxsim(question, bags)
    return {ref: (match, bag) for ref, match, bag in zip(known, matches, bags, strict=True)}


def documents(stores: Stores, words: str, pool: int, scope: Scope) -> dict[str, float]:
    """BM25 of the question against the cards, best first."""
    found = stores.cards.search(words, pool, scope.where)
    return {key: score for key, score in found if key in scope.document_ids}


def ref_of(key: str) -> PageRef:
    """The page of a page key or a chunk id."""
    document_id, page_index = key.split(":")[:2]
    return PageRef(document_id, int(page_index))
