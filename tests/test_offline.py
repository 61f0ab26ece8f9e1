"""After installation the default profile opens no connection: the main job runs where there is no network at all."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.cli.conftest import ROOT, environment

MAIN_JOB = """
import socket, sys

def refuse(*args, **kwargs):
    raise AssertionError(f"a connection was opened: {args[1:]}")

socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = socket.create_connection = refuse

from pipeline import Library

with Library(sys.argv[1]) as library:
    reports = list(library.add(sys.argv[2:]))
    assert all(report.status == "ready" for report in reports), reports
    answer = library.ask("What were the auditors of Brannoch Coastal Shipping paid for 2025?")
    assert "187,000" in answer.text, answer
    assert library.verify() == []
print("done")
"""


def without_network() -> list[str]:
    """The prefix of a command that runs it in an empty network namespace, where this machine lets us make one."""
    prefix = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
        return prefix
    return []


@pytest.mark.parametrize("prefix", [[], without_network()], ids=["sockets refused", "no network"])
def test_the_main_job_needs_no_network(tmp_path: Path, prefix: list[str]) -> None:
    documents = [ROOT / "samples/docs" / name for name in ("brannoch-annual-review-2025.pdf", "damage-claim-form.pdf")]
    done = subprocess.run(
        [*prefix, sys.executable, "-c", MAIN_JOB, str(tmp_path / "library"), *map(str, documents)],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.strip() == "done", done.stderr


def test_nothing_is_written_to_the_home_folder(tmp_path: Path) -> None:
    """ONNX Runtime, which reads pictures, keeps an identifier and events there and sends them, unless told not to."""
    home = tmp_path / "home"
    home.mkdir()
    scan = tmp_path / "scan.png"
    picture = Image.new("RGB", (700, 200), "white")
    ImageDraw.Draw(picture).text((40, 60), "What were the auditors paid? 187,000", fill="black", font_size=32)
    picture.save(scan)
    document = ROOT / "samples/docs/brannoch-annual-review-2025.pdf"
    variables = {name: value for name, value in environment(HOME=str(home)).items() if name != "CI"}
    done = subprocess.run(
        [sys.executable, "-c", MAIN_JOB, str(tmp_path / "library"), str(document), str(scan)],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.strip() == "done", done.stderr
    assert [path for path in home.rglob("*") if path.is_file()] == []
