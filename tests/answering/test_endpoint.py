"""The endpoint answerer against a real HTTP server on this machine; no other connection is allowed."""

from __future__ import annotations

import itertools
import logging
import re
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_index.core.llms import ChatMessage, ChatResponse
from PIL import Image

from pipeline.answering.base import AnswerReady, ClaimReady, TextDelta
from pipeline.answering.llm import LlmAnswerer
from pipeline.batch import Asked, answer_all
from pipeline.config import AnswerSection
from pipeline.errors import ConfigError, InputError, ModelError
from pipeline.generation.endings import finish_reason, was_cut_off
from pipeline.generation.endpoint import endpoint_generator, endpoint_llm
from pipeline.results import Answer, FoundPart, PageRef, SearchResult
from prompts.loader import load
from tests.answering.fake_server import ChatServer, picture_of, serving
from tests.answering.pages import hit, line_box

QUESTION = "How many ferries does Norrhavn own?"
HITS = [
    hit(
        ["The line was founded in 1962.\nIt owns nine ferries."], document="report.pdf", page_index=6, title="Norrhavn"
    ),
    hit(["The captain is Anna Lee."], document="crew.pdf"),
    hit(["Norrhavn is a port."], document="report.pdf", page_index=2),
]
pytestmark = pytest.mark.usefixtures("only_local_sockets")


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with serving() as chat:
        yield chat


def section(server: ChatServer, **changes: object) -> AnswerSection:
    return AnswerSection(answerer="endpoint", url=server.url, model="reader-7b", **changes)  # type: ignore[arg-type]


def page_picture(ref: PageRef) -> Image.Image:
    return Image.new("RGB", (850, 1100), (10 * ref.page_index, 200, 0))


def answerer(server: ChatServer, pictures: bool = True, **changes: object) -> LlmAnswerer:
    settings = section(server, **{"retries": 0, **changes})
    return LlmAnswerer(endpoint_generator(settings), settings, page_picture if pictures else None)


def test_each_page_s_text_is_followed_by_its_picture_and_the_question_is_last(server: ChatServer) -> None:
    server.reply = "Nine [2]."
    answerer(server).answer(QUESTION, HITS)
    blocks = server.blocks
    assert [block["type"] for block in blocks] == ["text", "image_url"] * 3 + ["text"]
    pages = [re.search(r'document="(.*?)".*printed_page="(.*?)"', block["text"]) for block in blocks[:-1:2]]
    assert [page.groups() for page in pages if page] == [("report.pdf", "3"), ("report.pdf", "7"), ("crew.pdf", "1")]
    assert [picture_of(block).getpixel((0, 0))[0] for block in blocks[1::2]] == [20, 60, 0]
    assert blocks[-1]["text"].endswith(QUESTION)
    assert [message["role"] for message in server.requests[-1]["messages"]] == ["system", "user"]
    assert load("unanswerable").text in server.requests[-1]["messages"][0]["content"]


def test_what_arrives_is_what_was_counted(server: ChatServer) -> None:
    server.reply = "Nine [2]."
    answer = answerer(server, image_tokens=300).answer(QUESTION, HITS)
    pictures = [picture_of(block) for block in server.blocks[1:-1:2]]
    tokens = [-(-p.width // 28) * -(-p.height // 28) for p in pictures]
    assert all(250 < count <= 300 for count in tokens)
    assert answer.context.image_tokens == sum(tokens)
    assert [ref.page_index for ref in answer.context.pages] == [2, 6, 0]


def test_what_was_found_and_is_not_shown_is_told(server: ChatServer, caplog: pytest.LogCaptureFixture) -> None:
    def broken(ref: PageRef) -> Image.Image:
        raise InputError("the original is gone")

    server.reply, settings = "Nine [1].", section(server, pages=2, retries=0)
    with caplog.at_level(logging.INFO, logger="pipeline.answering.llm"):
        LlmAnswerer(endpoint_generator(settings), settings, broken).answer(QUESTION, HITS)
    first, second, third = (f"{found.ref.document_id}:{found.ref.page_index}" for found in HITS)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            f"the model is not shown the picture of {first}, the picture could not be made: the original is gone",
        ),
        (
            "WARNING",
            f"the model is not shown the picture of {second}, the picture could not be made: the original is gone",
        ),
        ("INFO", f"the model is not shown {third}: answer.pages is reached"),
    ]


def test_without_pictures_only_text_is_sent(server: ChatServer) -> None:
    server.reply = "Nine [2]."
    answerer(server, image_tokens=0).answer(QUESTION, HITS)
    content = server.requests[-1]["messages"][-1]["content"]
    assert isinstance(content, str) and content.endswith(QUESTION)


def test_settings_reach_the_server(server: ChatServer) -> None:
    server.reply = "Nine [2]."
    answerer(server, api_key="secret-7", output_tokens=99).answer(QUESTION, HITS)
    request = server.requests[-1]
    assert (request["model"], request["temperature"], request["max_tokens"]) == ("reader-7b", 0.0, 99)
    assert server.keys == ["Bearer secret-7"]


def test_the_answer_has_claims_with_boxes_and_the_tokens_used(server: ChatServer) -> None:
    server.reply = "Norrhavn owns nine ferries [2]. It was founded in 1963 [2]. Its captain is Bo Ek."
    answer = answerer(server).answer(QUESTION, HITS)
    assert not answer.abstained
    assert answer.text == "Norrhavn owns nine ferries. It was founded in 1963. Its captain is Bo Ek."
    assert [(claim.supported, len(claim.citations)) for claim in answer.claims] == [(True, 1), (False, 1), (False, 0)]
    citation = answer.claims[0].citations[0]
    assert (citation.name, citation.page_label, citation.quote) == ("report.pdf", "7", "It owns nine ferries.")
    assert citation.box == line_box(1)
    assert answer.usage == server.usage


def test_the_agreed_sentence_is_an_abstention(server: ChatServer) -> None:
    server.reply = f'"{load("unanswerable").text}"'
    answer = answerer(server).answer(QUESTION, HITS)
    assert answer.abstained and answer.claims == ()


def test_a_reply_that_cites_is_an_answer_even_if_it_begins_with_what_is_missing(server: ChatServer) -> None:
    server.reply = f"{load('unanswerable').text.rstrip('.')} who owns it. It has nine ferries [2]."
    answer = answerer(server).answer(QUESTION, HITS)
    assert not answer.abstained
    assert [claim.text for claim in answer.claims][1:] == ["It has nine ferries."]


def test_no_hits_abstain_without_asking(server: ChatServer) -> None:
    assert answerer(server).answer(QUESTION, []).abstained
    assert [type(event) for event in answerer(server).stream(QUESTION, [])] == [AnswerReady]
    assert server.requests == []


def test_the_stream_gives_text_as_it_comes_and_claims_as_they_end(server: ChatServer) -> None:
    server.pieces = ["Norrhavn owns ", "nine ferries", ". [", "2]", " The captain is Anna", " Lee [3]", "."]
    events = list(answerer(server).stream(QUESTION, HITS))
    kinds = [type(event) for event in events]
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "".join(server.pieces)
    first_claim = kinds.index(ClaimReady)
    assert kinds[first_claim - 1] is TextDelta and kinds[first_claim + 1] is TextDelta  # before the reply has ended
    assert kinds[-2:] == [ClaimReady, AnswerReady]
    final = events[-1]
    assert isinstance(final, AnswerReady)
    assert tuple(event.claim for event in events if isinstance(event, ClaimReady)) == final.answer.claims
    assert [claim.supported for claim in final.answer.claims] == [True, True]
    assert final.answer.usage == server.usage


REPLY = "Nine. [2] It sails, e.g. in May [1, 3]. Fine [2].\n- Anna Lee [3]\n- 3.5 million [1]! The end"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, len(REPLY) - 1), max_size=20, unique=True).map(sorted))
def test_however_a_reply_is_cut_the_stream_ends_in_the_same_answer(cuts: list[int]) -> None:
    bounds = [0, *cuts, len(REPLY)]
    with serving() as server:
        server.reply, server.pieces = REPLY, [REPLY[a:b] for a, b in itertools.pairwise(bounds)]
        asked = answerer(server, pictures=False)
        whole = asked.answer(QUESTION, HITS)
        events = list(asked.stream(QUESTION, HITS))
    final = events[-1]
    assert isinstance(final, AnswerReady)
    assert (final.answer.text, final.answer.claims) == (whole.text, whole.claims)
    assert tuple(event.claim for event in events if isinstance(event, ClaimReady)) == whole.claims


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, None, r"refused the key; set answer\.api_key"),
        (404, None, r"check answer\.model"),
        (429, None, "no more requests now"),
        (400, None, r"set answer\.image_tokens to 0"),
        (500, None, "status 500.*so it is"),
        (200, b"<html>It works!</html>", "sent no chat completion"),
        (200, b'{"choices": []}', "sent no chat completion"),
    ],
)
def test_a_failing_server_is_one_line_that_says_what_to_do(
    server: ChatServer, status: int, body: bytes | None, said: str, streamed: bool
) -> None:
    server.status, server.body = status, body
    asked = answerer(server, api_key="secret-7")
    with pytest.raises(ModelError, match=said) as error:
        if streamed:
            list(asked.stream(QUESTION, HITS))
        else:
            asked.answer(QUESTION, HITS)
    message = str(error.value)
    assert "\n" not in message and "secret-7" not in message
    assert server.url in message and "reader-7b" in message


@pytest.mark.parametrize("streamed", [False, True])
def test_an_empty_reply_is_an_error(server: ChatServer, streamed: bool) -> None:
    server.reply = " \n"
    with pytest.raises(ModelError, match="answered nothing"):
        if streamed:
            list(answerer(server).stream(QUESTION, HITS))
        else:
            answerer(server).answer(QUESTION, HITS)


def test_a_server_that_is_not_there(server: ChatServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    gone = AnswerSection(answerer="endpoint", url=url, model="reader-7b", retries=0)
    with pytest.raises(ModelError, match=re.escape(url) + r".*cannot be reached"):
        LlmAnswerer(endpoint_generator(gone), gone).answer(QUESTION, HITS)


def test_a_server_that_takes_too_long(server: ChatServer) -> None:
    server.delay = 1.0
    with pytest.raises(ModelError, match=r"did not answer in 0\.2 s; raise answer\.timeout"):
        answerer(server, timeout=0.2).answer(QUESTION, HITS)


def test_an_address_that_is_no_url_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match=r"answer\.url"):
        endpoint_llm(AnswerSection(url="localhost:8000", model="m"))
    with pytest.raises(ConfigError, match=r"answer\.model"):
        endpoint_llm(AnswerSection(url="http://localhost:8000/v1"))


@pytest.mark.parametrize("streamed", [False, True])
def test_what_passes_is_asked_again(server: ChatServer, streamed: bool) -> None:
    server.reply, server.failures = "Nine [2].", [429, 503]
    asked = answerer(server, retries=3)
    if streamed:
        final = list(asked.stream(QUESTION, HITS))[-1]
        assert isinstance(final, AnswerReady) and final.answer.text == "Nine."
    else:
        assert asked.answer(QUESTION, HITS).text == "Nine."
    assert len(server.requests) == 3


def test_a_stream_that_breaks_off_is_an_error_not_a_short_answer(server: ChatServer) -> None:
    server.pieces, server.breaks_off = ["Norrhavn owns nine ferries [2]. It was"], True
    with pytest.raises(ModelError, match="broke off in the middle of its reply"):
        list(answerer(server).stream(QUESTION, HITS))


def ways_to_ask(asked: LlmAnswerer) -> list[Answer]:
    """The same question at once, as a stream, and among many."""
    final = list(asked.stream(QUESTION, HITS))[-1]
    assert isinstance(final, AnswerReady)
    (one,) = asked.answer_many([(QUESTION, HITS)])
    assert isinstance(one, Answer)
    return [asked.answer(QUESTION, HITS), final.answer, one]


def test_a_reply_that_is_cut_off_is_shown_and_said_to_be(server: ChatServer) -> None:
    server.reply, server.finish_reason = "Norrhavn owns nine ferries [2]. It was fou", "length"
    for answer in ways_to_ask(answerer(server)):
        assert answer.cut_off and answer.text == "Norrhavn owns nine ferries. It was fou"
        assert [len(claim.citations) for claim in answer.claims] == [1, 0]
        assert any("raise answer.output_tokens" in remark for remark in answer.remarks)
    server.finish_reason = "stop"
    assert [(answer.cut_off, answer.remarks) for answer in ways_to_ask(answerer(server))] == [(False, ())] * 3


def test_the_claim_that_a_reply_is_cut_off_in_is_shown(server: ChatServer) -> None:
    server.finish_reason = "length"
    server.reply = '{"claims": [{"text": "Norrhavn owns nine ferries.", "evidence": [2]}, {"text": "It was restated bec'
    for answer in ways_to_ask(answerer(server, form="claims")):
        assert answer.cut_off and answer.unparsed and not answer.abstained
        assert [(claim.text, len(claim.citations)) for claim in answer.claims] == [
            ("Norrhavn owns nine ferries.", 1),
            ("It was restated bec", 0),
        ]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"finish_reason": "length"}, "length"),
        ({"choices": [{"finish_reason": "length"}]}, "length"),
        ({"done_reason": "length"}, "length"),  # Ollama
        ({"stop_reason": "max_tokens"}, "max_tokens"),  # Anthropic
        ({"choices": [{"finish_reason": "stop", "stop_reason": 7}]}, "stop"),
        ({"choices": [{"finish_reason": None}]}, None),
        (None, None),
    ],
)
def test_how_a_reply_ended_is_read_where_integrations_say_it(raw: object, reason: str | None) -> None:
    response = ChatResponse(message=ChatMessage(role="assistant", content="Nine"), raw=raw)
    assert finish_reason(response) == reason
    assert was_cut_off(response) is (reason in ("length", "max_tokens"))


def test_claims_are_held_to_their_form_by_the_server(server: ChatServer) -> None:
    server.reply = '{"claims": [{"text": "Norrhavn owns nine ferries.", "evidence": [2]}]}'
    answer = answerer(server, form="claims").answer(QUESTION, HITS)
    form = server.requests[-1]["response_format"]
    assert form["type"] == "json_schema" and form["json_schema"]["strict"] is True
    claim = form["json_schema"]["schema"]["properties"]["claims"]["items"]
    assert claim["properties"]["evidence"]["items"]["enum"] == [1, 2, 3]
    assert [(claim.text, claim.supported) for claim in answer.claims] == [("Norrhavn owns nine ferries.", True)]


def test_many_questions_wait_side_by_side_and_come_back_in_order(server: ChatServer) -> None:
    server.delay, server.say = 0.3, lambda question: f"{question.splitlines()[-1]} [1]."
    parts = [Asked(n, f"Is it {n}?", (FoundPart("q", SearchResult("q", tuple(HITS))),)) for n in range(8)]
    parts[3] = Asked(3, "Is it 3?", InputError("no such page"))
    answers = list(answer_all(iter(parts), answerer(server, parallel=4, pictures=False)))
    assert 2 <= server.most_at_once <= 4
    assert [asked.question_id for asked, _ in answers] == list(range(8))
    texts = [answer.text if isinstance(answer, Answer) else str(answer) for _, answer in answers]
    assert texts[2:5] == ["Question: Is it 2?.", "no such page", "Question: Is it 4?."]


def test_one_failure_among_many_costs_one_question(server: ChatServer) -> None:
    server.reply, server.failures = "Nine [2].", [400]
    parts = [Asked(n, QUESTION, (FoundPart("q", SearchResult("q", tuple(HITS))),)) for n in range(3)]
    answers = [answer for _, answer in answer_all(parts, answerer(server, parallel=1))]
    assert [isinstance(answer, ModelError) for answer in answers] == [True, False, False]
