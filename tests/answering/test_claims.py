from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.answering.claims import Statement, build_claim, plain, split_reply
from pipeline.config import AnswerSection
from pipeline.context import Piece, build_context
from tests.answering.pages import document_id, hit, line_box


def statements(reply: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(statement.text, statement.numbers) for statement, _ in split_reply(reply)]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("It grew [1]. It fell [2, 3].", [("It grew.", (1,)), ("It fell.", (2, 3))]),
        ("It grew. [1] It fell. [2][3]", [("It grew.", (1,)), ("It fell.", (2, 3))]),
        ("It grew [1-3] and fell [5; 5].", [("It grew and fell.", (1, 2, 3, 5))]),
        ("- Oslo [1]\n- Bergen [2]", [("- Oslo", (1,)), ("- Bergen", (2,))]),
        ("It is 3.5 million [1], says Dr. Lee [2].", [("It is 3.5 million, says Dr. Lee.", (1, 2))]),
        ("No mark at all", [("No mark at all", ())]),
        ("See [appendix] now [1].", [("See [appendix] now.", (1,))]),
        ("[1]", []),
        ("", []),
    ],
)
def test_statements_and_their_marks(reply: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert statements(reply) == expected


@given(st.text(alphabet="aB1 .[],-\n!\"'", max_size=80))
def test_no_word_of_a_reply_is_dropped(reply: str) -> None:
    said = " ".join(text for text, _ in statements(reply))
    assert [c for c in said if c.isalnum()] == [c for c in plain(reply) if c.isalnum()]


@pytest.fixture
def pieces() -> tuple[Piece, ...]:
    hits = [
        hit(
            ["The line was founded in 1962.\nIt owns nine ferries.", "Route | 2024 | 2023\nNorth | 120 | 110"],
            document="norrhavn_report.pdf",
            title="Norrhavn Annual Report 2024",
            context="Norrhavn Annual Report 2024",
        ),
        hit(["The captain is Anna Lee."], document="crew.pdf", page_index=3),
    ]
    return build_context("?", hits, AnswerSection()).pieces


def test_a_citation_quotes_the_lines_that_match_and_points_at_them(pieces: tuple[Piece, ...]) -> None:
    claim = build_claim(Statement("Norrhavn owns nine ferries.", (1,)), pieces)
    (citation,) = claim.citations
    assert claim.supported
    assert citation.quote == "It owns nine ferries."
    assert citation.box == line_box(1)
    assert (citation.ref.document_id, citation.ref.page_index) == (document_id("norrhavn_report.pdf"), 0)
    assert (citation.name, citation.page_label) == ("norrhavn_report.pdf", "1")


def test_a_table_row_is_cited_by_its_row(pieces: tuple[Piece, ...]) -> None:
    (citation,) = build_claim(Statement("The North route carried 120 in 2024.", (2,)), pieces).citations
    assert citation.quote == "North | 120 | 110"
    assert citation.box == line_box(3)


def test_a_wrong_number_is_kept_with_its_citation_and_not_supported(pieces: tuple[Piece, ...]) -> None:
    claim = build_claim(Statement("It owns eleven ferries.", (1,)), pieces)
    assert (claim.text, claim.supported, len(claim.citations)) == ("It owns eleven ferries.", False, 1)


def test_a_right_number_from_the_wrong_piece_is_not_supported(pieces: tuple[Piece, ...]) -> None:
    assert not build_claim(Statement("It owns nine ferries.", (3,)), pieces).supported


def test_an_unknown_mark_gives_no_citation_and_no_support(pieces: tuple[Piece, ...]) -> None:
    claim = build_claim(Statement("It owns nine ferries.", (9,)), pieces)
    assert (claim.supported, claim.citations) == (False, ())


def test_a_statement_on_two_pieces_has_a_citation_in_each(pieces: tuple[Piece, ...]) -> None:
    claim = build_claim(Statement("It owns nine ferries, and Anna Lee is captain.", (1, 3)), pieces)
    assert claim.supported
    assert [citation.name for citation in claim.citations] == ["norrhavn_report.pdf", "crew.pdf"]


def test_words_in_common_with_nothing_cite_the_whole_piece(pieces: tuple[Piece, ...]) -> None:
    (citation,) = build_claim(Statement("Zwar.", (1,)), pieces).citations
    assert citation.quote == "The line was founded in 1962. It owns nine ferries."
    assert citation.box.y0 == line_box(0).y0 and citation.box.y1 == line_box(1).y1
