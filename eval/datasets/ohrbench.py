"""OHR-Bench (opendatalab/OHR-Bench): `data/qas_v2.json` and `data/pdfs/TYPE/NAME.pdf`. Pages from 0."""

from __future__ import annotations

from pathlib import Path

from eval.datasets.reading import checked, field, files_in, json_rows, revision_of
from eval.records import Corpus, GoldPage, Question


def load(folder: Path, cache: Path) -> Corpus:
    file = folder / "data" / "qas_v2.json"
    documents = files_in(folder / "data" / "pdfs", ".pdf")
    placed = []
    for place, row in json_rows(file):
        pages = field(row, "evidence_page_no", (int, list), place)
        context = row.get("evidence_context") or []
        name = f"{Path(field(row, 'doc_name', str, place)).name}.pdf"
        question = Question(
            str(field(row, "ID", (str, int), place)),
            field(row, "questions", str, place),
            (str(row["answers"]),),
            gold=tuple(GoldPage(name, page) for page in (pages if isinstance(pages, list) else [pages])),
            evidence=tuple(map(str, context if isinstance(context, list) else [context])),
            slices={
                "doc_type": (str(row.get("doc_type")),),
                "source": (str(row.get("evidence_source")),),
                "answer": (str(row.get("answer_form")),),
            },
        )
        placed.append((place, question))
    return checked("ohrbench", revision_of([file]), documents, placed)
