"""Blocks of real pages made here: columns, headings, lists, captions, hyphens, turned text, scans laid askew."""

import math
from collections import Counter

import pymupdf
import pytest

from ingest.document import Block, Box, Kind, Line
from ingest.layout import lay_out
from ingest.ocr_layout import lay_out_ocr
from ingest.paragraphs import PageFrame, join_hyphens
from ingest.textlayer import Fragment, unknown_share
from tests.ingest.pages import read_fragments

LEFT = "The first column tells how the harbour was built by the town and by its merchants in the year of the flood. "
RIGHT = "Another column speaks of cranes and of ropes and of the people who worked with them for a hundred years. "


def blocks_of(page: pymupdf.Page) -> list[Block]:
    document = pymupdf.open(stream=page.parent.tobytes(), filetype="pdf")
    page = document[0]
    return lay_out(read_fragments(page), PageFrame(page.rect.width, page.rect.height))


def new_page() -> pymupdf.Page:
    return pymupdf.open().new_page(width=600, height=800)


def joined(blocks: list[Block]) -> str:
    return " ".join(" ".join(block.text.split()) for block in blocks)


@pytest.mark.parametrize("shift", [0, 5])
def test_columns_are_read_one_after_the_other_and_wide_lines_part_them(shift):
    page = new_page()
    page.insert_text((50, 60), "A title that reaches over both of the columns of this page", fontsize=20)
    page.insert_htmlbox((50, 90, 285, 380), f"<p>{LEFT * 4}</p>")
    page.insert_htmlbox((315, 90 + shift, 550, 380), f"<p>{RIGHT * 4}</p>")
    page.insert_text(
        (50, 420), "A line across both columns which parts the page into an upper and a lower half", fontsize=12
    )
    page.insert_htmlbox((50, 450, 285, 750), f"<p>{LEFT.replace('first', 'third') * 4}</p>")
    page.insert_htmlbox((315, 450 + shift, 550, 750), f"<p>{RIGHT.replace('Another', 'Fourth') * 4}</p>")
    text = joined(blocks_of(page))
    places = [
        text.index(key)
        for key in ("A title", "first column", "Another column", "A line across", "third column", "Fourth column")
    ]
    assert places == sorted(places)
    assert (LEFT * 4).strip() in text and (RIGHT * 4).strip() in text


def test_three_columns():
    page = new_page()
    for number in range(3):
        left = 40 + 180 * number
        page.insert_htmlbox((left, 90, left + 160, 500), f"<p>Column {number}. {LEFT * 3}</p>")
    text = joined(blocks_of(page))
    assert [text.index(f"Column {number}.") for number in range(3)] == sorted(
        text.index(f"Column {number}.") for number in range(3)
    )
    assert text.count(LEFT.strip()) == 9


@pytest.mark.parametrize("down", [True, False])
def test_numbered_cards_are_read_by_their_numbers(down):
    page = new_page()
    places = [(50, 60), (320, 60), (50, 300), (320, 300)]
    numbers = [1, 3, 2, 4] if down else [1, 2, 3, 4]
    for number, (x, y) in zip(numbers, places, strict=True):
        page.insert_text((x, y), f"{number}. Card of the harbour", fontsize=13)
        page.insert_textbox((x, y + 15, x + 220, y + 120), LEFT, fontsize=11)
    text = joined(blocks_of(page))
    assert [text.index(f"{number}. Card") for number in range(1, 5)] == sorted(
        text.index(f"{n}. Card") for n in range(1, 5)
    )


def test_headings_by_size_and_weight():
    page = new_page()
    page.insert_text((50, 60), "Annual Report", fontsize=24)
    page.insert_text((50, 100), "Fleet and harbour", fontsize=14)
    page.insert_text((50, 130), "Cranes", fontsize=11, fontname="hebo")
    page.insert_textbox((50, 140, 550, 400), LEFT * 6, fontsize=11)
    blocks = blocks_of(page)
    assert [(block.kind, block.level, block.text) for block in blocks[:3]] == [
        (Kind.HEADING, 1, "Annual Report"),
        (Kind.HEADING, 2, "Fleet and harbour"),
        (Kind.HEADING, 3, "Cranes"),
    ]
    assert {block.kind for block in blocks[3:]} == {Kind.TEXT}


def test_list_items_and_captions_are_blocks_of_their_own():
    page = new_page()
    page.insert_textbox((50, 50, 550, 120), LEFT * 2, fontsize=11)
    for number, text in enumerate(["cranes of the north quay", "ropes", "people who worked there"]):
        page.insert_text((60, 140 + 16 * number), "\u00b7", fontsize=11)
        page.insert_text((80, 140 + 16 * number), text, fontsize=11)
    page.insert_text((50, 220), "Figure 3: The harbour in the year of the flood", fontsize=11)
    blocks = blocks_of(page)
    assert [block.text for block in blocks if block.kind is Kind.LIST_ITEM] == [
        "· cranes of the north quay",
        "· ropes",
        "· people who worked there",
    ]
    assert [block.text for block in blocks if block.kind is Kind.CAPTION] == [
        "Figure 3: The harbour in the year of the flood"
    ]


@pytest.mark.parametrize(
    ("text", "is_caption"),
    [
        ("Table 4: Values by year", True),
        ("Figure 2a The harbour", True),
        ("Table II Results", True),
        ("Fig. 3", True),
        ("Table 4, and what it shows", False),
        ("Figure 3 shows the harbour", False),
        ("Tables of values", False),
    ],
)
def test_what_a_caption_begins_with(text, is_caption):
    page = new_page()
    page.insert_textbox((50, 50, 550, 120), LEFT * 2, fontsize=11)
    page.insert_text((50, 220), text, fontsize=11)
    assert [block.kind is Kind.CAPTION for block in blocks_of(page)] == [False, is_caption]


def test_a_line_of_prose_that_begins_with_a_tables_name_stays_in_its_paragraph():
    page = new_page()
    lines = (
        LEFT[:88].rstrip() + " as one can see in",
        "Table 4: it stands at the end, and the rest of the sentence is here.",
    )
    for number, line in enumerate((RIGHT[:100].rstrip(), *lines)):
        page.insert_text((50, 60 + 14 * number), line, fontsize=11)
    assert len(blocks_of(page)) == 1


def test_footnotes_of_a_column_stand_after_the_text_of_the_next():
    page = new_page()
    page.insert_htmlbox((50, 90, 285, 560), f"<p>{LEFT * 5}</p>")
    page.insert_htmlbox((50, 650, 285, 720), f"<p style='font-size:8px'><sup>1</sup> See the register. {LEFT}</p>")
    page.insert_htmlbox((315, 90, 550, 560), f"<p>{RIGHT * 5}</p>")
    blocks = blocks_of(page)
    assert [block.kind for block in blocks if block.kind is not Kind.TEXT] == [Kind.FOOTNOTE]
    assert blocks[-1].kind is Kind.FOOTNOTE and blocks[-1].text.startswith("¹ See the register.")


def test_a_note_right_under_other_things_stays_there():
    page = new_page()
    page.insert_htmlbox((50, 420, 550, 450), "<p style='font-size:8px'><sup>1</sup> A note under a list of ships.</p>")
    page.insert_htmlbox((50, 460, 550, 760), f"<p>{LEFT * 5}</p>")
    assert [block.kind for block in blocks_of(page)] == [Kind.TEXT, Kind.TEXT]


def test_an_item_that_runs_on_at_the_margin_is_one_paragraph():
    page = new_page()
    lines = (
        "    1) Chunking of the text: the most common method is to split all of the",
        "document into parts of a set number of words, which may hold more of it",
        "but take longer.",
    )
    for number, line in enumerate(lines):
        page.insert_text((50 + 12 * (not number), 60 + 14 * number), line.strip(), fontsize=11)
    assert len(blocks_of(page)) == 1


def test_paragraphs_are_parted_by_space():
    page = new_page()
    page.insert_textbox((50, 50, 550, 120), LEFT * 2, fontsize=11)
    page.insert_textbox((50, 130, 550, 200), RIGHT * 2, fontsize=11)
    assert len(blocks_of(page)) == 2


def test_a_note_in_the_margin_is_not_mixed_into_the_text():
    page = new_page()
    page.insert_textbox((50, 200, 130, 300), "Correspondence to the harbour office, Genoa, Italy", fontsize=9)
    page.insert_textbox((160, 100, 550, 400), LEFT * 8, fontsize=11)
    text = joined(blocks_of(page))
    assert (LEFT * 8).strip() in text
    assert "Correspondence to the harbour office, Genoa, Italy" in text


def test_every_line_keeps_its_own_box():
    page = new_page()
    page.insert_textbox((50, 50, 550, 120), LEFT * 3, fontsize=11)
    [block] = blocks_of(page)
    tops = [line.box.y0 for line in block.lines]
    assert len(tops) > 2 and tops == sorted(tops)
    assert block.box == Box.around(line.box for line in block.lines)
    assert all(line.box.y1 - line.box.y0 < 0.03 for line in block.lines)


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_turned_text_is_whole_and_in_order(angle):
    page = new_page()
    box = (50, 50, 550, 750)
    page.insert_textbox(box, f"{LEFT * 3}\n\n{RIGHT * 3}", fontsize=12, rotate=angle)
    blocks = blocks_of(page)
    assert joined(blocks) == f"{(LEFT * 3).strip()} {(RIGHT * 3).strip()}"
    assert all(0 <= value <= 1 for block in blocks for value in block.box)
    ink = [item["bbox"] for item in page.get_text("dict")["blocks"]]
    expected = Box.around(Box(x0 / 600, y0 / 800, x1 / 600, y1 / 800) for x0, y0, x1, y1 in ink)
    assert Box.around(block.box for block in blocks) == pytest.approx(expected, abs=0.01)


def test_a_stamp_in_the_margin_follows_the_text():
    page = new_page()
    page.insert_textbox((80, 50, 550, 120), LEFT * 2, fontsize=11)
    page.insert_text((30, 500), "arXiv:1234.5678v1", fontsize=16, rotate=90)
    assert [block.text for block in blocks_of(page)][-1] == "arXiv:1234.5678v1"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["the har-", "bour was built"], ["the harbour", "was built"]),
        (["a long-", "term plan"], ["a long-term", "plan"]),
        (["the Franco-", "Prussian war"], ["the Franco-", "Prussian war"]),
        (["from 1914-", "1918 on"], ["from 1914-", "1918 on"]),
        (["seen as cost-", "effective. Then"], ["seen as cost-effective.", "Then"]),
    ],
)
def test_hyphens_at_line_ends(lines, expected):
    assert join_hyphens(lines, Counter(["cost-effective"])) == expected


def test_unknown_characters_are_garbage():
    def fragment(text: str) -> Fragment:
        return Fragment(text, 0, 0, 10, 10, 10)

    assert unknown_share([fragment("\ufffd\ufffd\ufffd abc \ue012")]) == pytest.approx(4 / 7)
    assert unknown_share([fragment("A line with one odd \ufffd sign")]) < 0.1
    assert unknown_share([]) == 0


@pytest.mark.parametrize("degrees", [-1.5, 0.0, 1.2])
def test_a_scan_laid_askew_is_read_in_columns_and_boxes_stay_on_the_scan(degrees):
    """Two columns, turned about the page's corner as a scanner would; OCR draws upright boxes around the lines."""
    width, height, slope = 600.0, 800.0, math.tan(math.radians(degrees))
    lines, wanted = [], []
    for column, left in enumerate((60, 310)):
        for number in range(40):
            x0, y0, x1, y1 = left, 60 + 16 * number, left + 230, 72 + 16 * number
            corners = [(x - slope * y, y + slope * x) for x in (x0, x1) for y in (y0, y1)]
            xs, ys = zip(*corners, strict=True)
            text = f"column {column} has a line of words, number {number}"
            lines.append(Line(text, Box(min(xs) / width, max(min(ys), 0) / height, max(xs) / width, max(ys) / height)))
            wanted.append(text)
    across = sorted(lines, key=lambda line: (line.box.y0 + line.box.y1, line.box.x0))
    blocks = lay_out_ocr(across, PageFrame(width, height))
    found = [line for block in blocks for line in block.lines]
    assert [line.text for line in found] == wanted
    places = {line.text: line.box for line in lines}
    assert all(line.box.intersection(places[line.text]) > 0.7 * places[line.text].area for line in found)
