"""What a message of a conversation asks, and what must be read for it: by rules, or by the model that answers.

Owns that decision and the memory it rests on. Never searches, and stores nothing. Whatever a model says, no number of
the user's own message is lost: a rewriting that drops one is not believed, and the rules decide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pipeline.answering.base import AnswerEvent, AnswerReady, TextDelta
from pipeline.followup import standalone_question
from pipeline.generation.endings import token_usage, was_cut_off
from pipeline.questions import MOST_CHARACTERS
from pipeline.results import Answer
from prompts.loader import load

if TYPE_CHECKING:
    from llama_index.core.memory import Memory

    from pipeline.generation.base import Generator

Reads = Literal["pages", "earlier", "nothing"]
"""Pages that are searched for, those of the answer before, or none."""

_COURTESY = re.compile(
    r"\W*(?:(?:ok(?:ay)?|great|good|fine|perfect|nice|hello|hi|hey|good (?:morning|day|evening)|bye|goodbye|thanks|"
    r"thank you|thx|cheers|got it|i see|that is all|that's all)(?: (?:so|very|much|a lot|again|there|all))*\W*)+",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"\W*(?:(?:please|can you|could you|and) )*(?:"
    r"(?:say|repeat|quote|show)(?: me)?(?: (?:that|it|this))?(?: (?:again|once more|exactly|literally|word for word))?|"
    r"again|once more|where does it say (?:so|that|this)|(?:on )?which page (?:is|was) (?:that|it|this)(?: on)?|"
    r"are you sure|what does it say(?: exactly)?"
    r")(?:\W+please)?\W*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Understood:
    """A message as it can be understood by itself, what must be read for it, and who said so."""

    question: str
    reads: Reads
    by: Literal["rules", "model"] = "rules"


def is_courtesy(message: str) -> bool:
    """Whether the message says nothing that could be asked about: thanks, greetings."""
    return _COURTESY.fullmatch(message) is not None


def by_rules(message: str, previous: str | None) -> Understood:
    """Without a model. `previous`: the question before, standing alone; None at the beginning."""
    if is_courtesy(message):
        return Understood(message, "nothing")
    if previous and _AGAIN.fullmatch(message):
        return Understood(previous, "earlier")
    return Understood(standalone_question(message, previous), "pages")


class Dialogue:
    """A conversation as a model sees it: LlamaIndex's memory, cut to `tokens` from the front."""

    def __init__(self, generator: Generator, tokens: int, past: Sequence[tuple[str, str]]) -> None:
        """`past`: (message, answer) pairs, oldest first."""
        from llama_index.core.memory import Memory

        count = generator.costs.text
        self._generator = generator
        self._memory: Memory = Memory.from_defaults(
            token_limit=tokens,
            chat_history_token_ratio=1.0,
            token_flush_size=max(1, tokens // 10),
            tokenizer_fn=lambda text: [None] * count(text),
        )
        self.add(past)

    def add(self, turns: Sequence[tuple[str, str]]) -> None:
        """Remember what was said."""
        from llama_index.core.llms import ChatMessage

        said = [
            ChatMessage(role=role, content=text)
            for message, answer in turns
            for role, text in (("user", message), ("assistant", answer))
            if text
        ]
        if said:  # LlamaIndex's memory refuses to be told nothing
            self._memory.put_messages(said)

    def understand(self, message: str, previous: str | None) -> Understood:
        """What the model says of the message; what the rules say where it says nothing that can be believed."""
        from llama_index.core.llms import ChatMessage

        otherwise = by_rules(message, previous)
        said = self._memory.get()
        if not said or otherwise.reads == "nothing":
            return otherwise
        turn = load("chat_turn")
        dialogue = "\n".join(turn.render(speaker=one.role.value, text=_one_line(one.content)) for one in said)
        prompt = load("chat_understand").render(dialogue=dialogue, question=message)
        reply = self._generator.reply(ChatMessage(role="user", content=prompt))
        return _read(reply, message) or otherwise

    def reply(self, message: str) -> Iterator[AnswerEvent]:
        """The model's reply to what needs no page, from the conversation alone. Raises `ModelError`."""
        from llama_index.core.llms import ChatMessage

        asked = [
            ChatMessage(role="system", content=load("chat_system").text),
            *self._memory.get(),
            ChatMessage(role="user", content=message),
        ]
        text, cut_off = "", False
        usage: dict[str, int] = {}
        for response in self._generator.stream(asked):
            usage.update(token_usage(response))
            cut_off = cut_off or was_cut_off(response)
            if response.delta:
                text += response.delta
                yield TextDelta(response.delta)
        if not text.strip():
            raise self._generator.answered_nothing()
        yield AnswerReady(Answer(message, " ".join(text.split()), abstained=False, usage=usage, cut_off=cut_off))


def _read(reply: str, message: str) -> Understood | None:
    """The decision in a model's reply; None where there is none, or where it lost a number of the message."""
    found = re.search(r"\{.*\}", reply, re.DOTALL)
    try:
        values = json.loads(found[0]) if found else None
    except ValueError:
        return None
    if not isinstance(values, dict) or not isinstance(values.get("question"), str):
        return None
    question = " ".join(values["question"].split())
    lost = set(re.findall(r"\d+", message)) - set(re.findall(r"\d+", question))
    if not question or lost or len(question) > MOST_CHARACTERS:
        return None
    reads: Reads = values["read"] if values.get("read") in ("earlier", "nothing") else "pages"
    return Understood(question, reads, "model")


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
