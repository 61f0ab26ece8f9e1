"""Any LlamaIndex `LLM`, named by its import path: `answer.llm = "llama_index.llms.ollama:Ollama"`.

Owns the import and the making of the object. What it can do (pictures, streams) is the integration's own affair.
"""

from __future__ import annotations

import importlib

from pipeline.answering.tokens import Costs
from pipeline.config import AnswerSection
from pipeline.errors import ConfigError, first_line
from pipeline.generation.base import Generator, explain_any


def named_generator(settings: AnswerSection) -> Generator:
    """The class of `answer.llm`, made with `answer.options` and, where one is set, `model=answer.model`."""
    from llama_index.core.llms import LLM

    module, colon, name = settings.llm.partition(":")
    if not (module and colon and name):
        raise ConfigError(f"answer.llm: write module:Class, not {settings.llm!r}")
    try:
        kind = getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise ConfigError(f"answer.llm: {module} cannot be imported ({first_line(error)}); pip install it") from error
    except AttributeError:
        raise ConfigError(f"answer.llm: {module} has no {name}") from None
    if not (isinstance(kind, type) and issubclass(kind, LLM)):
        raise ConfigError(f"answer.llm: {settings.llm} is no LlamaIndex LLM")
    options = {**({"model": settings.model} if settings.model else {}), **settings.options}
    try:
        llm = kind(**options)
    except Exception as error:  # whatever the integration raises for its options
        raise ConfigError(f"answer.llm: {settings.llm} refuses answer.options: {first_line(error)}") from error
    costs = Costs.estimated(settings.image_patch)
    return Generator(llm, costs, explain_any(llm.metadata.model_name or settings.llm))
