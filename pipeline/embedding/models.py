"""The embedders that the settings name: who they are, and loading them. Owns the choice, not the models."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.config import EmbeddingSection
from pipeline.embedding.base import EmbedderIdentity, PageEmbedder, TextEmbedder
from pipeline.errors import ConfigError

REGIONS = "regions"


@dataclass(frozen=True)
class Embedders:
    """The text and the page embedder of a library."""

    text: TextEmbedder
    pages: PageEmbedder

    @property
    def identities(self) -> tuple[EmbedderIdentity, EmbedderIdentity]:
        """Text embedder, page embedder."""
        return self.text.identity, self.pages.identity


def identities(settings: EmbeddingSection) -> tuple[EmbedderIdentity, EmbedderIdentity]:
    """What `load_embedders` would identify as, without loading a model where that can be known."""
    from pipeline.embedding.regions import region_identity
    from pipeline.embedding.text import text_identity

    _check(settings)
    text = text_identity(settings)
    return text, region_identity(text)


def load_embedders(settings: EmbeddingSection) -> Embedders:
    """The configured models, ready to use. Raises `ModelError` (weights absent), `ConfigError` (unknown name)."""
    from pipeline.embedding.regions import RegionPageEmbedder
    from pipeline.embedding.text import load_text_embedder

    _check(settings)
    text = load_text_embedder(settings)
    return Embedders(text, RegionPageEmbedder(text))


def _check(settings: EmbeddingSection) -> None:
    if settings.page_model != REGIONS:
        raise ConfigError(f"embedding.page_model {settings.page_model!r} is not known: the page reader is {REGIONS!r}")
