"""A question to ranked pages: channels, fusion by page, selection. Every hit explains how it got its place.

Modes rank the same pool of candidates, as UniDoc-Bench defines them: `text` by chunks and words, `image` by page
vectors, `fusion` by all, `joint` by the nearer of chunk and page vectors in one space.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController

from pipeline.config import Mode, RetrievalSection
from pipeline.embedding.base import Vectors
from pipeline.embedding.models import Embedders
from pipeline.results import ChannelScore, PageHit, PageRef, SearchResult
from pipeline.retrieval import channels
from pipeline.retrieval.channels import Scope
from pipeline.retrieval.evidence import best_chunks, best_regions
from pipeline.retrieval.fusion import reciprocal_rank_fusion, standardised_sum
from pipeline.retrieval.places import named_places, pages_meant, raised
from pipeline.retrieval.question import card_words, lexical_words
from pipeline.retrieval.terms import glossary, mixed
from pipeline.stores.opened import Stores

CHANNELS: Mapping[Mode, tuple[str, ...]] = {
    "text": ("dense", "lexical"),
    "image": ("visual",),
    "fusion": ("dense", "lexical", "visual"),
    "joint": ("joint",),
}
WEIGHTS: Mapping[str, float] = {"dense": 0.5, "lexical": 0.6}
"""Weight of a channel's standard score; 1 where none is given."""
DOCUMENT_WEIGHT = 0.16
"""What a point of its document's card score (BM25) adds to a page's standard scores, or as a factor to its reciprocal
ranks. Not standardised: a question that names no document matches no card well, and then the card moves little."""
DOCUMENTS_FIRST = 3
"""Documents whose every page becomes a candidate because their cards fit the question best.

All of these: `eval/decisions/2026-11-21-question.md`."""


class Retriever:
    """Searches opened stores. Not for several threads."""

    def __init__(
        self,
        stores: Stores,
        embedders: Embedders,
        settings: RetrievalSection,
    ) -> None:
        self._stores = stores
        self._embedders = embedders
        self._settings = settings
        self._threads = ThreadpoolController()

    def search(
        self,
        question: str,
        *,
        k: int | None = None,
        mode: Mode | None = None,
        document_ids: frozenset[str] | None = None,
    ) -> SearchResult:
        """The `k` best pages. `document_ids` narrows the search. An empty library gives no hits."""
        seconds: dict[str, float] = {}
        searchable = self._stores.catalog.searchable()
        scope = Scope(searchable if document_ids is None else searchable & document_ids, document_ids is not None)
        if not scope.document_ids:
            return SearchResult(question, (), seconds)
        with _timed(seconds, "embed"):
            text_vector, page_vectors = self._embedded(question)
        # OpenBLAS keeps its threads spinning after each product; the next question's embedding would wait for the cores
        # (50 to 100 ms on two). The products are bound by memory, one thread is as fast.
        with self._threads.limit(limits=1, user_api="blas"):
            with _timed(seconds, "candidates"):
                scores, matches = self._score(question, text_vector, page_vectors, scope)
            with _timed(seconds, "fusion"):
                ranked = self._rank(scores, mode or self._settings.mode)[: k or self._settings.k]
            with _timed(seconds, "evidence"):
                hits = self._hits(ranked, scores, matches, text_vector, page_vectors)
        return SearchResult(question, hits, seconds)

    def documents_named(self, name: str, document_ids: frozenset[str] | None = None) -> dict[str, float]:
        """Searchable documents whose cards have every word of the name, with its BM25 score; of `document_ids` only."""
        searchable = self._stores.catalog.searchable()
        among = searchable if document_ids is None else searchable & document_ids
        return channels.documents_named(self._stores, name, Scope(among, len(among) < len(searchable)))

    def look_at(self, question: str, ref: PageRef) -> PageHit:
        """One page as a hit, wherever it would have been ranked."""
        text_vector, page_vectors = self._embedded(question)
        _, matches = channels.visual(self._stores, page_vectors, [ref])
        return self._hits([(ref, 0.0)], {}, matches, text_vector, page_vectors)[0]

    def _embedded(self, question: str) -> tuple[Vectors, Vectors]:
        """The question's vector (dim,) for chunks and its vectors (m, dim) for pages, its terms expanded.

        A question of many vectors has one for each of its tokens; what its terms stand for is not among them.
        """
        text, pages = self._embedders.text.embed_question(question), self._embedders.pages.embed_question(question)
        words = glossary(self._settings.terms).words(question)
        if words:
            text = mixed(text, self._embedders.text.embed_question(words))
            if len(pages) == 1:
                pages = mixed(pages[0], self._embedders.pages.embed_question(words)[0])[None, :]
        return text, pages

    def _score(
        self, question: str, text_vector: Vectors, page_vectors: Vectors, scope: Scope
    ) -> tuple[dict[str, dict[PageRef, float]], channels.Exact]:
        """Every channel's score of every page of one pool, and what matched in the pages' bags."""
        size, stores, words = self._settings.pool, self._stores, lexical_words(question)
        cards = channels.documents(stores, card_words(question), size, scope)
        first = list(cards)[:DOCUMENTS_FIRST]
        proposed = [
            *channels.dense_candidates(stores, text_vector, size, scope),
            *channels.lexical_candidates(stores, words, size, scope),
            *channels.visual_candidates(stores, page_vectors, self._embedders.pages.encoder, size, scope),
            *stores.catalog.page_refs(first),
        ]
        places = named_places(question)
        meant = pages_meant(stores, places, {ref.document_id for ref in proposed}) if places else {}
        pool = sorted({*proposed, *meant})
        dense = channels.dense(stores, text_vector, pool)
        visual, matches = channels.visual(stores, page_vectors, pool)
        scores = {
            "dense": dense,
            "lexical": channels.lexical(stores, words, pool),
            "visual": visual,
            "joint": {ref: max(dense[ref], visual[ref]) for ref in pool},
            "document": {ref: cards.get(ref.document_id, 0.0) for ref in pool},
            "place": meant,
        }
        return scores, matches

    def _rank(self, scores: Mapping[str, Mapping[PageRef, float]], mode: Mode) -> list[tuple[PageRef, float]]:
        """The pool in the mode's order, best first; ties by page."""
        if not scores["document"]:
            return []
        found = {name: scores[name] for name in CHANNELS[mode]}
        cards = scores["document"]
        if self._settings.fusion == "reciprocal_rank":
            fused = reciprocal_rank_fusion({name: _ranking(own) for name, own in found.items()}, WEIGHTS)
            total = {ref: score * (1 + DOCUMENT_WEIGHT * cards[ref]) for ref, score in fused.items()}
        else:
            fused = standardised_sum(found, WEIGHTS)
            total = {ref: score + DOCUMENT_WEIGHT * cards[ref] for ref, score in fused.items()}
        if scores["place"]:
            total = raised(total, scores["place"])
        return sorted(total.items(), key=lambda item: (-item[1], item[0]))

    def _hits(
        self,
        ranked: Sequence[tuple[PageRef, float]],
        scores: Mapping[str, Mapping[PageRef, float]],
        matches: channels.Exact,
        text_vector: Vectors,
        page_vectors: Vectors,
    ) -> tuple[PageHit, ...]:
        refs = [ref for ref, _ in ranked]
        rows = self._stores.catalog.page_rows(refs)
        names = self._stores.catalog.names(sorted({ref.document_id for ref in refs}))
        chunks = best_chunks(self._stores, refs, text_vector)
        places = {name: _places(found) for name, found in scores.items()}
        return tuple(
            PageHit(
                ref=ref,
                name=names[ref.document_id][0],
                title=names[ref.document_id][1],
                page_label=rows[ref].page_label,
                score=score,
                chunks=chunks[ref],
                regions=best_regions(matches[ref][1], page_vectors) if ref in matches else (),
                channels={
                    **{name: own[ref] for name, own in places.items() if ref in own},
                    "fusion": ChannelScore(rank, score),
                },
            )
            for rank, (ref, score) in enumerate(ranked, start=1)
        )


def _ranking(found: Mapping[PageRef, float]) -> list[PageRef]:
    return sorted(found, key=lambda ref: (-found[ref], ref))


def _places(found: Mapping[PageRef, float]) -> dict[PageRef, ChannelScore]:
    """Rank (1 is first) and score of every page of a channel."""
    return {ref: ChannelScore(rank, found[ref]) for rank, ref in enumerate(_ranking(found), start=1)}


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - started
