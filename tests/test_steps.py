"""Further searches asked for by a model behind a real server: bounded, never the same twice, and all told."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from pipeline.config import AnswerSection
from pipeline.generation.endpoint import endpoint_generator
from pipeline.results import FoundPart, SearchResult
from pipeline.steps import further_steps
from tests.answering.fake_server import ChatServer, serving
from tests.answering.pages import hit

QUESTION = "Who leads the yard that built the oldest ferry?"
FIRST = FoundPart(QUESTION, SearchResult(QUESTION, (hit(["The oldest ferry was built by Hesting Dock."]),)))


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with serving() as chat:
        yield chat


def steps(server: ChatServer, most: int = 4, new_pages: bool = True, context_tokens: int = 4_000) -> list[str]:
    """What was searched for."""
    searched: list[str] = []

    def search(wanted: str) -> SearchResult:
        searched.append(wanted)
        page = len(searched) if new_pages else 0
        return SearchResult(wanted, (hit([f"Page {page} says more."], page_index=page),))

    generator = endpoint_generator(AnswerSection(url=server.url, model="m", retries=0))
    found = further_steps(QUESTION, [FIRST], generator, search, most=most, context_tokens=context_tokens)
    assert [part.question for part in found] == searched
    return searched


def wants(*searches: str | None) -> Iterator[str]:
    for search in searches:
        yield json.dumps({"enough": True} if search is None else {"enough": False, "search": search})


def test_a_model_searches_until_it_has_enough(server: ChatServer) -> None:
    replies = wants("Who leads Hesting Dock?", None)
    server.say = lambda prompt: next(replies)
    assert steps(server) == ["Who leads Hesting Dock?"]
    last = server.requests[-1]["messages"][-1]["content"]
    assert "built by Hesting Dock" in last and "Page 1 says more" in last and "- Who leads Hesting Dock?" in last


def test_never_more_than_allowed(server: ChatServer) -> None:
    replies = wants(*(f"What is {n}?" for n in range(20)))
    server.say = lambda prompt: next(replies)
    assert len(steps(server, most=3)) == 3 and len(server.requests) == 3


@pytest.mark.parametrize(
    "reply", ["I have enough.", "{broken", '{"enough": false}', '{"enough": false, "search": " "}']
)
def test_a_reply_that_asks_for_nothing_ends_it(server: ChatServer, reply: str) -> None:
    server.reply = reply
    assert steps(server) == []


def test_the_same_search_is_not_made_twice(server: ChatServer) -> None:
    server.reply = json.dumps({"enough": False, "search": QUESTION.upper()})
    assert steps(server) == []


def test_a_step_that_brings_no_new_page_is_the_last(server: ChatServer) -> None:
    replies = wants("What else?", "And what else?")
    server.say = lambda prompt: next(replies)
    assert steps(server, new_pages=False) == ["What else?"]


def test_what_is_shown_is_bounded(server: ChatServer) -> None:
    server.reply = json.dumps({"enough": True})
    assert steps(server, context_tokens=8) == []
    assert "Hesting Dock" not in server.requests[-1]["messages"][-1]["content"].split("Found:")[1]
