"""Questions in other words over the real protocol: what is kept, what is refused, and suites that use them."""

import json
from dataclasses import replace
from pathlib import Path

import pymupdf
import pytest

from eval.compare import compare
from eval.datasets.registry import load
from eval.errors import EvaluationError
from eval.robustness.wordings import read_wordings, worded
from eval.runs.records import read_run
from eval.runs.running import run_suite
from eval.runs.suite import load_suite
from pipeline.cli.main import run
from tests.answering.fake_server import ChatServer, serving

ASKED = {
    "a": "How many sacks did Arden Mill grind in 1911?",
    "b": "Who owned Arden Mill in 1911?",
    "c": "What does the mill grind?",
    "d": "Where is Arden Mill?",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set about a mill."""
    (tmp_path / "set" / "docs").mkdir(parents=True)
    with pymupdf.open() as pdf:
        pdf.new_page().insert_text((72, 72), "Arden Mill, in Brill, ground 400 sacks in 1911. Ann Thule owned it.")
        pdf.save(tmp_path / "set" / "docs" / "mill.pdf")
    gold = [{"doc": "mill.pdf", "page_index": 0}]
    records = [{"id": key, "question": text, "gold": gold} for key, text in ASKED.items()]
    (tmp_path / "set" / "questions.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return tmp_path


def command(folder: Path, chat: ChatServer, *more: str) -> list[str]:
    return [
        *("eval", "reword", str(folder / "set"), "--out", str(folder / "words.jsonl")),
        *("--set", f"answer.url={chat.url}", "--set", "answer.model=m", *more),
    ]


def reply(prompt: str) -> str:
    """A model that loses the year at first, keeps losing a name, repeats one question, and does one well."""
    if prompt.startswith("These must stand"):
        return "In 1911, what was ground by Arden Mill, in sacks?" if "1911" in prompt else "Where does it stand?"
    question = prompt.split("Question: ")[1].split("\n")[0]
    return {
        ASKED["a"]: "In 11911, what was ground by Arden Mill, in sacks?",
        ASKED["b"]: "Arden Mill belonged to whom in 1911?",
        ASKED["c"]: "what does the mill grind",
        ASKED["d"]: "Where does the mill stand?",
    }[question]


def test_only_wordings_that_keep_what_is_asked_are_kept(folder: Path, capsys: pytest.CaptureFixture) -> None:
    with serving() as chat:
        chat.say = reply
        assert run(command(folder, chat, "--as", "paraphrase")) == 1, "some were refused"
        told = capsys.readouterr()
        assert "2 kept" in told.err and "1 it is the same question" in told.err
        assert "1 a number, name or quoted text was lost" in told.err
        kept = {record["id"]: record for record in map(json.loads, (folder / "words.jsonl").read_text().splitlines())}
        assert kept["a"]["question"] == "In 1911, what was ground by Arden Mill, in sacks?", "asked for once more"
        assert set(kept) == {"a", "b"} and kept["b"]["original"] == ASKED["b"]
        chat.requests.clear()
        assert run(command(folder, chat, "--as", "paraphrase", "--json")) == 1
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [line["id"] for line in lines] == ["c", "d"], "what is in the file is not asked for again"
        assert all(line["rejected"] for line in lines)
        chat.say = lambda prompt: "Wo ist Arden Mill? 1911" if "German" in prompt else ""
        out = str(folder / "german.jsonl")
        assert run([*command(folder, chat, "--as", "German"), "--out", out]) == 0


def test_a_model_that_cannot_be_reached_is_one_line(folder: Path, capsys: pytest.CaptureFixture) -> None:
    arguments = ["eval", "reword", str(folder / "set"), "--as", "French", "--out", str(folder / "words.jsonl")]
    assert run([*arguments, "--set", "answer.url=http://127.0.0.1:9/v1", "--set", "answer.model=m"]) == 1
    said = capsys.readouterr().err
    assert "cannot be reached" in said and "bug in recto" not in said


def test_wordings_of_a_set_that_has_changed_are_refused(folder: Path, capsys: pytest.CaptureFixture) -> None:
    (question,) = load("recto", folder / "set", folder).questions[:1]
    file = folder / "words.jsonl"
    file.write_text(json.dumps({"id": "a", "question": "How much?", "original": ASKED["a"]}))
    assert worded([question], read_wordings(file), file)[0].text == "How much?"
    changed = replace(question, text="Who is the mayor?")
    with pytest.raises(EvaluationError, match="the set now asks 'Who is the mayor"):
        worded([changed], read_wordings(file), file)
    with serving() as chat:
        chat.say = reply
        run(command(folder, chat, "--as", "paraphrase"))
        assert len(read_wordings(file)) == 2, "a last line without its end is not written on to"
        file.write_text(json.dumps({"id": "b", "question": "How much?", "original": ASKED["a"]}) + "\n")
        capsys.readouterr()
        assert run(command(folder, chat, "--as", "paraphrase")) == 2
    assert "remove the line" in capsys.readouterr().err


def test_without_a_model_it_says_what_it_needs(folder: Path, capsys: pytest.CaptureFixture) -> None:
    arguments = ["eval", "reword", str(folder / "set"), "--as", "French", "--out", str(folder / "words.jsonl")]
    assert run(arguments) == 2
    assert "answer.url" in capsys.readouterr().err and not (folder / "words.jsonl").exists()


def test_a_suite_asks_in_the_words_of_the_file_and_misses_none(folder: Path) -> None:
    def suite(name: str, **more: object) -> Path:
        file = folder / f"{name}.yaml"
        sets = [{"name": "mill", "folder": "set", **more}]
        file.write_text(json.dumps({"name": name, "sets": sets, "configurations": [{"name": "fusion"}]}))
        return file

    words = folder / "words.jsonl"
    words.write_text("".join(json.dumps({"id": key, "question": f"So: {text}"}) + "\n" for key, text in ASKED.items()))
    for name, more in (("plain", {}), ("reworded", {"wordings": "words.jsonl"})):
        run_suite(load_suite(suite(name, **more)), folder / name, folder / "libraries")
    (plain,), (reworded,) = read_run(folder / "plain").cells, read_run(folder / "reworded").cells
    assert reworded.questions["a"].text == f"So: {ASKED['a']}"
    assert {one.metric: one.result.count for one in compare([plain], [reworded])}["recall@1"] == len(ASKED)
    words.write_text(json.dumps({"id": "b", "question": "Whose?"}) + "\n")
    with pytest.raises(EvaluationError, match=r"words\.jsonl has no wording of 'a', 'c', 'd'"):
        run_suite(load_suite(suite("lacking", wordings="words.jsonl")), folder / "lacking", folder / "libraries")
    words.write_text(2 * (json.dumps({"id": "b", "question": "Whose?"}) + "\n"))
    with pytest.raises(EvaluationError, match=r"line 2: the id 'b' stands in the file twice"):
        run_suite(load_suite(suite("twice", wordings="words.jsonl")), folder / "twice", folder / "libraries")
