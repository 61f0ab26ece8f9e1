"""Progress: sparse lines where stderr is no terminal, a bar where it is one, and never anything on stdout."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli import watching
from pipeline.cli.watching import LogWatcher
from tests.cli.conftest import environment


def go(watcher: LogWatcher) -> None:
    with watcher as progress:
        progress.start(60)
        for _ in range(6):
            for stage in ("parse", "embed", "store"):
                progress.advance(stage, 10)  # type: ignore[arg-type]
        progress.finish()


def test_short_work_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    go(LogWatcher())
    assert capsys.readouterr() == ("", "")


def test_long_work_says_pages_speed_and_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(watching.time, "monotonic", lambda: float(next(clock)))
    go(LogWatcher())
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "" and 1 < len(lines) < 12
    assert "stored of 60 pages" in lines[0] and "pages/s" in lines[0] and "s left" in lines[0]


def test_the_bar_is_drawn_on_a_terminal_and_results_stay_on_stdout(tmp_path: Path) -> None:
    code = (
        "from pipeline.cli.watching import watcher\n"
        "with watcher() as progress:\n"
        "    progress.start(4)\n"
        "    for stage in ('parse', 'embed', 'store'): progress.advance(stage, 2)\n"
        "    print('a result')\n"
        "    progress.advance('parse', 2)\n"
    )
    outer, inner = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(TERM="xterm", COLUMNS="100"),
        stdout=subprocess.PIPE,
        stderr=inner,
        timeout=60,
        check=True,
    )
    os.close(inner)
    drawn = os.read(outer, 100_000).decode()
    os.close(outer)
    assert done.stdout == b"a result\n"
    assert "4 read and 2 stored of 4 pages" in drawn and "pages/s" in drawn
