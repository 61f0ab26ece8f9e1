"""What every generator is: a LlamaIndex `LLM`, what a context costs it, and what its failures mean for the user.

Owns the common part of the models that run in this process. Never builds a message and never reads a reply.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from llama_index.core.base.llms.generic_utils import (
    chat_response_to_completion_response,
    stream_chat_response_to_completion_response,
)
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms import LLM, CustomLLM
from pydantic import PrivateAttr

from pipeline.answering.tokens import Costs
from pipeline.config import AnswerSection
from pipeline.errors import ModelError, RectoError, first_line
from pipeline.generation.endings import finish_reason

Explain = Callable[[Exception], RectoError]
"""Turns what an LLM library raised into one line that says what to do."""

Schema = Mapping[str, Any]
"""A JSON schema that a reply must follow."""

ChatMany = Callable[[Sequence[Sequence[ChatMessage]], Sequence[Mapping[str, Any]]], list[ChatResponse | Exception]]
"""Replies to several conversations at once, each with its own keyword arguments; a failure costs one reply."""


@dataclass(frozen=True, slots=True)
class Generator:
    """A model that writes.

    tells_its_end: whether every whole reply says how it ended, so that a stream without that has broken off; False
    where the library itself makes sure.
    constrain: the keyword arguments of `chat` that hold a reply to a schema; None where the engine cannot.
    wave: conversations that `chat_many` takes at once; 1 without it. parallel: calls that may wait side by side.
    close: gives back what the engine holds.
    """

    llm: LLM
    costs: Costs
    explain: Explain
    constrain: Callable[[Schema], dict[str, Any]] | None = None
    chat_many: ChatMany | None = None
    wave: int = 1
    parallel: int = 1
    close: Callable[[], None] | None = None
    tells_its_end: bool = False

    @contextmanager
    def explained(self) -> Iterator[None]:
        """What the model's library raises within comes out as `explain` puts it."""
        try:
            yield
        except RectoError:
            raise
        except Exception as error:  # every integration raises the errors of its own library
            raise self.explain(error) from error

    def reply(self, *messages: ChatMessage) -> str:
        """What the model says to the conversation, without space around it. Raises `RectoError`, explained."""
        with self.explained():
            return (self.llm.chat(messages).message.content or "").strip()

    def stream(self, messages: Sequence[ChatMessage], **options: Any) -> Iterator[ChatResponse]:
        """The reply as it grows. Raises `RectoError`, explained, also for a reply that breaks off in the middle."""
        silent, ended = True, not self.tells_its_end
        with self.explained():
            for event in self.llm.stream_chat(messages, **options):
                silent, ended = False, ended or finish_reason(event) is not None
                yield event
            if silent:
                raise ValueError("the stream ended without a single event")
        if not ended:
            raise ModelError(
                f"the model {self.llm.metadata.model_name} broke off in the middle of its reply: ask again, and look "
                "at the server's log"
            )

    def answered_nothing(self) -> ModelError:
        """What to raise for a reply without a word."""
        name = self.llm.metadata.model_name
        return ModelError(f"the model {name} answered nothing; raise answer.output_tokens or try another model")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model wrote, and the tokens of the prompt and of the reply.

    finish_reason: `length` where the limit of tokens ended it, another word once it has ended otherwise.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    token_ids: tuple[int, ...] = field(default=(), repr=False)
    finish_reason: str | None = None

    def response(self, delta: str | None = None) -> ChatResponse:
        return ChatResponse(
            message=ChatMessage(role=MessageRole.ASSISTANT, content=self.text),
            delta=delta,
            additional_kwargs={
                "prompt_tokens": self.prompt_tokens,
                "completion_tokens": self.completion_tokens,
                "total_tokens": self.prompt_tokens + self.completion_tokens,
            },
            raw={"token_ids": list(self.token_ids), "finish_reason": self.finish_reason},
        )


class LocalLLM(CustomLLM):
    """A model in this process. Subclasses give `_replies`, which yields the reply as it grows, the whole one last."""

    model: str
    context_tokens: int
    output_tokens: int
    temperature: float
    seed: int
    _turn: Lock = PrivateAttr(default_factory=Lock)  # one model, one reply at a time, whoever asks

    def __init__(self, settings: AnswerSection) -> None:
        super().__init__(
            model=settings.model,
            context_tokens=settings.context_tokens,
            output_tokens=settings.output_tokens,
            temperature=settings.temperature,
            seed=settings.seed,
        )

    @classmethod
    def class_name(cls) -> str:
        return cls.__name__

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            context_window=self.context_tokens,
            num_output=self.output_tokens,
            is_chat_model=True,
            model_name=self.model,
        )

    @abstractmethod
    def _replies(self, messages: Sequence[ChatMessage], options: Mapping[str, Any]) -> Iterator[Reply]: ...

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        with self._turn:
            *_, last = self._replies(messages, kwargs)
        return last.response()

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        read = 0
        with self._turn:
            for reply in self._replies(messages, kwargs):
                yield reply.response(reply.text[read:])
                read = len(reply.text)

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return chat_response_to_completion_response(self.chat([_asked(prompt)], **kwargs))

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        return stream_chat_response_to_completion_response(self.stream_chat([_asked(prompt)], **kwargs))


def _asked(prompt: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.USER, content=prompt)


def explain_any(model: str) -> Explain:
    """For a library of which nothing is known: what it said, on one line."""

    def explain(error: Exception) -> RectoError:
        if isinstance(error, RectoError):
            return error
        return ModelError(f"the model {model} failed: {first_line(error)}")

    return explain
