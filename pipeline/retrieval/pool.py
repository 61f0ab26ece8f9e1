"""The candidates of a question, and what each channel gives them. Owns which pages are looked at, not their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from pipeline.config import RetrievalSection
from pipeline.devices import usable_device
from pipeline.embedding.base import BagEncoder
from pipeline.results import PageRef
from pipeline.retrieval import channels
from pipeline.retrieval.channels import Scope
from pipeline.retrieval.facets import Facet, centre
from pipeline.retrieval.places import named_places, pages_meant
from pipeline.retrieval.question import card_words, lexical_words
from pipeline.stores.opened import Stores

DOCUMENTS_FIRST = 2
"""Documents whose every page becomes a candidate because their cards fit the question best
(`eval/decisions/2026-11-21-question.md`)."""
DOCUMENTS_PLACED = 64
"""Documents of several pages in which the places that a question names are looked for: those with the best cards and
candidates."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The candidates of a question, sorted by page, and each channel's scores of them (pages,).

    "joint" (the nearer of "dense" and "visual"), "document" and, where the question names a place, "place" are scored
    as channels are; "terms" is there where the question has any. A channel of weight 0 is not.
    """

    refs: Sequence[PageRef]
    scores: Mapping[str, NDArray[np.float32]]


class Candidates:
    """Proposes pages for questions and has every channel score every one of them."""

    def __init__(self, stores: Stores, encoder: BagEncoder | None, settings: RetrievalSection) -> None:
        """`encoder` is the page embedder's."""
        self._stores = stores
        self._encoder = encoder
        self._settings = settings
        self._device = usable_device(settings.device, "retrieval.device")
        self._beside = ThreadPoolExecutor(1, "words")  # tantivy lets other threads run while it counts
        self._used = {channel for channel, weight in settings.channel_weights.items() if weight}

    def pool(self, question: str, facets: Sequence[Facet], scope: Scope, wanted: int) -> Pool:
        """The pages that any channel proposes, with all channels' scores; for a picture alone (no words) by looks.

        Each channel proposes `retrieval.pool` pages, or `wanted` where more are.
        """
        size = max(self._settings.pool, wanted)
        cards: dict[str, float] = {}
        if question and "document" in self._used:
            cards = channels.documents(self._stores, card_words(question), size, scope)
        first = self._stores.catalog.page_refs(list(cards)[:DOCUMENTS_FIRST])
        found = list(self._proposed(question, facets, scope, size))
        places = named_places(question) if self._settings.places else None
        meant = pages_meant(self._stores, places, self._nearest([*first, *found])) if places else {}
        refs = sorted({*found, *first, *meant}, key=attrgetter("document_id", "page_index"))
        if not refs:
            return Pool([], {})
        scores = dict(self._scores(question, facets, refs))
        if "dense" in scores and "visual" in scores:
            scores["joint"] = np.maximum(scores["dense"], scores["visual"])
        if "document" in self._used:
            scores["document"] = channels.priors(self._stores, cards, refs)
        if meant:
            scores["place"] = np.array([meant.get(ref, 0.0) for ref in refs], np.float32)
        return Pool(refs, scores)

    def _nearest(self, refs: Sequence[PageRef]) -> list[str]:
        """The documents that places are looked for in, those of the first pages first."""
        documents = list(dict.fromkeys(ref.document_id for ref in refs))
        counts = self._stores.catalog.page_counts(documents)
        return [document_id for document_id in documents if counts[document_id] > 1][:DOCUMENTS_PLACED]

    def _proposed(self, question: str, facets: Sequence[Facet], scope: Scope, size: int) -> Iterator[PageRef]:
        stores = self._stores
        if question and "dense" in self._used:
            yield from channels.dense_candidates(stores, centre([facet.text for facet in facets]), size, scope)
        if question and "lexical" in self._used:
            yield from channels.lexical_candidates(stores, lexical_words(question), size, scope)
        if "visual" in self._used:
            asked = centre([facet.pages for facet in facets])
            yield from channels.visual_candidates(stores, asked, self._encoder, size, scope)

    def _scores(
        self, question: str, facets: Sequence[Facet], refs: Sequence[PageRef]
    ) -> Iterator[tuple[str, channels.Scores]]:
        stores, words = self._stores, [facet.words for facet in facets if facet.words]
        asked = {"lexical": [lexical_words(question)] if question else [], "terms": words}
        by_words = {
            channel: self._beside.submit(channels.lexical, stores, wordings, refs)
            for channel, wordings in asked.items()
            if wordings and channel in self._used
        }
        where = stores.catalog.bag_refs(refs, len(facets[0].text))
        bags = [where[ref] for ref in refs]
        if question and "dense" in self._used:
            yield "dense", channels.dense(stores, [facet.text for facet in facets], bags)
        if "visual" in self._used:
            yield "visual", channels.visual(stores, [facet.pages for facet in facets], bags, self._device)
        yield from ((channel, scores.result()) for channel, scores in by_words.items())
