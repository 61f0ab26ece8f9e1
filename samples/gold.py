"""Finds the pages that answer the questions and makes the lines of `questions.jsonl`.

Gold pages are found, not written down: the one page of the finished document that shows all evidence of a source.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

import pymupdf

from samples.layout import Sample
from samples.questions import Question, questions


def plain(text: str) -> str:
    """`text` with ligatures spelt out and white space collapsed, for comparison."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()


def page_words(sample: Sample) -> list[str]:
    """What a reader sees on each page: the text layer and the words that stand outside it."""
    if not sample.name.endswith(".pdf"):
        return [plain(sample.unseen[0])]
    with pymupdf.open("pdf", sample.data) as pdf:
        return [plain(f"{page.get_text()} {sample.unseen.get(page.number, '')}") for page in pdf]


def records(samples: Iterable[Sample]) -> list[dict[str, object]]:
    """The lines of `questions.jsonl`. Raises ValueError when evidence does not stand on exactly one page."""
    words = {sample.name: page_words(sample) for sample in samples}
    return [_record(question, words) for question in questions()]


def _record(question: Question, words: Mapping[str, list[str]]) -> dict[str, object]:
    gold = []
    for source in question.sources:
        evidence = [plain(text) for text in source.evidence]
        pages = [index for index, shown in enumerate(words[source.document]) if all(e in shown for e in evidence)]
        if len(pages) != 1:
            raise ValueError(f"{question.id}: {source} stands on pages {pages} instead of one")
        gold.append({"doc": source.document, "page_index": pages[0], "grade": 1})
    record: dict[str, object] = {
        "id": question.id,
        "question": question.question,
        "answers": list(question.answers),
        "answerable": bool(question.sources),
        "gold": gold,
        "slices": {"kind": question.kind},
        "evidence": [text for source in question.sources for text in source.evidence],
    }
    return {**record, "demo": True} if question.demo else record
