"""Runs whose answers come from a model behind a URL: many at once, from memory, and what happens when it fails."""

import json
import threading
import time
from pathlib import Path

import pymupdf
import pytest

from eval.errors import EvaluationError
from eval.runs.records import NOT_REPEATED, read_run
from eval.runs.running import run_suite
from eval.runs.suite import load_suite
from pipeline.cli.main import run
from pipeline.errors import RectoError
from tests.answering.fake_server import ChatServer, serving

TOWNS = ["Arden", "Brill", "Corve", "Delph", "Esher", "Fenny", "Goole", "Hythe"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of one document with a town on each page, and a question about each."""
    folder = tmp_path_factory.mktemp("answered")
    (folder / "set" / "docs").mkdir(parents=True)
    with pymupdf.open() as pdf:
        for number, town in enumerate(TOWNS):
            pdf.new_page().insert_text((72, 72), f"The mill of {town} grinds {100 + number} sacks a day.")
        pdf.save(folder / "set" / "docs" / "mills.pdf")
    records = [
        {
            "id": town,
            "question": f"How many sacks does the mill of {town} grind?",
            "answers": [f"{100 + number} sacks"],
            "gold": [{"doc": "mills.pdf", "page_index": number}],
        }
        for number, town in enumerate(TOWNS)
    ]
    (folder / "set" / "questions.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


def suite_file(folder: Path, chat: ChatServer, *, judged: bool = False, **more: object) -> Path:
    """A suite that asks `chat`, with page pictures, so that threads render pages too."""
    answer = {"answerer": "endpoint", "url": chat.url, "model": "m", "image_tokens": 80}
    values: dict[str, object] = {
        "name": "mills",
        "ask": True,
        "sets": [{"name": "mills", "folder": "set"}],
        "configurations": [{"name": "read", "settings": {"answer": answer}}],
        **({"judge": {"url": chat.url, "model": "m"}} if judged else {}),
        **more,
    }
    file = folder / "suite.yaml"
    file.write_text(json.dumps(values))
    return file


def files_of(folder: Path) -> dict[str, bytes]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and file.name not in NOT_REPEATED)
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


class Model:
    """Says each town's number, later questions sooner; knows how many asked at once."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._now = self.most = 0

    def say(self, prompt: str) -> str:
        if prompt.startswith("You "):
            return '{"verdict": "correct", "reason": ""}' if "grade" in prompt else '{"claims": []}'
        with self._guard:
            self._now += 1
            self.most = max(self.most, self._now)
        place = next(place for place, town in enumerate(TOWNS) if town in prompt.split("Question:")[1])
        time.sleep(0.02 * (len(TOWNS) - place))
        with self._guard:
            self._now -= 1
        return f"It grinds {100 + place} sacks [1]."


def test_many_at_once_give_the_same_files_in_order(folder: Path) -> None:
    with serving() as chat:
        one, many = Model(), Model()
        chat.say = one.say
        run_suite(load_suite(suite_file(folder, chat, judged=True)), folder / "one", folder / "libraries")
        chat.say = many.say
        file = suite_file(folder, chat, judged=True, parallel=4)
        run_suite(load_suite(file), folder / "many", folder / "libraries")
    assert one.most == 1 and many.most > 1
    assert files_of(folder / "many") == files_of(folder / "one")
    (cell,) = read_run(folder / "many").cells
    assert list(cell.results) == TOWNS
    assert all(result.scores["numeric match"] == 1 for result in cell.results.values())
    assert all(result.scores["image tokens"] > 0 for result in cell.results.values())


def test_a_model_that_fails_keeps_what_came_before_and_the_run_goes_on(folder: Path) -> None:
    with serving() as chat:
        model = Model()

        def say(prompt: str) -> str:
            if "Fenny" in prompt.split("Question:")[1]:
                raise ConnectionError  # the server's thread ends without a reply
            return model.say(prompt)

        chat.say = say
        broken = load_suite(suite_file(folder, chat, parallel=3))
        with pytest.raises(RectoError, match=r"cannot be reached|no chat completion"):
            run_suite(broken, folder / "broken", folder / "libraries")
        lines = (folder / "broken" / "mills" / "read" / "results.jsonl").read_text().splitlines()
        assert [json.loads(line)["outcome"]["question_id"] for line in lines] == TOWNS[:5]
        chat.say = model.say
        run_suite(load_suite(suite_file(folder, chat)), folder / "broken", folder / "libraries")
        run_suite(load_suite(suite_file(folder, chat)), folder / "whole", folder / "libraries")
    assert files_of(folder / "broken") == files_of(folder / "whole"), "another `parallel` goes on with the same run"


def test_closed_book_asks_without_pages(folder: Path) -> None:
    with serving() as chat:
        chat.say = lambda prompt: "100 sacks" if "Arden" in prompt else "The documents do not say."
        suite = json.loads(suite_file(folder, chat).read_text())
        (configuration,) = suite["configurations"]
        suite["configurations"] = [{**configuration, "name": "memory", "pages": "none"}]
        (folder / "closed.yaml").write_text(json.dumps(suite))
        run_suite(load_suite(folder / "closed.yaml"), folder / "closed", folder / "libraries")
        assert all("grinds" not in json.dumps(request["messages"]) for request in chat.requests)
    (cell,) = read_run(folder / "closed").cells
    first, second = cell.results["Arden"], cell.results["Brill"]
    assert first.scores["numeric match"] == 1 and first.scores["citation precision"] == 0
    assert second.outcome.abstained and second.scores["false abstention"] == 1
    assert first.outcome.usage["prompt_tokens"] == 321 and first.scores["recall@1"] == 1, "it is searched all the same"


def test_closed_book_needs_a_model(folder: Path, capsys: pytest.CaptureFixture) -> None:
    suite = {
        "name": "closed",
        "ask": True,
        "sets": [{"name": "mills", "folder": "set"}],
        "configurations": [{"name": "memory", "pages": "none"}],
    }
    (folder / "extractive.yaml").write_text(json.dumps(suite))
    with pytest.raises(EvaluationError, match="memory: with `pages: none` a model answers from memory"):
        run_suite(load_suite(folder / "extractive.yaml"), folder / "none", folder / "libraries")
    assert not (folder / "none" / "run.json").exists()
    assert run(["eval", "run", str(folder / "extractive.yaml"), "--out", str(folder / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
