"""Many questions to an engine that takes several at once: it is never left waiting for a wave to be full."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from llama_index.core.llms import ChatMessage, ChatResponse

from pipeline.answering.llm import LlmAnswerer
from pipeline.batch import Asked, answer_all, ask_all
from pipeline.config import AnswerSection
from pipeline.errors import ConfigError, InputError, ModelError, RectoError
from pipeline.generation.endpoint import endpoint_generator
from pipeline.results import Answer, FoundPart, SearchResult
from tests.answering.pages import hit

WAVE, QUESTIONS = 4, 11


def test_the_first_question_is_answered_at_once_and_waves_gather_behind_it() -> None:
    sizes: list[int] = []
    enough = threading.Event()

    def chat_many(
        conversations: Sequence[Sequence[ChatMessage]], options: Sequence[Mapping[str, Any]]
    ) -> list[ChatResponse | Exception]:
        sizes.append(len(conversations))
        assert enough.wait(30)  # the first takes until the others are found
        return [ChatResponse(message=ChatMessage(role="assistant", content="Nine [1].")) for _ in conversations]

    def found() -> Iterator[Asked]:
        for number in range(QUESTIONS):
            part = FoundPart("q", SearchResult("q", (hit(["Norrhavn owns nine ferries."]),)))
            if number == 2 * WAVE:
                enough.set()
            yield Asked(number, f"Is it {number}?", (part,))

    settings = AnswerSection(url="http://127.0.0.1:9/v1", model="m", image_tokens=0)
    generator = replace(endpoint_generator(settings), chat_many=chat_many, wave=WAVE, parallel=1)
    answers = list(answer_all(found(), LlmAnswerer(generator, settings)))
    assert [asked.question_id for asked, _ in answers] == list(range(QUESTIONS))
    assert all(isinstance(answer, Answer) and answer.text == "Nine." for _, answer in answers)
    assert sizes[:2] == [1, WAVE] and sum(sizes) == QUESTIONS and max(sizes) == WAVE


def test_a_wave_that_fails_costs_its_own_questions() -> None:
    calls = 0

    def chat_many(
        conversations: Sequence[Sequence[ChatMessage]], options: Sequence[Mapping[str, Any]]
    ) -> list[ChatResponse | Exception]:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ModelError("the engine is out of memory")
        return [ChatResponse(message=ChatMessage(role="assistant", content="Nine [1].")) for _ in conversations]

    part = FoundPart("q", SearchResult("q", (hit(["Norrhavn owns nine ferries."]),)))
    settings = AnswerSection(url="http://127.0.0.1:9/v1", model="m", image_tokens=0)
    generator = replace(endpoint_generator(settings), chat_many=chat_many, wave=2, parallel=1)
    asked = [Asked(number, "How many?", (part,)) for number in range(7)]
    answers = [answer for _, answer in answer_all(iter(asked), LlmAnswerer(generator, settings))]
    failed = [answer for answer in answers if isinstance(answer, ModelError)]
    assert len(answers) == 7 and 1 <= len(failed) <= 2 and "out of memory" in str(failed[0])


class Log:
    """What would be in the library's question log."""

    def __init__(self) -> None:
        self.questions: list[str] = []

    def log_question(self, command: str, question: str, answer: str, *rest: object) -> None:
        self.questions.append(question)


def all_of(questions: Sequence[str], log: Log, **budget: int) -> Iterator[tuple[str | int | None, Answer | RectoError]]:
    def chat_many(conversations: Sequence[Sequence[ChatMessage]], options: object) -> list[ChatResponse | Exception]:
        return [ChatResponse(message=ChatMessage(role="assistant", content="Nine [1].")) for _ in conversations]

    def find(question: str) -> tuple[FoundPart, ...]:
        words = "freight " * (2_000 if "much" in question else 2)
        return (FoundPart(question, SearchResult(question, (hit([words]),))),)

    settings = AnswerSection(url="http://127.0.0.1:9/v1", model="m", image_tokens=0, **budget)
    generator = replace(endpoint_generator(settings), chat_many=chat_many, wave=2, parallel=1)
    return ask_all(LlmAnswerer(generator, settings), enumerate(questions), find, log, "hash")  # type: ignore[arg-type]


def test_a_piece_too_large_for_the_budget_costs_its_own_question() -> None:
    log, questions = Log(), ["How many?", "How much?", "How long?"]
    answers = [answer for _, answer in all_of(questions, log, context_tokens=1_500, output_tokens=64)]
    assert [type(answer) for answer in answers] == [Answer, InputError, Answer]
    assert "raise it to at least" in str(answers[1]) and log.questions == questions


def test_a_budget_that_holds_no_question_at_all_ends_them() -> None:
    with pytest.raises(ConfigError, match="cannot hold"):
        list(all_of(["How many?", "How much?"], Log(), context_tokens=256, output_tokens=200))
