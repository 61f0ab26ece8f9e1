"""`kill -9` during `add`, then `add` again: the same library as an uninterrupted run, nothing lost, nothing doubled.

A few moments only; `bench/kills.py` does it at length and on any folder.
"""

from collections import Counter
from pathlib import Path

import pymupdf
import pytest

from bench.kills import compare
from pipeline import Library
from pipeline.progress import NoProgress, Stage
from pipeline.stores.opened import Stores
from pipeline.writing import IndexWriter

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


class Counted(NoProgress):
    """Pages said to be there, and pages that left each stage."""

    def __init__(self) -> None:
        self.total = 0
        self.stages: Counter[Stage] = Counter()

    def start(self, total_pages: int) -> None:
        self.total = total_pages

    def advance(self, stage: Stage, pages: int) -> None:
        self.stages[stage] += pages


def test_progress_counts_the_pages_that_the_killed_run_had_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "report0.pdf"
    with Library(tmp_path / "library") as library:
        with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
            patch.setattr(IndexWriter, "write", lambda *_: 1 / 0)
            list(library.add([file]))
        progress = Counted()
        assert [report.status for report in library.add([file], progress=progress)] == ["ready"]
    assert (progress.total, progress.stages) == (PAGES, dict.fromkeys(("parse", "embed", "store"), PAGES))


def test_documents_read_again_leave_the_word_indexes_together(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuilt = []
    rebuild = Stores.rebuild_words
    with Library(tmp_path / "library") as library:
        ids = sorted(report.document_id for report in library.add([folder]))
        for document_id in ids[:2]:
            library._stores.catalog.set_status(document_id, "partial", "a page was lost")
        monkeypatch.setattr(Stores, "rebuild_words", lambda stores: rebuilt.append(rebuild(stores)))
        reports = list(library.add([folder], retry_failed=True))
        assert sorted(report.document_id for report in reports if report.status == "ready") == ids[:2]
        assert len(reports) == 3 and len(rebuilt) == 1
        assert library.verify() == []
