"""What is in a file and not seen on its page: left out and reported. What is seen: read, however faint or crowded."""

import pymupdf
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.hidden import PLAIN, SECRET, WAYS, Draw, ending, photograph
from ingest.document import HIDDEN_TEXT, Page
from ingest.pdf import parse_pdf_page
from ingest.settings import IngestSettings


def parse(document: pymupdf.Document) -> Page:
    return parse_pdf_page(
        pymupdf.open(stream=document.tobytes(), filetype="pdf"), 0, IngestSettings(), lambda pixels: []
    )


def words(page: Page) -> str:
    return " ".join(" ".join(block.text.split()) for block in page.blocks)


@pytest.mark.parametrize("draw", WAYS, ids=lambda draw: draw.__name__)
def test_hidden_text_is_left_out_and_reported(draw: Draw) -> None:
    result = ending(draw, hidden=True)
    assert not result.read and not result.page.lost
    (issue,) = result.page.issues
    assert issue.stage == HIDDEN_TEXT and issue.is_notice
    assert f"{len(SECRET)} characters " in issue.error and issue.error.endswith(f"left out: {SECRET}")


@pytest.mark.parametrize("draw", WAYS, ids=lambda draw: draw.__name__)
def test_the_twin_in_sight_is_read(draw: Draw) -> None:
    result = ending(draw, hidden=False)
    assert SECRET in words(result.page) and result.reported == ()


def test_one_word_under_a_bar_is_left_out_of_its_line() -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 200), "The payment went to Lovelace on the third of May", fontsize=12)
    page.draw_rect(page.search_for("Lovelace")[0], color=None, fill=(0, 0, 0))
    parsed = parse(document)
    assert words(parsed) == "The payment went to on the third of May"
    assert [issue.error for issue in parsed.issues] == [
        "8 characters in the colour of what is behind it, left out: Lovelace"
    ]


def test_words_drawn_twice_are_read_and_not_reported() -> None:
    document = pymupdf.open()
    page = document.new_page()
    for shift in (0, 0.4):
        page.insert_text((72 + shift, 200), "A heading with a shadow", fontsize=20, color=(shift, shift, shift))
    page.insert_text((72, 300), PLAIN, fontsize=12)
    page.insert_text((72, 300), PLAIN, fontsize=12)
    parsed = parse(document)
    assert "A heading with a shadow" in words(parsed) and PLAIN in words(parsed) and parsed.issues == ()


def test_words_on_a_photograph_and_under_a_watermark_are_seen() -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_image((60, 100, 480, 160), pixmap=photograph())
    page.insert_text((72, 140), "Words on a photograph", fontsize=24, color=(1, 1, 1))
    page.insert_text((72, 300), PLAIN, fontsize=12)
    page.insert_text((72, 310), "DRAFT", fontsize=60, color=(0.9, 0.9, 0.9), fill_opacity=0.5)
    parsed = parse(document)
    assert all(part in words(parsed) for part in ("Words on a photograph", PLAIN, "DRAFT")) and parsed.issues == ()


@settings(max_examples=25, deadline=None)
@given(
    ground=st.tuples(*[st.integers(0, 255)] * 3),
    ink=st.tuples(*[st.integers(0, 255)] * 3),
    size=st.sampled_from([5, 8, 12, 30]),
    rotation=st.sampled_from([0, 90, 180, 270]),
)
@example(ground=(0, 85, 60), ink=(0, 96, 0), size=5, rotation=0)  # as light as each other
def test_colours_decide(ground: tuple[int, ...], ink: tuple[int, ...], size: int, rotation: int) -> None:
    difference = max(abs(one - other) for one, other in zip(ground, ink, strict=True))
    document = pymupdf.open()
    page = document.new_page()
    page.draw_rect((40, 40, 555, 800), color=None, fill=[value / 255 for value in ground])
    page.insert_text((72, 200), "Harbour", fontsize=size, color=[value / 255 for value in ink])
    page.set_rotation(rotation)
    text = words(parse(document))
    if difference >= 60:
        assert text == "Harbour"
    elif difference < 10:
        assert text == ""


def test_an_ocr_layer_is_kept_where_the_scan_shows_strokes() -> None:
    scan = pymupdf.open().new_page(width=600, height=800)
    scan.insert_text((60, 100), "The letter of the old harbour master", fontsize=14)
    document = pymupdf.open()
    page = document.new_page(width=600, height=800)
    page.insert_image(page.rect, pixmap=scan.get_pixmap(dpi=100))
    page.insert_text((60, 100), "The letter of the old harbour master", fontsize=14, render_mode=3)
    page.insert_text((60, 600), SECRET, fontsize=12, render_mode=3)
    parsed = parse(document)
    assert "The letter of the old harbour master" in words(parsed) and "instruction" not in words(parsed)
    assert [issue.error for issue in parsed.issues] == [f"62 characters painted with nothing, left out: {SECRET}"]


@pytest.mark.parametrize(("name", "read"), [("checked", True), (SECRET, False)])
def test_a_sign_may_have_a_name_but_carries_no_message(name: str, read: bool) -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 90), PLAIN, fontsize=12)
    stream = f"\nBT /helv 12 Tf 72 642 Td /Span <</ActualText ({name})>> BDC (X) Tj EMC ET"
    xref = page.get_contents()[0]
    document.update_stream(xref, document.xref_stream(xref) + stream.encode())
    parsed = parse(document)
    assert (name in words(parsed)) == read and PLAIN in words(parsed)
    assert bool(parsed.issues) != read
