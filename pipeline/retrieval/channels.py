"""The channels: each proposes pages for a question, and each scores every page of the joint pool.

Owns how a store's answer becomes pages with scores.

dense     Chroma `chunks`: the best chunk scores its page (cosine)
lexical   tantivy: BM25 of the page's words
terms     tantivy: BM25 of what the question's terms stand for, where it has any; proposes no pages
visual    Chroma `pages` (a page's vector or the encoding of its bag), then exact MaxSim over the bags
document  BM25 of the question against what each document is (its card); a prior, the same for all its pages

Scores of a pool are arrays (pages of the pool,), in its order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.embedding.base import BagEncoder, Vectors
from pipeline.results import PageRef
from pipeline.retrieval.bag_scores import Scores, score_bags
from pipeline.retrieval.words import name_words, page_key
from pipeline.stores.bags import PageBags
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


def dense_candidates(stores: Stores, question: Vectors, pool: int, scope: Scope) -> list[PageRef]:
    """Pages with the chunks nearest to the question. `question` (dim,)."""
    found = [ref_of(chunk_id) for chunk_id, _ in stores.chunks.query(question, pool * CHUNKS_PER_PAGE, scope.where)]
    return list(dict.fromkeys(ref for ref in found if ref.document_id in scope.document_ids))[:pool]


def lexical_candidates(stores: Stores, words: str, pool: int, scope: Scope) -> list[PageRef]:
    """Pages with the content words of the question."""
    found = stores.lexical.search(words, pool, scope.where, function_words=False)
    return [ref for key, _ in found if (ref := ref_of(key)).document_id in scope.document_ids]


def visual_candidates(
    stores: Stores, question: Vectors, encoder: BagEncoder | None, pool: int, scope: Scope
) -> list[PageRef]:
    """Pages whose vector, or whose bag's encoding, is nearest to the question's. `question` (m, dim)."""
    vector = question[0] if encoder is None else encoder.encode_question(question)
    found = [ref_of(key) for key, _ in stores.pages.query(vector, pool, scope.where)]
    return [ref for ref in found if ref.document_id in scope.document_ids]


def dense(stores: Stores, questions: Sequence[Vectors], pool: Sequence[PageBags]) -> Scores:
    """The similarity of each page's best chunk to any of the questions (dim,); 0, a right angle, without chunks."""
    return score_bags(stores.bags, [question[None, :] for question in questions], [page.chunks for page in pool])


def lexical(stores: Stores, words: Sequence[str], pool: Sequence[PageRef]) -> Scores:
    """BM25 of each page by the one of several wordings that it has most of; 0 for a page with none of the words."""
    keys = [page_key(ref) for ref in pool]
    found = stores.lexical.scores(words, keys)
    return np.array([found.get(key, 0.0) for key in keys], np.float32)


def visual(stores: Stores, questions: Sequence[Vectors], pool: Sequence[PageBags], device: str = "cpu") -> Scores:
    """Exact MaxSim of each page's bag with any of the questions (m, dim), a mean over its vectors; 0 without a bag."""
    return score_bags(stores.bags, questions, [page.page for page in pool], device)


def documents(stores: Stores, words: str, pool: int, scope: Scope) -> dict[str, float]:
    """BM25 of the question against the cards, best first."""
    found = stores.cards.search(words, pool, scope.where)
    return {key: score for key, score in found if key in scope.document_ids}


def priors(stores: Stores, cards: Mapping[str, float], pool: Sequence[PageRef]) -> Scores:
    """The score of its document's card for each page.

    A document of one page is what stands on that page, and its card says little. It is given the best card of the
    longer documents on top of its own: the cards order those among themselves, and what the pages say decides between
    them and it (`eval/decisions/2026-11-21-one-page.md`).
    """
    counts = stores.catalog.page_counts(sorted({ref.document_id for ref in pool}))
    single = {document_id for document_id, count in counts.items() if count == 1}
    best = max((cards.get(ref.document_id, 0.0) for ref in pool if ref.document_id not in single), default=0.0)
    own = [cards.get(ref.document_id, 0.0) + best * (ref.document_id in single) for ref in pool]
    return np.array(own, np.float32)


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
