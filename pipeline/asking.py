"""A question whose parts have their pages: answered as a stream, timed as a whole, and logged with its evidence."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from pipeline.answering.base import Answerer, AnswerEvent, AnswerReady, TextDelta
from pipeline.errors import RectoError
from pipeline.results import Answer, FoundPart, PageHit, PageRef, SearchResult
from pipeline.stored_answers import to_json
from pipeline.stores.history import History

if TYPE_CHECKING:
    from PIL import Image


def ask_stream(
    answerer: Callable[[], Answerer],
    question: str,
    find: Callable[[], Sequence[FoundPart]],
    history: History,
    settings_hash: str,
    picture: Image.Image | None = None,
) -> Iterator[AnswerEvent]:
    """The answerer's events; the last carries the seconds of retrieval too and is in the log before it is sent.

    `find` gives what was found for each part of the question, one part for a question that is whole. Whatever fails,
    searching, loading a model or answering, is in the log too, with what had been written until then. `picture` belongs
    to the question; its size is in the log.
    """
    hits: tuple[PageHit, ...] = ()
    started, written = time.perf_counter(), ""
    try:
        parts = find()
        found = [part.found for part in parts]
        hits = best_of_all(found)
        for event in answerer().stream(question, hits, parts if len(parts) > 1 else (), picture):
            if isinstance(event, TextDelta):
                written += event.text
            elif isinstance(event, AnswerReady):
                answer = replace(event.answer, seconds={**summed(found), **event.answer.seconds})
                log_answer(history, question, answer, settings_hash, picture)
                event = AnswerReady(answer)
            yield event
    except RectoError as error:
        seconds = time.perf_counter() - started
        log_failure(history, question, error, settings_hash, hits, seconds, written, picture)
        raise


def log_answer(
    history: History, question: str, answer: Answer, settings_hash: str, picture: Image.Image | None = None
) -> None:
    """Put an answer with its evidence into the question log."""
    stored = to_json(answer, **_size(picture))
    history.log_question("ask", question, stored, settings_hash, sum(answer.seconds.values()))


def log_failure(
    history: History,
    question: str,
    error: RectoError,
    settings_hash: str,
    hits: Sequence[PageHit] = (),
    seconds: float = 0.0,
    written: str = "",
    picture: Image.Image | None = None,
) -> None:
    """Put into the log what went wrong, what had been written, and from which pages (so that it goes when they go)."""
    pages = [asdict(hit.ref) for hit in hits]
    stored = json.dumps({"error": str(error), "text": written, "pages": pages, **_size(picture)}, ensure_ascii=False)
    history.log_question("ask", question, stored, settings_hash, seconds)


def _size(picture: Image.Image | None) -> dict[str, tuple[int, int]]:
    """What the log says of a picture that belonged to the question."""
    return {"picture": picture.size} if picture is not None else {}


def log_step(history: History, question: str, step: FoundPart, settings_hash: str) -> None:
    """Put into the log what was searched for on the way to an answer, and the pages it found."""
    stored = json.dumps({"of": question, "pages": [asdict(hit.ref) for hit in step.found.hits]}, ensure_ascii=False)
    history.log_question("step", step.question, stored, settings_hash, sum(step.found.seconds.values()))


def best_of_all(parts: Sequence[SearchResult]) -> tuple[PageHit, ...]:
    """The parts' pages in turn, each once, as many as the longest part has."""
    return in_turn(parts)[: max((len(part.hits) for part in parts), default=0)]


def in_turn(parts: Sequence[SearchResult]) -> tuple[PageHit, ...]:
    """All pages of the parts, the best of each first, each once."""
    hits: dict[PageRef, PageHit] = {}
    for hit in chain.from_iterable(zip_longest(*(part.hits for part in parts))):
        if hit is not None:
            hits.setdefault(hit.ref, hit)
    return tuple(hits.values())


def summed(parts: Sequence[SearchResult]) -> dict[str, float]:
    """Seconds of all parts by stage."""
    stages = dict.fromkeys(stage for part in parts for stage in part.seconds)
    return {stage: sum(part.seconds.get(stage, 0.0) for part in parts) for stage in stages}
