"""The channels: each proposes pages for a question, and each scores every page of the joint pool.

Owns how a store's answer becomes pages with scores.

dense     Chroma `chunks`: the best chunk scores its page (cosine)
lexical   tantivy: BM25 of the page's words
visual    Chroma `pages` (a page's vector or the encoding of its bag), then exact MaxSim over the bags
document  BM25 of the question against what each document is (its card); a prior, the same for all its pages
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.embedding.base import BagEncoder, PageVectors, Vectors
from pipeline.results import PageRef
from pipeline.retrieval.maxsim import PageMatch, maxsim
from pipeline.retrieval.words import name_words, page_key
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


def dense_candidates(stores: Stores, question: Vectors, pool: int, scope: Scope) -> list[PageRef]:
    """Pages with the chunks nearest to the question. `question` (dim,)."""
    found = [ref_of(chunk_id) for chunk_id, _ in stores.chunks.query(question, pool * CHUNKS_PER_PAGE, scope.where)]
    return list(dict.fromkeys(ref for ref in found if ref.document_id in scope.document_ids))[:pool]


def lexical_candidates(stores: Stores, words: str, pool: int, scope: Scope) -> list[PageRef]:
    """Pages with the words of the question."""
    found = stores.lexical.search(words, pool, scope.where)
    return [ref for key, _ in found if (ref := ref_of(key)).document_id in scope.document_ids]


def visual_candidates(
    stores: Stores, question: Vectors, encoder: BagEncoder | None, pool: int, scope: Scope
) -> list[PageRef]:
    """Pages whose vector, or whose bag's encoding, is nearest to the question's. `question` (m, dim)."""
    vector = question[0] if encoder is None else encoder.encode_question(question)
    found = [ref_of(key) for key, _ in stores.pages.query(vector, pool, scope.where)]
    return [ref for ref in found if ref.document_id in scope.document_ids]


def dense(stores: Stores, question: Vectors, pool: Sequence[PageRef]) -> dict[PageRef, float]:
    """The similarity of each page's best chunk; a page without chunks is at right angles to everything (0)."""
    where = stores.catalog.chunk_bag_refs(pool, len(question))
    matches = maxsim(question[None, :], stores.bags.read([where[ref] for ref in pool]))
    return {ref: max(match.score, 0.0) for ref, match in zip(pool, matches, strict=True)}


def lexical(stores: Stores, words: str, pool: Sequence[PageRef]) -> dict[PageRef, float]:
    """BM25 of each page; 0 for a page with none of the words."""
    found = dict(stores.lexical.search(words, len(pool), keys=[page_key(ref) for ref in pool]))
    return {ref: found.get(page_key(ref), 0.0) for ref in pool}


def visual(stores: Stores, question: Vectors, pool: Sequence[PageRef]) -> tuple[dict[PageRef, float], Exact]:
    """Exact MaxSim of each page's bag, a mean over the question's vectors; 0 for a page without vectors."""
    where = stores.catalog.bag_refs(pool)
    bags = stores.bags.read([where[ref] for ref in pool])
    matches = maxsim(question, bags)
    scores = {ref: max(match.score, 0.0) / len(question) for ref, match in zip(pool, matches, strict=True)}
    found = {ref: (match, bag) for ref, match, bag in zip(pool, matches, bags, strict=True) if len(bag.vectors)}
    return scores, found


def documents(stores: Stores, words: str, pool: int, scope: Scope) -> dict[str, float]:
    """BM25 of the question against the cards, best first."""
    found = stores.cards.search(words, pool, scope.where)
    return {key: score for key, score in found if key in scope.document_ids}


def documents_named(stores: Stores, name: str, scope: Scope) -> dict[str, float]:
    """BM25 of the name against the cards that have every word of it, some of them in the document's name or title.

    A place that a report's first pages speak of is not what the report is.
    """
    words, most = stores.cards.words(name), len(scope.document_ids)
    found = [documents(stores, word, most, scope).keys() for word in words]
    scores = documents(stores, name, most, scope)
    called = stores.catalog.names([key for key in scores if all(key in ids for ids in found)])
    return {
        key: scores[key]
        for key, (file, title) in called.items()
        if not set(words).isdisjoint(stores.cards.words(f"{name_words(file)} {title}"))
    }


def ref_of(key: str) -> PageRef:
    """The page of a page key or a chunk id."""
    document_id, page_index = key.split(":")[:2]
    return PageRef(document_id, int(page_index))
