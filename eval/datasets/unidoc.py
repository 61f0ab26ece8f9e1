"""UniDoc-Bench (Salesforce, CC-BY-NC-4.0): `data/QA/filtered/DOMAIN.json` and `DOMAIN_pdfs/`. Pages from 1.

Gold pages come from the `chunk_used` entries with `used`: a text chunk's file name ends in `_pgA[_pgB].txt` (pages A to
B), a figure's or table's in `DOCUMENT/figure-PAGE-K.jpg`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from eval.datasets.reading import checked, field, files_in, json_rows, revision_of
from eval.errors import EvaluationError
from eval.records import Corpus, GoldPage, Question

QUESTIONS = 1_742
_TEXT = re.compile(r"^(?P<document>.+?)(?:_id_\d+)?_pg(?P<first>\d+)(?:_pg(?P<last>\d+))?$")
_PICTURE = re.compile(r"^(?:figure|table)-(?P<page>\d+)-\d+$")


def load(folder: Path, cache: Path) -> Corpus:
    files = sorted((folder / "data" / "QA" / "filtered").glob("*.json"))
    if not files:
        raise EvaluationError(f"{folder} has no data/QA/filtered/*.json")
    documents = tuple(document for pdfs in sorted(folder.glob("*_pdfs")) for document in files_in(pdfs, ".pdf"))
    placed = []
    for file in files:
        for number, (place, row) in enumerate(json_rows(file), start=1):
            answer = row["complete_answer"]
            question = Question(
                f"{file.stem}_{number}",
                field(row, "rewritten_question_obscured", str, place),
                (answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False),),
                gold=tuple(dict.fromkeys(_gold(field(row, "chunk_used", dict, place), place))),
                slices={
                    "domain": (file.stem,),
                    "type": (str(row.get("question_type")),),
                    "answer": (str(row.get("answer_type")),),
                },
            )
            placed.append((place, question))
    return checked("unidoc", revision_of(files), documents, placed)


def _gold(chunks: dict[str, Any], place: str) -> Iterator[GoldPage]:
    for chunk in chunks.values():
        if not chunk.get("used"):
            continue
        source = chunk["metadata"]
        path = PurePosixPath(source if isinstance(source, str) else source["source"])
        if found := _PICTURE.match(path.stem):
            yield GoldPage(f"{path.parent.name}.pdf", int(found["page"]) - 1)
        elif found := _TEXT.match(path.stem):
            first, last = int(found["first"]), int(found["last"] or found["first"])
            yield from (GoldPage(f"{found['document']}.pdf", page - 1) for page in range(first, last + 1))
        else:
            raise EvaluationError(f"{place}: {path} names no page: expected …_pgA[_pgB].txt or figure-PAGE-K.jpg")
