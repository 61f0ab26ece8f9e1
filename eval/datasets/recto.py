"""Recto's own form, so that anyone brings their own questions: a folder with `questions.jsonl` and `docs/`.

One question a line, page numbers counted from 0:

    {"id", "question", "answers": [..], "answerable": true, "gold": [{"doc": file name, "page_index", "grade": 1}],
     "regions": [{"doc", "page_index", "box": [x0, y0, x1, y1]}], "slices": {property: value or [values]},
     "evidence": [..], "answer_format", "documents": [file names: gold documents whose pages are not known]}

Only `id` and `question` are needed. Instead of `docs/` there may be `corpus.jsonl` with `{"id", "title", "text"}`: each
record becomes a one-page PDF, because pages are what Recto finds; gold names its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import NoneType
from typing import Any

from eval.datasets.making_pages import document_of_text
from eval.datasets.reading import checked, field, files_in, items, json_lines, revision_of
from eval.errors import EvaluationError
from eval.records import Corpus, CorpusDocument, GoldPage, GoldRegion, Question
from ingest.document import Box

KEYS = frozenset({field.name for field in fields(Question)} - {"text"} | {"question", "demo"})


def load(folder: Path, cache: Path) -> Corpus:
    """The set in `folder`; PDFs made of text records go to `cache`. Raises `EvaluationError` naming file and line."""
    file = folder / "questions.jsonl"
    if (folder / "corpus.jsonl").is_file():
        documents = text_documents(folder / "corpus.jsonl", cache)
        sources = [file, folder / "corpus.jsonl"]
    else:
        documents = files_in(folder / "docs")
        sources = [file, *(document.path for document in documents)]
    placed = [(place, question(record, place)) for place, record in json_lines(file)]
    return checked(folder.resolve().name, revision_of(sources), documents, placed)


def question(record: Mapping[str, Any], place: str) -> Question:
    """A question from its record. An unknown key is an error: a mistyped "gold" must not become a set without gold."""
    unknown = sorted(set(record) - KEYS)
    if unknown:
        raise EvaluationError(f"{place}: {unknown[0]!r} is no field of a question; there are {', '.join(sorted(KEYS))}")
    record = {key: value for key, value in record.items() if value is not None}  # null: not known
    whole = {"answerable": True, "answer_format": None, "slices": {}, **record}
    slices = {key: value for key, value in field(whole, "slices", dict, place).items() if value is not None}
    listed = {key: value if isinstance(value, list) else [value] for key, value in slices.items()}
    return Question(
        id=str(field(record, "id", (str, int), place)),
        text=field(record, "question", str, place),
        answers=tuple(map(str, items(record, "answers", (str, int, float), place))),
        answerable=field(whole, "answerable", bool, place),
        gold=tuple(_gold(item, place) for item in items(record, "gold", dict, place)),
        regions=tuple(_region(item, place) for item in items(record, "regions", dict, place)),
        answer_format=field(whole, "answer_format", (str, NoneType), place),
        evidence=tuple(items(record, "evidence", str, place)),
        slices={key: tuple(map(str, items(listed, key, (str, int, float, bool), place))) for key in listed},
        documents=tuple(items(record, "documents", str, place)),
    )


def _gold(item: Mapping[str, Any], place: str) -> GoldPage:
    grade = field({"grade": 1, **item}, "grade", int, place)
    return GoldPage(field(item, "doc", str, place), field(item, "page_index", int, place), grade)


def _region(item: Mapping[str, Any], place: str) -> GoldRegion:
    field(item, "box", list, place)
    box = items(item, "box", (int, float), place)
    if len(box) != 4 or not (0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1):
        raise EvaluationError(f"{place}: box {box} must be [x0, y0, x1, y1] within 0 and 1, from the top left")
    return GoldRegion(field(item, "doc", str, place), field(item, "page_index", int, place), Box(*map(float, box)))


def text_documents(file: Path, cache: Path) -> tuple[CorpusDocument, ...]:
    """One PDF a record."""
    folder = cache / f"{file.resolve().parent.name}-{revision_of([file])}"
    return tuple(
        document_of_text(
            str(field(record, "id", (str, int), place)),
            str(record.get("title", "")),
            field(record, "text", str, place),
            folder,
        )
        for place, record in json_lines(file)
    )
