"""Raised characters and initials, on real pages."""

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.attached import attach
from ingest.blanks import mend_blanks
from ingest.layout import PageFrame, lay_out
from ingest.rows import Cell
from ingest.scripts import raised
from ingest.textlayer import Fragment
from tests.ingest.pages import read_fragments


def text_of(page: pymupdf.Page) -> str:
    document = pymupdf.open(stream=page.parent.tobytes(), filetype="pdf")
    return " ".join(
        block.text for block in lay_out(read_fragments(document[0]), PageFrame(page.rect.width, page.rect.height))
    )


def new_page() -> pymupdf.Page:
    return pymupdf.open().new_page(width=600, height=800)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("In 2021<sup>1</sup> sales grew", "In 2021¹ sales grew"),
        ("a load of 10<sup>-6</sup> tons", "a load of 10⁻⁶ tons"),
        ("the 3<sup>rd</sup> quay", "the 3rd quay"),
        ("H<sub>2</sub>O and CO<sub>2</sub>", "H2O and CO2"),
        ("Total debt<sup>(a)</sup>", "Total debt(ᵃ)"),
    ],
)
def test_raised_and_lowered_characters(html, expected):
    page = new_page()
    page.insert_htmlbox((50, 50, 550, 100), f"<p style='font-size:12px'>{html}</p>")
    assert text_of(page) == expected


def test_exponents_set_by_themselves_join_their_letters():
    page = new_page()
    for x, letter in ((50, "a"), (80, "b"), (110, "c")):
        page.insert_text((x, 100), letter, fontsize=14)
        page.insert_text((x + 8, 94), "2", fontsize=9)
    page.insert_text((66, 100), "+", fontsize=14)
    page.insert_text((96, 100), "=", fontsize=14)
    assert text_of(page) == "a² + b² = c²"


def test_an_initial_over_three_lines_begins_the_first():
    page = new_page()
    page.insert_text((50, 122), "O", fontsize=36)
    for number, line in enumerate(
        ("ver the past decades the harbour", "has grown and its quays have", "been built anew by the town.")
    ):
        page.insert_text((80, 100 + 13 * number), line, fontsize=11)
    page.insert_text((50, 139), "It went on to grow for a hundred years", fontsize=11)
    assert text_of(page).startswith("Over the past decades the harbour")


@pytest.mark.parametrize("text", ["1,234¹", "(5.3)%²", "2021¹", "12.5⁽ᵃ⁾".replace("⁽", "(").replace("⁾", ")")])
def test_a_mark_leaves_a_number_a_number(text):
    assert Cell(text, 0, 1).is_number


@given(st.text(max_size=12), st.text(max_size=5))
def test_raising_keeps_the_length_or_adds_signs_only(text, before):
    marked = raised(text, before)
    assert len(text) <= len(marked) <= len(text) + 3


@given(
    st.lists(
        st.builds(
            Fragment,
            st.text("abC1", min_size=1, max_size=3),
            st.floats(0, 50),
            st.floats(0, 50),
            st.floats(51, 90),
            st.floats(51, 90),
            st.sampled_from([6.0, 10.0, 30.0]),
        ),
        max_size=6,
    )
)
def test_no_character_is_lost(fragments):
    before = sum(len(fragment.text) for fragment in fragments)
    joined = attach(fragments)
    assert before <= sum(len(fragment.text) for fragment in joined) <= before + 3 * len(fragments)


def test_a_fraction_after_a_sign_of_operation_is_one_line():
    page = new_page()
    page.insert_text((50, 100), "E =", fontsize=14)
    page.insert_text((80, 88), "dB", fontsize=14)
    page.insert_text((82, 113), "dt", fontsize=14)
    assert text_of(page) == "E = dB/dt"


def test_two_lines_beside_a_label_are_no_fraction():
    page = new_page()
    page.insert_text((50, 100), "Net", fontsize=14)
    page.insert_text((80, 92), "one", fontsize=14)
    page.insert_text((80, 110), "two", fontsize=14)
    assert "/" not in text_of(page)


def test_blanks_that_are_only_movements_of_the_pen_are_read():
    page = new_page()
    font = pymupdf.Font("helv")
    writer = pymupdf.TextWriter(page.rect)
    x = 50.0
    for word in ["the", "composition", "of", "all", "the", "harbours", "of", "the", "northern", "sea"]:
        writer.append((x, 100), word, font=font, fontsize=10)
        x += font.text_length(word, 10) + 1.3
    writer.write_text(page)
    document = pymupdf.open(stream=page.parent.tobytes(), filetype="pdf")
    fragments = read_fragments(document[0])
    assert "compositionofall" in fragments[0].text, "the text layer has the blanks by itself"
    assert [f.text for f in mend_blanks(document[0], fragments)] == [
        "the composition of all the harbours of the northern sea"
    ]


def test_a_long_word_stays_whole():
    page = new_page()
    word = "Donaudampfschifffahrtsgesellschaftskapitän"
    page.insert_text((50, 100), f"Der {word} schlief.", fontsize=11)
    document = pymupdf.open(stream=page.parent.tobytes(), filetype="pdf")
    [fragment] = mend_blanks(document[0], read_fragments(document[0]))
    assert fragment.text == f"Der {word} schlief."
