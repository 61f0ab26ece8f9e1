"""Terms of a question and what they stand for: which are recognised, the user's own, what is refused."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ConfigError
from pipeline.retrieval.terms import glossary, mixed


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("What is the working capital of Halden?", "total current liabilities"),
        ("Compute DPO for 2021", "accounts payable"),
        ("days-payable outstanding in 2021?", "accounts payable"),
        ("How did PP&E develop?", "property, plant and equipment"),
        ("Did gross margins improve?", "gross profit"),
        ("How high was capex, and why?", "capital expenditures"),
    ],
)
def test_a_term_brings_the_line_items_of_its_statement(question: str, word: str) -> None:
    assert word in glossary().words(question)


@pytest.mark.parametrize(
    "question", ["Where does the dpo file live?", "Was the Eparchy founded?", "Who wrote R&Dx?", ""]
)
def test_abbreviations_are_matched_as_whole_words_in_capitals(question: str) -> None:
    assert glossary().words(question) == ""


def test_words_that_two_terms_share_are_said_once() -> None:
    words = glossary().words("Compare the current ratio with the working capital").split(", ")
    assert len(words) == len(set(words)) > 0


def test_own_terms_are_added_and_win(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[terms]\n"DPO" = "data protection officer"\n"wet weight" = "mass before drying"\n')
    mine = glossary(own)
    assert mine.words("Who is the DPO?") == "data protection officer"
    assert mine.words("the wet weights of samples") == "mass before drying"
    assert "gross profit" in mine.words("gross margin")


@pytest.mark.parametrize("text", ["[terms", '[other]\n"a" = "b"', "[terms]\na = 1", None])
def test_a_glossary_that_cannot_be_read_is_one_line(tmp_path: Path, text: str | None) -> None:
    own = tmp_path / "own.toml"
    if text is not None:
        own.write_text(text)
    with pytest.raises(ConfigError, match=r"retrieval\.terms: .*own\.toml"):
        glossary(own)


def test_the_mixed_vector_lies_between_both() -> None:
    one, other = np.eye(3, dtype=np.float32)[:2]
    vector = mixed(one, other)
    assert vector.dtype == np.float32 and np.linalg.norm(vector) == pytest.approx(1)
    assert vector @ one == pytest.approx(vector @ other)
