"""Rows that a question's terms stand for: which are found, for which years, of which document, and when none is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ingest.document import Kind
from pipeline.answering.extractive import ExtractiveAnswerer
from pipeline.answering.line_items import rows_meant
from pipeline.embedding.base import TextEmbedder
from pipeline.results import PageHit
from pipeline.retrieval.terms import glossary
from tests.answering.pages import hit

BALANCE = """EUR million | 2024 | 2023
Trade receivables | 31.0 | 29.5
Total current assets | 120.4 | 101.2
Total non-current assets | 610.0 | 590.5
Total assets | 730.4 | 691.7
Deferred revenue | 12.1 | 11.8
Total current liabilities | 88.3 | 90.1"""
INCOME = """EUR million | 2024 | 2023
Revenue | 512.3 | 498.1
Cost of sales | 300.2 | 290.0
Operating profit | 61.0 | 60.4
Profit for the year | 40.2 | 38.8"""
SEGMENTS = """EUR million | 2024 | 2023
Freight | |
Net sales | 100.0 | 99.0
Net income | 10.0 | 9.0
Passengers | |
Net sales | 412.3 | 399.1
Net income | 30.2 | 29.8"""


def table(text: str, page_index: int, company: str = "Norrhavn", year: int = 2024) -> PageHit:
    title = f"{company} Lines Annual Report {year}"
    return hit(
        [text],
        document=f"{company.lower()}-{year}.pdf",
        title=title,
        page_index=page_index,
        kind=Kind.TABLE,
        context=title,
    )


OTHER = table(BALANCE.replace("120.4", "7.7"), 5, company="Sundvik")
PILE = [OTHER, table(SEGMENTS, 9), table(BALANCE, 11), table(INCOME, 12)]


def quotes(question: str, hits: Sequence[PageHit] = PILE) -> list[str]:
    found = rows_meant(question, hits, glossary())
    return [row.unit.quote for row in found.rows] if found else []


def test_a_measure_is_answered_by_the_rows_that_it_is_computed_from() -> None:
    assert quotes("What was the working capital of Norrhavn in 2024?") == [
        "Total current assets | 120.4 | 101.2",
        "Total current liabilities | 88.3 | 90.1",
    ]


def test_items_of_two_statements_come_from_two_pages_and_not_from_the_table_of_segments() -> None:
    found = rows_meant("What was Norrhavn's return on assets in FY2024?", PILE, glossary())
    assert found is not None
    assert [(row.hit.ref.page_index, row.unit.cells[0][1]) for row in found.rows] == [
        (11, "Total assets"),
        (12, "Profit for the year"),
    ]


def test_a_year_that_one_report_lacks_comes_from_another() -> None:
    older = table(INCOME.replace("2024", "2022").replace("2023", "2021").replace("512.3", "430.0"), 3, year=2022)
    rows = quotes("What was the average revenue of Norrhavn from 2022 to 2024?", [*PILE, older])
    assert rows == ["Revenue | 512.3 | 498.1", "Revenue | 430.0 | 498.1"]


def test_an_item_is_found_under_its_other_names() -> None:
    assert quotes("What is the gross margin of Norrhavn in 2023?") == [
        "Revenue | 512.3 | 498.1",
        "Cost of sales | 300.2 | 290.0",
    ]
    assert "Trade receivables | 31.0 | 29.5" in quotes("What is the quick ratio of Norrhavn in 2023?")


@pytest.mark.parametrize(
    "question",
    [
        "What was the working capital of Norrhavn in 2019?",  # a year that no page has
        "What was the working capital of Brannoch Ferries in 2024?",  # a company that no page has
        "What was the revenue of Norrhavn in 2024?",  # a line item itself, which is looked for as it is said
        "How many people were hurt on board in 2024?",  # no term
        "",
    ],
)
def test_no_row_where_none_is_meant(question: str) -> None:
    assert quotes(question) == []


def test_no_row_without_values_or_pages() -> None:
    empty = table("EUR million | 2024 | 2023\nTotal current assets | n/a | n/a", 0)
    assert quotes("What was the working capital of Norrhavn in 2024?", [empty]) == []
    assert quotes("What was the working capital?", []) == []


def test_the_answer_says_the_rows_with_the_year_asked_for_and_cites_them(embedder: TextEmbedder) -> None:
    answerer = ExtractiveAnswerer(embedder, terms=glossary())
    answer = answerer.answer("What was the working capital of Norrhavn in 2023?", PILE)
    assert [claim.text for claim in answer.claims] == [
        "Total current assets | 2023: 101.2",
        "Total current liabilities | 2023: 90.1",
    ]
    assert all(claim.citations[0].name == "norrhavn-2024.pdf" for claim in answer.claims)
    assert not answer.abstained and answer.confidence > 0.65


def test_why_is_answered_by_sentences_first(embedder: TextEmbedder) -> None:
    said = "The gross margin of Norrhavn fell in 2024 because fuel was dear."
    page = hit([said, INCOME], document="norrhavn-2024.pdf", title="Norrhavn Lines Annual Report 2024")
    answerer = ExtractiveAnswerer(embedder, terms=glossary())
    why = answerer.answer("Why did the gross margin of Norrhavn fall in 2024?", [page])
    assert why.claims[0].text == said and "Revenue | 2024: 512.3" in [claim.text for claim in why.claims]
    much = answerer.answer("What was the gross margin of Norrhavn in 2024?", [page])
    assert much.claims[0].text == "Revenue | 2024: 512.3"


KEY_FIGURES = "Key figures | 2024 | 2023\nReturn on assets (%) | 5.5 | 5.6\nGross margin (%) | 41.4 | 41.8"
CASH_FLOW = """Cash flows from operating activities | 2024 | 2023
Accounts receivable | (3.1) | 1.0
Inventories | (2.2) | 0.4"""
SHEET = """Consolidated balance sheet | 2024 | 2023
Accounts receivable, net | 31.0 | 29.5
Inventories, net | 20.0 | 19.0"""


def test_a_measure_that_a_page_prints_is_answered_by_itself(embedder: TextEmbedder) -> None:
    answerer = ExtractiveAnswerer(embedder, terms=glossary())
    answer = answerer.answer("What was the return on assets of Norrhavn in 2024?", [table(KEY_FIGURES, 3), *PILE])
    assert [claim.text for claim in answer.claims] == ["Return on assets (%) | 2024: 5.5"]


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("What was the cost of sales of Norrhavn in 2024?", "Cost of sales | 2024: 300.2"),
        ("What was the operating profit of Norrhavn in 2024?", "Operating profit | 2024: 61.0"),
        ("What percentage of revenue was profit for the year at Norrhavn in 2024?", "Profit for the year | 2024: 40.2"),
    ],
)
def test_a_line_item_asked_for_by_name_is_not_replaced(embedder: TextEmbedder, question: str, says: str) -> None:
    answer = ExtractiveAnswerer(embedder, terms=glossary()).answer(question, PILE)
    assert answer.claims[0].text == says


@pytest.mark.parametrize(
    "question",
    [
        "what was the working capital of norrhavn in 2024?",
        "WHAT WAS THE WORKING CAPITAL OF NORRHAVN IN 2024?",
        "Norrhavn working capital 2024",
    ],
)
def test_the_company_is_the_right_one_however_it_is_written(question: str) -> None:
    assert quotes(question)[0] == "Total current assets | 120.4 | 101.2"
    assert quotes(question, [OTHER]) == []


def test_a_company_that_only_mentions_the_one_asked_about_is_not_it() -> None:
    talks = table(BALANCE.replace("120.4", "7.7") + "\nOur competitor Norrhavn opened a new route.", 5, "Sundvik")
    assert quotes("What was the working capital of Norrhavn in 2024?", [talks, *PILE[2:]])[0].startswith(
        "Total current assets | 120.4"
    )


@pytest.mark.parametrize(
    ("question", "label"),
    [
        ("debt ratio", "Net assets"),
        ("debt ratio", "Total liabilities and equity"),
        ("working capital", "Net current assets"),
        ("return on assets", "Net interest income"),
        ("return on assets", "Total income"),
        ("operating cash flow ratio", "Net cash provided by investing activities"),
        ("effective tax rate", "Income taxes payable"),
        ("asset turnover", "Deferred revenue"),
        ("net debt", "Repayments of long-term debt"),
    ],
)
def test_a_label_that_only_sounds_alike_is_another_item(question: str, label: str) -> None:
    page = table(f"EUR million | 2024 | 2023\n{label} | 330.4 | 320.1", 1)
    assert quotes(f"What was the {question} of Norrhavn in 2024?", [page]) == []


def test_balances_come_from_the_balance_sheet_and_not_from_changes() -> None:
    question = "What was the cash conversion cycle of Norrhavn in 2024?"
    assert quotes(question, [table(CASH_FLOW, 1), table(SHEET, 2)]) == [
        "Accounts receivable, net | 31.0 | 29.5",
        "Inventories, net | 20.0 | 19.0",
    ]


def test_a_year_without_a_value_is_not_answered_by_the_year_beside_it() -> None:
    page = table("EUR million | 2024 | 2023\nTotal current assets | | 101.2", 1)
    assert quotes("What was the working capital of Norrhavn in 2024?", [page]) == []


def test_rows_at_the_same_place_of_two_chunks_are_two_rows() -> None:
    page = hit(
        ["EUR million | 2024\nNet income | 40.2", "EUR million | 2024\nNet sales | 512.3"],
        title="Norrhavn",
        kind=Kind.TABLE,
    )
    assert quotes("What was the return on sales in 2024?", [page]) == ["Net income | 40.2", "Net sales | 512.3"]


@pytest.mark.parametrize(
    "question",
    ["Who decides on the capex of Norrhavn?", "When was the gross margin fixed?", "How many R&D people are there?"],
)
def test_what_is_no_amount_is_not_answered_by_rows(question: str) -> None:
    assert quotes(question) == []


def test_quarters_are_not_answered_by_years() -> None:
    assert quotes("What was the working capital of Norrhavn in Q3 2024?") == []
    assert quotes("What was the gross margin of Norrhavn in the third quarter of 2024?") == []
