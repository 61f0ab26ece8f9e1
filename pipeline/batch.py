"""Many questions: searched one after another, answered side by side, so that a model never waits for the next one.

Owns the order of work. Searching is for one thread; what is found goes to the model's threads (an endpoint) or in waves
to its engine (vLLM) while the next questions are searched. A wave is what has gathered when the engine is free, at most
`answer.wave`. What fails costs one question.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from pipeline.answering.base import Answerer
from pipeline.answering.llm import LlmAnswerer
from pipeline.asking import best_of_all, log_answer, log_failure, summed
from pipeline.errors import ConfigError, RectoError
from pipeline.results import Answer, FoundPart, PageHit
from pipeline.stores.history import History

AHEAD = 2
"""Waves found ahead for every one that is being answered."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what was found for it, or why nothing could be."""

    question_id: str | int | None
    question: str
    found: tuple[FoundPart, ...] | RectoError


def ask_all(
    answerer: Answerer,
    questions: Iterable[tuple[str | int | None, str]],
    find: Callable[[str], tuple[FoundPart, ...]],
    history: History,
    settings_hash: str,
) -> Iterator[tuple[str | int | None, Answer | RectoError]]:
    """The answer, or what went wrong, for each (id, question), in order and in the log; the model is kept busy.

    Raises `ConfigError`, which would be the same for every question.
    """

    def found() -> Iterator[Asked]:
        for question_id, question in questions:
            try:
                yield Asked(question_id, question, find(question))
            except RectoError as error:
                yield Asked(question_id, question, error)

    for asked, answer in answer_all(found(), answerer):
        if isinstance(answer, RectoError):
            log_failure(history, asked.question, answer, settings_hash)
            if isinstance(answer, ConfigError):
                raise answer
        else:
            log_answer(history, asked.question, answer, settings_hash)
        yield asked.question_id, answer


def answer_all(asked: Iterable[Asked], answerer: Answerer) -> Iterator[tuple[Asked, Answer | RectoError]]:
    """Each question with its answer or its error, in the order asked. `asked` is consumed as answers are made."""
    if isinstance(answerer, LlmAnswerer):
        yield from _side_by_side(asked, answerer)
        return
    for one in asked:  # quoting computes with the models that search: side by side would gain nothing
        yield one, _in_turn(one, answerer)


def _in_turn(one: Asked, answerer: Answerer) -> Answer | RectoError:
    if isinstance(one.found, RectoError):
        return one.found
    try:
        answer = answerer.answer(one.question, _hits(one), one.found if len(one.found) > 1 else ())
    except RectoError as error:
        return error
    return _timed(one.found, answer)


def _side_by_side(asked: Iterable[Asked], answerer: LlmAnswerer) -> Iterator[tuple[Asked, Answer | RectoError]]:
    """A model with nothing to do is given what there is; while it writes, the next wave gathers."""
    waiting: deque[tuple[Sequence[Asked], Future[list[Answer | RectoError]]]] = deque()
    gathered: list[Asked] = []
    pool = ThreadPoolExecutor(answerer.parallel, thread_name_prefix="answering")
    try:
        for one in asked:
            gathered.append(one)
            idle = sum(not future.done() for _, future in waiting) < answerer.parallel
            if idle or len(gathered) >= answerer.wave:
                waiting.append((gathered, pool.submit(_answer, answerer, gathered)))
                gathered = []
            while waiting and (len(waiting) > AHEAD * answerer.parallel or waiting[0][1].done()):
                yield from _ended(*waiting.popleft())
        if gathered:
            waiting.append((gathered, pool.submit(_answer, answerer, gathered)))
        while waiting:
            yield from _ended(*waiting.popleft())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _answer(answerer: LlmAnswerer, wave: Sequence[Asked]) -> list[Answer | RectoError]:
    found = [one for one in wave if not isinstance(one.found, RectoError)]
    answers = iter(answerer.answer_many([(one.question, _hits(one)) for one in found]))
    return [one.found if isinstance(one.found, RectoError) else next(answers) for one in wave]


def _hits(one: Asked) -> tuple[PageHit, ...]:
    assert not isinstance(one.found, RectoError)
    return best_of_all([part.found for part in one.found])


def _ended(
    wave: Sequence[Asked], future: Future[list[Answer | RectoError]]
) -> Iterator[tuple[Asked, Answer | RectoError]]:
    for one, answer in zip(wave, future.result(), strict=True):
        if isinstance(answer, Answer) and not isinstance(one.found, RectoError):
            answer = _timed(one.found, answer)
        yield one, answer


def _timed(found: Sequence[FoundPart], answer: Answer) -> Answer:
    return replace(answer, seconds={**summed([part.found for part in found]), **answer.seconds})
