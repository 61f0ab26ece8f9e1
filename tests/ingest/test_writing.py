"""Scripts that run from right to left, and scripts without blanks."""

import pymupdf
import pytest

from ingest.chunking import chunk_document
from ingest.document import Block, Box, DocumentInfo, Kind, Line, Page
from ingest.layout import lay_out
from ingest.paragraphs import PageFrame
from ingest.settings import ChunkSettings
from ingest.textlayer import Fragment
from ingest.writing import is_right_to_left, join_lines
from tests.ingest.pages import read_fragments

FRAME = PageFrame(600, 800)


def fragment(text: str, x0: float, y: float, x1: float) -> Fragment:
    return Fragment(text, x0, y, x1, y + 12, 10)


def test_pieces_of_a_line_are_read_from_the_right():
    [block] = lay_out(
        [fragment("ורביעי", 200, 50, 260), fragment("ראשון שני", 420, 50, 540), fragment("שלישי", 340, 50, 415)], FRAME
    )
    assert block.text.replace("\n", " ").split() == ["ראשון", "שני", "שלישי", "ורביעי"]


def test_the_right_column_is_read_first_and_boxes_stay_where_they_are():
    right = [fragment(f"שורה מימין עם מספר מילים {n}", 320, 50 + 14 * n, 560) for n in range(8)]
    left = [fragment(f"עמודה משמאל עם כמה מילים {n}", 40, 53 + 14 * n, 280) for n in range(8)]
    blocks = lay_out([*left, *right], FRAME)
    text = " ".join(block.text for block in blocks)
    assert text.index("מימין") < text.index("משמאל") and "מימין" not in text[text.index("משמאל") :]
    assert all((line.box.x0 > 0.5) == ("מימין" in line.text) for block in blocks for line in block.lines)


def test_latin_words_within_keep_their_order():
    row = [fragment("מקור", 500, 50, 540), fragment("Journal", 400, 50, 440), fragment("of Harbours", 443, 50, 495)]
    [block] = lay_out([*row, fragment("שורה שנייה של הטקסט הזה", 300, 66, 540)], FRAME)
    assert block.lines[0].text == "מקור Journal of Harbours"


def test_a_table_begins_on_the_right():
    rows = [("מכירות", "11", "12"), ("עלויות", "7", "8"), ("מסים", "1", "2"), ("רווח", "3", "2")]
    fragments = [
        fragment(text, x0, 50 + 16 * number, x0 + 40)
        for number, cells in enumerate(rows)
        for x0, text in zip((500, 300, 100), cells, strict=True)
    ]
    [table] = lay_out(fragments, FRAME)
    assert table.kind is Kind.TABLE and [line.cells for line in table.lines] == rows


@pytest.mark.parametrize(("text", "expected"), [("שלום abc", True), ("abc", False), ("12", False), ("مرحبا", True)])
def test_direction(text, expected):
    assert is_right_to_left(text) is expected


def test_lines_of_chinese_are_joined_without_blanks():
    assert join_lines(["港口由城镇", "和商人建造", "in 1850", "年"]) == "港口由城镇和商人建造 in 1850 年"


def test_chinese_is_cut_at_sentences():
    page = pymupdf.open().new_page(width=400, height=600)
    page.insert_textbox(
        (40, 40, 360, 500), "港口由城镇和商人建造。它经历了洪水。" * 12, fontname="china-s", fontsize=12
    )
    blocks = lay_out(
        [
            Fragment(line.strip(), 40, 40 + 15 * n, 360, 52 + 15 * n, 12)
            for n, line in enumerate(page.get_text().splitlines())
        ],
        PageFrame(400, 600),
    )
    made = Page(0, "1", 400, 600, tuple(blocks))
    chunks = chunk_document(
        DocumentInfo("d", "d", "application/pdf", 1, 1),
        [made],
        lambda texts: [len(t) + 2 for t in texts],
        ChunkSettings(max_tokens=80, context_tokens=0),
    )[0]
    assert len(chunks) > 2 and all(chunk.text.endswith("。") and " " not in chunk.text for chunk in chunks)


def test_sentences_within_a_line_are_parted_after_their_mark():
    box = Box(0.1, 0.1, 0.9, 0.2)
    made = Page(0, "1", 600, 800, (Block(Kind.TEXT, box, (Line("港口。船舶！", box), Line("城市", box))),))
    [[chunk]] = chunk_document(
        DocumentInfo("d", "d", "application/pdf", 1, 1),
        [made],
        lambda texts: [len(t) + 2 for t in texts],
        ChunkSettings(),
    )
    assert chunk.text == "港口。船舶！城市"


def test_blanks_beside_numbers_stay_where_they_are():
    """A run from right to left has its first blank on the right."""
    html = '<p dir="rtl">החברה רשמה הכנסות של 1,234 מיליון דולר בשנת 2023, עלייה של 12% לעומת 2022.</p>'
    page = pymupdf.open().new_page()
    page.insert_htmlbox((60, 60, 540, 400), html)
    page = pymupdf.open(stream=page.parent.tobytes(), filetype="pdf")[0]
    text = " ".join(block.text for block in lay_out(read_fragments(page), PageFrame(595, 842)))
    assert "1,234 מיליון" in text and "2023, עלייה" in text and "12% לעומת" in text
