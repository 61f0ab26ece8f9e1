"""Copies of a document: which are, which only look alike, and what a search shows of them."""

from pathlib import Path

import pymupdf
import pytest

from pipeline import Library
from pipeline.config import load_settings

PARAGRAPHS = [
    "The harbour board met in March and heard the treasurer on the dredging of the northern basin.",
    "Repairs of the slipway were let to Halvorsen for the sum of nineteen thousand crowns in all.",
    "The lighthouse keeper asked for leave of three weeks and was granted two, from the first of May.",
    "Herring landed in April weighed four hundred barrels, a third less than in the year before it.",
]


def write(path: Path, pages: list[str], author: str) -> Path:
    with pymupdf.open() as document:
        for text in pages:
            document.new_page().insert_text((72, 72), text, fontsize=9)
        document.set_metadata({"author": author})
        document.save(path)
    return path


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The minutes, a copy with a few letters misread, next year's minutes of the same form, two equal pictures."""
    folder = tmp_path_factory.mktemp("harbour")
    misread = [text.replace("Halvorsen", "Halvorscn").replace("three weeks", "thrce weeks") for text in PARAGRAPHS]
    next_year = [
        PARAGRAPHS[0],
        *(
            " ".join(reversed(text.replace("the", "a").split())) + f" {n}" * n
            for n, text in enumerate(
                [
                    "New nets were bought by tender from Bergen.",
                    "The pilot retired after forty winters.",
                    "A storm took nine boats and the eastern mole.",
                ],
                1,
            )
        ),
    ]
    files = [
        write(folder / "minutes.pdf", PARAGRAPHS, "a"),
        write(folder / "minutes-scan.pdf", misread, "b"),
        write(folder / "minutes-next-year.pdf", next_year, "c"),
        write(folder / "notice.pdf", PARAGRAPHS[1:2], "d"),
        write(folder / "notice-again.pdf", PARAGRAPHS[1:2], "e"),
    ]
    with Library(folder / "library") as library:
        assert {added.status for added in library.add(files)} == {"ready"}
    return folder / "library"


def found(library: Path, question: str, **retrieval: object) -> dict[tuple[str, int], list[str]]:
    with Library(settings=load_settings({"library": library, "retrieval": {"k": 20, **retrieval}})) as opened:
        hits = opened.search(question).hits
    return {(hit.name, hit.ref.page_index): [copy.name for copy in hit.copies] for hit in hits}


def test_a_copied_page_takes_one_place(harbour: Path) -> None:
    pages = found(harbour, "Who repairs the slipway?")
    both = {"minutes.pdf", "minutes-scan.pdf"}
    for index in range(4):
        (shown,) = {name for name, page_index in pages if page_index == index} & both
        assert pages[shown, index] == [*(both - {shown})]


def test_same_form_another_year_and_single_pages_stay_apart(harbour: Path) -> None:
    pages = found(harbour, "What did the harbour board hear on dredging?")
    assert pages["minutes-next-year.pdf", 0] == []
    assert pages["notice.pdf", 0] == pages["notice-again.pdf", 0] == []


def test_places_are_filled_with_other_pages(harbour: Path) -> None:
    assert len(found(harbour, "Who repairs the slipway?", k=6)) == 6


def test_copies_may_stay_in_the_ranking(harbour: Path) -> None:
    pages = found(harbour, "Who repairs the slipway?", fold_copies=False)
    assert {("minutes.pdf", 1), ("minutes-scan.pdf", 1)} <= set(pages)
    assert not any(pages.values())
