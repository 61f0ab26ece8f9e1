"""Questions made from the user's own documents by a language model, each checked before it is written.

A question is kept when its quote stands on its page, the page alone answers it, the model does not answer it from
memory, and no question like it was made before. What is kept is in Recto's own form, to be read and mended by hand.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llama_index.core.llms import ChatMessage
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rapidfuzz import fuzz

from eval.datasets.reading import add_line, json_lines
from eval.datasets.recto import question as read_question
from eval.judge.judge import Judge
from eval.records import Outcome, Question
from ingest.document import FURNITURE, Box, Page
from pipeline import Library
from pipeline.answering.abstention import is_abstention
from pipeline.generation.base import Generator
from pipeline.results import PageRef
from prompts.loader import load

FEWEST_WORDS = 40
"""A page with fewer holds a title or nothing."""

MOST_CHARACTERS = 12_000
ALIKE = 90
"""Of 100: from here two questions ask the same (token order aside)."""

_MADE = re.compile(r"made-(\d+)")


class _Made(BaseModel):
    model_config = ConfigDict(extra="forbid")
    question: str = Field(min_length=8)
    answer: str = Field(min_length=1)
    quote: str = Field(min_length=3)


@dataclass(frozen=True, slots=True)
class MadeQuestion:
    """A question in Recto's form, or why there is none: `rejected` says it in a few words."""

    page: PageRef
    record: dict[str, Any] | None
    rejected: str = ""


def make_questions(
    library: Library, generator: Generator, judge: Judge, count: int, file: Path, seed: int = 0
) -> Iterator[MadeQuestion]:
    """Appends to `file` until it holds `count` questions or every page was tried; yields what became of each page.

    Raises `EvaluationError` for a file of something else, and what the model's failure means.
    """
    held = [read_question(record, place) for place, record in json_lines(file)] if file.is_file() else []
    known = [question.text for question in held]
    done = {(gold.document, gold.page_index) for question in held for gold in question.gold}
    # Not the count: whoever reads the file by hand takes lines out.
    last = max((int(found[1]) for question in held if (found := _MADE.fullmatch(question.id))), default=0)
    documents = {row.info.document_id: row.info for row in library.documents() if row.status in ("ready", "partial")}
    pages = [PageRef(key, index) for key, info in sorted(documents.items()) for index in range(info.page_count)]
    random.Random(seed).shuffle(pages)
    maker = _Maker(generator, judge)
    for ref in pages:
        if len(known) >= count:
            return
        name = documents[ref.document_id].name
        page = library.page(ref)
        if (name, ref.page_index) in done or page is None:
            continue
        made = maker.make(ref, name, page, known)
        if made.record is not None:
            last += 1
            made.record["id"] = f"made-{last}"
            known.append(made.record["question"])
            add_line(file, made.record)
        yield made


class _Maker:
    def __init__(self, generator: Generator, judge: Judge) -> None:
        self._generator, self._judge = generator, judge

    def make(self, ref: PageRef, name: str, page: Page, known: Sequence[str]) -> MadeQuestion:
        """One question from a page."""
        text = "\n".join(block.text for block in page.blocks if block.kind not in FURNITURE)[:MOST_CHARACTERS]
        if len(text.split()) < FEWEST_WORDS:
            return MadeQuestion(ref, None, "too few words on the page")
        reply = self._say("make_question", document=name, page=text)
        found = re.search(r"\{.*\}", reply, re.DOTALL)
        try:
            made = _Made.model_validate_json(found[0] if found else "")
        except ValidationError:
            return MadeQuestion(ref, None, "the reply is no question")
        boxes = lines_of(page, made.quote)
        if not boxes:
            return MadeQuestion(ref, None, "the quote is not on the page")
        if any(fuzz.token_sort_ratio(made.question.lower(), other.lower()) >= ALIKE for other in known):
            return MadeQuestion(ref, None, "a question like it was made before")
        question = Question("made", made.question, (made.answer,))
        unanswerable = load("unanswerable").text
        from_page = self._say("answer_from_page", page=text, question=made.question, unanswerable=unanswerable)
        if not self._is_right(question, from_page):
            return MadeQuestion(ref, None, "its page does not answer it")
        if self._is_right(question, self._say("answer_from_memory", question=made.question, unanswerable=unanswerable)):
            return MadeQuestion(ref, None, "it is answered without the page")
        place = {"doc": name, "page_index": ref.page_index}
        box = [round(edge, 4) for edge in Box.around(boxes)]
        record = {
            "id": "",
            "question": made.question,
            "answers": [made.answer],
            "gold": [place],
            "regions": [{**place, "box": box}],
            "evidence": [made.quote],
        }
        return MadeQuestion(ref, record)

    def _is_right(self, question: Question, reply: str) -> bool:
        judged = self._judge.correctness(question, Outcome(question.id, answer=reply, abstained=is_abstention(reply)))
        return judged.score == 1.0

    def _say(self, prompt: str, **values: object) -> str:
        return self._generator.reply(ChatMessage(role="user", content=load(prompt).render(**values)))


def lines_of(page: Page, quote: str) -> list[Box]:
    """Boxes of the lines that the quote stands on; none if it is not on the page, spaces and case aside."""
    lines = [line for block in page.blocks for line in block.lines]
    text, starts = "", []
    for line in lines:
        starts.append(len(text))
        text += _squeezed(line.text)
    wanted = _squeezed(quote)
    start = text.find(wanted) if wanted else -1
    if start < 0:
        return []
    ends = [*starts[1:], len(text)]
    touched = zip(lines, starts, ends, strict=True)
    return [line.box for line, low, high in touched if low < start + len(wanted) and high > start]


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
