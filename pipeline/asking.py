"""A question that has its pages: answered as a stream, timed as a whole, and logged with its evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace

from pipeline.answering.base import Answerer, AnswerEvent, AnswerReady
from pipeline.results import SearchResult
from pipeline.stores.history import History


def ask_stream(answerer: Answerer, found: SearchResult, history: History, settings_hash: str) -> Iterator[AnswerEvent]:
    """The answerer's events; the last carries the seconds of retrieval too and is in the log before it is sent."""
    for event in answerer.stream(found.question, found.hits):
        if isinstance(event, AnswerReady):
            answer = replace(event.answer, seconds={**found.seconds, **event.answer.seconds})
            stored = json.dumps(asdict(answer), ensure_ascii=False)
            history.log_question("ask", found.question, stored, settings_hash, sum(answer.seconds.values()))
            event = AnswerReady(answer)
        yield event
