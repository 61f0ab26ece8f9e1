"""BEIR-like sets of page pictures in parquet: ViDoRe v2 and v3, the VisRAG test sets, ViDoRe v1's BEIR form.

    corpus/*.parquet   corpus-id, image (, doc_id, page_number_in_doc: v3)
    queries/*.parquet  query-id, query (, language, answer, query_types)
    qrels/*.parquet    query-id, corpus-id, score (, bounding_boxes in pixels: v3)

v3 spells the columns with underscores. Pages of v3 are put together to documents by `doc_id` (pages from 0); elsewhere
each picture is a document. Ids become text; of a pair judged twice the higher grade counts (v3: 2 is fully relevant);
queries of other languages than English and queries without text are left out, as mteb does.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from eval.datasets.making_pages import document_of_pictures
from eval.datasets.parquet import column, rows, tables
from eval.datasets.reading import checked, revision_of
from eval.errors import EvaluationError
from eval.records import Corpus, GoldPage, GoldRegion, Question
from ingest.document import Box

LANGUAGE = "english"
_OPTION = re.compile(r"\W*([A-Z])\s*[).:]\s*(\S.*)")
Place = tuple[str, int]


def load(folder: Path, cache: Path) -> Corpus:
    parts = {name: tables(folder / name) for name in ("corpus", "queries", "qrels")}
    revision = revision_of([*parts["queries"], *parts["qrels"]])
    documents: dict[str, dict[int, bytes]] = defaultdict(dict)
    places: dict[str, Place] = {}
    for row in (row for file in parts["corpus"] for row in rows(file)):
        key = str(column(row, "corpus-id"))
        document, page = str(row.get("doc_id") or key), int(row.get("page_number_in_doc") or 0)
        places[key] = (document, page)
        documents[document][page] = row["image"]["bytes"]
    order = {name: {page: i for i, page in enumerate(sorted(pages))} for name, pages in documents.items()}
    made = [
        document_of_pictures(name, [pages[page] for page in sorted(pages)], cache / f"{folder.name}-{revision}")
        for name, pages in documents.items()
    ]
    grades: dict[str, dict[Place, int]] = defaultdict(dict)
    regions: dict[str, list[GoldRegion]] = defaultdict(list)
    for row in (row for file in parts["qrels"] for row in rows(file)):
        query, key = str(column(row, "query-id")), str(column(row, "corpus-id"))
        if key not in places:
            raise EvaluationError(f"{folder.name}: qrels name the page {key!r}, which the corpus does not have")
        document, page = places[key]
        place = (document, order[document][page])
        grades[query][place] = max(int(row["score"]), grades[query].get(place, 0))
        regions[query] += _regions(row, place, documents[document][page])
    placed = [
        (f"queries, {column(row, 'query-id')}", _question(row, grades, regions))
        for file in parts["queries"]
        for row in rows(file)
        if column(row, "query") and str(row.get("language") or LANGUAGE).lower() in (LANGUAGE, "en")
    ]
    return checked(folder.resolve().name, revision, made, placed)


def _question(
    row: dict[str, Any], grades: dict[str, dict[Place, int]], regions: dict[str, list[GoldRegion]]
) -> Question:
    key = str(column(row, "query-id"))
    answers = [str(answer) for answer in row.get("raw_answers") or [row.get("answer")] if answer]
    # The query as published does not have them, so that an answer may say what an option's letter stands for.
    answers += [text for letter, text in _options(row) if letter in answers]
    kinds = row.get("query_types") or []
    return Question(
        key,
        str(column(row, "query")),
        tuple(answers),
        gold=tuple(GoldPage(*place, grade) for place, grade in sorted(grades[key].items())),
        regions=tuple(regions[key]),
        slices={"type": tuple(map(str, kinds))} if len(kinds) else {},
    )


def _options(row: dict[str, Any]) -> list[tuple[str, str]]:
    """(letter, text) of the options of a multiple-choice question: "A) rising" or "A. rising"."""
    options = row.get("options")
    found = [_OPTION.match(str(option)) for option in ([] if options is None else options)]
    return [(match[1], match[2]) for match in found if match]


def _regions(row: dict[str, Any], place: Place, picture: bytes) -> list[GoldRegion]:
    boxes = row.get("bounding_boxes")
    if boxes is None or not len(boxes):
        return []
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as image:
        width, height = image.size
    return [
        GoldRegion(*place, Box(box["x1"] / width, box["y1"] / height, box["x2"] / width, box["y2"] / height))
        for box in boxes
    ]
