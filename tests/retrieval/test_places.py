"""Places that questions name: how they are read, which pages they mean, what a named page is worth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.retrieval.places import Places, named_places, raised


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("What is shown on page 12?", {12}),
        ("Who is on slide (3)?", {3}),
        ("people in the pictures in Pages 30-33?", {30, 31, 32, 33}),
        ("apps on both page 21 and 62", {21, 62}),
        ("pages 4, 7 and 9", {4, 7, 9}),
        ("page two of the brochure", {2}),
        ("the stamp on the 6th page", {6}),
        ("the second slide", {2}),
        ("the logo on the cover page", {1}),
        ("Who is on the cover?", {1}),
    ],
)
def test_pages_by_number(question: str, numbers: set[int]) -> None:
    assert named_places(question) == Places(frozenset(numbers))


@pytest.mark.parametrize(
    ("question", "items"),
    [
        ("What does Figure 3 show?", (("figure", 3),)),
        ("the bars in fig. 11 and fig. 12", (("figure", 11), ("figure", 12))),
        ("According to table II, who won?", (("table", 2),)),
    ],
)
def test_figures_and_tables(question: str, items: tuple[tuple[str, int], ...]) -> None:
    assert named_places(question) == Places(items=items)


def test_the_last_page() -> None:
    assert named_places("Is there a signature on the last page?") == Places(last=True)


@pytest.mark.parametrize(
    "question",
    ["Does the policy cover 3 pages of damage?", "How many pages has it?", "the title of the report", "table salt", ""],
)
def test_most_questions_name_no_place(question: str) -> None:
    assert not named_places(question) or named_places(question).numbers == frozenset()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-5, 5), st.floats(0, 1)), min_size=1))
def test_naming_raises_and_never_lowers(pages: list[tuple[str, float, float]]) -> None:
    documents, scores, meant = [one for one, _, _ in pages], *np.array([page[1:] for page in pages]).T
    after = raised(scores, documents, meant)
    assert (after >= scores - 1e-9).all()
    assert (after == scores)[meant == 0].all()


def test_the_page_asked_for_leads_its_document_but_not_a_better_one() -> None:
    scores, meant = np.array([3.0, -1.0, -1.0, -0.5]), np.array([0.0, 1.0, 1.0, 0.0])
    after = raised(scores, ["a", "a", "b", "b"], meant)
    assert np.argsort(-after)[:2].tolist() == [1, 0]
    assert after[2] > after[3]
