"""Plays the scripted conversation over the samples and says, turn by turn, whether the right page was found.

    python bench/dialogue.py [SETTING=VALUE ...]

hit@8: a gold page is among the first eight, which the answerer reads; for the question as it was rewritten and for the
message as typed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipeline import Library
from pipeline.answering.base import AnswerReady
from pipeline.chat import Standalone
from samples.demo import DOCUMENTS

SCRIPT = Path(__file__).parents[1] / "samples" / "dialogue.jsonl"
DEPTH = 8
"""Pages that the default answerer reads."""


@dataclass(frozen=True, slots=True)
class Played:
    """A turn as it went. `hit`: by the rewritten question; `hit_as_typed`: by the message alone."""

    message: str
    kind: str
    gold: frozenset[tuple[str, int]]
    says: str | None
    standalone: str
    reads: str
    answer: str
    abstained: bool
    hit: bool
    hit_as_typed: bool


def play(library: Library) -> list[Played]:
    """All turns of the script in one new conversation."""
    conversation, played = library.chat(), []
    for line in SCRIPT.read_text("utf-8").splitlines():
        turn = json.loads(line)
        gold = frozenset((name, index) for name, index in turn["gold"])
        events = list(conversation.ask(turn["message"]))
        first, last = events[0], events[-1]
        assert isinstance(first, Standalone) and isinstance(last, AnswerReady)
        played.append(
            Played(
                turn["message"],
                turn["kind"],
                gold,
                turn["says"],
                first.question,
                first.reads,
                last.answer.text,
                last.answer.abstained,
                _found(library, first.question, gold),
                _found(library, turn["message"], gold),
            )
        )
    return played


def _found(library: Library, question: str, gold: frozenset[tuple[str, int]]) -> bool:
    hits = library.search(question, k=DEPTH).hits
    return any((hit.name, hit.ref.page_index) in gold for hit in hits)


def main() -> None:
    from pipeline.config import load_settings

    with tempfile.TemporaryDirectory() as folder:
        flags: dict[str, object] = {"library": Path(folder) / "library"}
        for setting in sys.argv[1:]:
            name, _, value = setting.partition("=")
            section, _, key = name.partition(".")
            flags.setdefault(section, {})[key] = value  # type: ignore[index]
        with Library(settings=load_settings(flags)) as library:
            for _ in library.add([Path(DOCUMENTS)]):
                pass
            played = play(library)
    print("| turn | kind | searched as | hit@8 rewritten | as typed | answer |\n|---|---|---|---|---|---|")
    for number, turn in enumerate(played, start=1):
        hits = (str(int(turn.hit)), str(int(turn.hit_as_typed))) if turn.gold else ("", "")
        said = "abstained" if turn.abstained else ("right" if turn.says and turn.says in turn.answer else "")
        print(f"| {number} | {turn.kind} | {turn.standalone} | {hits[0]} | {hits[1]} | {said} |")


if __name__ == "__main__":
    main()
