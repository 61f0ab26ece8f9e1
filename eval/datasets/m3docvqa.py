"""M3DocVQA (bloomberg/m3docrag), the dev split: `multimodalqa/MMQA_dev.jsonl`, `splits/pdfs_dev/DOC_ID.pdf`.

Gold is told by document only, so its questions count for the document metrics and never for pages. Several answers of
a question are the items of one list (all of them are asked for), not alternatives.
"""

from __future__ import annotations

from pathlib import Path

from eval.datasets.reading import checked, field, files_in, json_lines, revision_of
from eval.records import Corpus, Question

QUESTIONS = 2_441


def load(folder: Path, cache: Path) -> Corpus:
    file = folder / "multimodalqa" / "MMQA_dev.jsonl"
    documents = files_in(folder / "splits" / "pdfs_dev", ".pdf")
    placed = []
    for place, row in json_lines(file):
        answers = field(row, "answers", list, place)
        context = field(row, "supporting_context", list, place)
        items = [str(answer["answer"]) for answer in answers]
        question = Question(
            field(row, "qid", str, place),
            field(row, "question", str, place),
            ("; ".join(items),) if items else (),
            answer_format="List" if len(items) > 1 else None,
            slices={
                "type": (str(field(row, "metadata", dict, place).get("type")),),
                "modality": tuple(dict.fromkeys(str(answer.get("modality")) for answer in answers)),
                "evidence": tuple(dict.fromkeys(str(part.get("doc_part")) for part in context)),
            },
            documents=tuple(dict.fromkeys(f"{field(part, 'doc_id', str, place)}.pdf" for part in context)),
        )
        placed.append((place, question))
    return checked("m3docvqa", revision_of([file]), documents, placed)
