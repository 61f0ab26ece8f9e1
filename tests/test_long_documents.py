"""Long documents: what is parsed is kept over an interruption, and a document has its time."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from ingest.workers import ParserPool, ParseTask
from pipeline import Library
from pipeline.config import load_settings
from pipeline.indexing import PAGE_WINDOW
from pipeline.progress import NoProgress

PAGES = 200


@pytest.fixture
def long(tmp_path: Path) -> Path:
    with pymupdf.open() as document:
        for number in range(PAGES):
            document.new_page().insert_text((72, 72), f"Page {number} is about ship number {number * 7}")
        document.save(tmp_path / "long.pdf")
    return tmp_path / "long.pdf"


class InterruptedRunError(Exception):
    pass


class StopsAfter(NoProgress):
    """Breaks the run off when so many pages are parsed."""

    def __init__(self, pages: int) -> None:
        self.left = pages

    def advance(self, stage: str, pages: int) -> None:
        self.left -= pages if stage == "parse" else 0
        if self.left <= 0:
            raise InterruptedRunError


def test_pages_parsed_before_an_interruption_are_not_parsed_again(
    long: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Library(tmp_path / "library") as library, pytest.raises(InterruptedRunError):
        list(library.add([long], progress=StopsAfter(150)))
    again: list[int] = []
    submit = ParserPool.submit

    def record(pool: ParserPool, task: ParseTask):  # type: ignore[no-untyped-def]
        again.extend(task.page_indices)
        return submit(pool, task)

    monkeypatch.setattr(ParserPool, "submit", record)
    with Library(tmp_path / "library") as library:
        (report,) = library.add([long])
        assert (report.status, report.pages) == ("ready", PAGES)
        assert 0 < len(again) == len(set(again)) <= PAGES - 150 + PAGE_WINDOW
        assert library.verify() == []
        assert library.search("Which page is about ship number 1302?", k=1).hits[0].ref.page_index == 186


def test_a_document_that_has_had_its_time_is_partial_and_can_be_tried_again(long: Path, tmp_path: Path) -> None:
    how = {"library": tmp_path / "library", "ingest": {"document_seconds": 0.001, "workers": 1}}
    with Library.open(load_settings(how)) as library:
        (report,) = library.add([long])
        assert report.status == "partial" and "of 200 pages failed" in report.error
        assert {(issue.stage, issue.error, issue.lost) for issue in report.pages_failed} == {
            ("parse", "time: the document took more than 0.001 s", True)
        }
        assert 0 < len(report.pages_failed) < PAGES
        assert library.search("Which page is about ship number 7?", k=1).hits
    with Library(tmp_path / "library") as library:
        (report,) = library.add([long], retry_failed=True)
        assert (report.status, report.pages_failed) == ("ready", ())
