"""Recto's own form of a set: what is read, and that wrong questions are named by their line."""

import shutil
from pathlib import Path
from typing import Any

import pymupdf
import pytest

from eval.datasets.making_pages import document_of_pictures, document_of_text
from eval.datasets.recto import question as read_question
from eval.datasets.registry import load
from eval.errors import EvaluationError
from eval.records import GoldPage
from ingest.files import identify
from ingest.parser import read_info
from tests.eval.sets import lines, pdf, picture


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
        ({"id": 2, "question": "?", "regions": [{"doc": "a.pdf", "page_index": 0, "box": "0012"}]}, "must be list"),
        ({"id": 2, "question": "?", "regions": [{"doc": "a.pdf", "page_index": 0, "box": [0, 0, "1", 1]}]}, "'1'"),
        ({"id": 2, "question": "?", "answers": "19 days"}, "'answers' is '19 days', and must be list"),
        ({"id": 2, "question": "?", "answers": [["x"]]}, "'answers' is ['x']"),
        ({"id": 2, "question": "?", "answerable": "false"}, "'answerable' is 'false', and must be bool"),
        ({"id": 2, "question": "?", "evidence": "abc"}, "'evidence' is 'abc'"),
        ({"id": 2, "question": "?", "gold": ["a.pdf"]}, "'gold' is 'a.pdf', and must be dict"),
        ({"id": 2, "question": "?", "gold": [{"doc": "a.pdf", "page_index": 0, "grade": "2"}]}, "'grade' is '2'"),
        ({"id": 2, "question": "?", "slices": "table"}, "'slices' is 'table'"),
        ({"id": 2, "question": "?", "slices": {"type": {"a": 1}}}, "'type' is {'a': 1}"),
        ({"id": 2, "question": "?", "answer_format": 1}, "'answer_format' is 1"),
        ({"id": 2, "question": "?", "documents": "a.pdf"}, "'documents' is 'a.pdf'"),
    ],
)
def test_wrong_questions_are_named_by_line(tmp_path: Path, record: dict[str, Any], message: str) -> None:
    folder = own(tmp_path, {"id": 1, "question": "?"}, record)
    with pytest.raises(EvaluationError, match=r"questions\.jsonl, line 2") as caught:
        load("recto", folder, tmp_path)
    assert message in str(caught.value)


def test_null_is_not_known(tmp_path: Path) -> None:
    record = {
        "id": 1,
        "question": "?",
        "gold": None,
        "answerable": None,
        "slices": {"reasoning": None, "type": "table"},
    }
    asked = read_question(record, "line 1")
    assert asked.answerable and asked.gold == () and asked.slices == {"type": ("table",)}


def test_two_files_of_one_name_are_refused_unless_they_are_the_same(tmp_path: Path) -> None:
    folder = own(tmp_path, {"id": 1, "question": "?", "gold": [{"doc": "a.pdf", "page_index": 2}]})
    (folder / "docs" / "again").mkdir()
    shutil.copy(folder / "docs" / "a.pdf", folder / "docs" / "again" / "a.pdf")
    assert [document.name for document in load("recto", folder, tmp_path).documents] == ["a.pdf"]
    pdf(folder / "docs" / "again" / "a.pdf", 1)
    with pytest.raises(EvaluationError, match=r"both named a\.pdf"):
        load("recto", folder, tmp_path)


def test_pages_are_counted_as_recto_counts_them(tmp_path: Path) -> None:
    folder = own(tmp_path, {"id": 1, "question": "?", "gold": [{"doc": "long.txt", "page_index": 9}]})
    text = folder / "docs" / "long.txt"
    text.write_text("".join(f"line {number}\n" for number in range(600)))
    count = read_info(text, identify(text)).page_count
    with pymupdf.open(text) as file:
        assert file.page_count > count == 10
    load("recto", folder, tmp_path)
    lines(folder / "questions.jsonl", {"id": 1, "question": "?", "gold": [{"doc": "long.txt", "page_index": 10}]})
    with pytest.raises(EvaluationError, match=r"outside long\.txt, which has 10 pages"):
        load("recto", folder, tmp_path)
    (folder / "docs" / "bad.pdf").write_bytes(b"%PDF-1.7 and no more")
    lines(folder / "questions.jsonl", {"id": 1, "question": "?", "gold": [{"doc": "bad.pdf", "page_index": 0}]})
    with pytest.raises(EvaluationError, match=r"the pages of .*bad\.pdf cannot be counted"):
        load("recto", folder, tmp_path)


def test_documents_that_are_made_have_the_same_bytes_every_time(tmp_path: Path) -> None:
    pages = [picture(), picture("red")]
    made = [
        (
            document_of_pictures("deck", pages, tmp_path / turn).path.read_bytes(),
            document_of_text("note", "Tides", "The tide turns \u2192 twice.", tmp_path / turn).path.read_bytes(),
        )
        for turn in ("one", "two")
    ]
    assert made[0] == made[1]


def test_other_pictures_make_another_document(tmp_path: Path) -> None:
    half = document_of_pictures("deck", [picture()], tmp_path)
    whole = document_of_pictures("deck", [picture(), picture("red")], tmp_path)
    assert whole.path != half.path and whole.path.name == half.path.name == "deck.pdf"
    with pymupdf.open(whole.path) as file:
        assert file.page_count == whole.page_count == 2
    assert document_of_pictures("deck", [picture(), picture("blue")], tmp_path).path != whole.path
    with pytest.raises(EvaluationError, match="page 1 of deck cannot be read"):
        document_of_pictures("deck", [picture(), tmp_path / "gone.png"], tmp_path)


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
