"""Copies of the added files: exact, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.stores.originals import Originals
from tests.stores.small_library import write_file


def test_a_copy_is_exact_and_made_once(tmp_path: Path) -> None:
    originals = Originals(tmp_path / "originals")
    file = write_file(tmp_path, "a.pdf", ["some", "text"])
    copy = originals.add(file.path, file)
    assert copy == originals.path(file.document_id) and copy.read_bytes() == file.path.read_bytes()
    assert originals.intact(file.document_id) and originals.documents() == [file.document_id]
    before = copy.stat().st_ino
    file.path.unlink()
    assert originals.add(file.path, file) == copy and copy.stat().st_ino == before


def test_a_file_that_changed_or_vanished_is_an_input_error(tmp_path: Path) -> None:
    originals = Originals(tmp_path / "originals")
    file = write_file(tmp_path, "a.pdf", ["some text"])
    file.path.write_text("other")
    with pytest.raises(InputError, match="changed while it was read"):
        originals.add(file.path, file)
    file.path.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        originals.add(file.path, file)
    assert originals.documents() == [] and not originals.intact(file.document_id)
    assert not [path for path in (tmp_path / "originals").rglob("*") if path.is_file()]


def test_damage_is_seen_and_a_short_copy_is_made_anew(tmp_path: Path) -> None:
    originals = Originals(tmp_path / "originals")
    file = write_file(tmp_path, "a.pdf", ["some text"])
    copy = originals.add(file.path, file)
    copy.write_bytes(copy.read_bytes()[:-1])
    assert not originals.intact(file.document_id)
    originals.add(file.path, file)
    assert originals.intact(file.document_id)


def test_removing_leaves_no_file(tmp_path: Path) -> None:
    originals = Originals(tmp_path / "originals")
    file = write_file(tmp_path, "a.pdf", ["some text"])
    originals.add(file.path, file)
    originals.remove(file.document_id)
    originals.remove(file.document_id)
    assert list((tmp_path / "originals").iterdir()) == []
