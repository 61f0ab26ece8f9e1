"""Replies in the form `claims`: what models write, whole, fenced, loose, cut short, or not at all in that form."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.answering.replies import Reading, reading, schema
from pipeline.config import AnswerSection
from pipeline.context import build_context
from tests.answering.pages import hit

SECTION = AnswerSection(image_tokens=0, form="claims")
CONTEXT = build_context(
    "How many?",
    [hit(["Norrhavn owns nine ferries.", "The captain is Anna Lee."]), hit(["Founded in 1962."], page_index=1)],
    SECTION,
)
TWO = {"claims": [{"text": "It owns nine ferries.", "evidence": [1]}, {"text": "Founded in 1962.", "evidence": [3]}]}


def read(reply: str, step: int = 10_000) -> Reading:
    one = reading("claims", CONTEXT.pieces)
    for start in range(0, len(reply), step):
        one.add(reply[start : start + step])
    one.end()
    return one


def said(one: Reading) -> list[tuple[str, list[str]]]:
    return [(claim.text, [citation.quote for citation in claim.citations]) for claim in one.claims]


EXPECTED = [
    ("It owns nine ferries.", ["Norrhavn owns nine ferries."]),
    ("Founded in 1962.", ["Founded in 1962."]),
]


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps(TWO),
        json.dumps(TWO, indent=2),
        f"```json\n{json.dumps(TWO)}\n```",
        f"Here is the answer: {json.dumps(TWO)} I hope that helps!",
        json.dumps(TWO["claims"]),
        json.dumps({"answer": TWO}),
        json.dumps(TWO)[:-2],  # cut short after the last claim
        '{"claims": [{"claim": "It owns nine ferries.", "sources": ["[1]"]}, {"statement": "Founded in 1962. [3]"}]}',
        '{"claims": [{"text": "It owns nine ferries.", "evidence": "1"}, {"text": "Founded in 1962.", '
        '"evidence": [{"id": 3}]}]}',
    ],
)
def test_claims_however_they_are_wrapped(reply: str) -> None:
    one = read(reply)
    assert said(one) == EXPECTED and not one.unparsed and not one.abstained
    assert all(claim.supported for claim in one.claims)
    assert one.text == "It owns nine ferries. Founded in 1962."


@given(step=st.integers(1, 40))
def test_however_a_reply_is_cut_it_reads_the_same(step: int) -> None:
    assert said(read(json.dumps(TWO, indent=1), step)) == EXPECTED


def test_claims_are_given_as_they_end() -> None:
    one = reading("claims", CONTEXT.pieces)
    text = json.dumps(TWO)
    middle = text.index("}") + 1
    assert [claim.text for claim in one.add(text[:middle])] == ["It owns nine ferries."]
    assert [claim.text for claim in one.add(text[middle:])] == ["Founded in 1962."]
    assert one.end() == []


@pytest.mark.parametrize("step", [1, 10_000])
@pytest.mark.parametrize(
    ("rest", "text"),
    [
        ('{"text": "cut sho', "cut sho"),
        ('{"text": "In a \\"quote', 'In a "quote'),
        ('{"text": "so\\', "so"),
        ('{"text": "so\\u00', "so"),
        ('{"text": "so \\ud83d', "so"),  # half of a character
        ('{"text": "Whole, its evidence is not.", "evidence": [1', "Whole, its evidence is not."),
        ('{"text": "Nine.", "evidence": [{"id": 1, "text": "owns ni', "Nine."),
        ('{"text": "Nine { in it', "Nine { in it"),
    ],
)
def test_the_claim_that_a_reply_breaks_off_in_is_kept_without_evidence(rest: str, text: str, step: int) -> None:
    one = read(json.dumps(TWO)[:-2] + ", " + rest, step)
    assert said(one) == [*EXPECTED, (text, [])] and one.unparsed and not one.abstained
    assert one.text.endswith(text)


@pytest.mark.parametrize("rest", ["", "{", '{"te', '{"text": "', '{"text": " '])
def test_a_claim_that_had_not_begun_is_none(rest: str) -> None:
    one = read(json.dumps(TWO)[:-2] + ", " + rest)
    assert said(one) == EXPECTED and not one.unparsed


@pytest.mark.parametrize("reply", ['{"claims": []}', '```\n{ "claims" : [ ] }\n```'])
def test_no_claim_is_an_abstention(reply: str) -> None:
    one = read(reply)
    assert one.abstained and not one.unparsed and one.claims == []
    assert one.text == "The documents do not say."


def test_a_reply_that_is_no_json_is_shown_and_its_citations_are_unknown() -> None:
    one = read("It owns nine ferries. Founded in 1962 [3].")
    assert one.unparsed and one.text == "It owns nine ferries. Founded in 1962."
    assert [(claim.supported, len(claim.citations)) for claim in one.claims] == [(False, 0), (True, 1)]


def test_a_number_of_no_piece_cites_nothing() -> None:
    one = read('{"claims": [{"text": "It owns nine ferries.", "evidence": [7, true]}]}')
    assert [(claim.supported, claim.citations) for claim in one.claims] == [(False, ())]


@given(st.text(alphabet='{}[]":,claimstexevid 12\n', max_size=60))
def test_nonsense_is_read_without_failing_and_no_word_is_lost(reply: str) -> None:
    one = read(reply)
    if one.unparsed:
        kept = [c for c in one.text if c.isalnum()] == [c for c in reply if c.isalnum()]
        assert kept or "[" in reply or '":' in reply.replace(" ", "").replace("\n", "")


def test_the_schema_names_only_pieces_that_were_shown() -> None:
    evidence = schema(CONTEXT.pieces)["properties"]["claims"]["items"]["properties"]["evidence"]
    assert evidence["items"]["enum"] == [1, 2, 3]


def test_the_prompt_asks_for_the_form() -> None:
    assert '{"claims"' in CONTEXT.system and CONTEXT.closing.endswith("How many?")
    assert "square brackets" in build_context("How many?", [hit(["x"])], AnswerSection(image_tokens=0)).system


@pytest.mark.parametrize("step", [1, 7, 10_000])
@pytest.mark.parametrize(
    ("reply", "texts"),
    [
        ({"text": "In short.", **TWO}, ["It owns nine ferries.", "Founded in 1962.", "In short."]),
        ({**TWO, "text": "In short."}, ["It owns nine ferries.", "Founded in 1962.", "In short."]),
        ({"claims": [{"text": "Nine.", "evidence": [{"id": 1, "text": "owns nine ferries"}]}]}, ["Nine."]),
    ],
)
def test_claims_around_claims_are_read_alike_at_any_pace(reply: object, texts: list[str], step: int) -> None:
    assert [claim.text for claim in read(json.dumps(reply), step).claims] == texts
