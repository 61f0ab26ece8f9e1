"""Questions as they come in: what is a question, and how a file of them is read. Never searches."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pipeline.errors import InputError
from pipeline.stores.database import storable

MOST_CHARACTERS = 10_000
"""A longer question is a pasted document: no embedder sees it whole, and no answer could be checked against it."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a file, with the id its answer will carry."""

    id: str | int
    text: str


def check_question(text: str) -> str:
    """The question without space around it, as it can be stored and embedded (bytes of a terminal that are no text
    become U+FFFD). Raises `InputError` when it is empty or too long."""
    text = storable(text.strip())
    if not text:
        raise InputError("the question is empty: write one")
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"the question has {len(text):,} characters and at most {MOST_CHARACTERS:,} are taken: shorten it, "
            "or add the long text as a document"
        )
    return text


def read_questions(lines: Iterable[str], name: str) -> list[Question]:
    """Questions from JSON lines `{"id", "question"}`; other keys are left alone, empty lines skipped.

    Raises `InputError` naming `name` and the line (1 is the first) for malformed JSON, missing or unusable fields and
    repeated ids: nothing is asked unless the whole file is right.
    """
    questions: list[Question] = []
    seen: dict[str | int, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        question = _parse(line, where)
        if question.id in seen:
            raise InputError(f"{where}: the id {question.id!r} was used in line {seen[question.id]}: make ids unique")
        seen[question.id] = number
        questions.append(question)
    if not questions:
        raise InputError(f'{name} holds no question: write one JSON object {{"id": …, "question": …}} a line')
    return questions


def _parse(line: str, where: str) -> Question:
    try:
        record: Any = json.loads(line)
    except ValueError as error:
        raise InputError(f"{where} is no JSON: {error}") from None
    if not isinstance(record, dict):
        raise InputError(f'{where}: expected an object {{"id": …, "question": …}}')
    question_id, text = record.get("id"), record.get("question")
    if not isinstance(question_id, str | int) or isinstance(question_id, bool):
        raise InputError(f'{where}: "id" must be a text or a whole number')
    if not isinstance(text, str):
        raise InputError(f'{where}: "question" must be a text')
    try:
        return Question(question_id, check_question(text))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
