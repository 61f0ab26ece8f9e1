"""A conversation over a library: messages made to stand alone, each turn stored, so that it can be taken up again.

Owns the order of a turn: understand, store, answer, store. A turn is in the library, with the picture that came with
it, before its answer is begun, so that a run that is killed loses no question. A message that refers to the one before
is asked with that one's picture. Never searches itself, and draws nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pipeline.answering.base import AnswerEvent, AnswerReady
from pipeline.asking import log_failure
from pipeline.dialogue import Dialogue, Reads, Understood, by_rules, is_courtesy
from pipeline.errors import RectoError
from pipeline.picture_questions import asked_with, from_png, to_png
from pipeline.results import Answer
from pipeline.stored_answers import from_json, to_json
from prompts.loader import load

if TYPE_CHECKING:
    from PIL import Image

    from pipeline import Library
    from pipeline.config import Mode
    from pipeline.stores.history import History, Turn

State = Literal["answered", "interrupted", "failed", "removed"]
"""`removed`: the answer cited a document that is no longer in the library, and went with it."""

_BEGUN = json.dumps({"interrupted": True})


@dataclass(frozen=True, slots=True)
class Standalone:
    """The question as it is searched, and what is read for it; sent first in every turn.

    pictured: a picture belongs to it, its own or that of the turn it refers to.
    """

    question: str
    reads: Reads = "pages"
    by: Literal["rules", "model"] = "rules"
    pictured: bool = False


ChatEvent = Standalone | AnswerEvent


@dataclass(frozen=True, slots=True)
class PastTurn:
    """A stored exchange. `answer` has its evidence; None unless the turn was answered. `error`: why it failed.

    pictured: a picture came with the question (`Conversation.picture`).
    """

    question: str
    standalone: str
    state: State
    answer: Answer | None = None
    error: str = ""
    pictured: bool = False

    @property
    def follows(self) -> bool:
        """Whether the message was understood from the one before it."""
        return self.standalone != self.question

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

    def picture(self, turn: int) -> Image.Image | None:
        """The picture that came with a turn (0 is the first), at most 2,048 pixels a side; None without one."""
        stored = self._history.turn_picture(self.session_id, turn)
        return from_png(stored) if stored is not None else None

    def ask(self, question: str = "", picture: Image.Image | None = None) -> Iterator[ChatEvent]:
        """One turn: the standalone question, then the answer's events. Stored before the last event is sent.

        `picture` belongs to the question, or is asked about without one.
        """
        question = asked_with(question, picture)
        turns = self.turns()
        kept = to_png(picture) if picture is not None else None
        try:
            understood = self._understand(question, turns)
        except RectoError as error:
            self._add(question, question, _failed(error), kept)
            log_failure(self._history, question, error, self._library.settings.hash, picture=picture)
            raise
        if picture is not None:
            understood = replace(understood, reads="pages")
        shown = picture or self._picture_meant(understood.question != question, turns)
        yield Standalone(understood.question, understood.reads, understood.by, shown is not None)
        ordinal = self._add(question, understood.question, _BEGUN, kept)
        try:
            for event in self._events(understood, turns, shown):
                if isinstance(event, AnswerReady):
                    self._history.set_answer(self.session_id, ordinal, to_json(event.answer))
                    if self._by_model:
                        self._dialogue.add([(_said(question, picture is not None), event.answer.text)])
                yield event
        except RectoError as error:
            self._history.set_answer(self.session_id, ordinal, _failed(error))
            raise

    def _add(self, question: str, standalone: str, answer: str, picture: bytes | None) -> int:
        """A further turn, in a new session if there is none yet."""
        self.session_id = self.session_id or self._history.start_session()
        return self._history.add_turn(self.session_id, question, standalone, answer, picture)

    def _understand(self, question: str, turns: list[PastTurn]) -> Understood:
        previous = next((turn.standalone for turn in reversed(turns) if not is_courtesy(turn.question)), None)
        return self._dialogue.understand(question, previous) if self._by_model else by_rules(question, previous)

    def _picture_meant(self, follows: bool, turns: list[PastTurn]) -> Image.Image | None:
        """The picture of the message that this one refers to, perhaps by way of others; None without one."""
        for number in reversed(range(len(turns))):
            if is_courtesy(turns[number].question) and not turns[number].pictured:
                continue
            if not follows:
                return None
            if turns[number].pictured:
                return self.picture(number)
            follows = turns[number].follows
        return None

    def _events(
        self, understood: Understood, turns: list[PastTurn], picture: Image.Image | None
    ) -> Iterator[AnswerEvent]:
        earlier = next((turn.answer for turn in reversed(turns) if turn.answer and turn.answer.context.pages), None)
        if understood.reads == "nothing":
            yield from self._dialogue.reply(understood.question) if self._by_model else _nothing(understood.question)
        elif understood.reads == "earlier" and earlier is not None:
            yield from self._library.ask_stream(understood.question, picture=picture, pages=earlier.context.pages)
        else:
            yield from self._library.ask_stream(
                understood.question, picture=picture, k=self._k, mode=self._mode, filters=self._filters
            )

    @property
    def _by_model(self) -> bool:
        settings = self._library.settings
        wanted = settings.chat.rewrite
        return wanted == "model" or (wanted == "auto" and settings.answer.answerer != "extractive")

    @cached_property
    def _dialogue(self) -> Dialogue:
        past = [(_said(turn.question, turn.pictured), turn.text) for turn in self.turns()]
        return Dialogue(self._library.generator, self._library.settings.chat.memory_tokens, past)


def _nothing(question: str) -> Iterator[AnswerEvent]:
    yield AnswerReady(Answer(question, load("chat_nothing_to_search").text, abstained=False))


def _failed(error: RectoError) -> str:
    return json.dumps({"error": str(error)}, ensure_ascii=False)


def _said(question: str, pictured: bool) -> str:
    """A message as the dialogue with a model remembers it."""
    return load("chat_pictured").render(question=question) if pictured else question


def _past(turn: Turn) -> PastTurn:
    def past(state: State, answer: Answer | None = None, error: str = "") -> PastTurn:
        return PastTurn(turn.question, turn.standalone_question, state, answer, error, turn.pictured)

    if not turn.answer:
        return past("removed")
    stored = json.loads(turn.answer)
    if "error" in stored:
        return past("failed", error=stored["error"])
    if stored.get("interrupted"):
        return past("interrupted")
    return past("answered", from_json(turn.answer))
