"""`kill -9` during `add`, then `add` again: the same library as an uninterrupted run, nothing lost, nothing doubled.

A few moments only; `bench/kills.py` does it at length and on any folder.
"""

from pathlib import Path

import pymupdf
import pytest

from bench.kills import compare

PAGES = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents long enough for several windows."""
    folder = tmp_path_factory.mktemp("long")
    for number in range(3):
        with pymupdf.open() as document:
            for index in range(PAGES):
                ships = f"Quay {index} took {index * 7 + number} ships. " * 12
                text = f"Section {index} of report {number}\n\n{ships}"
                document.new_page(width=400, height=500).insert_textbox((40, 40, 360, 460), text, fontsize=11)
            document.save(folder / f"report{number}.pdf")
    return folder


def test_a_killed_run_is_taken_up_where_it_was(folder: Path, tmp_path: Path) -> None:
    whole, taken_up, killed = compare(folder, tmp_path, kills=3, seed=20_261_120)
    assert killed >= 3, "no run was caught at work"
    assert [row[1:3] for row in whole.documents] == [("ready", PAGES)] * 3
    assert whole.differences == ()
    assert taken_up and all(state == whole for state in taken_up)
