"""What a message asks and what must be read for it: by rules, and by a model behind a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from pipeline.answering.base import AnswerReady, TextDelta
from pipeline.config import AnswerSection
from pipeline.dialogue import Dialogue, Understood, by_rules
from pipeline.errors import ModelError
from pipeline.generation.endpoint import endpoint_generator
from tests.answering.fake_server import ChatServer, serving

PREVIOUS = "What was Skerry Line's revenue in 2024?"


@pytest.mark.parametrize("message", ["Thanks!", "thank you very much", "Hello", "ok, great.", "Good morning!"])
def test_courtesies_read_nothing(message: str) -> None:
    assert by_rules(message, PREVIOUS) == Understood(message, "nothing")


@pytest.mark.parametrize(
    "message",
    [
        "Where does it say that?",
        "Are you sure?",
        "Can you quote that?",
        "Say it again, please",
        "Which page is that on?",
    ],
)
def test_asking_again_reads_the_same_pages(message: str) -> None:
    assert by_rules(message, PREVIOUS) == Understood(PREVIOUS, "earlier")
    assert by_rules(message, None).reads == "pages"


@pytest.mark.parametrize(
    "message", ["And in 2023?", "What is the great circle route?", "Who thanks whom on page 3?", "Is it OK to smoke?"]
)
def test_everything_else_is_searched(message: str) -> None:
    assert by_rules(message, PREVIOUS).reads == "pages"


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with serving() as chat:
        yield chat


def dialogue(server: ChatServer, tokens: int = 500, turns: int = 1) -> Dialogue:
    settings = AnswerSection(answerer="endpoint", url=server.url, model="m", retries=0)
    said = [(PREVIOUS, "4.2 million euros."), *((f"Question {n}?", f"Answer {n}. " * 9) for n in range(turns - 1))]
    return Dialogue(endpoint_generator(settings), tokens, said)


def test_a_model_rewrites_and_is_shown_the_conversation(server: ChatServer) -> None:
    server.reply = 'Sure: {"read": "pages", "question": "What were Skerry Line\'s costs in 2023?"}'
    found = dialogue(server).understand("And its costs in 2023?", PREVIOUS)
    assert found == Understood("What were Skerry Line's costs in 2023?", "pages", "model")
    prompt = server.requests[-1]["messages"][-1]["content"]
    assert PREVIOUS in prompt and "4.2 million euros." in prompt and "And its costs in 2023?" in prompt


@pytest.mark.parametrize("reads", ["earlier", "nothing"])
def test_a_model_decides_what_is_read(server: ChatServer, reads: str) -> None:
    server.reply = json.dumps({"read": reads, "question": "Say it shorter."})
    assert dialogue(server).understand("Say it shorter.", PREVIOUS).reads == reads


@pytest.mark.parametrize(
    "reply",
    [
        "I would search for costs.",
        '{"read": "pages"}',
        '{"read": "pages", "question": "What were Skerry Line\'s costs?"}',  # the year is lost
        '{"read": "pages", "question": " "}',
        "{not json}",
    ],
)
def test_a_model_that_cannot_be_believed_leaves_it_to_the_rules(server: ChatServer, reply: str) -> None:
    server.reply = reply
    found = dialogue(server).understand("And in 2023?", PREVIOUS)
    assert found == Understood("What was Skerry Line's revenue in 2023?", "pages", "rules")


def test_the_first_message_asks_no_model(server: ChatServer) -> None:
    empty = Dialogue(endpoint_generator(AnswerSection(url=server.url, model="m")), 500, [])
    assert empty.understand(PREVIOUS, None) == Understood(PREVIOUS, "pages")
    assert server.requests == []


def test_a_long_conversation_is_cut_from_the_front(server: ChatServer) -> None:
    server.reply = '{"read": "pages", "question": "What now?"}'
    dialogue(server, tokens=120, turns=12).understand("What now?", PREVIOUS)
    prompt = server.requests[-1]["messages"][-1]["content"]
    assert "Question 10?" in prompt and PREVIOUS not in prompt


def test_what_needs_no_page_is_answered_from_the_conversation(server: ChatServer) -> None:
    server.pieces = ["You asked ", "about revenue."]
    events = list(dialogue(server).reply("What did I ask?"))
    assert [event.text for event in events if isinstance(event, TextDelta)] == server.pieces
    final = events[-1]
    assert isinstance(final, AnswerReady) and final.answer.text == "You asked about revenue."
    assert final.answer.claims == () and not final.answer.abstained
    roles = [message["role"] for message in server.requests[-1]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]


def test_small_talk_that_breaks_off_is_an_error(server: ChatServer) -> None:
    server.pieces, server.breaks_off = ["Why did the ferry cross the"], True
    with pytest.raises(ModelError, match="broke off in the middle of its reply"):
        list(dialogue(server).reply("Tell me a joke"))


def test_small_talk_that_is_cut_off_is_said_to_be(server: ChatServer) -> None:
    server.reply = "Why did the ferry cross the"
    for reason, cut_off in (("length", True), ("stop", False)):
        server.finish_reason = reason
        final = list(dialogue(server).reply("Tell me a joke"))[-1]
        assert isinstance(final, AnswerReady) and final.answer.cut_off is cut_off


def test_small_talk_without_a_word_is_an_error(server: ChatServer) -> None:
    server.reply = " \n"
    with pytest.raises(ModelError, match="answered nothing"):
        list(dialogue(server).reply("Tell me a joke"))


def test_a_model_that_is_down_says_so(server: ChatServer) -> None:
    server.status = 500
    with pytest.raises(ModelError, match="status 500"):
        dialogue(server).understand("And in 2023?", PREVIOUS)
