"""Recto's own form of a set: what is read, and that wrong questions are named by their line."""

from pathlib import Path
from typing import Any

import pymupdf
import pytest

from eval.datasets.registry import load
from eval.errors import EvaluationError
from eval.records import GoldPage
from tests.eval.sets import lines, pdf


def own(tmp_path: Path, *records: dict[str, Any]) -> Path:
    pdf(tmp_path / "set" / "docs" / "a.pdf", 3)
    lines(tmp_path / "set" / "questions.jsonl", *records)
    return tmp_path / "set"


def test_recto(tmp_path: Path) -> None:
    record = {
        "id": 1,
        "question": "?",
        "answers": ["x"],
        "gold": [{"doc": "a.pdf", "page_index": 2, "grade": 2}],
        "regions": [{"doc": "a.pdf", "page_index": 2, "box": [0, 0, 0.5, 1]}],
        "slices": {"type": "table", "sources": ["Chart", "Text"]},
        "documents": ["a.pdf"],
        "evidence": ["one line\u2028 that JSON may hold"],
    }
    corpus = load("recto", own(tmp_path, record), tmp_path)
    (question,) = corpus.questions
    assert question.id == "1" and question.gold == (GoldPage("a.pdf", 2, 2),) and question.regions[0].box.x1 == 0.5
    assert question.slices == {"type": ("table",), "sources": ("Chart", "Text")}
    assert question.documents == ("a.pdf",) and question.evidence == ("one line\u2028 that JSON may hold",)
    assert corpus.revision == load("recto", tmp_path / "set", tmp_path).revision


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"id": 2, "question": "?", "gold": [{"doc": "a.pdf", "page_index": 3}]}, "page_index 3 is outside a.pdf"),
        ({"id": 2, "question": "?", "gold": [{"doc": "b.pdf", "page_index": 0}]}, "'b.pdf' is not among"),
        ({"id": 2, "question": "?", "gold": [{"doc": "a.pdf", "page": 0}]}, "'page_index' is None"),
        ({"id": 2, "question": "?", "documents": ["b.pdf"]}, "'b.pdf' is not among"),
        ({"id": 2, "question": "?", "golds": []}, "'golds' is no field"),
        ({"id": 1, "question": "?"}, "used in questions.jsonl, line 1"),
        ({"id": True, "question": "?"}, "'id' is True"),
        ({"id": 2, "question": "?", "regions": [{"doc": "a.pdf", "page_index": 0, "box": [0, 0, 2, 1]}]}, "box"),
    ],
)
def test_wrong_questions_are_named_by_line(tmp_path: Path, record: dict[str, Any], message: str) -> None:
    folder = own(tmp_path, {"id": 1, "question": "?"}, record)
    with pytest.raises(EvaluationError, match=r"questions\.jsonl, line 2") as caught:
        load("recto", folder, tmp_path)
    assert message in str(caught.value)


def test_text_records_become_pages(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    lines(
        folder / "corpus.jsonl",
        {"id": "x/../1", "title": "On <tides> & moons", "text": "The tide turns. " * 300},
        {"id": 2, "text": ""},
    )
    lines(folder / "questions.jsonl", {"id": 1, "question": "?", "gold": [{"doc": "x/../1", "page_index": 0}]})
    corpus = load("recto", folder, tmp_path / "cache")
    first = corpus.documents[0].path
    assert first.resolve().is_relative_to((tmp_path / "cache").resolve())
    with pymupdf.open(first) as file:
        text = " ".join(file[0].get_text().split())
        assert file.page_count == 1 and "On <tides> & moons" in text and text.count("The tide turns.") == 300


def test_what_is_no_set_is_said(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="no kind of data set"):
        load("squad", tmp_path, tmp_path)
    with pytest.raises(EvaluationError, match="no folder"):
        load("recto", tmp_path / "nowhere", tmp_path)
    with pytest.raises(EvaluationError, match="parquet"):
        load("vidore", tmp_path, tmp_path)
