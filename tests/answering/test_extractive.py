"""The default answerer with the default text model, on small piles of made-up pages."""

from __future__ import annotations

import pytest

from ingest.document import Kind
from pipeline.answering.base import AnswerReady, ClaimReady, TextDelta
from pipeline.answering.extractive import ExtractiveAnswerer
from pipeline.embedding.base import TextEmbedder
from pipeline.results import Answer, PageHit
from prompts.loader import load
from tests.answering.pages import document_id, hit, line_box

TABLE = "EUR million | 2024 | 2023\nRevenue | 512.3 | 498.1\nFuel costs | 61.0 | 72.4\nNet profit | 40.2 | 38.8"
PILE = [
    hit(
        [
            "Safety at sea\nThree people were hurt on board in 2024. None of them had to stay in hospital.\n"
            "The board met nine times. It is chaired by Miriam Eskdale.",
            TABLE,
        ],
        document="norrhavn-2024.pdf",
        title="Norrhavn Lines Annual Report 2024",
        page_index=11,
        kind=Kind.TABLE,
        context="Norrhavn Lines Annual Report 2024",
    ),
    hit(
        ["Our revenue was 88.9 million euros in 2024. The board of Sundvik Cargo is chaired by Per Aalto."],
        document="sundvik-2024.pdf",
        title="Sundvik Cargo Annual Review 2024",
        page_index=2,
        context="Sundvik Cargo Annual Review 2024",
    ),
    hit(
        ["Name of the claimant: Ida Bergman\nDate of the crossing: 9 August 2024\nVehicle: KX 48 RTO"],
        document="claim-form.pdf",
        title="Claim for damage",
        kind=Kind.FORM_FIELD,
        context="Claim for damage",
    ),
]


@pytest.fixture
def ask(embedder: TextEmbedder):
    answerer = ExtractiveAnswerer(embedder)

    def asked(question: str, hits: list[PageHit] = PILE) -> Answer:
        return answerer.answer(question, hits)

    return asked


def test_a_sentence_is_quoted_with_its_place_and_the_answer_says_that_it_quotes(ask) -> None:
    answer = ask("How many people were hurt on board Norrhavn's ships in 2024?")
    (claim,) = answer.claims
    assert claim.text == "Three people were hurt on board in 2024."
    assert claim.supported and not answer.abstained
    assert answer.text == load("extractive_answer").render(quotes=claim.text)
    (citation,) = claim.citations
    assert (citation.ref.document_id, citation.ref.page_index) == (document_id("norrhavn-2024.pdf"), 11)
    assert (citation.page_label, citation.quote, citation.box) == ("12", claim.text, line_box(1))


def test_a_table_cell_is_said_with_its_row_and_the_column_asked_for(ask) -> None:
    (claim,) = ask("What was the net profit of Norrhavn Lines in 2023?").claims
    assert claim.text == "Net profit | 2023: 38.8"
    assert claim.citations[0].quote == "Net profit | 40.2 | 38.8"
    assert claim.citations[0].box == line_box(6)


def test_a_form_field(ask) -> None:
    (claim,) = ask("When was the crossing of the damage claim?").claims
    assert claim.text == "Date of the crossing: 9 August 2024"


def test_the_named_company_wins_over_a_better_ranked_page(ask) -> None:
    answer = ask("Who chairs the board of Sundvik Cargo?")
    assert [claim.citations[0].name for claim in answer.claims] == ["sundvik-2024.pdf"]
    assert "Per Aalto" in answer.text


def test_a_question_on_two_documents_quotes_both(ask) -> None:
    answer = ask("What was the revenue of Norrhavn Lines and of Sundvik Cargo in 2024?")
    assert {claim.citations[0].name for claim in answer.claims} == {"norrhavn-2024.pdf", "sundvik-2024.pdf"}
    assert "512.3" in answer.text and "88.9 million" in answer.text


def test_two_equal_sentences_of_a_document_are_said_once(ask) -> None:
    twice = [hit(["The ferry to Mell sails at nine."]), hit(["The ferry to Mell sails at nine."], page_index=1)]
    assert len(ask("When does the ferry to Mell sail?", twice).claims) == 1


def test_why_is_answered_with_the_sentence_that_follows(ask) -> None:
    page = hit(["The new ship for Tolm will be late. The batteries failed a test in August. The crew is trained."])
    assert [claim.text for claim in ask("Why will the new ship for Tolm be late?", [page]).claims] == [
        "The new ship for Tolm will be late.",
        "The batteries failed a test in August.",
    ]


@pytest.mark.parametrize(
    "question",
    [
        "What was the net profit of Norrhavn Lines in 2019?",  # a year that no page has
        "What credit rating does Moody's give to Norrhavn Lines?",  # a name that no page has
        "How do bees find their way home?",  # something else
        "How many cabins does the claimant's hotel have?",  # no number of that kind
    ],
)
def test_what_the_pages_do_not_say_is_said_to_be_missing(ask, question: str) -> None:
    answer = ask(question)
    assert answer.abstained and answer.claims == ()
    assert answer.text == load("unanswerable").text


def test_an_empty_library_abstains(ask) -> None:
    assert ask("What was the revenue?", []).abstained


def test_pages_without_words_abstain(ask) -> None:
    wordless = hit([])
    assert ask("What was the revenue?", [wordless]).abstained


def test_a_question_without_content_words_abstains_or_quotes_but_does_not_fail(ask) -> None:
    assert ask("What is it?").question == "What is it?"


def test_only_the_pages_asked_for_are_read(embedder: TextEmbedder) -> None:
    answer = ExtractiveAnswerer(embedder, pages=1).answer("Who chairs the board of Sundvik Cargo?", PILE)
    assert [ref.document_id for ref in answer.context.pages] == [document_id("norrhavn-2024.pdf")]
    assert "Per Aalto" not in answer.text


def test_the_stream_ends_in_the_same_answer(embedder: TextEmbedder) -> None:
    answerer = ExtractiveAnswerer(embedder)
    question = "What was the revenue of Norrhavn Lines and of Sundvik Cargo in 2024?"
    events = list(answerer.stream(question, PILE))
    final = events[-1]
    assert isinstance(final, AnswerReady)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == final.answer.text
    assert tuple(event.claim for event in events if isinstance(event, ClaimReady)) == final.answer.claims
    assert final.answer.claims == answerer.answer(question, PILE).claims


def test_a_row_that_outgrows_the_embedder_with_its_headers_is_ranked_all_the_same(ask) -> None:
    columns = [
        f"Net revenue from ordinary activities in the year ended December 31, {year}" for year in range(2016, 2024)
    ]
    rows = [
        " | ".join([region, *(f"about {100 + n} million after rebates" for n in range(8))])
        for region in ("North", "South")
    ]
    table = hit([" | ".join(["Region", *columns]) + "\n" + "\n".join(rows)], kind=Kind.TABLE)
    answer = ask("What was the net revenue of the South in 2019?", [table])
    assert "South" in answer.claims[0].citations[0].quote


def test_years_between_those_asked_for_are_said(ask) -> None:
    rows = "EUR million | 2024 | 2023 | 2022 | 2021\nRevenue of Halden | 9.1 | 8.2 | 7.3 | 6.4"
    answer = ask("What was the average revenue of Halden in 2022 - 2024?", [hit([rows], kind=Kind.TABLE)])
    assert answer.claims[0].text == "Revenue of Halden | 2024: 9.1 | 2023: 8.2 | 2022: 7.3"
