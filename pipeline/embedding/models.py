"""The embedders that the settings name: who they are, and loading them. Owns the choice, not the models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.config import EmbeddingSection
from pipeline.embedding.base import EmbedderIdentity, PageEmbedder, TextEmbedder
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.embedding.screenshots import ScreenshotEmbedder

REGIONS = "regions"
SETTING = "embedding.page_model"

Identities = tuple[EmbedderIdentity, EmbedderIdentity]
"""Of the text embedder and the page embedder."""


@dataclass(frozen=True)
class Embedders:
    """The text and the page embedder of a library."""

    text: TextEmbedder
    pages: PageEmbedder

    @property
    def identities(self) -> Identities:
        """Text embedder, page embedder."""
        return self.text.identity, self.pages.identity

    @property
    def share_a_space(self) -> bool:
        """Whether vectors of texts and of pages may be compared: one model made both."""
        text, pages = self.identities
        return text.dimension == pages.dimension and pages.name in (text.name, f"{REGIONS}/{text.name}")


def identities(settings: EmbeddingSection, stored: Identities | None = None) -> Identities | None:
    """What `load_embedders` would identify as; None where only loading a model can tell its dimension.

    `stored`: what the library was made with; equal names and revisions (with their options) have equal dimensions.
    """
    from pipeline.embedding.regions import region_identity
    from pipeline.embedding.sources import locate
    from pipeline.embedding.text import text_identity

    text = text_identity(settings, stored and stored[0])
    if text is None:
        return None
    if settings.page_model == REGIONS:
        _refuse_page_settings(settings)
        return text, region_identity(text)
    source = locate(settings.page_model, SETTING, download=settings.download)
    revision = source.revision + page_options(settings)
    if stored is None or (stored[1].name, stored[1].revision) != (source.name, revision):
        return None
    return text, stored[1]


def load_embedders(settings: EmbeddingSection) -> Embedders:
    """The configured models, ready to use; one for both sides is loaded once.

    Raises `ModelError` (weights absent, damaged), `ConfigError` (a model of the wrong kind, an impossible setting).
    """
    from pipeline.embedding.regions import RegionPageEmbedder
    from pipeline.embedding.text import load_text_embedder

    if settings.page_model == REGIONS:
        _refuse_page_settings(settings)
        text = load_text_embedder(settings)
        return Embedders(text, RegionPageEmbedder(text))
    pages, model = _load_page_embedder(settings)
    return Embedders(load_text_embedder(settings, model if settings.text_model == settings.page_model else None), pages)


def _load_page_embedder(settings: EmbeddingSection) -> tuple[ScreenshotEmbedder, Any]:
    """The page embedder and the model inside."""
    from sentence_transformers import MultiVectorEncoder, SentenceTransformer

    from pipeline.embedding.batching import Batches
    from pipeline.embedding.screenshots import LateInteractionEmbedder, ScreenshotEmbedder
    from pipeline.embedding.sources import KINDS, load, locate
    from pipeline.embedding.visual_model import VisualModel

    source = locate(settings.page_model, SETTING, download=settings.download)
    source.require("one", "many")
    kind = settings.page_vectors if settings.page_vectors != "auto" else source.kind or "one"
    if source.kind in ("one", "many") and kind != source.kind:
        raise ConfigError(
            f"embedding.page_vectors = {kind!r}: {source.name} gives {KINDS[source.kind]}; leave the setting at 'auto'"
        )
    model: Any = load(MultiVectorEncoder if kind == "many" else SentenceTransformer, source, settings)
    visual = VisualModel(
        model,
        source,
        pixels=settings.page_pixels,
        question_prompt=settings.page_question_prompt,
        page_prompt=settings.page_prompt,
    )
    batches = Batches(settings.page_batch, str(model.device), "embedding.page_pixels")
    dimension, options = settings.page_dimension, page_options(settings)
    if kind == "many":
        return LateInteractionEmbedder(visual, batches, dimension, options, pooling=settings.page_pooling), model
    if settings.page_pooling > 1:
        raise ConfigError(f"embedding.page_pooling = {settings.page_pooling:g}: {source.name} gives one vector a page")
    return ScreenshotEmbedder(visual, batches, dimension, options), model


def page_options(settings: EmbeddingSection) -> str:
    """What else decides a page's vectors, for the manifest."""
    from pipeline.embedding.sources import stamp

    return stamp(
        settings.page_dimension,
        pixels=settings.page_pixels,
        question_prompt=settings.page_question_prompt,
        page_prompt=settings.page_prompt,
        pooling=settings.page_pooling if settings.page_pooling > 1 else None,
    )


def _refuse_page_settings(settings: EmbeddingSection) -> None:
    """Settings of a model that looks at pictures mean nothing to one that reads regions."""
    for name in ("page_dimension", "page_question_prompt", "page_prompt"):
        if getattr(settings, name):
            raise ConfigError(f"embedding.{name} needs a page_model that looks at pictures, not {REGIONS!r}")
    if settings.page_pooling > 1:
        raise ConfigError(f"embedding.page_pooling needs a page_model of many vectors, not {REGIONS!r}")
    if settings.page_vectors == "one":
        raise ConfigError(f"embedding.page_vectors = 'one': page_model {REGIONS!r} gives many")
