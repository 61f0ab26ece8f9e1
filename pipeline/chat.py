"""A conversation over a library: follow-ups made to stand alone, each turn stored, so that it can be taken up again.

Owns the order of a turn (rewrite, answer, store). Never searches itself, and draws nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pipeline.answering.base import AnswerEvent, AnswerReady
from pipeline.followup import standalone_question
from pipeline.questions import check_question

if TYPE_CHECKING:
    from pipeline import Library
    from pipeline.config import Mode
    from pipeline.stores.history import History


@dataclass(frozen=True, slots=True)
class Standalone:
    """The question as it is searched; sent first in every turn."""

    question: str


ChatEvent = Standalone | AnswerEvent


@dataclass(frozen=True, slots=True)
class PastTurn:
    """A stored exchange. `answer` is its text, empty when a document that it cited has been removed since."""

    question: str
    standalone: str
    answer: str


class Conversation:
    """A stored conversation; without `session` a new one, which is stored with its first turn.

    `session` is an id or an unambiguous beginning of one (`InputError` otherwise).
    """

    def __init__(
        self,
        library: Library,
        history: History,
        session: str | None = None,
        *,
        k: int | None = None,
        mode: Mode | None = None,
        filters: Mapping[str, str] | None = None,
    ) -> None:
        self._library, self._history = library, history
        self._k, self._mode, self._filters = k, mode, filters
        self.session_id = history.resolve_session(session) if session else ""

    def turns(self) -> list[PastTurn]:
        """What has been said so far."""
        stored = self._history.turns(self.session_id) if self.session_id else []
        return [
            PastTurn(turn.question, turn.standalone_question, json.loads(turn.answer)["text"] if turn.answer else "")
            for turn in stored
        ]

    def ask(self, question: str) -> Iterator[ChatEvent]:
        """One turn: the standalone question, then the answer's events. Stored before the last event is sent."""
        question = check_question(question)
        turns = self.turns()
        standalone = standalone_question(question, turns[-1].standalone if turns else None)
        yield Standalone(standalone)
        for event in self._library.ask_stream(standalone, k=self._k, mode=self._mode, filters=self._filters):
            if isinstance(event, AnswerReady):
                self.session_id = self.session_id or self._history.start_session()
                answer = json.dumps(asdict(event.answer), ensure_ascii=False)
                self._history.add_turn(self.session_id, question, standalone, answer)
            yield event
