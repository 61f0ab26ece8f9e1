"""Questions asked worse keep what they ask; needles stand where their set says."""

import json
import random
import re
from pathlib import Path
from typing import get_args

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.datasets.registry import load
from eval.errors import EvaluationError
from eval.records import Question
from eval.report.pictures import page_pictures
from eval.robustness.needles import DEPTHS, make_needles
from eval.robustness.questions import WAYS, asked, with_typos
from eval.robustness.wordings import kept_as_written
from eval.runs.records import read_run
from eval.runs.running import run_suite
from eval.runs.suite import SetPart, load_suite
from eval.runs.system import document_id

TEXT = "What was Acme's net revenue in FY2022, in millions (10-K)?"


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80), st.integers(0, 5))
def test_typos_touch_letters_only(text: str, seed: int) -> None:
    changed = with_typos(text, random.Random(seed))
    assert re.findall(r"\d", changed) == re.findall(r"\d", text)
    assert len(changed.split()) == len(text.split())
    if re.search(r"[^\W\d_]{4,}", text):
        assert abs(len(changed) - len(text)) <= len(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (TEXT, ["Acme", "FY2022", "10-K"]),
        ('Which "Total assets" did PP&E have on 12/31/2019?', ["Total assets", "Total", "PP&E", "12/31/2019"]),
        ("How do I see that? Who is Ann O'Neil?", ["Ann", "O'Neil"]),
        ("what is the ‘net margin’ of 1,200.5 units, in %?", ["net margin", "1,200.5"]),
        ("Is iPhone revenue above 5% in the U.S.?", ["iPhone", "5%", "U.S"]),
    ],
)
def test_numbers_names_and_quotes_are_what_a_wording_must_keep(text: str, kept: list[str]) -> None:
    assert kept_as_written(text) == kept


def test_ways_of_asking() -> None:
    question = Question("q7", TEXT)
    assert asked(question, "typos", 1) == asked(question, "typos", 1) != question
    assert asked(question, "typos", 1) != asked(question, "typos", 2)
    assert asked(question, "as-asked", 1) == question
    assert asked(question, "upper-case", 1).text == TEXT.upper()
    assert asked(question, "no-punctuation", 1).text == "What was Acme's net revenue in FY2022 in millions 10-K"
    assert set(get_args(SetPart.model_fields["asked"].annotation)) == set(WAYS)


@pytest.fixture(scope="module")
def needles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("needles")
    assert make_needles(folder / "set", seed=3, lengths=(5,)) == 2 * len(DEPTHS)
    return folder


def test_needles_stand_where_the_set_says(needles: Path) -> None:
    corpus = load("recto", needles / "set", needles)
    with pymupdf.open(corpus.documents[0].path) as pdf:
        for question in corpus.questions:
            thing = re.search(r"the (.*) sold", question.text)[1]  # type: ignore[index]
            pages = [page.number for page in pdf if thing in page.get_text()]
            as_text = question.slices["form"] == ("text",)
            assert pages == ([question.gold[0].page_index] if as_text else [])
    again = needles / "again"
    make_needles(again, seed=3, lengths=(5,))
    for name in ("questions.jsonl", "docs/hay-5.pdf"):
        assert (again / name).read_bytes() == (needles / "set" / name).read_bytes()


def test_needles_overwrite_nothing(tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text("mine")
    with pytest.raises(EvaluationError, match="not empty"):
        make_needles(tmp_path, lengths=(5,))
    assert (tmp_path / "questions.jsonl").read_text() == "mine" and len(list(tmp_path.iterdir())) == 1
    with pytest.raises(EvaluationError, match="cannot be written to"):
        make_needles(tmp_path / "questions.jsonl", lengths=(5,))


def test_needles_are_found_among_distractors_and_with_typos(needles: Path) -> None:
    other = needles / "other"
    make_needles(other, seed=4, lengths=(5, 6))
    foreign = [f"{name} ({document_id(other / 'docs' / name)})" for name in ("hay-5.pdf", "hay-6.pdf")]
    suite = needles / "suite.yaml"
    sets = [
        {"name": "plain", "folder": "set", "distractors": ["other/docs"]},
        {"name": "typos", "folder": "set", "distractors": ["other/docs"], "asked": "typos", "limit": 4},
    ]
    suite.write_text(json.dumps({"name": "needles", "sets": sets, "configurations": [{"name": "fusion"}]}))
    run_suite(load_suite(suite), needles / "run", needles / "libraries")
    plain, typos = read_run(needles / "run").cells
    assert len(list((needles / "libraries").glob("set-*"))) == 1, "the same documents are added once"
    assert len(typos.results) == 4 and typos.questions != plain.questions
    recall = [result.scores["recall@5"] for result in plain.results.values()]
    assert sum(filter(None, recall)) >= 0.8 * len(recall)
    found = {page.document for result in plain.results.values() for page in result.outcome.ranking}
    assert found == {"hay-5.pdf", *foreign}, "another document of the same name is not the set's"
    shown = {key.split("/")[1].split("#")[0] for key in page_pictures(read_run(needles / "run"), 20)[0]}
    assert shown == set(foreign), "which of the two documents hay-5.pdf is the set's, the library does not know"
