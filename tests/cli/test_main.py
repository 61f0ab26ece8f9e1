"""How the command starts and how it ends: help, wrong usage, wrong settings, mistyped paths."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Recto, environment

COMMANDS = (
    "add",
    "sync",
    "documents",
    "remove",
    "search",
    "ask",
    "chat",
    "page",
    "figures",
    "verify",
    "vacuum",
    "doctor",
    "config",
)
HEAVY = (
    "torch",
    "transformers",
    "sentence_transformers",
    "chromadb",
    "pymupdf",
    "rapidocr",
    "llama_index",
    "numpy",
    "PIL",
)


def test_help_names_every_command(recto: Recto) -> None:
    ended = recto("--help")
    assert ended.code == 0 and ended.err == ""
    for command in COMMANDS:
        assert re.search(rf"\b{command}\b", ended.out)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_the_common_options(recto: Recto, command: str) -> None:
    ended = recto(command, "--help")
    assert ended.code == 0
    for option in ("--library", "--json", "--config", "--set", "--debug"):
        assert option in ended.out


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from pipeline.cli.main import run; assert run(['search', '--help']) == 0;"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, timeout=60, check=True
    )
    assert done.stderr.decode().strip() == "[]"


def test_version(recto: Recto) -> None:
    ended = recto("--version")
    assert ended.code == 0 and ended.out.startswith("recto ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["serch", "x"], "No such command 'serch'"),
        (["search"], "either a QUESTION or --questions"),
        (["search", "x", "--questions", "y"], "either a QUESTION or --questions"),
        (["search", "x", "--depth", "3"], "No such option: --depth"),
        (["search", "x", "-k", "0"], "-k"),
        (["search", "x", "-k", "many"], "-k"),
        (["search", "x", "--mode", "quick"], "--mode"),
        (["search", "x", "--filter", "name"], "--filter"),
        (["search", "x", "--filter", "name=a", "--filter", "name=b"], "name is given twice"),
        (["add"], "PATH"),
        (["remove"], "DOCUMENT"),
        (["page", "a.pdf", "first", "--out", "x.png"], "PAGE_INDEX"),
        (["page", "a.pdf", "0"], "--out"),
    ],
)
def test_wrong_usage(recto: Recto, arguments: list[str], says: str) -> None:
    recto(*arguments).fails_in_one_line(2, says, "--help")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--set", "retrieval.k=0"], "retrieval.k"),
        (["--set", "nonsense=1"], "unknown setting nonsense"),
        (["--set", "retrieval"], "section.name=value"),
        (["--config", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_wrong_settings(recto: Recto, arguments: list[str], says: str) -> None:
    recto("search", "x", "--json", *arguments).fails_in_one_line(2, says)


def test_a_mistyped_variable(recto: Recto) -> None:
    recto("search", "x", RECTO_ANSER__URL="http://localhost").fails_in_one_line(
        2, "RECTO_ANSER__URL", "did you mean RECTO_ANSWER__URL?"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "x"],
        ["ask", "x"],
        ["chat"],
        ["documents"],
        ["remove", "x"],
        ["page", "x", "0", "--out", "x.png"],
        ["verify"],
        ["vacuum"],
    ],
)
def test_a_library_that_is_not_there_is_not_made(recto: Recto, tmp_path: Path, arguments: list[str]) -> None:
    recto(*arguments, "--json").fails_in_one_line(1, "no library at", "recto add")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [["add", "nowhere.pdf"], ["sync", "nowhere"]])
def test_a_path_that_is_not_there(recto: Recto, tmp_path: Path, arguments: list[str]) -> None:
    recto(*arguments).fails_in_one_line(1, "nowhere", "check the path")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("question", ["", "   ", "why " * 25_000])
def test_questions_that_cannot_be_asked(recto: Recto, question: str) -> None:
    recto("ask", question, "--json").fails_in_one_line(1, "the question")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"id": 1, "question": "Who?"}\n{"id": 2, "quest', "line 2"),
        ('{"id": 1, "question": "Who?"}\n\n{"id": 1, "question": "What?"}\n', "line 3"),
        ("", "holds no question"),
    ],
)
def test_bad_files_of_questions(recto: Recto, tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "many.jsonl").write_text(content)
    recto("search", "--questions", "many.jsonl", "--json").fails_in_one_line(1, "many.jsonl", says)
    if content:
        recto("search", "--questions", "-", "--json", stdin=content).fails_in_one_line(1, "stdin", says)


def test_a_file_of_questions_that_is_not_there_or_no_text(recto: Recto, tmp_path: Path) -> None:
    recto("ask", "--questions", "nowhere.jsonl").fails_in_one_line(1, "nowhere.jsonl")
    recto("ask", "--questions", ".").fails_in_one_line(1, "cannot be read")
    (tmp_path / "latin.jsonl").write_bytes('{"id": 1, "question": "où?"}'.encode("latin-1"))
    recto("ask", "--questions", "latin.jsonl").fails_in_one_line(1, "not UTF-8")


def test_config_shows_values_origins_and_no_secret(recto: Recto) -> None:
    ended = recto("config", "--json", "--set", "retrieval.k=9", RECTO_ANSWER__API_KEY="hush-hush")
    (line,) = ended.lines
    assert ended.code == 0 and list(line) == ["settings", "origins", "hash"]
    assert line["settings"]["retrieval"]["k"] == 9 and line["settings"]["retrieval"]["mode"] == "fusion"
    assert line["origins"] == {"retrieval.k": "flag", "answer.api_key": "environment"}
    assert "hush-hush" not in ended.out
    named = ["--set", "answer.answerer=llm", "--set", "answer.llm=a:B"]
    options = '{"api_key": "hush-hush", "temperature": 0.5}'
    shown = recto("config", *named, RECTO_ANSWER__API_KEY="hush-hush", RECTO_ANSWER__OPTIONS=options)
    assert shown.code == 0 and "retrieval.k" in shown.out and "hush-hush" not in shown.out + shown.err
    assert "'temperature': 0.5" in shown.out


def test_config_shows_where_a_table_came_from(recto: Recto, tmp_path: Path) -> None:
    (tmp_path / "recto.toml").write_text("[retrieval]\nweights = { lexical = 0.5 }\n")
    (line,) = [line for line in recto("config").out.splitlines() if "retrieval.weights" in line]
    assert "recto.toml" in line


def test_a_profile_with_a_mistyped_section_is_one_line(recto: Recto, tmp_path: Path) -> None:
    (tmp_path / "recto.toml").write_text('profile = "local"\nembedding = "x"\n')
    recto("config").fails_in_one_line(2, "embedding")


def test_doctor_reports_an_endpoint_that_is_down(recto: Recto) -> None:
    settings = ["profile=endpoint", "answer.url=http://127.0.0.1:9/v1", "answer.model=m"]
    ended = recto("doctor", "--json", *(part for setting in settings for part in ("--set", setting)))
    checks = {line["check"]: line for line in ended.lines}
    assert ended.code == 1 and checks["endpoint"]["level"] == "fail" and "127.0.0.1:9" in checks["endpoint"]["detail"]
    assert checks["python"]["level"] == checks["text model"]["level"] == checks["ocr models"]["level"] == "ok"
    assert checks["library"]["level"] == "note"


def test_doctor_is_content_without_an_endpoint(recto: Recto) -> None:
    ended = recto("doctor")
    assert ended.code == 0 and "not configured" in ended.out, ended
