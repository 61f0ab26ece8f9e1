"""ViDoRe v1 in its question-answering form: parquet with one row per question and page picture.

Columns `query`, `image`, `image_filename`, `answer`. Rows with the same query text are one question, pictures with the
same bytes one page, each a document of its own: otherwise the second copy of a right page counts as wrong and scores
shift (illuin-tech/colpali issue 147). Rows without a query are pages that only fill the corpus.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval.datasets.making_pages import document_of_pictures
from eval.datasets.parquet import column, rows
from eval.datasets.reading import checked, revision_of
from eval.errors import EvaluationError
from eval.records import Corpus, CorpusDocument, GoldPage, Question


def load(folder: Path, cache: Path) -> Corpus:
    files = sorted({*folder.glob("*.parquet"), *(folder / "data").glob("*.parquet")})
    if not files:
        raise EvaluationError(f"{folder} has no *.parquet and no data/*.parquet")
    revision = revision_of(files)
    made = cache / f"{folder.resolve().name}-{revision}"
    documents: dict[str, CorpusDocument] = {}
    pages: dict[str, dict[str, None]] = {}
    answers: dict[str, dict[str, None]] = {}
    places: dict[str, str] = {}
    names: set[str] = set()
    for place, row in _rows(files):
        picture = column(row, "image")["bytes"]
        key = hashlib.sha256(picture).hexdigest()
        if key not in documents:
            name = Path(str(row.get("image_filename") or "page")).name
            name = f"{name}-{key[:8]}" if name in names else name
            names.add(name)
            documents[key] = document_of_pictures(name, [picture], made)
        query = column(row, "query")
        if not query:
            continue
        places.setdefault(query, place)
        pages.setdefault(query, {})[documents[key].name] = None
        answers.setdefault(query, {}).update(dict.fromkeys(_answers(row.get("answer"))))
    placed = [
        (
            place,
            Question(
                f"q{number}", query, tuple(answers[query]), gold=tuple(GoldPage(name, 0) for name in pages[query])
            ),
        )
        for number, (query, place) in enumerate(places.items(), start=1)
    ]
    return checked(folder.resolve().name, revision, list(documents.values()), placed)


def _rows(files: list[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in files:
        yield from ((f"{file.name}, row {number}", row) for number, row in enumerate(rows(file), start=1))


def _answers(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(one) for one in (value if isinstance(value, list) else [value]) if str(one).strip()]
