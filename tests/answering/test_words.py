"""Words as questions and pages share them: which tell one thing from another, however they are spelled."""

import pytest

from pipeline.answering.words import content_stems, question_terms


@pytest.mark.parametrize("year", ["FY2019", "FY 2019", "FY19", "fiscal year 2019", "fy'19", "2019"])
def test_a_fiscal_year_is_its_year(year: str) -> None:
    assert question_terms(f"What were net sales of Corning in {year}?").specific == {"corn", "2019"}
    assert "2019" in content_stems(f"{year} net sales")


@pytest.mark.parametrize("quarter", ["Q2 2023", "Q2'2023", "Q22023", "second quarter 2023"])
def test_a_quarter_is_one_however_it_is_written(quarter: str) -> None:
    assert content_stems(f"Sales in {quarter}") == content_stems("sales q2 2023")


@pytest.mark.parametrize("unit", ["Answer in USD millions.", "(in EUR thousand)", "Say it in units of US dollars."])
def test_the_currency_of_an_answer_is_no_name(unit: str) -> None:
    assert question_terms(f"What are the total assets of Corning in 2019? {unit}").specific == {"corn", "2019"}
    assert "usd" in question_terms("How did the EUR to USD exchange rate develop?").specific


def test_separators_of_thousands_are_no_separators_of_dates() -> None:
    assert content_stems("March 31,2003") == {"march", "31", "2003"}
    assert content_stems("12,345,678.50 tons") == {"12345678.5", "ton"}
