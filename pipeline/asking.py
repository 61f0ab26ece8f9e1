"""A question whose parts have their pages: answered as a stream, timed as a whole, and logged with its evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import chain, zip_longest

from pipeline.answering.base import Answerer, AnswerEvent, AnswerReady
from pipeline.results import FoundPart, PageHit, PageRef, SearchResult
from pipeline.stores.history import History


def ask_stream(
    answerer: Answerer,
    question: str,
    parts: Sequence[FoundPart],
    history: History,
    settings_hash: str,
) -> Iterator[AnswerEvent]:
    """The answerer's events; the last carries the seconds of retrieval too and is in the log before it is sent.

    `parts`: what was found for each part of the question; one for a question that is whole.
    """
    found = [part.found for part in parts]
    events = answerer.stream(question, best_of_all(found), parts if len(parts) > 1 else ())
    for event in events:
        if isinstance(event, AnswerReady):
            answer = replace(event.answer, seconds={**_summed(found), **event.answer.seconds})
            stored = json.dumps(asdict(answer), ensure_ascii=False)
            history.log_question("ask", question, stored, settings_hash, sum(answer.seconds.values()))
            event = AnswerReady(answer)
        yield event


def best_of_all(parts: Sequence[SearchResult]) -> tuple[PageHit, ...]:
    """The parts' pages in turn, each once, as many as the longest part has."""
    hits: dict[PageRef, PageHit] = {}
    for hit in chain.from_iterable(zip_longest(*(part.hits for part in parts))):
        if hit is not None:
            hits.setdefault(hit.ref, hit)
    return tuple(hits.values())[: max((len(part.hits) for part in parts), default=0)]


def _summed(parts: Sequence[SearchResult]) -> dict[str, float]:
    stages = dict.fromkeys(stage for part in parts for stage in part.seconds)
    return {stage: sum(part.seconds.get(stage, 0.0) for part in parts) for stage in stages}
