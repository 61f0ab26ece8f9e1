"""Places that questions name: how they are read, which pages they mean, what a named page is worth."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.results import PageRef
from pipeline.retrieval.places import MENTION, Places, named_places, pages_meant, raised
from pipeline.retrieval.words import PageWords
from pipeline.stores.opened import Stores
from tests.stores.small_library import add_document, manifest, page_vector, write_file


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
        ("What does Figure 3 show?", ["figure 3"]),
        ("the bars in fig. 11 and fig. 12", ["figure 11", "figure 12"]),
        ("According to table II, who won?", ["table 2"]),
        ("quizzes of UNIT-14", ["unit 14"]),
        ("the strengths in Appendix C", ["appendix c"]),
        ('Which subsections has "Augmentation of  data"?', ["augmentation of data"]),
        ("the last chapter in the table of contents", ["contents"]),
    ],
)
def test_what_has_a_name(question: str, items: list[str]) -> None:
    places = named_places(question)
    assert not places.numbers and len(places.items) == len(items)
    assert all(name in item.names for name, item in zip(items, places.items, strict=True))


def test_examples_of_an_answer_are_no_places() -> None:
    assert not named_places('All pages on it, as a list, for example ["Page 17", "Page 25"]')
    assert named_places('What is on page 3? Write it as, e.g., "page 4".') == Places(frozenset({3}))


def test_table_a_is_no_name() -> None:
    assert not named_places("Which table a guest sits at, and in section b?")


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


def test_the_page_asked_for_leads_its_document_and_what_is_best_elsewhere_unless_far_ahead() -> None:
    scores, meant = np.array([3.0, -1.0, -1.0, -0.5, 2.0]), np.array([0.0, 1.0, 1.0, 0.0, 0.0])
    after = raised(scores, ["a", "a", "b", "b", "c"], meant)
    assert np.argsort(-after)[:3].tolist() == [1, 0, 2]
    far = raised(np.array([40.0, -1.0, -1.0, -0.5, 2.0]), ["a", "a", "b", "b", "c"], meant)
    assert far[0] > far[2] > far[4]


def test_pages_count_by_the_places_that_their_document_has(tmp_path: Path) -> None:
    stores = Stores.open(tmp_path / "library", manifest(), PageWords(), page_vector)
    both = add_document(
        stores, write_file(tmp_path, "both.pdf", ["Figure 1 A tree", "see Figure 1", "Figure 10 A lake"])
    )
    one = add_document(stores, write_file(tmp_path, "one.pdf", ["Figure 1 A house", "Contents", "the contents of it"]))
    meant = pages_meant(stores, named_places("How does Figure 1 lead to Figure 10?"), [both, one])
    assert meant == {
        PageRef(both, 0): 1.0,
        PageRef(both, 1): MENTION,
        PageRef(both, 2): 1.0,
        PageRef(one, 0): 0.5,
    }
    assert pages_meant(stores, named_places("the table of contents"), [both, one]) == {PageRef(one, 1): 1.0}
    stores.close()
