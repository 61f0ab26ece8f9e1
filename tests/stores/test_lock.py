"""One process owns a library at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.stores.layout import LibraryPaths
from pipeline.stores.lock import LibraryLock

HOLDER = """
import sys, time
from pathlib import Path
from pipeline.stores.layout import LibraryPaths
from pipeline.stores.lock import LibraryLock
with LibraryLock(LibraryPaths(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Another process that holds the library in `tmp_path`."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_refusal_names_the_holder(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    with pytest.raises(StoreError) as refused, LibraryLock(LibraryPaths(tmp_path)):
        pass
    message = str(refused.value)
    assert f"process {holder.pid} " in message and "`-c" in message and "since 20" in message
    assert "wait" in message and "\n" not in message


def test_the_lock_dies_with_its_process(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert any((tmp_path / "lock").iterdir()), "the killed process left its note behind"
    with LibraryLock(LibraryPaths(tmp_path)):
        pass


def test_a_holder_without_a_readable_note_is_refused_too(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    (tmp_path / "lock" / "holder.json").write_text("{")
    with pytest.raises(StoreError, match="in use by another process"), LibraryLock(LibraryPaths(tmp_path)):
        pass


def test_the_lock_is_given_back_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), LibraryLock(LibraryPaths(tmp_path)):
        raise ZeroDivisionError
    with LibraryLock(LibraryPaths(tmp_path)):
        pass


def test_two_locks_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    paths = LibraryPaths(tmp_path)
    with LibraryLock(paths), pytest.raises(StoreError, match=f"process {os.getpid()}"), LibraryLock(paths):
        pass
