"""Tables whose cells are drawn, on real pages."""

import random
import re
from itertools import pairwise

import pymupdf
import pytest

from ingest.document import Block, Kind
from ingest.layout import PageFrame, lay_out
from ingest.rulings import Ruling, find_grids, read_rulings
from ingest.textlayer import Fragment
from tests.ingest.pages import read_fragments

XS, YS = (50, 180, 260, 550), (100, 130, 200, 270)
CELLS = (
    ("Scheme", "Hours", "What is done"),
    (
        "Student ambassador",
        "10",
        "Ambassadors take part in events, answer questions of newcomers and stay in touch with them all year.",
    ),
    (
        "Attendance of defences",
        "5",
        "To be awarded the hours, students sign in before each seminar and after it and write what they learnt.",
    ),
)


def drawn(xs=XS, ys=YS, cells=CELLS, missing=()) -> pymupdf.Page:
    """A page with a grid; lines of single fields named in `missing` as (row, column) have no line on their right."""
    page = pymupdf.open().new_page(width=600, height=800)
    for y in ys:
        page.draw_line((xs[0], y), (xs[-1], y), width=0.7)
    for row in range(len(ys) - 1):
        for column, x in enumerate(xs):
            if (row, column - 1) not in missing:
                page.draw_line((x, ys[row]), (x, ys[row + 1]), width=0.7)
    for row, texts in enumerate(cells):
        for column, text in enumerate(texts):
            page.insert_textbox((xs[column] + 3, ys[row] + 3, xs[column + 1] - 3, ys[row + 1]), text, fontsize=9)
    return page


def blocks_of(page: pymupdf.Page) -> list[Block]:
    page = pymupdf.open(stream=page.parent.tobytes(), filetype="pdf")[0]
    return lay_out(read_fragments(page), PageFrame(page.rect.width, page.rect.height), rulings=read_rulings(page))


def test_wrapped_cells_stay_whole():
    [table] = blocks_of(drawn())
    assert table.kind is Kind.TABLE and table.header_rows == 1
    assert tuple(line.cells for line in table.lines) == CELLS
    assert table.lines[1].text == " | ".join(CELLS[1])


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_on_a_turned_page(rotation):
    page = drawn()
    page.set_rotation(rotation)
    [table] = blocks_of(page)
    assert tuple(line.cells for line in table.lines) == CELLS


def test_text_around_a_table_stays_in_order():
    page = drawn()
    page.insert_text((50, 80), "Before the table there is a sentence.", fontsize=9)
    page.insert_text((50, 300), "After the table there is another.", fontsize=9)
    assert [block.kind for block in blocks_of(page)] == [Kind.TEXT, Kind.TABLE, Kind.TEXT]


def test_words_beside_the_top_of_a_table_stay():
    page = drawn()
    page.insert_text((XS[-1] + 2, YS[0] + 8), "(EUR m)", fontsize=9)
    page.insert_text((XS[0] - 35, YS[0] + 9), "Table A", fontsize=9)
    beside, table = blocks_of(page)
    assert (beside.kind, beside.text) == (Kind.TEXT, "Table A (EUR m)")
    assert tuple(line.cells for line in table.lines) == CELLS


@pytest.mark.parametrize("seed", range(40))
def test_every_word_in_and_around_a_table_is_given_once(seed):
    """A grid with some lines and words missing, and words thrown anywhere on the page and along the grid's top."""
    chance = random.Random(seed)
    xs = sorted(chance.sample(range(60, 540, 30), chance.randint(3, 6)))
    ys = sorted(chance.sample(range(60, 740, 20), chance.randint(3, 8)))
    rulings = [Ruling(a, y, b, y) for y in ys for a, b in pairwise(xs) if chance.random() < 0.9]
    rulings += [Ruling(x, a, x, b) for x in xs for a, b in pairwise(ys) if chance.random() < 0.9]
    places = [(x + 3.0, y + 4.0) for y in ys[:-1] for x in xs[:-1] if chance.random() < 0.9]
    places += [(chance.uniform(20, 560), ys[0] + chance.uniform(-3, 3)) for _ in range(3)]
    places += [(chance.uniform(40, 500), chance.uniform(40, 760)) for _ in range(chance.randint(0, 25))]
    fragments = [Fragment(f"w{number:03d}", x, y, x + 18, y + 10, 9) for number, (x, y) in enumerate(places)]
    blocks = lay_out(fragments, PageFrame(600, 800), rulings=rulings)
    found = re.findall(r"w\d{3}", " ".join(line.text for block in blocks for line in block.lines))
    assert sorted(found) == [fragment.text for fragment in fragments]


def test_a_cell_over_several_columns_is_in_each_and_said_once():
    cells = (("All of the schemes", "", ""), *CELLS)
    page = drawn(ys=(70, *YS), cells=cells, missing={(0, 0), (0, 1)})
    [table] = blocks_of(page)
    assert table.lines[0].cells == ("All of the schemes",) * 3
    assert table.lines[0].text.count("All of the schemes") == 1


def test_words_that_run_over_a_line_are_parted_there():
    page = drawn(cells=((), *CELLS[1:]))
    before = "Scheme in the town "
    start = XS[1] + 4 - pymupdf.get_text_length(before, fontsize=9)
    page.insert_text((start, YS[0] + 15), before + "Hours of work", fontsize=9)
    [table] = blocks_of(page)
    assert table.lines[0].cells[:2] == ("Scheme in the town", "Hours of work")


def test_the_grid_of_a_chart_is_no_table():
    page = drawn(xs=tuple(range(50, 551, 50)), ys=tuple(range(100, 401, 30)), cells=())
    for number in range(10):
        page.insert_text((60 + 50 * number, 420), str(2010 + number), fontsize=8)
    assert all(block.kind is not Kind.TABLE or len(block.lines) < 3 for block in blocks_of(page))


def test_rows_without_lines_between_them_are_left_to_alignment():
    page = drawn(ys=(100, 124, 270), cells=(("Name", "2021", "2020"),))
    for number, (name, one, two) in enumerate(
        (("Sales", "11", "12"), ("Costs", "7", "8"), ("Taxes", "1", "2"), ("Profit", "3", "2"))
    ):
        for x, text in ((53, name), (200, one), (300, two)):
            page.insert_text((x, 136 + 16 * number), text, fontsize=9)
    [table] = blocks_of(page)
    assert [line.cells for line in table.lines][1:] == [
        ("Sales", "11", "12"),
        ("Costs", "7", "8"),
        ("Taxes", "1", "2"),
        ("Profit", "3", "2"),
    ]


def test_a_grid_of_lines_drawn_twice():
    rulings = [Ruling(0, y, 100, y + 0.5) for y in (0, 2, 20, 22, 40)] + [
        Ruling(x, 0, x + 0.5, 40) for x in (0, 50, 52, 100)
    ]
    [grid] = find_grids(rulings)
    assert len(grid.ys) == 3 and len(grid.xs) == 3 and len(grid.cells) == 4


def test_years_above_columns_are_a_header():
    rows = (("EUR million", "2023", "2022"), ("Sales", "177", "145"), ("Costs", "92", "88"))
    [table] = blocks_of(drawn(cells=rows))
    assert table.header_rows == 1 and table.lines[0].cells == rows[0]
