"""A question to ranked pages: channels, fusion by page, selection. Every hit explains how it got its place.

Modes rank the same pool of candidates, as UniDoc-Bench defines them: `text` by chunks and words, `image` by page
vectors, `fusion` by all, `joint` by the nearer of chunk and page vectors in one space.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from pipeline.config import Mode, RetrievalSection
from pipeline.embedding.models import Embedders
from pipeline.errors import ConfigError, InputError
from pipeline.results import ChannelScore, PageCopy, PageHit, PageRef, SearchResult
from pipeline.retrieval import channels
from pipeline.retrieval.channels import Scope
from pipeline.retrieval.copies import Copies
from pipeline.retrieval.evidence import best_chunks, best_regions
from pipeline.retrieval.facets import Facet, FacetEmbedder
from pipeline.retrieval.fusion import reciprocal_rank_fusion, standardised_sum
from pipeline.retrieval.places import raised
from pipeline.retrieval.pool import Candidates, Pool
from pipeline.retrieval.reranking import Stage
from pipeline.retrieval.terms import Glossary, glossary
from pipeline.stores.opened import Stores
from pipeline.turns import COMPUTING

if TYPE_CHECKING:
    from PIL import Image

CHANNELS: Mapping[Mode, tuple[str, ...]] = {
    "text": ("dense", "lexical", "terms"),
    "image": ("visual",),
    "fusion": ("dense", "lexical", "terms", "visual"),
    "joint": ("joint",),
}


class Retriever:
    """Searches opened stores. Threads take turns (`pipeline/turns.py`)."""

    def __init__(
        self,
        stores: Stores,
        embedders: Embedders,
        settings: RetrievalSection,
        rerankers: Sequence[Stage] = (),
    ) -> None:
        self._stores = stores
        self._embedders = embedders
        self._settings = settings
        self._facets = FacetEmbedder(
            embedders, glossary(settings.terms) if settings.channel_weights["terms"] else Glossary({})
        )
        self._candidates = Candidates(stores, embedders.pages.encoder, settings)
        self._copies = Copies(stores)
        self._rerankers = rerankers
        self._threads = ThreadpoolController()

    def search(
        self,
        question: str,
        *,
        picture: Image.Image | None = None,
        k: int | None = None,
        mode: Mode | None = None,
        document_ids: frozenset[str] | None = None,
    ) -> SearchResult:
        """The `k` best pages. `document_ids` narrows the search. An empty library gives no hits.

        `picture` is part of the question, for page embedders that take pictures; with no words beside it pages are
        ranked by what they look like alone, and text rerankers have nothing to go by.
        """
        with COMPUTING:
            return self._search(question, picture, k, mode, document_ids)

    def _search(
        self,
        question: str,
        picture: Image.Image | None,
        k: int | None,
        mode: Mode | None,
        document_ids: frozenset[str] | None,
    ) -> SearchResult:
        k, mode = self._settings.k if k is None else k, (mode or self._settings.mode) if question else "image"
        wanted = max([k, *(stage.pages for stage in self._rerankers)])
        if mode == "joint" and not self._embedders.share_a_space:
            raise ConfigError(
                "mode joint compares texts and pages in one space, and two models made them here: "
                "set embedding.text_model to what embedding.page_model is, or search in mode fusion"
            )
        seconds: dict[str, float] = {}
        searchable = self._stores.catalog.searchable()
        scope = Scope(searchable if document_ids is None else searchable & document_ids, document_ids is not None)
        if not scope.document_ids:
            return SearchResult(question, (), seconds)
        with _timed(seconds, "embed"):
            facets = self._facets.facets(question, picture)
        # OpenBLAS and torch keep their threads spinning after each product; the next question's embedding, or whatever
        # else wants the cores, would wait for them (50 to 100 ms on two). One thread is nearly as fast, and steady
        # (`eval/decisions/2026-11-21-late-interaction.md`).
        with self._threads.limit(limits=1):
            with _timed(seconds, "candidates"):
                pool = self._candidates.pool(question, facets, scope, wanted)
            with _timed(seconds, "fusion"):
                totals = self._fused(pool, mode)
                best = self._best(pool, totals, wanted)
            with _timed(seconds, "evidence"):
                hits = self._hits(pool, best, totals, facets)
        for stage in self._rerankers if question else ():
            with _timed(seconds, stage.name):
                hits = tuple(stage(question, hits))
        return SearchResult(question, hits[:k], seconds)

    def documents_named(self, name: str, document_ids: frozenset[str] | None = None) -> dict[str, float]:
        """Searchable documents whose cards have every word of the name, with its BM25 score; of `document_ids` only."""
        searchable = self._stores.catalog.searchable()
        among = searchable if document_ids is None else searchable & document_ids
        with COMPUTING:
            return channels.documents_named(self._stores, name, Scope(among, len(among) < len(searchable)))

    def look_at(self, question: str, ref: PageRef) -> PageHit:
        """One page as a hit, wherever it would have been ranked. Raises `InputError` for one that is not stored."""
        if ref not in self._stores.catalog.page_rows([ref]):
            raise InputError(
                f"page_index {ref.page_index} of document {ref.document_id} is not in the library: `recto documents` "
                "shows what is, and `recto add` takes up a document that was interrupted"
            )
        with COMPUTING:
            return self._hits(Pool([ref], {}), {0: ()}, np.zeros(1), self._facets.facets(question))[0]

    def _best(self, pool: Pool, totals: NDArray[np.float64], wanted: int) -> dict[int, Sequence[PageRef]]:
        """Rows of the `wanted` best pages in order, each with its copies."""
        order = _order(totals)
        if not self._settings.fold_copies:
            return dict.fromkeys(order[:wanted], ())
        rows = {pool.refs[row]: row for row in order}
        return {rows[ref]: copies for ref, copies in self._copies.folded(rows, wanted).items()}

    def _fused(self, pool: Pool, mode: Mode) -> NDArray[np.float64]:
        """The pages' totals in the mode."""
        if not pool.refs:
            return np.zeros(0)
        weights = self._settings.channel_weights
        found = {name: pool.scores[name] for name in CHANNELS[mode] if name in pool.scores}
        if not found:
            raise ConfigError(
                f"retrieval.weights: mode {mode} ranks by {', '.join(CHANNELS[mode])}, and all of them weigh 0"
                if mode != "joint"
                else "retrieval.weights: mode joint ranks by dense and visual, and one of them weighs 0"
            )
        # Not standardised: a question that names no document matches no card well, and then the card moves little.
        cards = weights["document"] * pool.scores.get("document", np.zeros(len(pool.refs))).astype(np.float64)
        if self._settings.fusion == "reciprocal_rank":
            fused = reciprocal_rank_fusion({name: _order(own) for name, own in found.items()}, weights)
            total = np.array([fused[row] for row in range(len(pool.refs))]) * (1 + cards)
        else:
            total = standardised_sum(found, weights) + cards
        if "place" in pool.scores:
            total = raised(total, [ref.document_id for ref in pool.refs], pool.scores["place"].astype(np.float64))
        return total

    def _hits(
        self,
        pool: Pool,
        best: Mapping[int, Sequence[PageRef]],
        totals: NDArray[np.float64],
        facets: Sequence[Facet],
    ) -> tuple[PageHit, ...]:
        refs = [pool.refs[row] for row in best]
        rows = self._stores.catalog.page_rows(refs)
        named = {ref.document_id for ref in (*refs, *(copy for copies in best.values() for copy in copies))}
        names = self._stores.catalog.names(sorted(named))
        places = self._stores.catalog.bag_refs(refs, len(facets[0].text))
        chunks = best_chunks(self._stores, places, refs, np.stack([facet.text for facet in facets]))
        regions = best_regions(self._stores, places, refs, np.concatenate([facet.pages for facet in facets]))
        ranks = {name: _ranks(own) for name, own in pool.scores.items()}
        return tuple(
            PageHit(
                ref=ref,
                name=names[ref.document_id][0],
                title=names[ref.document_id][1],
                page_label=rows[ref].page_label,
                score=float(totals[row]),
                chunks=chunks[ref],
                regions=regions[ref],
                channels={
                    **{
                        name: ChannelScore(int(ranks[name][row]), float(own[row]))
                        for name, own in pool.scores.items()
                        if name != "place" or own[row]
                    },
                    "fusion": ChannelScore(rank, float(totals[row])),
                },
                copies=tuple(PageCopy(copy, names[copy.document_id][0]) for copy in best[row]),
            )
            for rank, (row, ref) in enumerate(zip(best, refs, strict=True), start=1)
        )


def _order(scores: NDArray[Any]) -> list[int]:
    """Rows, best first. A pool is sorted by page, so ties are broken by page."""
    return [int(row) for row in np.argsort(-scores, kind="stable")]


def _ranks(scores: NDArray[Any]) -> NDArray[np.int64]:
    """The place of every row in `_order`; 1 is first."""
    ranks = np.empty(len(scores), np.int64)
    ranks[_order(scores)] = np.arange(1, len(scores) + 1)
    return ranks


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - started
