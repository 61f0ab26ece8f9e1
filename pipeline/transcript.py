"""A conversation as Markdown, for people who were not there: questions, answers, and the places they rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.chat import PastTurn
from pipeline.results import Answer
from pipeline.showing import DOUBTED, escaped

_UNANSWERED = {
    "interrupted": "(interrupted before it was answered)",
    "removed": "(removed with a document that it was made from)",
}


def unanswered(turn: PastTurn) -> str:
    """What stands in the place of an answer that is not there."""
    return f"(failed: {turn.error})" if turn.state == "failed" else _UNANSWERED[turn.state]


def markdown(session_id: str, turns: Sequence[PastTurn], pictures: Mapping[int, str] | None = None) -> str:
    """The whole conversation. Text of documents is escaped, so that it stays text.

    pictures: file names of the pictures that came with turns (0 is the first).
    """
    lines = [f"# Conversation {session_id}", ""]
    for number, turn in enumerate(turns):
        lines += [f"## {escaped(turn.question)}", ""]
        if turn.pictured:
            file = (pictures or {}).get(number)
            lines += [f"![the picture asked about](<{file}>)" if file else "*(with a picture)*", ""]
        if turn.standalone != turn.question:
            lines += [f"*Searched for: {escaped(turn.standalone)}*", ""]
        lines += [*_answer(turn.answer), ""] if turn.answer else [f"*{escaped(unanswered(turn))}*", ""]
    return "\n".join(lines)


def _answer(answer: Answer) -> Iterator[str]:
    if answer.abstained or not answer.claims:
        yield escaped(answer.text)
        yield from _remarks(answer)
        return
    places: dict[tuple[str, str, str], int] = {}
    for claim in answer.claims:
        keys = [(place.name, place.page_label, place.quote) for place in claim.citations]
        marks = dict.fromkeys(places.setdefault(key, len(places) + 1) for key in keys)
        said = "".join(f" \\[{mark}\\]" for mark in marks)
        doubt = "" if claim.supported else f" *{DOUBTED}*"
        yield f"- {escaped(claim.text)}{said}{doubt}"
    yield from _remarks(answer)
    yield ""
    for (name, label, quote), number in places.items():
        yield f"{number}. {escaped(name)}, page {escaped(label)}: “{escaped(quote)}”"


def _remarks(answer: Answer) -> Iterator[str]:
    for remark in answer.remarks:
        yield from ("", f"*{escaped(remark)}*")
