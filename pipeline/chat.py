"""A conversation over a library: messages made to stand alone, each turn stored, so that it can be taken up again.

Owns the order of a turn: understand, store, answer, store. A turn is in the library before its answer is begun, so that
a run that is killed loses no question. Never searches itself, and draws nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pipeline.answering.base import AnswerEvent, AnswerReady
from pipeline.dialogue import Dialogue, Reads, Understood, by_rules
from pipeline.errors import RectoError
from pipeline.questions import check_question
from pipeline.results import Answer
from pipeline.stored_answers import from_json, to_json
from prompts.loader import load

if TYPE_CHECKING:
    from pipeline import Library
    from pipeline.config import Mode
    from pipeline.stores.history import History, Turn

State = Literal["answered", "interrupted", "failed", "removed"]
"""`removed`: the answer cited a document that is no longer in the library, and went with it."""

_BEGUN = json.dumps({"interrupted": True})


@dataclass(frozen=True, slots=True)
class Standalone:
    """The question as it is searched, and what is read for it; sent first in every turn."""

    question: str
    reads: Reads = "pages"
    by: Literal["rules", "model"] = "rules"


ChatEvent = Standalone | AnswerEvent


@dataclass(frozen=True, slots=True)
class PastTurn:
    """A stored exchange. `answer` has its evidence; None unless the turn was answered. `error`: why it failed."""

    question: str
    standalone: str
    state: State
    answer: Answer | None = None
    error: str = ""

    @property
    def text(self) -> str:
        """The answer's text; empty where there is none."""
        return self.answer.text if self.answer else ""


class Conversation:
    """A stored conversation; without `session` a new one, which is stored with its first turn.

    `session` is an id, an unambiguous beginning of one, or `last` (`InputError` otherwise).
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
        return [_past(turn) for turn in self._history.turns(self.session_id)] if self.session_id else []

    def ask(self, question: str) -> Iterator[ChatEvent]:
        """One turn: the standalone question, then the answer's events. Stored before the last event is sent."""
        question = check_question(question)
        turns = self.turns()
        understood = self._understand(question, turns)
        yield Standalone(understood.question, understood.reads, understood.by)
        self.session_id = self.session_id or self._history.start_session()
        ordinal = self._history.add_turn(self.session_id, question, understood.question, _BEGUN)
        try:
            for event in self._events(understood, turns):
                if isinstance(event, AnswerReady):
                    self._history.set_answer(self.session_id, ordinal, to_json(event.answer))
                    if self._by_model:
                        self._dialogue.add([(question, event.answer.text)])
                yield event
        except RectoError as error:
            failed = json.dumps({"error": str(error)}, ensure_ascii=False)
            self._history.set_answer(self.session_id, ordinal, failed)
            raise

    def _understand(self, question: str, turns: list[PastTurn]) -> Understood:
        previous = turns[-1].standalone if turns else None
        return self._dialogue.understand(question, previous) if self._by_model else by_rules(question, previous)

    def _events(self, understood: Understood, turns: list[PastTurn]) -> Iterator[AnswerEvent]:
        earlier = next((turn.answer for turn in reversed(turns) if turn.answer and turn.answer.context.pages), None)
        if understood.reads == "nothing":
            yield from self._dialogue.reply(understood.question) if self._by_model else _nothing(understood.question)
        elif understood.reads == "earlier" and earlier is not None:
            yield from self._library.ask_stream(understood.question, pages=earlier.context.pages)
        else:
            yield from self._library.ask_stream(understood.question, k=self._k, mode=self._mode, filters=self._filters)

    @property
    def _by_model(self) -> bool:
        settings = self._library.settings
        wanted = settings.chat.rewrite
        return wanted == "model" or (wanted == "auto" and settings.answer.answerer != "extractive")

    @cached_property
    def _dialogue(self) -> Dialogue:
        past = [(turn.question, turn.text) for turn in self.turns()]
        return Dialogue(self._library.generator, self._library.settings.chat.memory_tokens, past)


def _nothing(question: str) -> Iterator[AnswerEvent]:
    yield AnswerReady(Answer(question, load("chat_nothing_to_search").text, abstained=False))


def _past(turn: Turn) -> PastTurn:
    if not turn.answer:
        return PastTurn(turn.question, turn.standalone_question, "removed")
    stored = json.loads(turn.answer)
    if "error" in stored:
        return PastTurn(turn.question, turn.standalone_question, "failed", error=stored["error"])
    if stored.get("interrupted"):
        return PastTurn(turn.question, turn.standalone_question, "interrupted")
    return PastTurn(turn.question, turn.standalone_question, "answered", from_json(turn.answer))
