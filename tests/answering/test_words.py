"""Words as questions and pages share them: which tell one thing from another, however they are spelled."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest

from pipeline.answering.words import content_stems, question_terms, stem


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


def test_words_are_stemmed_alike_in_many_threads() -> None:
    """Answers of a batch are checked side by side, and the stemmer keeps the word that it works on."""
    words = [
        f"{''.join(letters)}{ending}" for letters in product("bdfgkl", "aeiou", "mnprst") for ending in ("ings", "ed")
    ]
    with ThreadPoolExecutor(8) as threads:
        found = [list(threads.map(stem, [f"{start}{word}" for word in words])) for start in ("", "re", "un", "over")]
    stem.cache_clear()
    assert found == [[stem(f"{start}{word}") for word in words] for start in ("", "re", "un", "over")]
