"""Answers with any LlamaIndex `LLM`: one chat message of text and image blocks, the question last.

Owns the message, the reading of the reply and the stream of events. Which model, and how it is reached, is decided by
whoever makes the `LLM` (`endpoint.py` for an OpenAI-compatible URL).
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.answering.abstention import abstention, is_abstention, is_agreed_sentence
from pipeline.answering.base import AnswerEvent, AnswerReady, ClaimReady, TextDelta
from pipeline.answering.claims import Statement, build_claim, plain, split_reply
from pipeline.answering.tokens import CountTokens, estimate_tokens
from pipeline.config import AnswerSection
from pipeline.context import MixedContext, PictureSource, build_context
from pipeline.errors import ModelError
from pipeline.results import Answer, Claim, FoundPart, PageHit

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage
    from PIL import Image

Explain = Callable[[Exception], ModelError]
"""Turns what an LLM library raised into one line that says what to do."""

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


class LlmAnswerer:
    """Answers by a model that reads page texts and page pictures."""

    def __init__(
        self,
        llm: LLM,
        settings: AnswerSection,
        pictures: PictureSource | None = None,
        count_tokens: CountTokens = estimate_tokens,
        explain: Explain | None = None,
    ) -> None:
        self._llm, self._settings, self._pictures, self._count = llm, settings, pictures, count_tokens
        self._explain = explain or self._explain_any

    def answer(self, question: str, hits: Sequence[PageHit], parts: Sequence[FoundPart] = ()) -> Answer:
        """Raises `ModelError` when the model cannot be used or answers nothing."""
        started = time.perf_counter()
        context = self._context(question, hits)
        if context is None:
            return abstention(question)
        try:
            response = self._llm.chat(messages(context))
            reply, usage = response.message.content or "", token_usage(response)
        except Exception as error:  # every integration raises the errors of its own library
            raise self._explain(error) from error
        return self._finish(context, reply, _claims(reply, context), usage, started)

    def stream(self, question: str, hits: Sequence[PageHit], parts: Sequence[FoundPart] = ()) -> Iterator[AnswerEvent]:
        """Text as the model writes it; each claim once it has ended; the answer. Raises like `answer`."""
        started = time.perf_counter()
        context = self._context(question, hits)
        if context is None:
            yield AnswerReady(abstention(question))
            return
        reply, read = "", 0
        claims: list[Claim] = []
        usage: dict[str, int] = {}
        for delta, counts in self._deltas(context):
            usage.update(counts)
            reply += delta
            if delta:
                yield TextDelta(delta)
            ended = _ended(reply[read:])
            for statement, _ in ended:
                if not is_agreed_sentence(statement.text):
                    claims.append(build_claim(statement, context.pieces))
                    yield ClaimReady(claims[-1])
            read += ended[-1][1] if ended else 0
        rest = _claims(reply[read:], context)
        answer = self._finish(context, reply, (*claims, *rest), usage, started)
        for claim in rest:
            yield ClaimReady(claim)
        yield AnswerReady(answer)

    def _context(self, question: str, hits: Sequence[PageHit]) -> MixedContext | None:
        """What the model is shown, or None when there is nothing to show."""
        context = build_context(question, hits, self._settings, self._count, self._pictures) if hits else None
        return context if context is not None and context.pages else None

    def _deltas(self, context: MixedContext) -> Iterator[tuple[str, dict[str, int]]]:
        silent = True
        try:
            for response in self._llm.stream_chat(messages(context)):
                silent = False
                yield response.delta or "", token_usage(response)
            if silent:
                raise ValueError("the stream ended without a single event")
        except Exception as error:  # as in `answer`
            raise self._explain(error) from error

    def _finish(
        self, context: MixedContext, reply: str, claims: tuple[Claim, ...], usage: dict[str, int], started: float
    ) -> Answer:
        text = plain(reply)
        if not text:
            raise ModelError(
                f"the model {self._llm.metadata.model_name} answered nothing; "
                f"raise answer.output_tokens ({self._settings.output_tokens}) or try another model"
            )
        seconds = {"answer": time.perf_counter() - started}
        abstained = is_abstention(reply) and not any(claim.citations for claim in claims)
        return Answer(context.question, text, abstained, claims, context.used, usage, seconds)

    def _explain_any(self, error: Exception) -> ModelError:
        lines = str(error).strip().splitlines()
        return ModelError(
            f"the model {self._llm.metadata.model_name} failed: {lines[0] if lines else type(error).__name__}"
        )


def messages(context: MixedContext) -> list[ChatMessage]:
    """The instructions, then one message: each page's text and right after it its picture, and the question last."""
    from llama_index.core.llms import ChatMessage, ImageBlock, MessageRole, TextBlock

    blocks: list[Any] = []
    for page in context.pages:
        blocks.append(TextBlock(text=page.text))
        if page.picture is not None:
            blocks.append(ImageBlock(image=_png(page.picture), image_mimetype="image/png"))
    blocks.append(TextBlock(text=context.closing))
    return [
        ChatMessage(role=MessageRole.SYSTEM, content=context.system),
        ChatMessage(role=MessageRole.USER, blocks=blocks),
    ]


def _png(picture: Image.Image) -> bytes:
    """Lossless, so that small print stays legible; level 1, because the receiver is near and time matters more."""
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def _claims(reply: str, context: MixedContext) -> tuple[Claim, ...]:
    return tuple(
        build_claim(statement, context.pieces)
        for statement, _ in split_reply(reply)
        if not is_agreed_sentence(statement.text)
    )


def _ended(reply: str) -> list[tuple[Statement, int]]:
    """Statements that can no longer change: those after which another one has begun. A half-written mark is none."""
    opened = reply.rfind("[")
    if opened > reply.rfind("]"):
        reply = reply[:opened]
    return list(split_reply(reply))[:-1]


def token_usage(response: Any) -> dict[str, int]:
    """Token counts, from where LlamaIndex integrations put them."""
    counts = dict(response.additional_kwargs or {})
    reported = getattr(response.raw, "usage", None)
    counts |= {name: getattr(reported, name) for name in _COUNTS if hasattr(reported, name)}
    return {name: int(counts[name]) for name in _COUNTS if isinstance(counts.get(name), int)}
