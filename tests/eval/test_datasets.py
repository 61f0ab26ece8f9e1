"""Every loader on a few rows in its source's own layout: page numbers, grades, dirty rows; errors name the place."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pymupdf
import pytest
from PIL import Image
from pyarrow import parquet

from eval.datasets import financebench, mmdocir, mmlongbench, mpdocvqa, ohrbench, slidevqa, unidoc, vidore
from eval.datasets.registry import SOURCES, load
from eval.errors import EvaluationError
from eval.records import GoldPage


def pdf(path: Path, pages: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with pymupdf.open() as file:
        for number in range(pages):
            file.new_page().insert_text((72, 72), f"page {number}")
        file.save(path)


def picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (200, 100), "white").save(stream, "PNG")
    return stream.getvalue()


def lines(path: Path, *records: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def table(path: Path, *rows: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)


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
    }
    corpus = load("recto", own(tmp_path, record), tmp_path)
    (question,) = corpus.questions
    assert question.id == "1" and question.gold == (GoldPage("a.pdf", 2, 2),) and question.regions[0].box.x1 == 0.5
    assert question.slices == {"type": ("table",), "sources": ("Chart", "Text")}
    assert corpus.revision == load("recto", tmp_path / "set", tmp_path).revision


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"id": 2, "question": "?", "gold": [{"doc": "a.pdf", "page_index": 3}]}, "page_index 3 is outside a.pdf"),
        ({"id": 2, "question": "?", "gold": [{"doc": "b.pdf", "page_index": 0}]}, "'b.pdf' is not among"),
        ({"id": 2, "question": "?", "gold": [{"doc": "a.pdf", "page": 0}]}, "'page_index' is None"),
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


def test_financebench_counts_from_0(tmp_path: Path) -> None:
    pdf(tmp_path / "pdfs" / "ACME_2022_10K.pdf", 2)
    evidence = {"doc_name": "ACME_2022_10K", "evidence_page_num": 1, "evidence_text": "Net income 5"}
    row = {"financebench_id": "f1", "question": "?", "answer": 5, "question_reasoning": None, "evidence": [evidence]}
    lines(tmp_path / "data" / "financebench_open_source.jsonl", row)
    (question,) = financebench.load(tmp_path, tmp_path).questions
    assert question.gold == (GoldPage("ACME_2022_10K.pdf", 1),) and question.evidence == ("Net income 5",)
    with pytest.raises(EvaluationError, match="1 questions and financebench has 150"):
        load("financebench", tmp_path, tmp_path)


def test_mmlongbench_counts_from_1_and_dirty_rows_lose_their_pages(tmp_path: Path) -> None:
    pdf(tmp_path / "data" / "documents" / "d.pdf", 3)
    common = {"doc_id": "d.pdf", "doc_type": "Guide", "question": "?", "evidence_sources": "['Chart']"}
    rows = [
        {**common, "answer": "7", "answer_format": "Int", "evidence_pages": "[1, 3]"},
        {**common, "answer": "7", "answer_format": "Int", "evidence_pages": "[0]"},
        {**common, "answer": "7", "answer_format": "Int", "evidence_pages": "[4]"},
        {**common, "answer": "Not answerable", "answer_format": "None", "evidence_pages": "[2]"},
    ]
    (tmp_path / "data" / "samples.json").write_text(json.dumps(rows))
    first, zero, beyond, none = mmlongbench.load(tmp_path, tmp_path).questions
    assert first.gold == (GoldPage("d.pdf", 0), GoldPage("d.pdf", 2)) and first.slices["hops"] == ("cross-page",)
    assert zero.gold == beyond.gold == none.gold == ()
    assert not none.answerable and none.answers == ()


def test_unidoc_counts_from_1_and_reads_pages_from_names(tmp_path: Path) -> None:
    pdf(tmp_path / "energy_pdfs" / "0042.pdf", 9)
    row = {
        "rewritten_question_obscured": "?",
        "complete_answer": {"a": 1},
        "question_type": "comparison",
        "chunk_used": {
            "chunk_0": {"used": True, "metadata": {"source": "x/0042_id_3_pg2_pg3.txt"}},
            "chunk_1": {"used": False, "metadata": {"source": "x/0042_id_4_pg5.txt"}},
            "img_0": {"used": True, "metadata": "x/energy_figures/0042/figure-7-1.jpg"},
            "tab_0": {"used": True, "metadata": "x/energy_figures/0042/table-3-2.jpg"},
        },
    }
    file = tmp_path / "data" / "QA" / "filtered" / "energy.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps([row]))
    (question,) = unidoc.load(tmp_path, tmp_path).questions
    assert [gold.page_index for gold in question.gold] == [1, 2, 6]
    assert question.answers == ('{"a": 1}',)


def test_slidevqa_counts_from_1_and_orders_slides_by_number(tmp_path: Path) -> None:
    (tmp_path / "images" / "deck").mkdir(parents=True)
    for number in (1, 2, 10):
        (tmp_path / "images" / "deck" / f"deck-{number}-1024.png").write_bytes(picture())
    row = {"deck_name": "deck", "qa_id": 5, "question": "?", "answer": "x", "evidence_pages": [3]}
    lines(tmp_path / "annotations" / "qa" / "test.jsonl", row)
    corpus = slidevqa.load(tmp_path, tmp_path / "cache")
    assert corpus.questions[0].gold == (GoldPage("deck", 2),)
    assert corpus.documents[0].page_count == 3


def test_mmdocir_counts_from_0_and_boxes_are_in_points(tmp_path: Path) -> None:
    table(tmp_path / "MMDocIR_pages.parquet", *({"passage_id": str(n), "image_binary": picture()} for n in range(4)))
    layout = {"page": 1, "page_size": [600, 800], "bbox": [60, 80, 300, 400]}
    question = {"Q": "?", "A": "x", "type": "Chart", "page_id": [1], "layout_mapping": [layout]}
    record = {"doc_name": "d", "domain": "Guide", "page_indices": [1, 4], "questions": [question]}
    lines(tmp_path / "MMDocIR_annotations.jsonl", record)
    corpus = mmdocir.load(tmp_path, tmp_path / "cache")
    assert corpus.documents[0].page_count == 3
    assert corpus.questions[0].gold == (GoldPage("d", 1),)
    assert corpus.questions[0].regions[0].box == (0.1, 0.1, 0.5, 0.5)


def test_vidore_v3_puts_pages_together_and_keeps_grades(tmp_path: Path) -> None:
    image = {"bytes": picture(), "path": None}
    pages = [{"corpus_id": n, "image": image, "doc_id": "d", "page_number_in_doc": n} for n in range(3)]
    table(tmp_path / "corpus" / "test.parquet", *pages)
    queries = [
        {"query_id": 1, "query": "?", "language": "english", "query_types": ["open"], "answer": "x"},
        {"query_id": 2, "query": "?", "language": "french", "query_types": ["open"], "answer": "x"},
        {"query_id": 3, "query": None, "language": "english", "query_types": [], "answer": None},
    ]
    table(tmp_path / "queries" / "test.parquet", *queries)
    box = {"annotator": 0, "x1": 0, "y1": 0, "x2": 100, "y2": 100}
    qrels = [
        {"query_id": 1, "corpus_id": 2, "score": 1, "bounding_boxes": [box]},
        {"query_id": 1, "corpus_id": 2, "score": 2, "bounding_boxes": None},
        {"query_id": 1, "corpus_id": 0, "score": 1, "bounding_boxes": None},
    ]
    table(tmp_path / "qrels" / "test.parquet", *qrels)
    corpus = vidore.load(tmp_path, tmp_path / "cache")
    (question,) = corpus.questions
    assert question.gold == (GoldPage("d", 0, 1), GoldPage("d", 2, 2))
    assert question.regions[0].box == (0, 0, 0.5, 1)


def test_visrag_pages_are_documents(tmp_path: Path) -> None:
    image = {"bytes": picture(), "path": None}
    table(
        tmp_path / "corpus" / "train.parquet", {"corpus-id": "p1", "image": image}, {"corpus-id": "p2", "image": image}
    )
    table(tmp_path / "queries" / "train.parquet", {"query-id": "q1", "query": "?", "answer": "x", "options": None})
    table(tmp_path / "qrels" / "train.parquet", {"query-id": "q1", "corpus-id": "p2", "score": 1.0})
    corpus = SOURCES["visrag"].load(tmp_path, tmp_path / "cache")
    assert corpus.questions[0].gold == (GoldPage("p2", 0),)
    assert [document.page_count for document in corpus.documents] == [1, 1]


def test_ohrbench_counts_from_0(tmp_path: Path) -> None:
    pdf(tmp_path / "data" / "pdfs" / "law" / "0007.pdf", 4)
    row = {"doc_name": "law/0007", "ID": "x", "questions": "?", "answers": "y", "evidence_page_no": 3}
    (tmp_path / "data" / "qas_v2.json").write_text(json.dumps([row, {**row, "ID": "z", "evidence_page_no": [0, 1]}]))
    one, two = ohrbench.load(tmp_path, tmp_path).questions
    assert one.gold == (GoldPage("0007.pdf", 3),) and two.gold == (GoldPage("0007.pdf", 0), GoldPage("0007.pdf", 1))


def test_mpdocvqa_windows_are_put_together(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for number in (3, 4, 11):
        (tmp_path / "images" / f"doc_a_p{number}.jpg").write_bytes(picture())
    row = {"question_id": 1, "question": "?", "answers": ["x"], "image_name": ["doc_a_p4", "doc_a_p11"]}
    rows = [{"version": 0}, {**row, "answer_page_idx": 1}, {**row, "question_id": 2, "image_name": ["doc_a_p3"]}]
    np.save(tmp_path / "imdb_val.npy", np.array(rows, dtype=object))
    corpus = mpdocvqa.load(tmp_path, tmp_path / "cache")
    assert [document.page_count for document in corpus.documents] == [3]
    assert corpus.questions[0].gold == (GoldPage("doc_a", 2),) and corpus.questions[1].gold == ()


def test_what_is_no_set_is_said(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="no kind of data set"):
        load("squad", tmp_path, tmp_path)
    with pytest.raises(EvaluationError, match="no folder"):
        load("recto", tmp_path / "nowhere", tmp_path)
    with pytest.raises(EvaluationError, match="parquet"):
        load("vidore", tmp_path, tmp_path)
