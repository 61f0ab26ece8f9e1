"""Answers with any LlamaIndex `LLM`: one chat message of text and image blocks, the question last.

Owns the message, the order of asking and reading, and the stream of events. Which model, and how it is reached, is
decided by whoever makes the `Generator` (`pipeline/generation`); how a reply is read, in `replies.py`.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.answering.abstention import abstention
from pipeline.answering.base import AnswerEvent, AnswerReady, ClaimReady, TextDelta
from pipeline.answering.claims import plain
from pipeline.answering.replies import Reading, reading, schema
from pipeline.config import AnswerSection
from pipeline.context import Dropped, MixedContext, PictureSource, Reason, build_context
from pipeline.errors import ConfigError, RectoError
from pipeline.generation.endings import token_usage, was_cut_off
from pipeline.results import Answer, FoundPart, PageHit
from pipeline.screenshots import png_bytes
from prompts.loader import load

if TYPE_CHECKING:
    from llama_index.core.llms import ChatMessage
    from PIL import Image

    from pipeline.generation.base import Generator

log = logging.getLogger(__name__)


class LlmAnswerer:
    """Answers by a model that reads page texts and page pictures."""

    def __init__(self, generator: Generator, settings: AnswerSection, pictures: PictureSource | None = None) -> None:
        self._generator, self._settings, self._pictures = generator, settings, pictures
        self._llm = generator.llm

    @property
    def wave(self) -> int:
        """Questions that `answer_many` answers best at once."""
        return self._generator.wave

    @property
    def parallel(self) -> int:
        """Threads that may ask at once."""
        return self._generator.parallel

    def answer(
        self,
        question: str,
        hits: Sequence[PageHit],
        parts: Sequence[FoundPart] = (),
        picture: Image.Image | None = None,
    ) -> Answer:
        """Raises `ModelError` when the model cannot be used or answers nothing."""
        started = time.perf_counter()
        context = self._context(question, hits, picture)
        if context is None:
            return abstention(question)
        with self._generator.explained():
            response = self._llm.chat(messages(context), **self._options(context))
        return self._finished(context, response, started)

    def answer_many(self, asked: Sequence[tuple[str, Sequence[PageHit]]]) -> list[Answer | RectoError]:
        """`answer` of each (question, hits), in order, all handed to the engine at once where it takes many.

        What fails is that question's error. `seconds` of an answer are its share of the time that all took.
        """
        started = time.perf_counter()
        done: dict[int, Answer | RectoError] = {}
        contexts: dict[int, MixedContext] = {}
        for place, (question, hits) in enumerate(asked):
            try:
                context = self._context(question, hits)
            except RectoError as error:
                done[place] = error
                continue
            if context is None:
                done[place] = abstention(question)
            else:
                contexts[place] = context
        for place, response in zip(contexts, self._chat_many(list(contexts.values())), strict=True):
            try:
                if isinstance(response, Exception):
                    with self._generator.explained():
                        raise response
                done[place] = self._finished(contexts[place], response, started, share=len(contexts))
            except RectoError as error:
                done[place] = error
        return [done[place] for place in range(len(asked))]

    def stream(
        self,
        question: str,
        hits: Sequence[PageHit],
        parts: Sequence[FoundPart] = (),
        picture: Image.Image | None = None,
    ) -> Iterator[AnswerEvent]:
        """Text as the model writes it; each claim once it has ended; the answer. Raises like `answer`."""
        started = time.perf_counter()
        context = self._context(question, hits, picture)
        if context is None:
            yield AnswerReady(abstention(question))
            return
        read = self._reading(context)
        usage: dict[str, int] = {}
        cut_off = False
        for response in self._generator.stream(messages(context), **self._options(context)):
            usage.update(token_usage(response))
            cut_off = cut_off or was_cut_off(response)
            if response.delta:
                yield TextDelta(response.delta)
            yield from map(ClaimReady, read.add(response.delta or ""))
        rest = read.end()
        answer = self._answer(context, read, usage, cut_off, started)
        yield from map(ClaimReady, rest)
        yield AnswerReady(answer)

    def _context(
        self, question: str, hits: Sequence[PageHit], picture: Image.Image | None = None
    ) -> MixedContext | None:
        """What the model is shown, or None when there is nothing to show."""
        if not hits:
            return None
        context = build_context(question, hits, self._settings, self._generator.costs, self._pictures, picture)
        _tell(context.dropped)
        return context if context.pages else None

    def _options(self, context: MixedContext) -> dict[str, Any]:
        """What holds the reply to its form, where the engine can do that."""
        constrain = self._generator.constrain
        if self._settings.form != "claims" or constrain is None:
            return {}
        return constrain(schema(context.pieces))

    def _chat_many(self, contexts: Sequence[MixedContext]) -> Sequence[Any]:
        many = self._generator.chat_many
        asked = [messages(context) for context in contexts]
        options = [self._options(context) for context in contexts]
        if many is not None and contexts:
            try:
                return many(asked, options)
            except ConfigError:  # no further question would fare better
                raise
            except Exception as error:  # the caller explains it, for each question
                return [error] * len(contexts)
        return [self._chat_or_error(*each) for each in zip(asked, options, strict=True)]

    def _chat_or_error(self, asked: list[ChatMessage], options: Mapping[str, Any]) -> Any:
        try:
            return self._llm.chat(asked, **options)
        except Exception as error:  # the caller explains it
            return error

    def _reading(self, context: MixedContext) -> Reading:
        return reading(self._settings.form, context.pieces)

    def _finished(self, context: MixedContext, response: Any, started: float, share: int = 1) -> Answer:
        read = self._reading(context)
        read.add(response.message.content or "")
        read.end()
        return self._answer(context, read, token_usage(response), was_cut_off(response), started, share)

    def _answer(
        self, context: MixedContext, read: Reading, usage: dict[str, int], cut_off: bool, started: float, share: int = 1
    ) -> Answer:
        if not plain(read.reply):
            raise self._generator.answered_nothing()
        seconds = {"answer": (time.perf_counter() - started) / share}
        return Answer(
            context.question,
            read.text,
            read.abstained,
            tuple(read.claims),
            context.used,
            usage,
            seconds,
            unparsed=read.unparsed,
            cut_off=cut_off,
        )


def _tell(dropped: Sequence[Dropped]) -> None:
    """What was found and is not shown: a warning where something went wrong, else told with --debug."""
    within_limits: dict[Reason, list[str]] = defaultdict(list)
    for one in dropped:
        if one.reason is Reason.NO_PICTURE:
            log.warning("the model is not shown %s, %s: %s", one.name, one.reason, one.detail)
        else:
            within_limits[one.reason].append(one.name)
    for reason, names in within_limits.items():
        log.info("the model is not shown %s: %s", ", ".join(names), reason)


def messages(context: MixedContext) -> list[ChatMessage]:
    """The instructions, then one message: each page's text and right after it its picture, and the question last.

    A picture that belongs to the question stands right before it.
    """
    from llama_index.core.llms import ChatMessage, ImageBlock, MessageRole, TextBlock

    blocks: list[Any] = []
    for page in context.pages:
        blocks.append(TextBlock(text=page.text))
        if page.picture is not None:
            blocks.append(ImageBlock(image=png_bytes(page.picture), image_mimetype="image/png"))
    if context.attached is not None:
        blocks.append(TextBlock(text=load("attached_picture").text))
        blocks.append(ImageBlock(image=png_bytes(context.attached), image_mimetype="image/png"))
    blocks.append(TextBlock(text=context.closing))
    return [
        ChatMessage(role=MessageRole.SYSTEM, content=context.system),
        ChatMessage(role=MessageRole.USER, blocks=blocks),
    ]
