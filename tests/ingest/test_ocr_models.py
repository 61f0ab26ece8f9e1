from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ingest.ocr import OcrReader
from ingest.ocr_models import Engine, Precision, Recogniser, Runtime, best_runtime
from tests.cli.conftest import environment
from tests.ingest.test_ocr import draw, table

OFFLINE = """
import socket, sys

def refuse(*args, **kwargs):
    print("a connection was opened", args[1:])
    raise OSError("refused")

socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = refuse

import numpy as np
from ingest.ocr import OcrReader

reader = OcrReader()
assert reader.read(np.full((200, 200, 3), 255, np.uint8)) == []
import time
time.sleep(0.5)  # what reports does so from a thread of its own
print(reader.runtime.engine)
"""
ROWS = [("Berth", "Length", "Fee 2031"), ("North quay 1", "84.5 m", "1,204"), ("Südkai", "110 m", "(842)")]


@pytest.fixture(scope="module")
def runtimes() -> list[Runtime]:
    """All that this machine can run; ONNX Runtime always can."""
    best = best_runtime()
    plain = Runtime(Engine.ONNXRUNTIME, Precision.FLOAT32)
    return [plain] if best == plain else [plain, Runtime(Engine.OPENVINO, Precision.FLOAT32), best]


def test_every_engine_and_number_format_reads_the_same(runtimes: list[Runtime]) -> None:
    page = draw(table(ROWS))
    readings = [[line.text for line in OcrReader(runtime=runtime).read(page)] for runtime in runtimes]
    assert readings == [[text for row in ROWS for text in row]] * len(runtimes)


def test_the_probability_is_the_same_whichever_way_the_best_character_is_found(runtimes: list[Runtime]) -> None:
    line = draw({"Pilotage 417,502 crowns": (72.0, 90.0)})[150:200, 130:460]
    noise = np.random.default_rng(7).integers(0, 256, (40, 400, 3)).astype(np.uint8)
    for runtime in runtimes:
        recogniser = Recogniser(runtime, threads=1)
        text, score = recogniser.read(line)
        assert text == "Pilotage 417,502 crowns"
        assert score == pytest.approx(Recogniser(runtimes[0], threads=1).read(line)[1], abs=0.02)
        assert 0.0 <= recogniser.read(noise)[1] < 0.6


def test_without_openvino_onnx_runtime_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "openvino" else found(name))
    assert best_runtime() == Runtime(Engine.ONNXRUNTIME, Precision.FLOAT32)


def test_a_number_format_that_an_engine_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="not in bf16"):
        Recogniser(Runtime(Engine.ONNXRUNTIME, Precision.BFLOAT16), threads=1)


def test_no_engine_reports_to_its_makers(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE],
        cwd=tmp_path,
        env={**environment(), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip() == best_runtime().engine, done.stderr
    assert list(tmp_path.iterdir()) == []
