"""Questions made over the real protocol: what is kept, and why the rest is not."""

import json
from pathlib import Path

import pymupdf
import pytest

from eval.datasets.registry import load
from eval.making.questions import lines_of
from pipeline import Library
from pipeline.cli.main import run
from pipeline.results import PageRef
from tests.answering.fake_server import serving

FACTS = [
    "The ferry Corran Bell carries 560 passengers.",
    "Its batteries hold 2.8 megawatt hours.",
    "The harbour of Mell was dredged in 1931.",
    "The mayor is called Ann Thule.",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library of one document, a page for each fact."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "docs").mkdir()
    with pymupdf.open() as pdf:
        for fact in [*FACTS, ""]:
            padding = " ".join(f"Other things are said in sentence {n} of this page." for n in range(8)) if fact else ""
            pdf.new_page().insert_textbox((72, 72, 500, 700), f"{fact} {padding}")
        pdf.save(folder / "docs" / "facts.pdf")
    with Library(folder / "library") as library:
        assert [report.status for report in library.add([folder / "docs"])] == ["ready"]
    return folder


def reply(prompt: str) -> str:
    """A model that makes one question a page; only the first is as it should be."""
    fact = next((fact for fact in FACTS if fact in prompt), "")
    if prompt.startswith("Write one question"):
        made = {
            FACTS[0]: ("How many passengers does the Corran Bell carry?", "560", "Corran Bell carries\n560 passengers"),
            FACTS[1]: ("How much do the batteries hold?", "2.8 MWh", "The batteries weigh nine tons"),
            FACTS[2]: ("When was the harbour of Mell dredged?", "1931", FACTS[2]),
        }
        if fact not in made:
            return "I cannot think of any."
        return json.dumps(dict(zip(("question", "answer", "quote"), made[fact], strict=True)))
    if prompt.startswith("You grade"):
        right = "560" in prompt.split("Answer to grade:")[1] or "1931" in prompt.split("Answer to grade:")[1]
        return json.dumps({"verdict": "correct" if right else "incorrect", "reason": ""})
    if prompt.startswith("Answer the question from this page"):
        return "560" if "Corran Bell" in prompt.split("Question:")[1] else "1931"
    return "1931" if "dredged" in prompt else "The documents do not say."


def test_only_checked_questions_are_kept(folder: Path, capsys: pytest.CaptureFixture) -> None:
    out = folder / "questions.jsonl"
    with serving() as chat:
        chat.say = reply
        command = ["eval", "make-questions", "--library", str(folder / "library"), "--out", str(out), "--count", "9"]
        command += ["--set", f"answer.url={chat.url}", "--set", "answer.model=m"]
        assert run(command) == 0
        first = capsys.readouterr()
        assert run(command) == 1, "nothing more is to be had"
    for became in (
        "1 kept",
        "1 the quote is not on the page",
        "1 it is answered without the page",
        "1 the reply is no question",
        "1 too few words on the page",
    ):
        assert became in first.err
    assert first.out.strip() == "How many passengers does the Corran Bell carry?"
    corpus = load("recto", folder, folder)  # the questions are a data set as they stand
    (question,) = corpus.questions
    assert question.gold[0].page_index == 0 and question.answers == ("560",)
    assert question.regions[0].box.y1 < 0.2


def test_a_file_that_was_edited_by_hand_gets_ids_of_its_own(folder: Path) -> None:
    out = folder / "edited.jsonl"
    gold = [{"doc": "facts.pdf", "page_index": 3}]
    held = [{"id": key, "question": f"{key}?", "gold": gold} for key in ("my-own", "made-7")]
    held.append({"id": "without-gold", "question": "Who else?"})
    out.write_text("\n".join(map(json.dumps, held)))  # the editor left no line end
    with serving() as chat:
        chat.say = reply
        command = ["eval", "make-questions", "--library", str(folder / "library"), "--out", str(out), "--count", "4"]
        assert run([*command, "--set", f"answer.url={chat.url}", "--set", "answer.model=m"]) == 0
    ids = [json.loads(line)["id"] for line in out.read_text().splitlines()]
    assert ids == ["my-own", "made-7", "without-gold", "made-8"]


def test_a_model_that_cannot_be_reached_is_one_line(folder: Path, capsys: pytest.CaptureFixture) -> None:
    command = ["eval", "make-questions", "--library", str(folder / "library"), "--out", str(folder / "no.jsonl")]
    assert run([*command, "--set", "answer.url=http://127.0.0.1:9/v1", "--set", "answer.model=m"]) == 1
    said = capsys.readouterr().err
    assert "cannot be reached" in said and "bug in recto" not in said


def test_without_a_model_it_says_what_it_needs(folder: Path, capsys: pytest.CaptureFixture) -> None:
    out = folder / "none.jsonl"
    assert run(["eval", "make-questions", "--library", str(folder / "library"), "--out", str(out)]) == 2
    assert "answer.url" in capsys.readouterr().err and not out.exists()


def test_a_quote_is_found_across_lines_and_spaces(folder: Path) -> None:
    with Library(folder / "library") as library:
        document_id = library.documents()[0].info.document_id
        page = library.page(PageRef(document_id, 0))
        assert page is not None and library.page(PageRef(document_id, 9)) is None
    assert len(lines_of(page, "corran  bell CARRIES 560 passengers")) == 1
    assert len(lines_of(page, "in sentence 0 of this page. Other things are said in sentence 1")) >= 1
    assert lines_of(page, "561 passengers") == [] and lines_of(page, "...") == []
