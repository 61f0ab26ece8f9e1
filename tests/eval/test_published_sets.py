"""Loaders of published sets on a few rows in the source's own layout: page numbers, grades, dirty rows."""

import json
from pathlib import Path

import numpy as np
import pytest

from eval.datasets import (
    financebench,
    m3docvqa,
    mmdocir,
    mmdocrag,
    mmlongbench,
    mpdocvqa,
    ohrbench,
    slidevqa,
    unidoc,
    vidore,
    vidore_qa,
    vidoseek,
)
from eval.datasets.registry import SOURCES, load
from eval.errors import EvaluationError
from eval.metrics.registry import metric
from eval.records import GoldPage, Outcome, RankedPage
from tests.eval.sets import lines, pdf, picture, table


def test_financebench_counts_from_0(tmp_path: Path) -> None:
    pdf(tmp_path / "pdfs" / "ACME_2022_10K.pdf", 2)
    evidence = {"doc_name": "ACME_2022_10K", "evidence_page_num": 1, "evidence_text": "Net income 5"}
    both = [evidence, {**evidence, "evidence_text": "Tax 2"}]
    row = {"financebench_id": "f1", "question": "?", "answer": 5, "question_reasoning": None, "evidence": both}
    lines(tmp_path / "data" / "financebench_open_source.jsonl", row)
    (question,) = financebench.load(tmp_path, tmp_path).questions
    assert question.gold == (GoldPage("ACME_2022_10K.pdf", 1),)
    assert question.evidence == ("Net income 5", "Tax 2"), "two texts of one page"
    with pytest.raises(EvaluationError, match="1 questions and financebench has 150"):
        load("financebench", tmp_path, tmp_path)


def test_rows_of_another_form_are_one_line(tmp_path: Path) -> None:
    pdf(tmp_path / "pdfs" / "a.pdf", 1)
    file = tmp_path / "data" / "financebench_open_source.jsonl"
    lines(file, {"financebench_id": "f1", "question": "?", "evidence": []})
    with pytest.raises(EvaluationError, match=r"financebench in .*'answer' is missing"):
        load("financebench", tmp_path, tmp_path)
    lines(file, {"financebench_id": "f1", "question": "?", "answer": "x", "evidence": ["a.pdf"]})
    with pytest.raises(EvaluationError, match=r"financebench in .* has not the form"):
        load("financebench", tmp_path, tmp_path)
    (tmp_path / "imdb_val.npy").write_text("hello")
    with pytest.raises(EvaluationError, match=r"imdb_val\.npy cannot be read"):
        load("mpdocvqa", tmp_path, tmp_path)
    (tmp_path / "data" / "documents").mkdir()
    pdf(tmp_path / "data" / "documents" / "d.pdf", 1)
    row = {"doc_id": "d.pdf", "answer_format": "Int", "evidence_pages": "{[1]}"}
    (tmp_path / "data" / "samples.json").write_text(json.dumps([row]))
    with pytest.raises(EvaluationError, match="row 1: 'evidence_pages' must be a text that holds a list"):
        load("mmlongbench", tmp_path, tmp_path)


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
    table(
        tmp_path / "queries" / "train.parquet",
        {"query-id": "q1", "query": "?", "answer": "B", "options": ["A) mill", "B) ferry"]},
    )
    table(tmp_path / "qrels" / "train.parquet", {"query-id": "q1", "corpus-id": "p2", "score": 1.0})
    corpus = SOURCES["visrag"].load(tmp_path, tmp_path / "cache")
    assert corpus.questions[0].gold == (GoldPage("p2", 0),)
    assert corpus.questions[0].answers == ("B", "ferry"), "the letter of an option, or what it says"
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


def test_m3docvqa_knows_documents_only(tmp_path: Path) -> None:
    for name in ("d1", "d2", "d3"):
        pdf(tmp_path / "splits" / "pdfs_dev" / f"{name}.pdf", 2)
    row = {
        "qid": "q",
        "question": "?",
        "answers": [{"answer": "Oslo", "modality": "text"}, {"answer": 1952, "modality": "table"}],
        "metadata": {"type": "Compose(TextQ,TableQ)"},
        "supporting_context": [{"doc_id": name, "doc_part": "text"} for name in ("d1", "d2", "d1")],
    }
    lines(tmp_path / "multimodalqa" / "MMQA_dev.jsonl", row)
    (question,) = m3docvqa.load(tmp_path, tmp_path).questions
    assert question.documents == ("d1.pdf", "d2.pdf") and question.gold == ()
    assert question.answers == ("Oslo; 1952",) and question.answer_format == "List"
    found = tuple(RankedPage(name, page, 1.0) for name, page in (("d3.pdf", 0), ("d2.pdf", 1), ("d2.pdf", 0)))
    outcome = Outcome("q", found)
    assert metric("document recall@1").score(question, outcome) == 0
    assert metric("document recall@2").score(question, outcome) == 0.5
    assert metric("recall@5").score(question, outcome) is None, "there are no gold pages to find"
    lines(tmp_path / "multimodalqa" / "MMQA_dev.jsonl", {**row, "supporting_context": [{"doc_id": "gone"}]})
    with pytest.raises(EvaluationError, match=r"line 1: the gold document 'gone.pdf'"):
        m3docvqa.load(tmp_path, tmp_path)


@pytest.mark.parametrize("file", ["vidoseek.json", "rag_dataset.json"])
def test_vidoseek_counts_from_1(tmp_path: Path, file: str) -> None:
    pdf(tmp_path / "vidoseek_pdf_document" / "slides.pdf", 3)
    about = {"file_name": "slides.pdf", "reference_page": [1, 3], "source_type": "Chart", "query_type": "Multi-Hop"}
    row = {"uid": "u_1", "query": "?", "reference_answer": "x", "meta_info": about}
    (tmp_path / file).write_text(json.dumps({"examples": [row]}))
    (question,) = vidoseek.load(tmp_path, tmp_path).questions
    assert question.gold == (GoldPage("slides.pdf", 0), GoldPage("slides.pdf", 2))
    assert question.slices["source"] == ("Chart",)
    about["reference_page"] = [0]
    (tmp_path / file).write_text(json.dumps({"examples": [row]}))
    with pytest.raises(EvaluationError, match="row 1: the gold page_index -1"):
        vidoseek.load(tmp_path, tmp_path)


def test_mmdocrag_gold_is_where_the_gold_quotes_stand(tmp_path: Path) -> None:
    pdf(tmp_path / "doc_pdfs" / "report.pdf", 6)
    row = {
        "q_id": 7,
        "doc_name": "report",
        "domain": "Brochure",
        "question": "?",
        "question_type": "Comparative",
        "evidence_modality_type": ["text", "table"],
        "text_quotes": [{"quote_id": f"text{n}", "text": f"said {n}", "page_id": n, "layout_id": n} for n in (1, 5)],
        "img_quotes": [{"quote_id": "image1", "img_description": "a table", "page_id": 5, "layout_id": 9}],
        "gold_quotes": ["image1", "text5"],
        "answer_short": "['46', '27']",
    }
    lines(tmp_path / "evaluation_15.jsonl", row, {**row, "q_id": 8, "doc_name": "not-published"})
    there, missing = mmdocrag.load(tmp_path, tmp_path).questions
    assert there.gold == (GoldPage("report.pdf", 5),) and there.evidence == ("a table", "said 5")
    assert there.answers == ("46; 27",) and there.answerable
    assert missing.gold == () and not missing.answerable and missing.slices["pdf"] == ("missing",)
    lines(tmp_path / "evaluation_15.jsonl", {**row, "answer_short": "{['46']}"})
    assert mmdocrag.load(tmp_path, tmp_path).questions[0].answers == ("{['46']}",)
    lines(tmp_path / "evaluation_15.jsonl", {**row, "gold_quotes": ["image2"]})
    with pytest.raises(EvaluationError, match="line 1: the gold quote 'image2'"):
        mmdocrag.load(tmp_path, tmp_path)


def test_vidore_v1_rows_with_the_same_query_or_picture_are_one(tmp_path: Path) -> None:
    def row(query: str | None, colour: str, name: str, answer: str | None = None) -> dict[str, object]:
        image = {"bytes": picture(colour), "path": None}
        return {"query": query, "image": image, "image_filename": name, "answer": answer}

    table(
        tmp_path / "data" / "test-00000-of-00001.parquet",
        row("How many?", "white", "scans/a b.png", "5"),
        row("How many?", "red", "a_b.png", "five"),
        row("Who?", "white", "again.png", "5"),
        row(None, "blue", "a b.png"),
    )
    corpus = vidore_qa.load(tmp_path, tmp_path / "cache")
    names = [document.name for document in corpus.documents]
    assert names[:2] == ["a b.png", "a_b.png"] and names[2].startswith("a b.png-") and len(names) == 3
    assert len({document.path for document in corpus.documents}) == 3, "names that look alike are not one file"
    many, who = corpus.questions
    assert many.gold == (GoldPage("a b.png", 0), GoldPage("a_b.png", 0)) and many.answers == ("5", "five")
    assert who.gold == (GoldPage("a b.png", 0),)
