"""Running text of documents too short for it to come back."""

import pymupdf
import pytest

from ingest.document import FURNITURE, Block, Box, Kind, Line, Page
from ingest.layout import PageFrame, lay_out
from ingest.running import mark_running
from tests.ingest.pages import read_fragments

PROSE = "The harbour was built by the town and by its merchants in the year of the flood, and it was built well. "


def marked(page: pymupdf.Page) -> dict[str, Kind]:
    document = pymupdf.open(stream=page.parent.tobytes(), filetype="pdf")
    blocks = lay_out(read_fragments(document[0]), PageFrame(600, 800))
    [done] = mark_running([Page(0, "1", 600, 800, tuple(blocks))])
    return {block.text: block.kind for block in done.blocks}


def article() -> pymupdf.Page:
    page = pymupdf.open().new_page(width=600, height=800)
    page.insert_textbox((60, 100, 540, 700), PROSE * 12, fontsize=11)
    return page


def test_lines_that_stand_apart_at_the_edges_of_prose():
    page = article()
    page.insert_text((60, 50), "Smith et al.: Harbours of the north", fontsize=9)
    page.insert_text((60, 770), "Journal of Harbours", fontsize=9)
    kinds = marked(page)
    assert kinds["Smith et al.: Harbours of the north"] is Kind.PAGE_HEADER
    assert kinds["Journal of Harbours"] is Kind.PAGE_FOOTER
    assert sum(kind in FURNITURE for kind in kinds.values()) == 2


def test_a_running_line_right_above_the_text_is_told_by_its_page_number():
    page = article()
    page.insert_text((60, 92), "400", fontsize=11)
    page.insert_text((220, 92), "BRITISH HARBOURS", fontsize=11)
    page.insert_text((500, 92), "[Ch. XIX.", fontsize=11)
    kinds = marked(page)
    assert {text for text, kind in kinds.items() if kind is Kind.PAGE_HEADER} == {
        "400",
        "BRITISH HARBOURS",
        "[Ch. XIX.",
    }


def test_a_foot_in_three_parts():
    page = article()
    for x, text in ((60, "Revision: 2.4"), (260, "P/N 119-036"), (480, "10 June 2019")):
        page.insert_text((x, 760), text, fontsize=11)
    kinds = marked(page)
    assert {text for text, kind in kinds.items() if kind is Kind.PAGE_FOOTER} == {
        "Revision: 2.4",
        "P/N 119-036",
        "10 June 2019",
    }


def test_a_number_alone_under_a_page_that_ends_early():
    page = pymupdf.open().new_page(width=600, height=800)
    page.insert_textbox((60, 60, 540, 400), PROSE * 8, fontsize=11)
    page.insert_text((295, 500), "62", fontsize=9)
    assert marked(page)["62"] is Kind.PAGE_FOOTER


def test_sentences_and_items_at_the_edge_are_text():
    page = article()
    page.insert_text((60, 40), "2. Development of quays of stone.", fontsize=11)
    page.insert_text((60, 70), "Improvements as a result of this:", fontsize=11)
    assert not FURNITURE & set(marked(page).values())


def test_a_year_at_the_top_is_no_page_number():
    page = article()
    page.insert_text((290, 60), "2021", fontsize=11)
    assert marked(page)["2021"] is not Kind.PAGE_HEADER


def test_a_form_keeps_its_first_and_last_lines():
    page = pymupdf.open().new_page(width=600, height=800)
    for y, text in (
        (50, "Harbour Supplies Ltd."),
        (200, "Invoice for ropes"),
        (230, "Sum: 12 pounds"),
        (760, "Thank you"),
    ):
        page.insert_text((60, y), text, fontsize=11)
    assert not FURNITURE & set(marked(page).values())


@pytest.mark.parametrize(("text", "size"), [("The harbour of the north", 22)])
def test_a_title_is_not_running_text(text, size):
    page = article()
    page.insert_text((60, 60), text, fontsize=size)
    assert marked(page)[text] is Kind.HEADING


def test_words_along_the_edge_that_name_the_place_they_come_from():
    side = Block(
        Kind.TEXT, Box(0.96, 0.2, 0.98, 0.8), (Line("Downloaded from example.org", Box(0.96, 0.2, 0.98, 0.8)),)
    )
    body = Box(0.1, 0.2, 0.9, 0.3)
    blocks = (side, *(Block(Kind.TEXT, body, (Line(f"{PROSE}{n}", body),)) for n in range(3)))
    [done] = mark_running([Page(0, "1", 600, 800, blocks)])
    assert done.blocks[0].kind is Kind.PAGE_HEADER


def test_a_heading_that_ends_in_a_year_is_no_imprint():
    page = pymupdf.open().new_page(width=600, height=800)
    page.insert_text((60, 50), "Unemployment rate, 1990 to 2010", fontsize=18)
    for number, country in enumerate(("Germany", "France", "Italy", "Spain")):
        page.insert_text((60, 120 + 40 * number), f"{country} is drawn here", fontsize=10)
    assert marked(page)["Unemployment rate, 1990 to 2010"] is Kind.HEADING
