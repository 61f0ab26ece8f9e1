"""`kill -9` during `add`, then `add` again: the same library as an uninterrupted run, nothing lost, nothing doubled."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pymupdf
import pytest

from pipeline import Library
from tests.cli.conftest import environment

PAGES = 40
KILLS = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents long enough for several windows and groups."""
    folder = tmp_path_factory.mktemp("long")
    for number in range(3):
        with pymupdf.open() as document:
            for index in range(PAGES):
                ships = f"Quay {index} took {index * 7 + number} ships. " * 12
                text = f"Section {index} of report {number}\n\n{ships}"
                document.new_page(width=400, height=500).insert_textbox((40, 40, 360, 460), text, fontsize=11)
            document.save(folder / f"report{number}.pdf")
    return folder


def state(library: Path) -> tuple[object, ...]:
    """Everything that can be counted, and what the stores say of each other."""
    with Library(library) as opened:
        rows = opened.documents()
        counts = [(r.info.document_id, r.status, r.pages_indexed, r.chunks, r.page_vectors) for r in rows]
        hits = [(hit.ref, round(hit.score, 4)) for hit in opened.search("How many ships did quay 17 take?", k=10).hits]
        return sorted(counts), opened.verify(), hits


def add(library: Path, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pipeline.cli.main", "add", str(folder), "--library", str(library), "--json"]
    return subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_a_killed_run_is_taken_up_where_it_was(folder: Path, tmp_path: Path) -> None:
    started = time.monotonic()
    assert add(tmp_path / "whole", folder).wait(300) == 0
    seconds = time.monotonic() - started
    moments = random.Random(20_261_120)
    killed = 0
    for _ in range(KILLS):
        run = add(tmp_path / "killed", folder)
        try:
            run.wait(moments.uniform(0.3, 0.9) * seconds)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            killed += run.wait() == -signal.SIGKILL
    assert killed, "no run was caught at work"
    assert add(tmp_path / "killed", folder).wait(300) == 0
    counts, differences, _ = state(tmp_path / "killed")
    assert differences == [] and [row[1:3] for row in counts] == [("ready", PAGES)] * 3
    assert state(tmp_path / "killed") == state(tmp_path / "whole")
