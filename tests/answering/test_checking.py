import pytest

from pipeline.answering.checking import check, names
from pipeline.answering.quantities import numbers

SUPPORTED = [
    # separators
    ("Revenue was 1,234.5 million.", "Revenue 1234.5 million"),
    ("Revenue was 1,234,567.8.", "Umsatz 1.234.567,8"),
    ("It cost 12,5 euros.", "12.5 EUR"),
    ("It is 4.50.", "4.5"),
    ("There were 1,204 lorries.", "1\u202f204 lorries"),
    # scale
    ("Revenue was 12 million.", "12,000,000 were earned"),
    ("It cost $5m.", "$5 million"),
    ("Revenue was $12 million.", "(in millions of USD)\nRevenue | 12 | 11"),
    ("Revenue was EUR 48.2 million.", "EUR million | 2024\nRevenue | 48.2"),
    ("Cash was $512,000.", "($000)\nCash | 512"),
    # percent
    ("The margin was 12%.", "a margin of 12 percent"),
    ("The margin was 12 per cent.", "12 %"),
    ("The margin was 12%.", "Margin (%) | 12 | 11"),
    ("It rose by 3 percentage points.", "plus 3 pp"),
    # sign
    ("It lost 12.5.", "Net result | (12.5) | 3.0"),
    ("Net result was -12.5.", "Net result | (12.5) | 3.0"),
    ("Sales fell by 4%.", "Change | -4%"),
    ("The change was \u22124%.", "Change | -4%"),
    ("From 2019-2023 it grew.", "2019 to 2023"),
    # currency
    ("It cost 12 dollars.", "$12"),
    ("The fee is 90.", "EUR 90"),
    # words and dates
    ("It has three plants.", "3 plants"),
    ("It has 3 plants.", "three plants"),
    ("Signed on 31 December 2024.", "Signed 31 Dec 2024"),
    ("In FY2024 it grew.", "in 2024"),
    ("Revenue in Q3 was 5.", "Q3 | 5"),
    # names
    ("Signed by Anna Lee in Paris.", "Paris, 3 May. Anna Lee"),
    ("The CEO left.", "the Chief Executive Officer left"),
    ("Led by Lee, Anna.", "Anna Lee leads"),
    ("The line's owner is Norrhavn's trust.", "Norrhavn trust owns it"),
    ("It uses H100 cards.", "NVIDIA H100"),
    ("The people of S\u00e3o Jorge.", "SAO JORGE"),
    ("Nothing in it needs a look.", "other words"),
]

UNSUPPORTED = [
    ("Revenue was 12.", "Revenue was 12 million", "12"),
    ("Revenue was 12 million.", "Revenue was 12 billion", "12 million"),
    ("Revenue was 1.2 billion.", "1,234 million", "1.2 billion"),
    ("The margin was 12%.", "12 employees", "12%"),
    ("It rose by 3 percentage points.", "3%", "3 percentage points"),
    ("The profit was 12.5.", "Net result | (12.5) | 3.0", "12.5"),
    ("The result was -12.5.", "a result of 12.5", "-12.5"),
    ("It cost $5.", "\u20ac5", "$5"),
    ("Revenue was 512.3 in 2023.", "Revenue 512.3 in 2024", "2023"),
    ("Room 204.", "Room 2041", "204"),
    ("Signed by Anna Lee in Rome.", "Paris, 3 May. Anna Lee", "Rome"),
    ("The EBITDA rose.", "Revenue rose", "EBITDA"),
    ("The CEO left.", "coming early often helps", "CEO"),
    ("Signed on 31 December.", "31 January", "December"),
]


@pytest.mark.parametrize(("claim", "evidence"), SUPPORTED)
def test_what_stands_in_the_evidence_is_found(claim: str, evidence: str) -> None:
    assert check(claim, [evidence]).missing == ()


@pytest.mark.parametrize(("claim", "evidence", "missing"), UNSUPPORTED)
def test_what_does_not_stand_there_is_named(claim: str, evidence: str, missing: str) -> None:
    found = check(claim, [evidence])
    assert not found.supported
    assert missing in found.missing


def test_evidence_may_be_spread_over_several_texts() -> None:
    assert check("Acme earned 5 in Oslo, and Beta earned 7.", ["Acme: 5 (Oslo)", "Beta: 7"]).supported


def test_without_evidence_nothing_is_supported_that_could_be_wrong() -> None:
    assert check("The total was 7.", []).missing == ("7",)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,234 and 1.5 and .5", [1234, 1.5, 0.5]),
        ("see section 3.2.1", []),
        ("a 95% CI of 1.2,2.4 and 0.5,0.7", [95]),
        ("1.234,5,6 and 1,234.5", [1234.5]),
        ("-3 to (4)", [-3, 4]),
        ("$1.2bn, 3k, 5 m", [1_200_000_000, 3000, 5]),
        ("the 3rd of 12", [3, 12]),
        ("H100, CO2 and x86", []),
    ],
)
def test_numbers_as_written(text: str, values: list[float]) -> None:
    assert [float(number.value) for number in numbers(text)] == values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The board met Anna Lee and the NATO staff.", ["Anna Lee", "NATO"]),
        ("Revenue rose. Costs fell.", []),
        ("He said: Costs fell", []),
        ("In FY2024 and the 3rd year", []),
        ("the New York, Oslo offices", ["New York", "Oslo"]),
    ],
)
def test_names_as_written(text: str, expected: list[str]) -> None:
    assert names(text) == expected
