"""Reordering the first pages: the chain of rerankers that the settings name. Owns the order, not the models.

Each reranker sees the pages as the one before left them, scores the first of them, and puts those in the order of its
scores. Pages behind, and pages that it cannot score, follow as they were.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import InputError
from pipeline.results import ChannelScore, PageHit, PageRef

if TYPE_CHECKING:
    from PIL import Image

    from pipeline.config import RerankSection, Settings

log = logging.getLogger(__name__)

PictureSource = Callable[[PageRef], "Image.Image"]


class Reranker(Protocol):
    """Scores pages for a question. Equal inputs give equal scores, whatever else is scored with them."""

    def scores(self, question: str, hits: Sequence[PageHit]) -> Mapping[PageRef, float]:
        """Higher is better. A page that cannot be scored (no text for a text reranker, no picture) is left out."""


class Stage:
    """A reranker in its place. `name` is what its rank and score stand under in a hit's channels."""

    def __init__(self, name: str, reranker: Reranker, pages: int, *, drops: bool = False) -> None:
        """`pages`: how many of the first it is given. `drops`: pages that it does not score are taken out."""
        self.name = name
        self.pages = pages
        self._reranker = reranker
        self._drops = drops

    def __call__(self, question: str, hits: Sequence[PageHit]) -> list[PageHit]:
        """The hits in their new order; ties by page."""
        first, rest = list(hits[: self.pages]), list(hits[self.pages :])
        if not first:
            return rest
        scores = self._reranker.scores(question, first)
        scored = sorted((hit for hit in first if hit.ref in scores), key=lambda hit: (-scores[hit.ref], hit.ref))
        explained = [
            replace(
                hit,
                score=scores[hit.ref],
                channels={**hit.channels, self.name: ChannelScore(rank, scores[hit.ref])},
            )
            for rank, hit in enumerate(scored, start=1)
        ]
        unscored = [] if self._drops else [hit for hit in first if hit.ref not in scores]
        return [*explained, *unscored, *rest]


def shown_pages(hits: Sequence[PageHit], pictures: PictureSource) -> dict[PageRef, Image.Image]:
    """Pictures of the pages that can be drawn. A lost page has none, and must not cost the question."""
    shown = {}
    for hit in hits:
        try:
            shown[hit.ref] = pictures(hit.ref)
        except InputError as error:
            log.warning("%s, page_index %d is not reranked by its picture: %s", hit.name, hit.ref.page_index, error)
    return shown


def make_chain(settings: Settings, pictures: PictureSource) -> tuple[Stage, ...]:
    """The configured stages, their models loaded. Raises `ConfigError`, `ModelError`."""
    return tuple(
        _stage(section, number, settings, pictures) for number, section in enumerate(settings.retrieval.rerank)
    )


def _stage(section: RerankSection, number: int, settings: Settings, pictures: PictureSource) -> Stage:
    setting = f"retrieval.rerank[{number}].model"
    name = f"rerank:{section.kind}" + (f"#{number + 1}" if number else "")
    if section.kind == "llama_index":
        from pipeline.retrieval.postprocessors import Postprocessor

        return Stage(name, Postprocessor(section.model, section.options, setting), section.pages, drops=True)
    if section.kind == "yes_no" and section.model == "endpoint":
        from pipeline.retrieval.yes_no import EndpointYesNo

        return Stage(name, EndpointYesNo(settings.answer, pictures), section.pages)
    from pipeline.retrieval import cross_encoders

    loaders: dict[str, Callable[..., Reranker]] = {
        "text": cross_encoders.load_text_reranker,
        "page": cross_encoders.load_page_reranker,
        "yes_no": cross_encoders.load_yes_no,
    }
    return Stage(name, loaders[section.kind](section.model, setting, settings.embedding, pictures), section.pages)
