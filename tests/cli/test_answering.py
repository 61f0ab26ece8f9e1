"""`recto ask` with models that misbehave: one line, an exit code, and an entry in the question log."""

from __future__ import annotations

import io
import json
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline import Library
from pipeline.cli.main import run
from tests.answering.fake_server import ChatServer, picture_of, serving
from tests.cli.conftest import Ended, Recto
from tests.generation.tiny_vlm import make_text_model, make_tiny_vlm

QUESTION = "How many ferries does Norrhavn own?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("answering")
    (folder / "norrhavn.txt").write_text("Norrhavn\n\nNorrhavn owns nine ferries. Its captain is Anna Lee.\n")
    with Library(folder / "library") as library:
        assert [report.status for report in library.add([folder / "norrhavn.txt"])] == ["ready"]
    return folder / "library"


@pytest.fixture
def ask(library: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Recto:
    """`recto ask --json` with settings of `answer`, inside this process."""

    def asked(*arguments: str | Path, **answer: Any) -> Ended:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b""), "utf-8"))
        settings = [part for name, value in answer.items() for part in ("--set", f"answer.{name}={value}")]
        question = [] if "--questions" in arguments else [QUESTION]
        code = run(["ask", "--json", "--library", str(library), *settings, *map(str, arguments), *question])
        return Ended(code, *capfd.readouterr())

    return asked


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with serving() as chat:
        chat.reply = "Norrhavn owns nine ferries [1]."
        yield chat


def endpoint(server: ChatServer, **changes: Any) -> dict[str, Any]:
    return {"answerer": "endpoint", "url": server.url, "model": "reader", "retries": 0, **changes}


def logged(library: Path) -> dict[str, Any]:
    with Library(library) as opened:
        (last,) = opened.history.questions(1)
    assert (last.command, last.question) == ("ask", QUESTION)
    return dict(json.loads(last.answer))


def busy(server: ChatServer) -> None:
    server.status = 429


def broken(server: ChatServer) -> None:
    server.status = 500


def slow(server: ChatServer) -> None:
    server.delay = 5.0


def half(server: ChatServer) -> None:
    server.pieces, server.breaks_off = ["Norrhavn owns ni"], True


def nonsense(server: ChatServer) -> None:
    server.body = b"<html>It works!</html>"


def too_long(server: ChatServer) -> None:
    server.status, server.body = 400, b'{"error": {"message": "maximum context length is 512 tokens"}}'


@pytest.mark.parametrize(
    ("misbehave", "says", "written"),
    [
        (busy, "takes no more requests now; wait", ""),
        (broken, "failed with status 500; look at the server's log", ""),
        (slow, "did not answer in 0.5 s; raise answer.timeout", ""),
        (half, "broke off in the middle of its reply", "Norrhavn owns ni"),
        (nonsense, "check that answer.url is an OpenAI-compatible API", ""),
        (too_long, "lower answer.context_tokens: maximum context length is 512 tokens", ""),
    ],
)
def test_a_server_that_misbehaves(
    ask: Recto, library: Path, server: ChatServer, misbehave: Callable[[ChatServer], None], says: str, written: str
) -> None:
    misbehave(server)
    ask(**endpoint(server, timeout=0.5)).fails_in_one_line(1, "reader", says)
    log = logged(library)
    assert says in log["error"] and log["text"] == written and log["pages"]


def test_a_server_that_is_down(ask: Recto, library: Path, server: ChatServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    ask(**endpoint(server, url=url)).fails_in_one_line(1, url, "cannot be reached; start the server")
    assert "cannot be reached" in logged(library)["error"]


def test_what_passes_is_waited_for(ask: Recto, server: ChatServer) -> None:
    server.failures = [429, 503]
    ended = ask(**endpoint(server, retries=3))
    assert ended.code == 0 and ended.lines[0]["answer"] == "Norrhavn owns nine ferries." and len(server.requests) == 3


def test_a_reply_of_another_form_is_shown_as_it_came(ask: Recto, library: Path, server: ChatServer) -> None:
    server.reply = "I think {nine}, more or less"
    ended = ask(**endpoint(server, form="claims"))
    assert ended.code == 0 and ended.lines[0]["answer"] == server.reply
    assert ended.lines[0]["claims"][0]["citations"] == [] and not ended.lines[0]["claims"][0]["supported"]
    assert ended.lines[0]["unparsed"] is True and logged(library)["unparsed"] is True


def test_a_reply_that_is_cut_off_is_marked(ask: Recto, library: Path, server: ChatServer) -> None:
    server.reply, server.finish_reason = "Norrhavn owns nine ferries [1]. It has", "length"
    ended = ask(**endpoint(server))
    assert ended.code == 0 and ended.lines[0]["cut_off"] is True and ended.lines[0]["answer"].endswith("It has")
    assert logged(library)["cut_off"] is True


def test_a_text_model_given_pictures(ask: Recto, library: Path, tmp_path: Path) -> None:
    model = make_text_model(tmp_path / "text")
    small = {"answerer": "transformers", "model": model, "context_tokens": 1_200, "output_tokens": 16}
    ask(**small).fails_in_one_line(2, "(llama) reads no pictures: set answer.image_tokens to 0")
    assert "reads no pictures" in logged(library)["error"]
    assert ask(**small, image_tokens=0).code == 0


def test_limits_of_a_model(ask: Recto, library: Path, tmp_path: Path) -> None:
    model = make_tiny_vlm(tmp_path / "vlm")
    tiny = {"answerer": "transformers", "model": model, "output_tokens": 16, "dtype": "float32"}
    ask(**tiny, context_tokens=9_000, image_tokens=40).fails_in_one_line(2, "lower it to 4096 or less")
    assert "lower it to 4096" in logged(library)["error"]
    ask(**tiny, context_tokens=1_200, image_tokens=3).fails_in_one_line(2, "is less than the smallest picture costs")
    ask(**tiny, context_tokens=300, image_tokens=40).fails_in_one_line(1, "answer.context_tokens 300 cannot hold")
    tiny["output_tokens"] = 200  # no question has room
    ask(**tiny, context_tokens=300, image_tokens=40).fails_in_one_line(2, "answer.context_tokens 300 cannot hold")
    assert "cannot hold" in logged(library)["error"]


def test_a_picture_that_is_too_large_is_made_smaller(ask: Recto, server: ChatServer, tmp_path: Path) -> None:
    """The documented reduction: a picture costs at most `answer.image_tokens`, whatever it was."""
    Image.new("RGB", (5_000, 4_000), (9, 90, 200)).save(tmp_path / "large.png")
    ended = ask("--image", tmp_path / "large.png", **endpoint(server, image_tokens=100))
    assert ended.code == 0
    own = picture_of(server.blocks[-2])
    assert own.width * own.height <= 100 * 28**2 and own.width / own.height == pytest.approx(1.25, abs=0.05)


def test_many_questions_stop_at_what_is_the_same_for_all(
    ask: Recto, library: Path, server: ChatServer, tmp_path: Path
) -> None:
    file = tmp_path / "two.jsonl"
    file.write_text("".join(json.dumps({"id": n, "question": QUESTION}) + "\n" for n in range(2)))
    ask("--questions", file, **endpoint(server, context_tokens=300)).fails_in_one_line(2, "cannot hold")
    assert "cannot hold" in logged(library)["error"]
