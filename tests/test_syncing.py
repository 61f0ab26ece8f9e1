"""`sync`: what each file is said to be, and that what is moved is not read again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest

from pipeline import Library
from tests.cli.conftest import Recto
from tests.cli.conftest import recto as recto  # the fixture


def write_pdf(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with pymupdf.open() as document:
        document.new_page().insert_text((72, 72), text)
        document.save(path, no_new_id=True)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pdf(tmp_path / "docs" / "a.pdf", "Seven ferries")
    write_pdf(tmp_path / "docs" / "b.pdf", "Two quays")
    return tmp_path / "docs"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library") as library:
        yield library


def changes(library: Library, folder: Path, **how: bool) -> dict[str, tuple[str, str]]:
    reports = list(library.sync(folder, **how))
    assert len({report.path for report in reports}) == len(reports), "one report a file"
    return {str(Path(report.path).relative_to(folder)): (report.change, report.status) for report in reports}


def names(library: Library) -> set[tuple[str, str]]:
    return {(row.info.name, row.status) for row in library.documents()}


def test_a_dry_run_says_what_the_run_then_does(library: Library, folder: Path) -> None:
    assert set(changes(library, folder).values()) == {("added", "ready")}
    (folder / "sub").mkdir()
    (folder / "a.pdf").rename(folder / "sub" / "z.pdf")
    write_pdf(folder / "b.pdf", "Three quays")
    write_pdf(folder / "c.pdf", "One crane")
    planned = changes(library, folder, dry_run=True)
    assert {path: change for path, (change, _) in planned.items()} == {
        "sub/z.pdf": "moved",
        "b.pdf": "changed",
        "c.pdf": "added",
    }
    assert names(library) == {("a.pdf", "ready"), ("b.pdf", "ready")}
    done = changes(library, folder)
    assert {path: change for path, (change, _) in done.items()} == {
        path: change for path, (change, _) in planned.items()
    }
    assert names(library) == {("z.pdf", "ready"), ("b.pdf", "ready"), ("c.pdf", "ready")}
    assert set(changes(library, folder).values()) == {("unchanged", "unchanged")}
    assert library.verify() == []


def test_what_is_moved_is_neither_parsed_nor_embedded_again(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes(library, folder)
    (folder / "a.pdf").rename(folder / "renamed.pdf")

    def refuse(*arguments: object, **more: object) -> None:
        raise AssertionError("something was read again")

    monkeypatch.setattr(Library, "add", refuse)
    assert changes(library, folder)["renamed.pdf"] == ("moved", "unchanged")
    assert library.search("How many ferries?", k=1).hits[0].name == "renamed.pdf"


def test_copies_of_a_file_are_said_to_be_copies(library: Library, folder: Path) -> None:
    shutil.copy(folder / "b.pdf", folder / "0-copy.pdf")
    assert sorted(changes(library, folder).values()) == [("added", "ready")] * 2 + [("unchanged", "unchanged")]
    for _ in range(2):
        assert set(changes(library, folder).values()) == {("unchanged", "unchanged")}, "a copy is not a move"
    (folder / "0-copy.pdf").unlink()
    assert ("removed", "unchanged") not in changes(library, folder).values()
    assert len(library.documents()) == 2


def test_a_file_that_cannot_be_read_fails_every_time_until_it_is_gone(library: Library, folder: Path) -> None:
    (folder / "tool.bin").write_bytes(b"\x7fELF" + bytes(64))
    (folder / "torn.pdf").write_bytes(b"%PDF-1.7\nno pages")
    for _ in range(2):
        found = changes(library, folder)
        assert found["tool.bin"] == ("added", "failed") and found["torn.pdf"] == ("added", "failed")
        assert {("tool.bin", "failed"), ("torn.pdf", "failed")} < names(library)
    assert changes(library, folder, dry_run=True)["tool.bin"] == ("added", "failed")
    (folder / "tool.bin").unlink()
    write_pdf(folder / "torn.pdf", "Whole again")
    found = changes(library, folder)
    assert found["torn.pdf"] == ("added", "ready") and found["tool.bin"] == ("removed", "unchanged")
    assert names(library) == {("a.pdf", "ready"), ("b.pdf", "ready"), ("torn.pdf", "ready")}


def test_a_good_document_stays_while_its_file_cannot_be_read(library: Library, folder: Path) -> None:
    """It may be in the middle of being copied: empty, or cut off."""
    changes(library, folder)
    whole = (folder / "a.pdf").read_bytes()
    for damaged in (b"", b"%PDF-1.7\nno pages", b"%PDF-1.7\nother, no pages"):
        (folder / "a.pdf").write_bytes(damaged)
        planned = changes(library, folder, dry_run=True)
        assert changes(library, folder)["a.pdf"] == ("changed", "failed")
        assert {path: change for path, (change, _) in planned.items()} == {"a.pdf": "changed", "b.pdf": "unchanged"}
        assert names(library) == {("a.pdf", "ready"), ("a.pdf", "failed"), ("b.pdf", "ready")}
        assert len(library.documents()) == 3, "the failure of before is forgotten"
        assert library.search("How many ferries?", k=1).hits[0].name == "a.pdf"
    (folder / "a.pdf").write_bytes(whole)
    assert set(changes(library, folder).values()) == {("unchanged", "unchanged")}
    assert names(library) == {("a.pdf", "ready"), ("b.pdf", "ready")}
    assert library.verify() == []


def test_a_name_that_is_not_utf_8_is_no_other_place(library: Library, folder: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.pdf"))
    shutil.move(folder / "a.pdf", odd)
    changes(library, folder)
    assert changes(library, folder) == {odd.name: ("unchanged",) * 2, "b.pdf": ("unchanged",) * 2}
    write_pdf(odd.with_name("new.pdf"), "Eight ferries").replace(odd)
    assert changes(library, folder) == {odd.name: ("changed", "ready"), "b.pdf": ("unchanged",) * 2}
    assert len(library.documents()) == 2


def test_the_exit_code_says_whether_the_library_is_the_folder(folder: Path, recto: Recto) -> None:
    (folder / "torn.pdf").write_bytes(b"%PDF-1.7\nno pages")
    first = recto("sync", folder)
    assert first.code == 1 and "2 added, 1 failed" in first.err
    (folder / "torn.pdf").unlink()
    second = recto("sync", folder)
    assert second.code == 0 and "1 removed, 2 unchanged" in second.err
