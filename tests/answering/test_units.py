from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.document import FULL_PAGE, Box, Chunk, Kind, Span
from pipeline.answering.sentences import sentence_ends
from pipeline.answering.units import UnitKind, cut
from tests.answering.pages import chunk, line_box


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It grew. It fell.", ["It grew.", "It fell."]),
        ("Dr. Lee of Acme Inc. earned 3.5 million. Next.", ["Dr. Lee of Acme Inc. earned 3.5 million.", "Next."]),
        ("See Fig. 3 and J. Smith. Then stop", ["See Fig. 3 and J. Smith.", "Then stop"]),
        ('He said "no." She left!', ['He said "no."', "She left!"]),
        ("The U.S. economy grew.", ["The U.S. economy grew."]),
        ("approx. five, vs. six", ["approx. five, vs. six"]),
        ("", []),
    ],
)
def test_where_sentences_end(text: str, sentences: list[str]) -> None:
    ends = [0, *sentence_ends(text)]
    assert [text[a:b].strip() for a, b in itertools.pairwise(ends)] == sentences


def test_sentences_of_a_paragraph_with_the_line_that_heads_it() -> None:
    units = cut(chunk("Dividend policy\nThe board pays half. It may pay more."))
    assert [(unit.kind, unit.quote, unit.heading) for unit in units] == [
        (UnitKind.HEADING, "Dividend policy", ""),
        (UnitKind.SENTENCE, "The board pays half.", "Dividend policy"),
        (UnitKind.SENTENCE, "It may pay more.", "Dividend policy"),
    ]


def test_a_sentence_over_two_lines_is_one_with_one_box_around_both() -> None:
    units = cut(chunk("The ferry sails at nine and\ncomes back at noon. Tickets are sold on board."))
    assert units[0].quote == "The ferry sails at nine and comes back at noon."
    ((quote, box),) = units[0].parts
    assert quote == units[0].quote
    assert box == Box.around([line_box(0), line_box(1)])
    assert units[1].parts == (("Tickets are sold on board.", line_box(1)),)


def test_a_sentence_over_a_column_break_has_a_box_in_each_column() -> None:
    left, right = Box(0.1, 0.9, 0.45, 0.92), Box(0.55, 0.1, 0.9, 0.12)
    text = "The ferry sails at\nnine on Sundays."
    split = Chunk("d", 0, 0, Kind.TEXT, text, "", 9, (Span(0, 18, left), Span(19, len(text), right)))
    (unit,) = cut(split)
    assert unit.parts == (("The ferry sails at", left), ("nine on Sundays.", right))


def test_a_chunk_without_boxes_points_at_the_page() -> None:
    (unit,) = cut(Chunk("d", 0, 0, Kind.TEXT, "It grew.", "", 3))
    assert unit.parts == (("It grew.", FULL_PAGE),)


def test_a_row_is_said_with_its_headers_and_quoted_as_it_stands() -> None:
    text = "EUR million | 2024 | 2023\nRevenue | 512.3 | 498.1\nCosts | (400.0) | (390.5)"
    header, revenue, costs = cut(chunk(text, kind=Kind.TABLE))
    assert header.quote == "EUR million | 2024 | 2023"
    assert revenue.said == "Revenue | 2024: 512.3 | 2023: 498.1"
    assert (revenue.quote, revenue.parts) == (
        "Revenue | 512.3 | 498.1",
        (("Revenue | 512.3 | 498.1", line_box(1)),),
    )
    assert costs.said == "Costs | 2024: (400.0) | 2023: (390.5)"


def test_a_header_holds_beyond_a_line_that_names_what_follows() -> None:
    text = (
        "EUR million | 2024 | 2023\nCurrent liabilities:\nAccounts payable | 57 | 43\n"
        "The company has changed its policy. It now counts leases.\nGoodwill | 12 | 11"
    )
    units = {unit.quote: unit for unit in cut(chunk(text, kind=Kind.TABLE))}
    assert units["EUR million | 2024 | 2023"].kind is UnitKind.HEADING
    assert units["Accounts payable | 57 | 43"].said == "Accounts payable | 2024: 57 | 2023: 43"
    assert units["Goodwill | 12 | 11"].said == "Goodwill | 12 | 11"


def test_a_second_table_brings_its_own_header() -> None:
    text = "Lines | 2024\nFerries | 9\nBy port\nPort | Calls\nOslo | 41 million\nBergen | 17 million"
    said = [unit.said for unit in cut(chunk(text, kind=Kind.TABLE))]
    assert said[-2:] == ["Oslo | Calls: 41 million", "Bergen | Calls: 17 million"]


def test_two_header_rows_are_joined() -> None:
    text = " | Passengers | Passengers\nRoute | 2024 | 2023\nNorth | 120 | 110"
    assert cut(chunk(text, kind=Kind.TABLE))[-1].said == "North | Passengers 2024: 120 | Passengers 2023: 110"


def test_a_table_of_words_has_one_header_row() -> None:
    text = "Name | Role\nAnna Lee | Captain\nBo Ek | Engineer"
    assert [unit.said for unit in cut(chunk(text, kind=Kind.TABLE))][1:] == [
        "Anna Lee | Role: Captain",
        "Bo Ek | Role: Engineer",
    ]


def test_a_second_table_has_its_own_header() -> None:
    text = "Costs | 2024 | 2023\nFuel | 5 | 4\nStaff | 2022 | 2021\nCrew | 70 | 60"
    assert cut(chunk(text, kind=Kind.TABLE))[-1].said == "Crew | 2022: 70 | 2021: 60"


def test_the_line_above_a_table_is_its_heading_and_no_row() -> None:
    units = cut(chunk("Fares in EUR\nRoute | Adult\nNorth | 12", kind=Kind.TABLE))
    assert units[0].kind is UnitKind.HEADING
    assert (units[-1].said, units[-1].heading) == ("North | Adult: 12", "Fares in EUR Route Adult")


def test_form_fields_are_units_of_their_own() -> None:
    units = cut(chunk("Name: Anna Lee\nDate of birth: 3 May 1990", kind=Kind.FORM_FIELD))
    assert [(unit.kind, unit.quote) for unit in units] == [
        (UnitKind.FIELD, "Name: Anna Lee"),
        (UnitKind.FIELD, "Date of birth: 3 May 1990"),
    ]


lines = st.text(alphabet="aB1 .|:\u2022", max_size=30)


@given(st.lists(lines, max_size=8))
def test_no_word_is_lost_and_none_is_quoted_twice(drawn: list[str]) -> None:
    whole = chunk("\n".join(drawn))
    units = cut(whole)
    assert "".join("".join(unit.quote.split()) for unit in units) == "".join(whole.text.split())
    for unit in units:
        assert " ".join(" ".join(whole.text[start:end] for start, end in unit.ranges).split()) == unit.quote
        assert "".join(quote for quote, _ in unit.parts).replace(" ", "") == unit.quote.replace(" ", "")
