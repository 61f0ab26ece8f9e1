"""Conversations: stored turn by turn, taken up again after any end, exported, told to a model."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import Library
from pipeline.answering.base import AnswerReady
from pipeline.chat import Standalone
from pipeline.config import load_settings
from pipeline.errors import InputError, ModelError
from pipeline.transcript import markdown
from tests.answering.fake_server import ChatServer, serving
from tests.cli.conftest import environment

TEXT = "Skerry Line\n\nRevenue of Skerry Line was 4.2 million euros in 2024, after 3.9 million euros in 2023.\n"
FIRST, SECOND = "What was the revenue of Skerry Line in 2024?", "And in 2023?"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chat")
    (folder / "report.txt").write_text(TEXT, encoding="utf-8")
    with Library(folder / "library") as library:
        assert [report.status for report in library.add([folder / "report.txt"])] == ["ready"]
    return folder / "library"


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "library"))


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with serving() as chat:
        yield chat


def by_model(place: Path, server: ChatServer) -> Library:
    answer = {"answerer": "endpoint", "url": server.url, "model": "m", "retries": 0, "image_tokens": 0}
    return Library(settings=load_settings({"library": place, "answer": answer}))


def test_turns_keep_their_evidence_and_are_taken_up_again(place: Path) -> None:
    with Library(place) as library:
        conversation = library.chat()
        for message in (FIRST, SECOND):
            list(conversation.ask(message))
    with Library(place) as library:
        again = library.chat("last")
        assert again.session_id == conversation.session_id
        first, second = again.turns()
        assert second.standalone == "What was the revenue of Skerry Line in 2023?"
        assert first.answer is not None and second.answer is not None and "3.9" in second.text
        (place_cited, *_) = first.answer.claims[0].citations
        assert place_cited.name == "report.txt" and place_cited.box.x1 > place_cited.box.x0
        assert first.answer.context.pages[0].page_index == 0
        text = markdown(again.session_id, again.turns())
    assert f"## {SECOND}" in text and "*Searched for: What was the revenue of Skerry Line in 2023?*" in text
    assert "report.txt, page 1" in text


def test_an_evidence_that_is_removed_goes_from_the_conversation(place: Path) -> None:
    with Library(place) as library:
        conversation = library.chat()
        list(conversation.ask(FIRST))
        library.remove("report.txt")
        (turn,) = conversation.turns()
        assert turn.state == "removed" and turn.answer is None
        assert "removed with a document" in markdown(conversation.session_id, [turn])


def test_a_model_rewrites_answers_and_is_told_what_was_said(place: Path, server: ChatServer) -> None:
    def say(asked: str) -> str:
        if "Last message:" in asked:
            return '{"read": "pages", "question": "What was the revenue of Skerry Line in 2023?"}'
        said = "3.9" if "2023" in asked.splitlines()[-1] else "4.2"
        return f"It was {said} million euros [1]."

    server.say = say
    with by_model(place, server) as library:
        conversation = library.chat()
        list(conversation.ask(FIRST))
        events = list(conversation.ask(SECOND))
        assert events[0] == Standalone("What was the revenue of Skerry Line in 2023?", "pages", "model")
        assert isinstance(events[-1], AnswerReady) and events[-1].answer.claims[0].supported
        told = server.requests[1]["messages"][-1]["content"]
        assert FIRST in told and "It was 4.2 million euros." in told and told.count(SECOND) == 1


def test_a_failure_is_in_the_conversation_and_in_the_log(place: Path, server: ChatServer) -> None:
    server.pieces, server.breaks_off = ["It was 4.2 mil"], True
    with by_model(place, server) as library:
        conversation = library.chat()
        with pytest.raises(ModelError, match="broke off"):
            list(conversation.ask(FIRST))
        (turn,) = conversation.turns()
        assert turn.state == "failed" and "broke off" in turn.error
        logged = json.loads(library.history.questions(1)[0].answer)
        assert "broke off" in logged["error"] and logged["text"] == "It was 4.2 mil" and logged["pages"]
        library.remove("report.txt")
        assert library.history.questions(1)[0].answer == ""


def test_small_talk_that_breaks_off_is_a_failed_turn(place: Path, server: ChatServer) -> None:
    server.say = lambda asked: '{"read": "nothing", "question": "Tell me a joke."}' if "Last message:" in asked else ""
    with by_model(place, server) as library:
        conversation = library.chat()
        with pytest.raises(ModelError, match="answered nothing"):
            list(conversation.ask(FIRST))
        server.pieces, server.breaks_off = ["Why did the ferry cross the"], True
        with pytest.raises(ModelError, match="broke off"):
            list(conversation.ask("Hello!"))
        assert [turn.state for turn in conversation.turns()] == ["failed", "failed"]


def test_a_cut_off_answer_is_told_wherever_it_is_shown(place: Path, server: ChatServer) -> None:
    server.reply, server.finish_reason = "It was 4.2 million euros [1]. It had", "length"
    with by_model(place, server) as library:
        conversation = library.chat()
        list(conversation.ask(FIRST))
        list(conversation.ask("Hello!"))
        turns = conversation.turns()
        assert [turn.answer.cut_off for turn in turns if turn.answer] == [True, True]
        assert markdown(conversation.session_id, turns).count("raise answer.output\\_tokens") == 2


def test_a_killed_answer_leaves_its_question_and_all_turns_before(place: Path, server: ChatServer) -> None:
    server.reply = "It was 4.2 million euros [1]."
    settings = {
        "RECTO_ANSWER__ANSWERER": "endpoint",
        "RECTO_ANSWER__URL": server.url,
        "RECTO_ANSWER__MODEL": "m",
        "RECTO_ANSWER__IMAGE_TOKENS": "0",
        "RECTO_CHAT__REWRITE": "rules",
    }
    command = [sys.executable, "-m", "pipeline.cli.main", "chat", "--json", "--library", str(place)]
    with subprocess.Popen(
        command, env=environment(**settings), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as running:
        assert running.stdin is not None and running.stdout is not None
        running.stdin.write(f"{FIRST}\n".encode())
        running.stdin.flush()
        assert b"4.2" in running.stdout.readline()
        server.delay = 60.0
        running.stdin.write(f"{SECOND}\n".encode())
        running.stdin.flush()
        until = time.monotonic() + 60
        while len(server.requests) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        assert len(server.requests) == 2, "the second question never reached the model"
        os.kill(running.pid, signal.SIGKILL)
    server.delay = 0.0
    with by_model(place, server) as library:
        conversation = library.chat("last")
        assert [(turn.question, turn.state) for turn in conversation.turns()] == [
            (FIRST, "answered"),
            (SECOND, "interrupted"),
        ]
        assert "interrupted before it was answered" in markdown("x", conversation.turns())
        list(conversation.ask(SECOND))
        assert [turn.state for turn in conversation.turns()] == ["answered", "interrupted", "answered"]


def test_no_conversation_to_take_up(place: Path) -> None:
    with Library(place) as library, pytest.raises(InputError, match="no conversation is stored yet"):
        library.chat("last")


def test_a_courtesy_between_changes_nothing(place: Path) -> None:
    with Library(place) as library:
        chat = library.chat()
        for question in (FIRST, "Thanks!"):
            list(chat.ask(question))
        (understood,) = [event for event in chat.ask(SECOND) if isinstance(event, Standalone)]
        assert "revenue of Skerry Line" in understood.question and "2023" in understood.question
