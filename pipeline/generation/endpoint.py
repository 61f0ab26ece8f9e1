"""An OpenAI-compatible server as a LlamaIndex `LLM`: how it is made, and what its failures mean for the user.

Owns the connection. Never builds a message or reads a reply. Nothing is downloaded: without a tokenizer LlamaIndex
counts nothing, and Recto counts for itself.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.answering.tokens import Costs
from pipeline.config import AnswerSection
from pipeline.errors import ConfigError, ModelError, RectoError
from pipeline.generation.base import Generator, Schema

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


def endpoint_generator(settings: AnswerSection) -> Generator:
    """The model at `settings.url`. Opens no connection yet."""
    return Generator(
        endpoint_llm(settings),
        Costs.estimated(settings.image_patch),
        partial(explain, settings=settings),
        constrain=_constrain,
        parallel=settings.parallel,
        tells_its_end=True,
    )


def endpoint_llm(settings: AnswerSection) -> LLM:
    """The LLM itself. Raises `ConfigError` when `answer.url` or `answer.model` is missing or no URL."""
    from llama_index.llms.openai_like import OpenAILike  # type: ignore[import-untyped]
    from openai import OpenAI

    if not settings.model:
        raise ConfigError("answer.model: name the model that the endpoint serves")
    if not settings.url.startswith(("http://", "https://")):
        raise ConfigError(f"answer.url: {settings.url!r} is no URL; write it as http://host:port/v1")
    key = settings.api_key or "none"
    seed = {"seed": settings.seed} if settings.temperature else {}  # some servers refuse it, and greedy needs none
    # The client retries what may pass (408, 409, 429, 5xx, refused connections): each wait twice the one before, half a
    # second to eight, or what the server's Retry-After says.
    client = OpenAI(base_url=settings.url, api_key=key, timeout=settings.timeout, max_retries=settings.retries)
    return OpenAILike(
        model=settings.model,
        api_base=settings.url,
        api_key=key,
        is_chat_model=True,
        context_window=settings.context_tokens,
        max_tokens=settings.output_tokens,
        temperature=settings.temperature,
        timeout=settings.timeout,
        max_retries=0,  # the client retries; LlamaIndex would retry its retries
        openai_client=client,
        additional_kwargs={"stream_options": {"include_usage": True}, **seed},
    )


def _constrain(schema: Schema) -> dict[str, Any]:
    form = {"name": "answer", "schema": dict(schema), "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def explain(error: Exception, settings: AnswerSection) -> RectoError:
    """One line: what failed at which URL, and what to do."""
    import httpx
    import openai

    if isinstance(error, RectoError):
        return error

    where = f"{settings.url} (model {settings.model})"
    said = _said(error)
    if isinstance(error, openai.APITimeoutError):
        return ModelError(f"{where} did not answer in {settings.timeout:g} s; raise answer.timeout or check the server")
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return ModelError(f"{where} broke off in the middle of its reply; look at the server's log and ask again")
    if isinstance(error, httpx.TimeoutException):
        return ModelError(f"{where} fell silent for {settings.timeout:g} s; raise answer.timeout or check the server")
    if isinstance(error, openai.APIConnectionError):
        return ModelError(f"{where} cannot be reached; start the server or correct answer.url")
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return ModelError(f"{where} refused the key; set answer.api_key (RECTO_ANSWER__API_KEY)")
    if isinstance(error, openai.NotFoundError):
        return ModelError(
            f"{where} was not found; check answer.model, and that answer.url ends where /chat/completions begins "
            f"(often /v1){said}"
        )
    if isinstance(error, openai.RateLimitError):
        return ModelError(f"{where} takes no more requests now; wait, or raise the server's limit{said}")
    if isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
        return ModelError(
            f"{where} refused the request; if it reads no pictures set answer.image_tokens to 0, if the context is too "
            f"long lower answer.context_tokens{said}"
        )
    if isinstance(error, openai.APIStatusError):
        return ModelError(f"{where} failed with status {error.status_code}; look at the server's log{said}")
    return ModelError(f"{where} sent no chat completion; check that answer.url is an OpenAI-compatible API{said}")


def _said(error: Exception) -> str:
    """What the server said, on one short line."""
    import openai

    body = getattr(error, "body", None)
    detail = body.get("message") if isinstance(body, dict) else None
    if detail is None and isinstance(error, openai.APIError):
        detail = error.message
    line = " ".join(str(detail or "").split())
    return f": {line[:200]}" if line else ""
