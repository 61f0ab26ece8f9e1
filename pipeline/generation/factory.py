"""Makes the generator that the settings name. Owns the choice; loads only what is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.config import AnswerSection
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.generation.base import Generator


def make_generator(settings: AnswerSection) -> Generator:
    """The model of `settings.answerer`. Raises `ConfigError` or `ModelError` when it cannot be had."""
    if settings.answerer == "transformers":
        from pipeline.generation.transformers_llm import transformers_generator

        return transformers_generator(settings)
    if settings.answerer == "vllm":
        from pipeline.generation.vllm_llm import vllm_generator

        return vllm_generator(settings)
    if settings.answerer == "llm":
        from pipeline.generation.named import named_generator

        return named_generator(settings)
    if settings.answerer == "extractive" and not (settings.url and settings.model):
        raise ConfigError("no model is configured: set answer.answerer to endpoint, transformers, vllm or llm")
    from pipeline.generation.endpoint import endpoint_generator

    return endpoint_generator(settings)
