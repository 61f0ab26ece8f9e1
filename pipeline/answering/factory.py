"""Makes the answerer that the settings name. Owns the choice; loads only what is chosen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.answering.base import Answerer
from pipeline.config import AnswerSection
from pipeline.context import PictureSource
from pipeline.embedding.base import TextEmbedder

if TYPE_CHECKING:
    from pipeline.generation.base import Generator


def make_answerer(
    settings: AnswerSection,
    embedder: TextEmbedder,
    generator: Callable[[], Generator],
    pictures: PictureSource | None = None,
    terms: Path | None = None,
) -> Answerer:
    """The answerer of `settings.answerer`; `generator` is called only where a model answers.

    `terms`: the user's own glossary, for quoting.
    """
    if settings.answerer != "extractive":
        from pipeline.answering.llm import LlmAnswerer

        return LlmAnswerer(generator(), settings, pictures)
    from pipeline.answering.extractive import ExtractiveAnswerer
    from pipeline.retrieval.terms import glossary

    return ExtractiveAnswerer(embedder, settings.pages, glossary(terms))
