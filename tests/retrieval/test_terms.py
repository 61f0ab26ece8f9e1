"""Terms of a question and what they stand for: which are recognised, the user's own, what is refused."""

import tomllib
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.retrieval import terms
from pipeline.retrieval.terms import Meaning, glossary

NAMES = tomllib.loads(Path(terms.__file__).with_suffix(".toml").read_text(encoding="utf-8"))["terms"]


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("What is the working capital of Halden?", "total current liabilities"),
        ("Compute DPO for 2021", "accounts payable"),
        ("days-payable outstanding in 2021?", "accounts payable"),
        ("How did PP&E develop?", "property, plant and equipment"),
        ("Did gross margins improve?", "gross profit"),
        ("How high was capex, and why?", "capital expenditures"),
        ("debt to ebitda ratio in 2021?", "depreciation and amortization"),
    ],
)
def test_a_term_brings_the_line_items_of_its_statement(question: str, word: str) -> None:
    assert any(word in facet for facet in glossary().facets(question))


@pytest.mark.parametrize(
    "question", ["Where does the ap file live?", "Was the Eparchy founded?", "Who wrote R&Dx?", ""]
)
def test_abbreviations_are_matched_as_whole_words_and_two_letters_in_capitals(question: str) -> None:
    assert glossary().facets(question) == ()


def test_what_two_terms_share_is_searched_once() -> None:
    assert len(glossary().facets("Compare the current ratio with the working capital")) == 1


def test_items_of_two_statements_are_two_facets() -> None:
    assets, income = glossary().facets("What was the return on assets in 2021?")
    assert "total assets" in assets and "net income" in income
    assert "net income" not in assets and "total assets" not in income


def test_of_terms_that_overlap_the_longest_counts() -> None:
    gained = set(glossary().facets("the fixed asset turnover")) - set(
        glossary().facets("the fixed asset, the turnover")
    )
    assert gained and not set(glossary().facets("fixed asset turnover")) & {"total assets, balance sheet"}


def test_facets_come_in_the_order_of_the_question() -> None:
    both, turned = glossary().facets("DSO, then capex"), glossary().facets("capex, then DSO")
    assert set(both) == set(turned) and both[-1] == turned[0]


def test_own_terms_are_added_and_win(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[terms]\n"DPO" = "data protection officer"\n"wet weight" = ["scale", "mass before drying"]\n')
    mine = glossary(own)
    assert mine.facets("Who is the DPO?") == ("data protection officer",)
    assert mine.facets("the wet weights of samples") == ("scale", "mass before drying")
    assert "gross profit" in mine.facets("gross margin")[0]


def test_what_stands_before_a_bar_are_line_items_and_all_of_it_is_searched(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[terms]\n"lead" = "ballast; keel, bolts | weights"\n[line_items]\nsame = [["ballast", "keel weight"]]\n'
    )
    mine = glossary(own)
    reading = mine.read("How much lead has the Brannoch?")
    assert reading.terms == (
        ("lead", (Meaning("ballast, keel, bolts, weights", ("ballast", "keel, bolts"), "weights"),)),
    )
    assert reading.rest.split() == ["How", "much", "has", "the", "Brannoch?"]
    assert ("ballast", "keel weight") in mine.same and len(mine.same) == len(glossary().same) + 1
    assert glossary(own).facets("lead") == ("ballast, keel, bolts, weights",)


def test_every_line_item_that_has_other_names_is_one_of_the_glossary() -> None:
    known = {
        item for _, meanings in glossary().read(" ".join(NAMES)).terms for one in meanings for item in one.line_items
    }
    assert len(known) > 30 and all(set(group) & known for group in glossary().same)


@pytest.mark.parametrize(
    "text",
    [
        "[terms]\n[line_items]\nsame = 1",
        "[terms]\n[line_items]\nsame = [1]",
        "[terms",
        '[other]\n"a" = "b"',
        "[terms]\na = 1",
        'terms = "x"',
        None,
    ],
)
def test_a_glossary_that_cannot_be_read_is_one_line(tmp_path: Path, text: str | None) -> None:
    own = tmp_path / "own.toml"
    if text is not None:
        own.write_text(text)
    with pytest.raises(ConfigError, match=r"retrieval\.terms: .*own\.toml"):
        glossary(own)
