"""What a response of any LlamaIndex integration says beside its words: the tokens it took, and how it ended.

Owns where integrations put these. Loads no library, and judges no reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llama_index.core.llms import ChatResponse

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_REASONS = ("finish_reason", "done_reason", "stop_reason")
"""As OpenAI's protocol and the models in this process call it, Ollama, and Anthropic."""
_AT_LIMIT = ("length", "max_tokens")


def token_usage(response: ChatResponse) -> dict[str, int]:
    """Token counts; those that nobody tells are left out."""
    counts = dict(response.additional_kwargs or {})
    reported = getattr(response.raw, "usage", None)
    counts |= {name: getattr(reported, name) for name in _COUNTS if hasattr(reported, name)}
    return {name: int(counts[name]) for name in _COUNTS if isinstance(counts.get(name), int)}


def finish_reason(response: ChatResponse) -> str | None:
    """Why the model wrote no further; None where the response, or this event of a stream, does not say."""
    told = [response.raw, *(_value(response.raw, "choices") or ())]
    found = (_value(one, name) for one in told for name in _REASONS)
    return next((str(reason) for reason in found if reason is not None), None)


def was_cut_off(response: ChatResponse) -> bool:
    """Whether the reply ended where the limit of tokens is, and not where the model would have ended it."""
    return finish_reason(response) in _AT_LIMIT


def _value(told: Any, name: str) -> Any:
    return told.get(name) if isinstance(told, Mapping) else getattr(told, name, None)
