"""SlideVQA (nttmdlab-nlp/SlideVQA): `annotations/qa/SPLIT.jsonl`, `images/DECK/*.jpg`. Slides from 1 in the source.

A deck's pictures, ordered by the number in their names, become one document. Boxes (`annotations/bbox/SPLIT.jsonl`,
[x, y, width, height] in pixels) are not read: they mark words, not evidence of single questions.
"""

from __future__ import annotations

import re
from pathlib import Path

from eval.datasets.making_pages import document_of_pictures
from eval.datasets.reading import checked, field, json_lines, revision_of
from eval.errors import EvaluationError
from eval.records import Corpus, GoldPage, Question

QUESTIONS = 14_484


def load(folder: Path, cache: Path) -> Corpus:
    files = sorted((folder / "annotations" / "qa").glob("*.jsonl"))
    if not files:
        raise EvaluationError(f"{folder} has no annotations/qa/*.jsonl")
    revision = revision_of(files)
    made = cache / f"slidevqa-{revision}"
    placed = []
    decks: dict[str, str] = {}
    for file in files:
        for place, row in json_lines(file):
            deck = field(row, "deck_name", str, place)
            decks.setdefault(deck, place)
            pages = [page - 1 for page in field(row, "evidence_pages", list, place)]
            question = Question(
                str(field(row, "qa_id", (str, int), place)),
                field(row, "question", str, place),
                (str(row["answer"]),),
                gold=tuple(GoldPage(deck, page) for page in dict.fromkeys(pages)),
                slices={
                    "split": (file.stem,),
                    "reasoning": (str(row.get("reasoning_type")),),
                    "answer": (str(row.get("answer_type")),),
                },
            )
            placed.append((place, question))
    documents = [document_of_pictures(deck, _slides(folder, deck, place), made) for deck, place in decks.items()]
    return checked("slidevqa", revision, documents, placed)


def _slides(folder: Path, deck: str, place: str) -> list[Path]:
    files = [file for file in (folder / "images" / deck).glob("*") if file.suffix.lower() in (".jpg", ".jpeg", ".png")]
    if not files:
        raise EvaluationError(f"{place}: there are no pictures in images/{deck}")
    return sorted(files, key=lambda file: [int(number) for number in re.findall(r"\d+", file.stem)][-2:])
