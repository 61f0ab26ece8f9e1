"""MMLongBench-Doc (mayubo2333/MMLongBench-Doc): `data/samples.json` and `data/documents/`. Pages from 1 in the source.

`evidence_pages` and `evidence_sources` are strings that hold lists. Dirty rows are kept without gold pages: evidence on
page 0 of a field that counts from 1, evidence beyond the document's end, evidence of an unanswerable question.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from eval.datasets.reading import checked, field, files_in, json_rows, page_count, revision_of
from eval.errors import EvaluationError
from eval.records import Corpus, GoldPage, Question

QUESTIONS = 1_082


def load(folder: Path, cache: Path) -> Corpus:
    file = folder / "data" / "samples.json"
    documents = files_in(folder / "data" / "documents", ".pdf")
    by_name = {document.name: document for document in documents}
    placed = []
    for number, (place, row) in enumerate(json_rows(file), start=1):
        name, form = field(row, "doc_id", str, place), field(row, "answer_format", str, place)
        if name not in by_name:
            raise EvaluationError(f"{place}: the document {name!r} is not among the documents")
        pages = [page - 1 for page in _list(row, "evidence_pages", place)]
        answerable = form != "None"
        usable = answerable and all(0 <= page < page_count(by_name[name]) for page in pages)
        question = Question(
            f"mmlb_{number}",
            field(row, "question", str, place),
            (str(row["answer"]),) if answerable else (),
            answerable,
            tuple(GoldPage(name, page) for page in dict.fromkeys(pages)) if usable else (),
            answer_format=form,
            slices={
                "doc_type": (str(row.get("doc_type")),),
                "sources": tuple(map(str, _list(row, "evidence_sources", place))),
                "hops": ("unanswerable" if not answerable else "single" if len(set(pages)) == 1 else "cross-page",),
            },
        )
        placed.append((place, question))
    return checked("mmlongbench", revision_of([file]), documents, placed)


def _list(row: dict[str, Any], name: str, place: str) -> list[Any]:
    try:
        value = ast.literal_eval(field(row, name, str, place))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        value = None
    if not isinstance(value, list):
        raise EvaluationError(f"{place}: {name!r} must be a text that holds a list")
    return value
