"""The same questions in other words or another language, by a language model; each checked, to be read by hand.

A wording is kept when it still holds every number, name and quoted text of its question and is not the question itself.
One that lost something is asked for once more. What is kept goes to a file that a suite's set names (`wordings`), a
line each: `{"id", "question", "original"}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING

from eval.datasets.reading import add_line, field, json_lines
from eval.errors import EvaluationError
from eval.records import Question
from prompts.loader import load

if TYPE_CHECKING:
    from pipeline.generation.base import Generator

PARAPHRASE = "paraphrase"
_QUOTED = re.compile(r"[\"“„«]([^\"”“»]+)[\"”“»]|(?<!\w)['‘]([^'’]+)['’](?!\w)")
_WORD = re.compile(r"[^\W_](?:[\w&./,:%'’-]*[\w%])?")
_POSSESSIVE = re.compile(r"['’]s?$")
_NO_NAMES = frozenset({"I", "I'm", "I'd", "I've", "I’m", "I’d", "I’ve"})


@dataclass(frozen=True, slots=True)
class Wording:
    """A question in other words, or why there is none: `rejected` says it in a few words."""

    question: Question
    text: str
    rejected: str = ""


def kept_as_written(text: str) -> list[str]:
    """What a wording must hold: quoted texts, words with a digit, and words written as names.

    A name begins with an upper-case letter inside a sentence, or has one inside (PP&E, iPhone).
    """
    quoted = [first or second for first, second in _QUOTED.findall(text)]
    names = []
    for match in _WORD.finditer(text):
        word = _POSSESSIVE.sub("", match[0])
        opens = re.search(r"(^|[.?!:][\"”']?)\s*[\W_]*$", text[: match.start()]) is not None
        capital = word[:1].isupper() and not opens
        if any(c.isdigit() for c in word) or (
            (capital or any(c.isupper() for c in word[1:])) and word not in _NO_NAMES
        ):
            names.append(word)
    return list(dict.fromkeys(quoted + names))


def reword(questions: Sequence[Question], generator: Generator, way: str, file: Path) -> Iterator[Wording]:
    """Appends what is kept to `file`, questions that stand in it left out; yields what became of each other one.

    `way`: "paraphrase", or the language to translate to. Raises `EvaluationError` when the file words other questions,
    and what the model's failure means.
    """
    done = read_wordings(file) if file.is_file() else {}
    worded([question for question in questions if question.id in done], done, file)
    for question in questions:
        if question.id in done:
            continue
        wording = _reworded(question, generator, way)
        if not wording.rejected:
            add_line(file, {"id": question.id, "question": wording.text, "original": question.text})
        yield wording


def _reworded(question: Question, generator: Generator, way: str) -> Wording:
    from llama_index.core.llms import ChatMessage

    if way == PARAPHRASE:
        prompt = load("reword_paraphrase").render(question=question.text)
    else:
        prompt = load("reword_language").render(question=question.text, language=way)
    asked = [ChatMessage(role="user", content=prompt)]
    text = generator.reply(*asked)
    lost = _lost(question.text, text)
    if lost:
        again = load("reword_again").render(lost=", ".join(lost))
        asked += [ChatMessage(role="assistant", content=text), ChatMessage(role="user", content=again)]
        text = generator.reply(*asked)
        lost = _lost(question.text, text)
    if not text or "\n" in text:
        return Wording(question, text, "the reply is no single line")
    if lost:
        return Wording(question, text, "a number, name or quoted text was lost")
    if _plain(text) == _plain(question.text):
        return Wording(question, text, "it is the same question")
    return Wording(question, text)


def _lost(question: str, wording: str) -> list[str]:
    return [part for part in kept_as_written(question) if not re.search(_standing(part), wording)]


def _standing(part: str) -> str:
    """A number is not found within a longer one; a name may take an ending, as languages have it."""
    within = r"(?<!\d)(?<!\d[.,]){}(?!\d)(?![.,]\d)" if part[:1].isdigit() else "{}"
    return within.format(re.escape(part))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def read_wordings(file: Path) -> dict[str, tuple[str, str | None]]:
    """By id the wording, and the question that it words if told. Raises `EvaluationError` for a repeated id."""
    found: dict[str, tuple[str, str | None]] = {}
    for place, record in json_lines(file):
        key = str(field(record, "id", (str, int), place))
        if key in found:
            raise EvaluationError(f"{place}: the id {key!r} stands in the file twice: leave one")
        original = field({"original": None, **record}, "original", (str, NoneType), place)
        found[key] = field(record, "question", str, place), original
    return found


def worded(questions: Sequence[Question], wordings: Mapping[str, tuple[str, str | None]], file: Path) -> list[Question]:
    """The questions as the file words them. Raises `EvaluationError` naming those that it lacks, or has for others."""
    missing = [question.id for question in questions if question.id not in wordings]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise EvaluationError(
            f"{file} has no wording of {', '.join(map(repr, missing[:5]))}{more}: add a line for each, "
            "or leave them out of the set"
        )
    for question in questions:
        original = wordings[question.id][1]
        if original not in (None, question.text):
            raise EvaluationError(
                f"{file} words {question.id!r} as it was ({original!r}), and the set now asks {question.text!r}: "
                "remove the line and reword the set again"
            )
    return [replace(question, text=wordings[question.id][0]) for question in questions]
