"""Tables without ruling lines, as financial statements have them."""

import pymupdf
import pytest

from ingest.document import Block, Kind
from ingest.layout import PageFrame, lay_out
from ingest.rows import Cell
from tests.ingest.pages import read_fragments


class Sheet:
    """A page on which rows of (x, text) are set; numbers are given by their right edge."""

    def __init__(self) -> None:
        self.page = pymupdf.open().new_page(width=600, height=800)
        self.y = 80.0

    def row(
        self, label: str = "", *values: tuple[float, str], size: float = 9, skip: float = 14, x: float = 50
    ) -> "Sheet":
        self.y += skip
        if label:
            self.page.insert_text((x, self.y), label, fontsize=size)
        for right, text in values:
            width = pymupdf.get_text_length(text, fontsize=size)
            self.page.insert_text((right - width, self.y), text, fontsize=size)
        return self

    def blocks(self) -> list[Block]:
        document = pymupdf.open(stream=self.page.parent.tobytes(), filetype="pdf")
        return lay_out(read_fragments(document[0]), PageFrame(600, 800))

    def tables(self) -> list[Block]:
        return [block for block in self.blocks() if block.kind is Kind.TABLE]


def balance_sheet() -> Sheet:
    sheet = Sheet()
    sheet.row("Consolidated Balance Sheet", size=12)
    sheet.row("", (480, "December 31,"), skip=24)
    sheet.row("(in millions)", (420, "2021"), (520, "2020"))
    sheet.row("Current assets:")
    sheet.row("Cash and cash equivalents", (360, "$"), (420, "2,853"), (460, "$"), (520, "3,053"))
    sheet.row("Marketable securities", (420, "380"), (520, "(1,076"), (524, ")"))
    sheet.row("Loans", (420, "-"), (520, "12.5"), (530, "%"))
    sheet.row("Total current assets", (360, "$"), (420, "3,233"), (460, "$"), (520, "1,977"))
    return sheet


def test_a_financial_statement():
    blocks = balance_sheet().blocks()
    assert [block.kind for block in blocks] == [Kind.HEADING, Kind.TABLE]
    table = blocks[1]
    assert [line.cells for line in table.lines] == [
        ("", "December 31,", "December 31,"),
        ("(in millions)", "2021", "2020"),
        ("Current assets:",),
        ("Cash and cash equivalents", "$2,853", "$3,053"),
        ("Marketable securities", "380", "(1,076)"),
        ("Loans", "-", "12.5%"),
        ("Total current assets", "$3,233", "$1,977"),
    ]
    assert table.header_rows == 2
    assert table.lines[0].text == " | December 31,"
    assert all(line.text == " | ".join(line.cells) for line in table.lines[1:])


def test_rows_have_their_own_boxes():
    [table] = balance_sheet().tables()
    cash = next(line for line in table.lines if line.text.startswith("Cash"))
    assert cash.box.x0 == pytest.approx(50 / 600, abs=0.01) and cash.box.x1 == pytest.approx(520 / 600, abs=0.01)
    assert cash.box.y1 - cash.box.y0 < 0.02


def test_missing_values_keep_their_column():
    sheet = Sheet()
    sheet.row("", (300, "2021"), (400, "2020"), (500, "2019"))
    sheet.row("Sales", (300, "11"), (400, "12"), (500, "13"))
    sheet.row("Costs", (500, "7"))
    sheet.row("Taxes", (300, "1"), (400, "2"), (500, "3"))
    [table] = sheet.tables()
    assert table.lines[2].cells == ("Costs", "", "", "7")


def test_numbers_that_name_columns_are_a_header():
    sheet = Sheet()
    sheet.row("", (300, "737"), (400, "747"), (500, "Total"))
    sheet.row("Deliveries", (300, "387"), (400, "5"), (500, "392"))
    sheet.row("Orders", (300, "12"), (400, "1"), (500, "13"))
    [table] = sheet.tables()
    assert table.header_rows == 1 and table.lines[0].cells == ("", "737", "747", "Total")


def test_a_heading_in_the_middle_of_several_columns_heads_each():
    sheet = Sheet()
    sheet.row("", (410, "Year Ended"))
    sheet.row("(in millions)", (300, "2021"), (400, "2020"), (500, "2019"))
    sheet.row("Sales", (300, "11"), (400, "12"), (500, "13"))
    sheet.row("Costs", (300, "1"), (400, "2"), (500, "3"))
    [table] = sheet.tables()
    assert table.lines[0].cells == ("", "Year Ended", "Year Ended", "Year Ended")
    assert table.lines[0].text == " | Year Ended"


def test_a_table_over_two_columns_of_text_keeps_its_labels():
    sheet = Sheet()
    sheet.row("", (380, "2021"), (460, "2020"), (540, "Change"))
    for label in ("Consumer loans", "Card loans", "Wholesale", "Investments", "All provisions"):
        sheet.row(label, (380, "1,101"), (460, "2,285"), (540, "(52)%"))
    left = "The provision was higher than in the year before, as the bank had fewer loans to write off in the town."
    right = "The year to date shows the same for all of the harbours, where the loans of merchants were paid back late."
    sheet.page.insert_textbox((50, 200, 285, 500), left * 4, fontsize=9)
    sheet.page.insert_textbox((315, 200, 550, 500), right * 4, fontsize=9)
    table, *rest = sheet.blocks()
    assert table.kind is Kind.TABLE and table.header_rows == 1
    assert {line.cells[0] for line in table.lines[1:]} == {
        "Consumer loans",
        "Card loans",
        "Wholesale",
        "Investments",
        "All provisions",
    }
    text = " ".join(" ".join(block.text.split()) for block in rest)
    assert text.index("The year to date") > text.rindex("write off in the town")


def test_headings_of_several_lines_stay_over_their_table():
    sheet = Sheet()
    for words in (("Selling,", "Research and"), ("general and", "development"), ("administrative", "expenses")):
        sheet.row("", (220, "Cost of sales"), (340, words[0]), (460, words[1]), (560, "Net"), skip=10)
    for label in ("GAAP reported", "Purchase", "Acquisition", "Restructuring", "Other"):
        sheet.row(label, (220, "30,821"), (340, "12,703"), (460, "13,829"), (560, "(5)"))
    blocks = sheet.blocks()
    [table] = blocks
    assert table.header_rows == 3 and len(table.lines) == 8


def test_a_table_in_the_right_column_keeps_apart_from_what_stands_in_the_left():
    sheet = Sheet()
    left = "The provision was higher than in the year before, as the bank had fewer loans to write off in the town."
    sheet.page.insert_textbox((50, 85, 285, 500), left * 6, fontsize=9)
    for label in ("Overall", "Easy samples", "Hard samples", "All"):
        sheet.row(label, (420, "5.88"), (480, "3.03"), (540, "38.2"), x=315)
    text = " ".join(" ".join(block.text.split()) for block in sheet.blocks() if block.kind is not Kind.TABLE)
    assert text == (left * 6).strip()
    [table] = sheet.tables()
    assert [line.cells for line in table.lines][1] == ("Easy samples", "5.88", "3.03", "38.2")


def test_headings_set_close_together_are_parted_over_their_columns():
    sheet = Sheet()
    sheet.row("", (520, "FewNERD TACREV ACE2005"))
    for label in ("Overall", "Easy samples", "Hard samples"):
        sheet.row(label, (445, "5.88"), (480, "3.03"), (515, "38.2"))
    [table] = sheet.tables()
    assert table.header_rows == 1 and table.lines[0].cells == ("", "FewNERD", "TACREV", "ACE2005")


def test_prose_in_small_letters_right_below_a_table_is_not_in_it():
    sheet = Sheet()
    sheet.row("Method", (350, "Source"), (500, "Stage"))
    sheet.row("CoG", (350, "Wikipedia"), (500, "Tuning"), skip=11)
    sheet.row("GLM", (350, "Corpus"), (500, "Tuning"), skip=11)
    for _ in range(4):
        sheet.row("of the harbours of the north and of the south, and of what they cost the towns around them", skip=11)
    [table] = sheet.tables()
    assert [line.cells[0] for line in table.lines] == ["Method", "CoG", "GLM"]


def test_a_caption_ends_a_table():
    sheet = Sheet()
    sheet.row("", (300, "2021"), (400, "2020"))
    sheet.row("Sales", (300, "11"), (400, "12"))
    sheet.row("Costs", (300, "1"), (400, "2"))
    sheet.row("Table 2: Costs of the south")
    sheet.row("", (300, "2021"), (400, "2020"))
    sheet.row("Taxes", (300, "5"), (400, "6"))
    sheet.row("Fees", (300, "7"), (400, "8"))
    assert [block.kind for block in sheet.blocks()] == [Kind.TABLE, Kind.CAPTION, Kind.TABLE]


def test_parts_of_a_formula_are_no_cells():
    sheet = Sheet()
    for _ in range(3):
        sheet.row("f(x) =", (300, "\u2211 g(x) ="), (400, "0.5"))
    assert sheet.tables() == []


def test_a_wrapped_label_is_one_row():
    sheet = Sheet()
    sheet.row("", (400, "2021"), (500, "2020"))
    sheet.row("Sales", (400, "11"), (500, "12"))
    sheet.row("Changes in operating assets, excluding the effect of", skip=18)
    sheet.row("acquired companies", (400, "(207)"), (500, "(265)"), skip=10)
    sheet.row("Other items", (400, "3"), (500, "4"), skip=18)
    [table] = sheet.tables()
    assert [line.cells for line in table.lines[2:]] == [
        ("Changes in operating assets, excluding the effect of acquired companies", "(207)", "(265)"),
        ("Other items", "3", "4"),
    ]


def test_a_new_header_begins_a_new_table():
    sheet = balance_sheet()
    sheet.row("", (330, "Organic"), (430, "Translation"), (530, "Total"), skip=20)
    sheet.row("Industrial", (330, "2.5%"), (430, "(2.7)%"), (530, "(0.3)%"))
    sheet.row("Health", (330, "4.8"), (430, "(2.4)"), (530, "2.4"))
    first, second = sheet.tables()
    assert first.lines[-1].cells == ("Total current assets", "$3,233", "$1,977")
    assert second.lines[0].cells == ("", "Organic", "Translation", "Total")
    assert second.header_rows == 1


def test_values_at_the_ends_of_bars_are_one_column():
    sheet = Sheet()
    for number, label in enumerate(["Human rights", "Economy", "Politics", "Climate", "Trade", "Other"]):
        sheet.row(label, (520 - 45 * number, f"{20 - 2 * number}%"), skip=20)
    [table] = sheet.tables()
    assert [line.cells for line in table.lines][:2] == [("Human rights", "20%"), ("Economy", "18%")]
    assert all(len(line.cells) == 2 for line in table.lines)


def test_a_table_of_words():
    sheet = Sheet()
    for cells in (
        ("Method", "Source", "Stage"),
        ("CoG", "Wikipedia", "Tuning"),
        ("RAST", "Data base", "Inference"),
        ("GLM", "Corpus", "Tuning"),
    ):
        sheet.row(cells[0], (350, cells[1]), (500, cells[2]))
    [table] = sheet.tables()
    assert [line.cells for line in table.lines] == [
        ("Method", "Source", "Stage"),
        ("CoG", "Wikipedia", "Tuning"),
        ("RAST", "Data base", "Inference"),
        ("GLM", "Corpus", "Tuning"),
    ]
    assert table.header_rows == 1


def test_prose_with_numbers_is_no_table():
    sheet = Sheet()
    for _ in range(6):
        sheet.row("In 2021 the harbour took 2,853 ships and 380 boats, 12.5% more than in 2020, at a cost of $3,053.")
    assert sheet.tables() == []


def test_prose_after_a_table_is_not_in_it():
    sheet = balance_sheet()
    sheet.row(
        "The notes are an integral part of this statement and are to be read with it and with the report.", skip=16
    )
    blocks = sheet.blocks()
    assert [block.kind for block in blocks] == [Kind.HEADING, Kind.TABLE, Kind.TEXT]


def test_a_numbered_list_is_no_table():
    sheet = Sheet()
    for number in range(1, 5):
        sheet.row(f"{number}.")
        sheet.row("a short item of the list", skip=0, x=75)
    assert {block.kind for block in sheet.blocks()} == {Kind.LIST_ITEM}


@pytest.mark.parametrize(
    "text", ["1,234", "$1,234", "(5.3)%", "—", "12.5 %", "€ 3.1", "n/a", "+7", "0.3x", "1 234 567", "-4", "2021"]
)
def test_numbers(text):
    assert Cell(text, 0, 1).is_number


@pytest.mark.parametrize("text", ["Total", "Note 7", "A1", "3M Company", "Q1", "10-K filing", "", "Item 1."])
def test_not_numbers(text):
    assert not Cell(text, 0, 1).is_number


@pytest.mark.parametrize("text", ["2021", "FY 2021", "Dec 31, 2022", "December 31,", "2020-21", "Fiscal 2019"])
def test_periods(text):
    assert Cell(text, 0, 1).is_period


def test_a_number_and_many_commas_are_read_at_once():
    """A row of a sheet with empty fields; each comma once doubled the time."""
    assert not Cell("5" + "," * 5_000 + " remark", 0, 0).is_number
