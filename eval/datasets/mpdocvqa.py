"""MP-DocVQA (RRC DocVQA task 4): `imdb_SPLIT.npy`, `images/NAME.jpg`. Pages from 0, places in a question's window.

A question shows a window of at most 20 pages of its document; here it is asked of the document, put together from all
pages that any question shows (`NAME_pNUMBER`, by number). The files are numpy pickles, which run code when read: take
them from the publisher only. The answers of the test split are hidden; its questions have neither answers nor gold.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from eval.datasets.making_pages import document_of_pictures
from eval.datasets.reading import checked, field, revision_of
from eval.errors import EvaluationError
from eval.records import Corpus, GoldPage, Question


def load(folder: Path, cache: Path) -> Corpus:
    files = sorted(folder.glob("imdb_*.npy"))
    if not files:
        raise EvaluationError(f"{folder} has no imdb_*.npy")
    revision = revision_of(files)
    rows = [(f"{file.name}, row {number}", row) for file in files for number, row in enumerate(_rows(file), start=1)]
    pages: dict[str, set[int]] = defaultdict(set)
    for place, row in rows:
        for name in field(row, "image_name", list, place):
            document, number = _page(name, place)
            pages[document].add(number)
    order = {document: sorted(numbers) for document, numbers in pages.items()}
    documents = [
        document_of_pictures(
            name, [folder / "images" / f"{name}_p{number}.jpg" for number in numbers], cache / f"mpdocvqa-{revision}"
        )
        for name, numbers in order.items()
    ]
    return checked("mpdocvqa", revision, documents, [(place, _question(row, order, place)) for place, row in rows])


def _rows(file: Path) -> list[dict[str, Any]]:
    """The questions; row 0 is a header."""
    try:
        return list(np.load(file, allow_pickle=True))[1:]
    except Exception as error:  # a pickle raises what it likes
        raise EvaluationError(f"{file} cannot be read ({error}): take it from the publisher again") from None


def _page(name: str, place: str) -> tuple[str, int]:
    document, _, number = name.rpartition("_p")
    if not document or not number.isdigit():
        raise EvaluationError(f"{place}: the page {name!r} must be named NAME_pNUMBER")
    return document, int(number)


def _question(row: dict[str, Any], order: dict[str, list[int]], place: str) -> Question:
    gold: tuple[GoldPage, ...] = ()
    if row.get("answer_page_idx") is not None:
        document, number = _page(row["image_name"][int(row["answer_page_idx"])], place)
        gold = (GoldPage(document, order[document].index(number)),)
    answers = tuple(map(str, row.get("answers") or ()))
    return Question(str(row["question_id"]), field(row, "question", str, place), answers, gold=gold)
