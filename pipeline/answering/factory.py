"""Makes the answerer that the settings name. Owns the choice; loads only what is chosen."""

from __future__ import annotations

from pipeline.answering.base import Answerer
from pipeline.config import AnswerSection
from pipeline.context import PictureSource
from pipeline.embedding.base import TextEmbedder


def make_answerer(settings: AnswerSection, embedder: TextEmbedder, pictures: PictureSource | None = None) -> Answerer:
    """The answerer of `settings.answerer`. Raises `ConfigError` when its settings are incomplete."""
    if settings.answerer == "endpoint":
        from pipeline.answering.endpoint import endpoint_answerer

        return endpoint_answerer(settings, pictures)
    from pipeline.answering.extractive import ExtractiveAnswerer

    return ExtractiveAnswerer(embedder, settings.pages)
