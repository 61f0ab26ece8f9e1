"""Pictures of cited places: one file a place, cut around its box, and the answer that shows them where they belong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from ingest.document import Box
from pipeline.cli.questions import _prefixes
from pipeline.errors import InputError
from pipeline.results import Answer, Citation, Claim, PageRef
from pipeline.showing import show_answer

REF = PageRef("a" * 16, 3)
TOP = Citation(REF, "Annual report/2024.pdf", "4", Box(0.1, 0.1, 0.9, 0.2), "Nine ferries.")
LOW = Citation(REF, "Annual report/2024.pdf", "4", Box(0.1, 0.8, 0.5, 0.82), "In 1962.")
ANSWER = Answer(
    "How many\nferries?", "Nine. In 1962.", False, (Claim("Nine.", True, (TOP,)), Claim("In 1962.", True, (LOW, TOP)))
)


def picture(ref: PageRef) -> Image.Image:
    page = Image.new("RGB", (1000, 1000), "white")
    page.paste((0, 0, 255), (0, 500, 1000, 1000))
    return page


def test_each_place_is_one_picture_and_stands_beside_its_claim(tmp_path: Path) -> None:
    shown = show_answer(ANSWER, picture, tmp_path / "out", "q1-")
    assert [one.path.name for one in shown] == ["q1-1-2024-page-3.png", "q1-2-2024-page-3.png"]
    with Image.open(shown[0].path) as top, Image.open(shown[1].path) as low:
        assert top.size == (860, 180) and low.size == (460, 100)
        assert top.getpixel((0, 0)) == (255, 255, 255) and low.getpixel((0, 0)) == (0, 0, 255)
    text = (tmp_path / "out" / "q1-answer.md").read_text("utf-8")
    assert text.startswith("# How many ferries?\n\nNine.\n\n> Annual report/2024.pdf, page 4: “Nine ferries.”\n\n![")
    assert text.index("In 1962.") < text.index("(q1-2-") < text.rindex("(q1-1-")


def test_an_abstention_shows_its_text(tmp_path: Path) -> None:
    assert show_answer(Answer("Who?", "The documents do not say.", True), picture, tmp_path) == []
    assert "The documents do not say." in (tmp_path / "answer.md").read_text("utf-8")


def test_a_reply_that_was_cut_off_is_said_to_be(tmp_path: Path) -> None:
    show_answer(replace(ANSWER, cut_off=True), picture, tmp_path)
    assert "raise answer.output\\_tokens" in (tmp_path / "answer.md").read_text("utf-8")


def test_words_of_documents_stay_words(tmp_path: Path) -> None:
    show_answer(Answer("Who?", "![x](http://a.b/c.png) <b>", False), picture, tmp_path)
    assert "!\\[x\\](http://a.b/c.png) \\<b\\>" in (tmp_path / "answer.md").read_text("utf-8")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError):
        show_answer(ANSWER, picture, tmp_path / "file" / "out")


def test_no_two_questions_share_their_files() -> None:
    ids = ["问题一", "q 1", "q/1", "Q-1", 1, "1", "x" * 500, "x" * 600]
    prefixes = _prefixes(ids)
    assert list(prefixes) == ids and len({prefix.casefold() for prefix in prefixes.values()}) == len(ids)
    assert prefixes["问题一"] == "问题一-" and all(
        len(prefix) < 100 and "/" not in prefix for prefix in prefixes.values()
    )
