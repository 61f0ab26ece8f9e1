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
        (12, "Revenue"),
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
