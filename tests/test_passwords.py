"""Encrypted files end to end: what is said without the password, what is kept after it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from pipeline import Library
from pipeline.results import PageRef
from tests.cli.conftest import Recto
from tests.cli.conftest import recto as recto  # the fixture
from tests.ingest.made_files import write_locked_pdf

TEXT = "The quay took seventy ships in March"
PASSWORD = "öffne dich 42"


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    return write_locked_pdf(tmp_path / "locked.pdf", TEXT, PASSWORD)


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_an_encrypted_file_fails_with_the_flag_named_and_is_read_with_it_later(locked: Path, recto: Recto) -> None:
    secrets = locked.with_name("passwords.txt")
    secrets.write_text(f"something else\n\n{PASSWORD}\n", encoding="utf-8")
    without = recto("add", locked, "--json")
    assert (without.code, without.lines[0]["status"]) == (1, "failed")
    assert f"{locked}: is encrypted; give its password with --password or --password-file" in without.lines[0]["error"]
    wrong = recto("add", locked, "--json", "--password", "hunter2")
    assert wrong.code == 1 and "does not open it" in wrong.lines[0]["error"] and "hunter2" not in wrong.out + wrong.err
    right = recto("add", locked, "--json", "--retry-failed", "--password-file", secrets)
    assert (right.code, right.lines[0]["status"], right.lines[0]["pages"]) == (0, "ready", 1)
    assert recto("add", locked, "--json").lines[0]["status"] == "unchanged"


def test_a_password_file_that_cannot_be_read_is_one_line(locked: Path, recto: Recto) -> None:
    recto("add", locked, "--password-file", "nowhere.txt").fails_in_one_line(1, "nowhere.txt", "cannot be read")


def test_pages_are_shown_and_removed_later_and_the_password_is_nowhere(
    locked: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with Library(tmp_path / "library") as library:
        (report,) = library.add([locked], passwords=["no", PASSWORD])
        assert report.status == "ready"
    with Library(tmp_path / "library") as library:
        (hit,) = library.search("How many ships in March?", k=1).hits
        picture = library.page_picture(PageRef(report.document_id, 0))
        box = hit.regions[0].box
        there = picture.crop(
            (
                round(box.x0 * picture.width),
                round(box.y0 * picture.height),
                round(box.x1 * picture.width),
                round(box.y1 * picture.height),
            )
        )
        assert there.convert("L").getextrema()[0] < 100
        assert library.verify() == []
        (original,) = (tmp_path / "library" / "originals").rglob(report.document_id)
        assert original.read_bytes() == locked.read_bytes()
        stored = bytes_of(tmp_path / "library") + caplog.text.encode()
        assert PASSWORD.encode() not in stored and PASSWORD.encode("latin-1") not in stored
        library.remove("locked.pdf")
        assert not list((tmp_path / "library" / "originals").rglob("*.pdf"))


def test_a_document_read_again_needs_its_password_once_only(locked: Path, tmp_path: Path) -> None:
    with Library(tmp_path / "library") as library:
        (first,) = library.add([locked], passwords=[PASSWORD])
        library._stores.catalog.set_status(first.document_id, "partial", "a page was lost")
        (again,) = library.add([locked], retry_failed=True)
        assert again.status == "ready"


def test_a_run_killed_while_it_read_a_document_again_loses_neither_it_nor_its_working_copy(
    locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Library(tmp_path / "library") as library:
        (first,) = library.add([locked], passwords=[PASSWORD])
        library._stores.catalog.set_status(first.document_id, "partial", "a page was lost")
        monkeypatch.setattr(library._stores.vectors, "scrub", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            list(library.add([locked], retry_failed=True))
    with Library(tmp_path / "library") as library:
        assert [(row.info.name, row.status) for row in library.documents()] == [("locked.pdf", "adding")]
        assert [report.status for report in library.add([locked])] == ["ready"]
        assert library.verify() == []


def test_sync_takes_passwords_too(locked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    locked.rename(folder / "locked.pdf")
    with Library(tmp_path / "library") as library:
        assert [report.status for report in library.sync(folder)] == ["failed"]
        assert [report.status for report in library.sync(folder, passwords=[PASSWORD])] == ["ready"]
        assert [report.change for report in library.sync(folder)] == ["unchanged"]
