"""Every way a run can end is one line and an exit code."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli.errors import report
from pipeline.errors import ConfigError, InputError, StoreError
from tests.cli.conftest import environment


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (InputError("a.pdf: encrypted; remove the password"), 1, "remove the password"),
        (StoreError("the library is in use\nby 123"), 1, "in use by 123"),
        (ConfigError("retrieval.k: too small"), 2, "retrieval.k"),
        (KeyboardInterrupt(), 130, "run the same command again"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "disk is full"),
        (MemoryError(), 1, "out of memory"),
        (ZeroDivisionError("division by zero"), 1, "bug in recto"),
        (OSError(errno.EIO, "Input/output error"), 1, "Input/output error"),
    ],
)
def test_one_line_and_a_code(error: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(error, debug=False) == code
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("recto: ") and err.count("\n") == 1 and says in err


def test_debug_adds_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("odd")
    except ValueError as error:
        report(error, debug=True)
    err = capsys.readouterr().err
    assert "Traceback" in err and "test_errors.py" in err and err.splitlines()[-1].startswith("recto: ")


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """As in `recto … | head -1`, with more output than a pipe holds."""
    code = (
        "import sys; from pipeline.cli import main, maintenance\n"
        "from pipeline.cli.invocation import command\n"
        "def flood(invocation):\n"
        "    for _ in range(100_000): print('x' * 100)\n"
        "import pipeline.cli.invocation as i; flood.__annotations__ = {'invocation': i.Invocation}\n"
        "command(main.app, 'flood')(flood)\n"
        "sys.argv = ['recto', 'flood']; main.main()"
    )
    flood = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert flood.stdout is not None and flood.stderr is not None
    assert flood.stdout.readline().startswith(b"xxx")
    flood.stdout.close()
    assert flood.stderr.read() == b""
    flood.stderr.close()
    assert flood.wait(30) == 1
