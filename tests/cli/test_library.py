"""The commands on a real library: what they print, what they change, how they fail."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from pipeline import Library
from pipeline.cli.main import run
from pipeline.config import load_settings
from tests.cli.conftest import Ended, Recto, environment

HARBOUR = (
    "Harbour report 2024\n\nRevenue of Skerry Line was 4.2 million euros in 2024, after 3.9 million euros in 2023.",
    "Fleet\n\nThe fleet has seven ferries. The oldest ferry is the Brannoch, built in 1987 in Ardvane.",
    "Staff\n\nThe harbour master is Ione Falk. She has 28 people in three shifts.",
)
HANDBOOK = ("Staff handbook\n\nHolidays are 30 days a year. Overtime is paid at 150 percent of the hourly wage.",)


def write_pdf(file: Path, pages: tuple[str, ...]) -> Path:
    with pymupdf.open() as document:
        for text in pages:
            document.new_page(width=400, height=500).insert_textbox((50, 50, 350, 450), text, fontsize=12)
        document.save(file)
    return file


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `docs/` and, in `library/`, the library of them."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "docs").mkdir()
    write_pdf(folder / "docs" / "harbour.pdf", HARBOUR)
    write_pdf(folder / "docs" / "handbook.pdf", HANDBOOK)
    with Library(folder / "library") as library:
        assert [report.status for report in library.add([folder / "docs"])] == ["ready", "ready"]
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that a test may change, as the working folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def here(place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Recto:
    """The command inside this process, which has the libraries loaded already."""

    def inside(*arguments: str | Path, stdin: str = "") -> Ended:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8"))
        code = run([str(argument) for argument in arguments])
        return Ended(code, *capfd.readouterr())

    return inside


def test_add_tells_what_was_stored_and_leaves_known_files_alone(here: Recto, place: Path) -> None:
    shutil.rmtree(place / "library")
    first = here("add", "docs", "--json")
    assert first.code == 0 and "2 ready; 4 pages" in first.err, first
    by_name = {Path(line["path"]).name: line for line in first.lines}
    harbour = by_name["harbour.pdf"]
    assert (harbour["status"], harbour["pages"], harbour["error"], harbour["pages_failed"]) == ("ready", 3, None, [])
    assert harbour["chunks"] >= 3 and harbour["page_vectors"] >= 3 and len(harbour["document_id"]) == 16

    again = here("add", "docs", "--json")
    assert again.code == 0 and {line["status"] for line in again.lines} == {"unchanged"}
    assert {line["document_id"] for line in again.lines} == {line["document_id"] for line in first.lines}
    listed = here("documents", "--json")
    assert [line["name"] for line in listed.lines] == ["handbook.pdf", "harbour.pdf"]
    assert listed.lines[1]["chunks"] == harbour["chunks"] and listed.lines[1]["issues"] == []


def test_a_bad_file_fails_alone(here: Recto, place: Path) -> None:
    (place / "damaged.pdf").write_bytes(b"%PDF-1.7\nnothing that could be a page")
    (place / "notes.docx").write_bytes(b"PK\x03\x04 no longer whole")
    (place / "empty.pdf").touch()
    write_pdf(place / "good.pdf", ("The lighthouse was painted red in 2019.",))
    ended = here("add", "damaged.pdf", "notes.docx", "empty.pdf", "good.pdf", "--json")
    assert ended.code == 1 and "3 failed, 1 ready" in ended.err
    by_path = {line["path"]: line for line in ended.lines}
    assert by_path["good.pdf"]["status"] == "ready"
    for name in ("damaged.pdf", "notes.docx", "empty.pdf"):
        assert by_path[name]["status"] == "failed" and by_path[name]["error"]
        assert "\n" not in by_path[name]["error"]
    assert "Traceback" not in ended.err
    (found,) = here("search", "When was the lighthouse painted?", "-k", "1", "--json").lines
    assert found["hits"][0]["name"] == "good.pdf"
    assert here("verify", "--json").lines == [{"ok": True, "differences": []}]


def test_search_ranks_pages_and_explains_them(here: Recto) -> None:
    ended = here("search", "How many ferries are there?", "-k", "2", "--json")
    (line,) = ended.lines
    assert ended.code == 0 and line["id"] is None and len(line["hits"]) == 2 and line["seconds"] > 0
    best = line["hits"][0]
    assert (best["name"], best["page_index"], best["page_label"]) == ("harbour.pdf", 1, "2")
    assert "seven ferries" in best["chunks"][0]["text"]
    assert {"dense", "lexical", "visual"} <= set(best["channels"])
    assert all(0 <= edge <= 1 for chunk in best["chunks"] for box in chunk["boxes"] for edge in box)
    assert line["hits"][0]["score"] >= line["hits"][1]["score"]


def test_search_for_people(here: Recto) -> None:
    ended = here("search", "How many ferries are there?", "-k", "1")
    head, words = ended.out.splitlines()
    assert ended.code == 0 and "harbour.pdf, page 2" in head and "seven ferries" in words


def test_many_questions_and_filters(here: Recto, place: Path) -> None:
    asked = {"q1": "How many ferries are there?", 2: "How is overtime paid?"}
    lines = [json.dumps({"id": key, "question": text}) for key, text in asked.items()]
    (place / "many.jsonl").write_text("\n".join(lines))
    ended = here("search", "--questions", "many.jsonl", "--json", "--mode", "text")
    assert [line["id"] for line in ended.lines] == ["q1", 2]
    assert [line["hits"][0]["name"] for line in ended.lines] == ["harbour.pdf", "handbook.pdf"]
    only = here("search", "How many ferries are there?", "--filter", "name=handbook.pdf", "--json")
    assert {hit["name"] for hit in only.lines[0]["hits"]} == {"handbook.pdf"}
    here("search", "x", "--filter", "colour=red", "--json").fails_in_one_line(1, "colour")


def test_ask_answers_with_citations(here: Recto) -> None:
    ended = here("ask", "What was the revenue of Skerry Line in 2024?", "--json")
    (line,) = ended.lines
    assert ended.code == 0 and "4.2" in line["answer"] and not line["abstained"]
    (citation, *_) = line["claims"][0]["citations"]
    assert (citation["name"], citation["page_index"]) == ("harbour.pdf", 0) and "4.2" in citation["quote"]
    assert len(citation["box"]) == 4 and line["context"]["pages"]


def test_ask_for_people(here: Recto) -> None:
    ended = here("ask", "What was the revenue of Skerry Line in 2024?")
    assert ended.code == 0 and "4.2" in ended.out and "[1] harbour.pdf, page 1" in ended.out


def test_what_the_documents_do_not_say(here: Recto) -> None:
    ended = here("ask", "Who painted the ceiling of the Zorblatt cathedral?", "--json")
    assert ended.code == 0 and ended.lines[0]["abstained"] and ended.lines[0]["claims"] == []
    assert "do not say" in here("ask", "Who painted the ceiling of the Zorblatt cathedral?").out


def test_many_answers(here: Recto, place: Path) -> None:
    lines = '{"id": 1, "question": "How is overtime paid?"}\n{"id": 2, "question": "Who is the harbour master?"}\n'
    ended = here("ask", "--questions", "-", "--json", stdin=lines)
    assert ended.code == 0 and [line["id"] for line in ended.lines] == [1, 2]
    assert "150 percent" in ended.lines[0]["answer"] and "Ione Falk" in ended.lines[1]["answer"]


def test_an_endpoint_that_is_down_fails_each_question_in_one_line(here: Recto, place: Path) -> None:
    down = ("--set", "profile=endpoint", "--set", "answer.url=http://127.0.0.1:9/v1", "--set", "answer.model=m")
    here("ask", "How is overtime paid?", "--json", *down).fails_in_one_line(1, "127.0.0.1:9")
    (place / "two.jsonl").write_text('{"id": 1, "question": "Overtime?"}\n{"id": 2, "question": "Ferries?"}\n')
    ended = here("ask", "--questions", "two.jsonl", "--json", *down)
    assert ended.code == 1 and [set(line) for line in ended.lines] == [{"id", "error"}] * 2
    assert "2 of 2 questions failed" in ended.err


def test_page_writes_the_picture_with_boxes(here: Recto, place: Path) -> None:
    plain = here("page", "harbour.pdf", "1", "--out", "plain.png", "--json")
    boxed = here(
        "page", "harbour.pdf", "1", "--out", "boxed.png", "--question", "How many ferries are there?", "--json"
    )
    assert plain.code == boxed.code == 0 and plain.lines[0]["boxes"] == [] and boxed.lines[0]["boxes"]
    assert plain.lines[0]["text"] == {"source": "text layer", "reason": "the text layer covers the writing"}
    assert plain.lines[0]["issues"] == []
    with Image.open(place / "plain.png") as one, Image.open(place / "boxed.png") as other:
        assert one.size == other.size == (800, 1000) == (boxed.lines[0]["width"], boxed.lines[0]["height"])
        assert one.tobytes() != other.tobytes()


def test_figures_are_listed_with_their_pictures(here: Recto, place: Path) -> None:
    with pymupdf.open() as document:
        page = document.new_page(width=400, height=500)
        page.draw_rect((60, 80, 340, 240), fill=(0.2, 0.4, 0.8))
        page.insert_text((60, 60), "As Figure 1 shows, the quay was long.", fontsize=11)
        page.insert_text((60, 260), "Figure 1: The quay of the harbour", fontsize=11)
        document.save(place / "quay.pdf")
    assert here("add", "quay.pdf", "--json").code == 0
    listed = here("figures", "quay.pdf", "--out", "figures", "--json")
    assert listed.code == 0
    [figure] = listed.lines
    assert figure["label"] == "Figure 1" and figure["page_index"] == 0
    assert figure["mentions"][0]["text"] == "As Figure 1 shows, the quay was long."
    with Image.open(place / figure["path"]) as picture:
        colours = {picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))}
    assert colours == {(51, 102, 204)}
    assert here("remove", "quay.pdf", "--json").code == 0
    here("figures", "nothing.pdf", "--json").fails_in_one_line(1, "nothing.pdf")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["harbour.pdf", "3", "--out", "x.png"], "page"),
        (["nothing.pdf", "0", "--out", "x.png"], "nothing.pdf"),
        (["harbour.pdf", "0", "--out", "x.doc"], "x.doc"),
        (["harbour.pdf", "0", "--out", "nowhere/x.png"], "nowhere"),
    ],
)
def test_pages_that_cannot_be_shown(here: Recto, arguments: list[str], says: str) -> None:
    here("page", *arguments, "--json").fails_in_one_line(1, says)


def test_chat_follows_up_and_is_taken_up_again(here: Recto, place: Path) -> None:
    ended = here("chat", "--json", stdin="What was the revenue of Skerry Line in 2024?\nAnd in 2023?\n")
    first, second = ended.lines
    assert ended.code == 0 and "4.2" in first["answer"] and "3.9" in second["answer"], ended
    assert (first["standalone"], second["question"]) == (first["question"], "And in 2023?")
    assert second["standalone"] == "What was the revenue of Skerry Line in 2023?"
    assert "searching for: What was the revenue of Skerry Line in 2023?" in ended.err
    assert (first["id"], second["id"], first["session"]) == (0, 1, second["session"])

    more = here("chat", "--session", first["session"][:6], stdin="What about 2024?\n")
    assert more.code == 0 and "> And in 2023?" in more.out and "4.2" in more.out.split("And in 2023?")[1]
    (listed,) = here("chat", "--list", "--json").lines
    assert (listed["session"], listed["turns"], listed["first_question"]) == (first["session"], 3, first["question"])
    here("chat", "--session", "nosuch", stdin="x\n").fails_in_one_line(1, "nosuch")


def test_sync_mirrors_the_folder(here: Recto, place: Path) -> None:
    docs = place / "docs"
    (docs / "moved.pdf").write_bytes((docs / "handbook.pdf").read_bytes())
    (docs / "handbook.pdf").unlink()
    (docs / "harbour.pdf").unlink()
    write_pdf(docs / "new.pdf", ("The museum opens at nine.",))
    expected = {"moved.pdf": "moved", "harbour.pdf": "removed", "new.pdf": "added"}

    planned = here("sync", docs, "--dry-run", "--json")
    assert planned.code == 0 and {Path(line["path"]).name: line["change"] for line in planned.lines} == expected
    assert len(here("documents", "--json").lines) == 2

    done = here("sync", docs, "--json")
    assert done.code == 0 and {Path(line["path"]).name: line["change"] for line in done.lines} == expected
    assert {line["name"] for line in here("documents", "--json").lines} == {"moved.pdf", "new.pdf"}
    assert {line["change"] for line in here("sync", docs, "--json").lines} == {"unchanged"}


def test_an_empty_path_is_not_the_working_folder(here: Recto) -> None:
    here("add", "", "--json").fails_in_one_line(2, "empty", "recto add --help")
    here("sync", "", "--json").fails_in_one_line(2, "empty", "recto sync --help")
    assert [line["name"] for line in here("documents", "--json").lines] == ["handbook.pdf", "harbour.pdf"]


def test_remove_verify_vacuum(here: Recto) -> None:
    here("remove", "harbour.pdf", "nothing.pdf").fails_in_one_line(1, "nothing.pdf")
    assert len(here("documents", "--json").lines) == 2
    removed = here("remove", "harbour.pdf", "--json")
    assert removed.code == 0 and [line["name"] for line in removed.lines] == ["harbour.pdf"]
    hits = here("search", "How many ferries are there?", "--json").lines[0]["hits"]
    assert {hit["name"] for hit in hits} <= {"handbook.pdf"}
    assert here("verify", "--json").lines == [{"ok": True, "differences": []}]
    (sizes,) = here("vacuum", "--json").lines
    assert sizes["bytes_before"] > 0 and sizes["bytes_after"] > 0
    assert here("search", "How is overtime paid?", "--json").lines[0]["hits"][0]["name"] == "handbook.pdf"
    assert here("verify").out.strip() == "all stores agree"


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_add_goes_on_when_nobody_reads_its_output(place: Path, recto: Recto, form: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "pipeline.cli.main", "add", "docs", "--library", "unread", *form]
    reading, writing = os.pipe()
    os.close(reading)
    added = subprocess.run(command, cwd=place, env=environment(), stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert added.returncode == 0 and b"2 ready" in added.stderr, added
    listed = recto("documents", "--library", "unread", "--json", cwd=place)
    assert [line["status"] for line in listed.lines] == ["ready", "ready"]


def test_without_stdout_the_work_is_done(place: Path) -> None:
    command = f"{sys.executable} -m pipeline.cli.main documents --library library >&-"
    done = subprocess.run(command, shell=True, cwd=place, env=environment(), stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_adding_again_mends_what_was_lost_and_forgets_what_failed(place: Path, recto: Recto) -> None:
    harbour = place / "docs" / "harbour.pdf"
    kept = harbour.read_bytes()
    harbour.write_bytes(b"")
    assert recto("add", "docs", cwd=place).code == 1
    assert recto("page", "harbour.pdf", "0", "--out", "a.png", cwd=place).code == 0  # what was read is still there
    harbour.write_bytes(kept)
    shutil.rmtree(place / "library" / "originals")
    assert "recto add" in recto("verify", cwd=place).out
    assert recto("add", "docs", cwd=place).code == 0
    assert recto("verify", cwd=place).code == 0
    assert [line["status"] for line in recto("documents", "--json", cwd=place).lines] == ["ready", "ready"]


def test_a_link_that_leads_nowhere_fails_alone(place: Path, recto: Recto) -> None:
    (place / "docs" / "self.pdf").symlink_to("self.pdf")
    (place / "docs" / "new.txt").write_text("Zinc costs 77 dollars.")
    added = recto("add", "docs", "--json", cwd=place)
    assert added.code == 1
    assert sorted(line["status"] for line in added.lines) == ["failed", "ready", "unchanged", "unchanged"]


def test_documents_say_why_they_failed(place: Path, recto: Recto) -> None:
    (place / "empty.pdf").touch()
    recto("add", "empty.pdf", "--library", "library", cwd=place)
    (line,) = [line for line in recto("documents", "--json", cwd=place).lines if line["status"] == "failed"]
    assert "the file is empty" in line["error"]
    assert "the file is empty" in recto("documents", cwd=place).out


def test_a_library_in_use_names_its_holder(recto: Recto, place: Path) -> None:
    with Library.open(load_settings({"library": place / "library"})):
        recto("documents").fails_in_one_line(1, "in use", str(os.getpid()))
    assert recto("documents").code == 0


def test_a_library_made_with_other_settings_is_refused(here: Recto) -> None:
    here("search", "x", "--json", "--set", "ingest.ocr_dpi=200").fails_in_one_line(1, "150", "200")
    assert here("verify").code == 0


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupted_add_goes_on(place: Path, recto: Recto, name: str) -> None:
    number = signal.Signals[name]
    words = ("buoy", "anchor", "ferry", "pier", "tide", "beacon", "lock", "crane", "rope", "hull", "mast")
    pages = tuple(
        f"{words[n % 11].title()} and {words[n % 7]}\n\nThe {words[n % 5]} of the {words[n % 3]} was mended {n} times. "
        f"Its {words[n % 11]} is older than the {words[(n + 3) % 11]} of the {words[(n * n) % 11]}."
        for n in range(400)
    )
    write_pdf(place / "long.pdf", pages)
    shutil.rmtree(place / "library")
    adding = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli.main", "add", "long.pdf", "--json"],
        cwd=place,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    while not (place / "library" / "manifest.json").exists():
        assert adding.poll() is None
        time.sleep(0.02)
    time.sleep(0.5)
    os.killpg(adding.pid, number)  # Ctrl-C reaches the workers too, and so do those who end a whole service
    out, err = adding.communicate(timeout=60)
    # Python itself ends by SIGINT when the signal came in the middle of `exec`; to a shell both are 130.
    assert adding.returncode in (130, -signal.SIGINT) and out == "", (out, err)
    assert err.strip() == "recto: interrupted; run the same command again to continue"

    ended = recto("add", "long.pdf", "--json")
    assert ended.code == 0 and ended.lines[0]["status"] == "ready" and ended.lines[0]["pages"] == 400
    assert recto("verify").code == 0


def test_figures_whose_place_is_not_found_are_listed_without_a_picture(here: Recto, place: Path) -> None:
    write_pdf(
        place / "alone.pdf", ("A text that goes on and on here.\n\nFigure 1: The harbour in the year of the flood",)
    )
    assert here("add", "alone.pdf").code == 0
    listed = here("figures", "alone.pdf", "--out", "figs", "--json")
    assert [line["path"] for line in listed.lines] == [None] and list((place / "figs").iterdir()) == []
    assert "its place was not found" in here("figures", "alone.pdf").out
    none = here("figures", "handbook.pdf")
    assert (none.code, none.out) == (0, "") and "no captioned figure" in none.err


def test_a_dry_run_without_a_library_says_what_would_make_one(here: Recto, place: Path) -> None:
    missing = here("sync", "docs", "--dry-run", "--library", "none")
    missing.fails_in_one_line(1, "recto sync docs", "--dry-run")
    assert not (place / "none").exists()


def test_shown_answers_say_where_they_stand(here: Recto, place: Path) -> None:
    assert here("ask", "Who is the harbour master?", "--show", "shown").code == 0
    text = (place / "shown" / "answer.md").read_text(encoding="utf-8")
    assert "> harbour.pdf, page 3: “The harbour master is Ione Falk.”" in text
    (place / "taken" / "answer.md").mkdir(parents=True)
    taken = here("ask", "Who is the harbour master?", "--show", "taken", "--json")
    assert taken.code == 1 and "taken/answer.md cannot be written" in taken.err and "bug" not in taken.err
