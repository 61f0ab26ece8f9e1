"""MMDocRAG (MMDocIR/MMDocRAG, CC-BY-NC-4.0): `evaluation_20.jsonl` or `evaluation_15.jsonl`, `doc_pdfs/`. Pages from 0.

The two files hold the same questions with 20 or 15 quotes to choose from; gold is where the gold quotes stand. Quotes
name a layout of MMDocIR's by number and have no box, so there are gold pages and no regions. A short answer that is
written as a list asks for all its items. Published copies lack the PDFs of some documents: questions about those keep
no gold and no answer, are unanswerable, and stand in the slice "pdf: missing".
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from eval.datasets.reading import checked, field, files_in, json_lines, revision_of
from eval.errors import EvaluationError
from eval.records import Corpus, GoldPage, Question

QUESTIONS = 2_000


def load(folder: Path, cache: Path) -> Corpus:
    names = ("evaluation_20.jsonl", "evaluation_15.jsonl")
    places = [place / name for name in names for place in (folder, folder / "dataset")]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        raise EvaluationError(f"{folder} has neither {' nor '.join(names)}")
    documents = files_in(folder / "doc_pdfs", ".pdf")
    known = {document.name for document in documents}
    placed = [(place, _question(row, place, known)) for place, row in json_lines(file)]
    return checked("mmdocrag", revision_of([file]), documents, placed)


def _question(row: dict[str, Any], place: str, known: set[str]) -> Question:
    name = f"{field(row, 'doc_name', str, place).removesuffix('.pdf')}.pdf"
    quotes = {quote["quote_id"]: quote for kind in ("text_quotes", "img_quotes") for quote in row.get(kind) or ()}
    gold_names = field(row, "gold_quotes", list, place)
    unknown = [gold for gold in gold_names if gold not in quotes]
    if unknown:
        raise EvaluationError(f"{place}: the gold quote {unknown[0]!r} is not among the quotes")
    gold = [quotes[gold] for gold in gold_names]
    is_there = name in known
    pages = dict.fromkeys(field(quote, "page_id", int, place) for quote in gold)
    evidence = (str(quote.get("text") or quote.get("img_description") or "") for quote in gold)
    modalities = row.get("evidence_modality_type") or []
    return Question(
        str(field(row, "q_id", (str, int), place)),
        field(row, "question", str, place),
        (_answer(str(row["answer_short"])),) if is_there else (),
        is_there,
        tuple(GoldPage(name, page) for page in pages) if is_there else (),
        evidence=tuple(evidence) if is_there else (),
        slices={
            "domain": (str(row.get("domain")),),
            "type": (str(row.get("question_type")),),
            "modality": tuple(map(str, modalities)),
            "pdf": ("there" if is_there else "missing",),
        },
    )


def _answer(text: str) -> str:
    """`['46', '27']` as `46; 27`."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text
    return "; ".join(map(str, value)) if isinstance(value, list) and value else text
