"""FinanceBench, open part (patronus-ai/financebench, CC-BY-NC-4.0): `data/*.jsonl` and `pdfs/`. Pages from 0.

`evidence_page_num` counts from 0; the file of an evidence is its `doc_name` (called `evidence_doc_name` in the README).
"""

from __future__ import annotations

from pathlib import Path

from eval.datasets.reading import checked, field, files_in, json_lines, revision_of
from eval.records import Corpus, GoldPage, Question

QUESTIONS = 150


def load(folder: Path, cache: Path) -> Corpus:
    file = folder / "data" / "financebench_open_source.jsonl"
    documents = files_in(folder / "pdfs", ".pdf")
    placed = []
    for place, row in json_lines(file):
        gold, texts = [], []  # a page may have several texts
        for item in field(row, "evidence", list, place):
            name = item.get("evidence_doc_name") or field(item, "doc_name", str, place)
            gold.append(GoldPage(f"{name}.pdf", field(item, "evidence_page_num", int, place)))
            texts.append(str(item.get("evidence_text") or ""))
        question = Question(
            field(row, "financebench_id", str, place),
            field(row, "question", str, place),
            (str(row["answer"]),),
            gold=tuple(dict.fromkeys(gold)),
            evidence=tuple(dict.fromkeys(filter(None, texts))),
            slices={
                "type": (str(row.get("question_type")),),
                "reasoning": (str(row.get("question_reasoning") or "not given"),),
            },
        )
        placed.append((place, question))
    return checked("financebench", revision_of([file]), documents, placed)
