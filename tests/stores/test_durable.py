"""Atomic writes, swaps, and the disk's refusals in plain words."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.stores.durable import disk_errors, half_built, settle_folder, swap_folder, write_atomically


def test_a_write_that_fails_leaves_the_old_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="the disk is full"), disk_errors("a test"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "no right to write"), (errno.EIO, "refused")],
)
def test_refusals_are_one_line(number: int, said: str) -> None:
    with pytest.raises(StoreError, match=said) as refused, disk_errors("writing x"):
        raise OSError(number, os.strerror(number), "file")
    assert "\n" not in str(refused.value) and "writing x" in str(refused.value)


@pytest.mark.parametrize("killed_before", [1, 2, 3, 4])
def test_a_swap_killed_at_any_step_ends_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_before: int
) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / "data").write_text("old")
    (half_built(folder) / "data").write_text("new")
    steps = 0

    def step(original):  # type: ignore[no-untyped-def]
        def counted(*arguments, **options):  # type: ignore[no-untyped-def]
            nonlocal steps
            steps += 1
            if steps == killed_before:
                raise KeyboardInterrupt
            return original(*arguments, **options)

        return counted

    with monkeypatch.context() as patch:
        patch.setattr("os.rename", step(os.rename))
        patch.setattr("pipeline.stores.durable.sync_path", step(lambda path: None))
        patch.setattr("shutil.rmtree", step(__import__("shutil").rmtree))
        with pytest.raises(KeyboardInterrupt):
            swap_folder(folder)
    settle_folder(folder)
    assert (folder / "data").read_text() in ("old", "new") and list(tmp_path.iterdir()) == [folder]
