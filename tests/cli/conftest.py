"""The real command, run as its own process in an empty folder, as a user runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """How a run of the command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """The JSON lines of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]

    def fails_in_one_line(self, code: int, *says: str) -> None:
        """Asserts the exit code, nothing on stdout, and one line on stderr that says what to do."""
        assert (self.code, self.out) == (code, ""), self
        assert self.err.startswith("recto: ") and self.err.count("\n") == 1, self.err
        for words in says:
            assert words in self.err, self.err


Recto = Callable[..., Ended]


def environment(**more: str) -> dict[str, str]:
    """The environment without settings of whoever runs the tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith("RECTO_")}
    return inherited | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"} | more


@pytest.fixture
def recto(tmp_path: Path) -> Recto:
    """`recto(*arguments, stdin="", **environment)` runs the command in the test's own folder."""

    def run(*arguments: str | Path, stdin: str = "", cwd: Path = tmp_path, **more: str) -> Ended:
        command = [sys.executable, "-m", "pipeline.cli.main", *map(str, arguments)]
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment(**more),
            input=stdin.encode(),
            capture_output=True,
            timeout=120,
            check=False,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
