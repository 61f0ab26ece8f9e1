"""MMDocIR (MMDocIR/MMDocIR_Evaluation_Dataset): `MMDocIR_annotations.jsonl`, `MMDocIR_pages.parquet`. Pages from 0.

A document is put together from its rows of the page table. A layout's box is in PDF points of `page_size`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval.datasets.making_pages import document_of_pictures
from eval.datasets.parquet import rows
from eval.datasets.reading import checked, field, json_lines, revision_of
from eval.records import Corpus, CorpusDocument, GoldPage, GoldRegion, Question
from ingest.document import Box

QUESTIONS = 1_658


def load(folder: Path, cache: Path) -> Corpus:
    annotations, table = folder / "MMDocIR_annotations.jsonl", folder / "MMDocIR_pages.parquet"
    revision = revision_of([annotations])
    pages = [row["image_binary"] for row in rows(table, ["image_binary"])]
    documents: list[CorpusDocument] = []
    placed = []
    for place, record in json_lines(annotations):
        name = field(record, "doc_name", str, place)
        first, last = field(record, "page_indices", list, place)
        documents.append(document_of_pictures(name, pages[first:last], cache / f"mmdocir-{revision}"))
        for number, row in enumerate(field(record, "questions", list, place), start=1):
            question = Question(
                f"{name}_{number}",
                field(row, "Q", str, place),
                (str(row["A"]),),
                gold=tuple(GoldPage(name, page) for page in dict.fromkeys(field(row, "page_id", list, place))),
                regions=tuple(_regions(name, row)),
                slices={"domain": (str(record.get("domain")),), "type": (str(row.get("type")),)},
            )
            placed.append((place, question))
    return checked("mmdocir", revision, documents, placed)


def _regions(name: str, row: dict[str, Any]) -> Iterator[GoldRegion]:
    for layout in row.get("layout_mapping", []):
        width, height = layout["page_size"]
        x0, y0, x1, y1 = layout["bbox"]
        box = Box(max(0.0, x0 / width), max(0.0, y0 / height), min(1.0, x1 / width), min(1.0, y1 / height))
        yield GoldRegion(name, layout["page"], box)
