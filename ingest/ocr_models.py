"""The two neural models of OCR, ready to run: where words stand in a picture, and what one line of them says.

Owns the choice of engine and number format and the shapes that go in and out. Never sees a page, never downloads: the
models are the PP-OCRv6 small ones that RapidOCR's wheel carries. OpenVINO runs them where it is installed, in bfloat16
where the processor has it, else ONNX Runtime (eval/decisions/2026-11-21-ocr.md).
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import openvino

Floats = NDArray[np.float32]
Session = Callable[[Floats], tuple[NDArray[Any], ...]]
"""One model: input (n, 3, h, w) to its outputs. What it returns is overwritten by the next call."""

_DETECTOR = "PP-OCRv6_det_small.onnx"
_RECOGNISER = "PP-OCRv6_rec_small.onnx"
_LINE_HEIGHT = 48  # pixels; the recogniser was trained on lines of this height
_WIDTH_STEP = 64  # lines are padded to a multiple: each width is compiled once, and the code is kept in memory
_CLASS_COLUMNS = 360  # characters are compared in this many columns first, see `_best_characters`
_IMPOSSIBLE = -1e4


class Engine(StrEnum):
    OPENVINO = "openvino"
    ONNXRUNTIME = "onnxruntime"


class Precision(StrEnum):
    BFLOAT16 = "bf16"
    FLOAT32 = "f32"


@dataclass(frozen=True, slots=True)
class Runtime:
    """What computes the models, and in which number format."""

    engine: Engine
    precision: Precision


def best_runtime() -> Runtime:
    """The fastest that this machine has; the same on every call."""
    if importlib.util.find_spec("openvino") is None:
        return Runtime(Engine.ONNXRUNTIME, Precision.FLOAT32)
    formats = _openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return Runtime(Engine.OPENVINO, Precision.BFLOAT16 if "BF16" in formats else Precision.FLOAT32)


class Detector:
    """Finds pieces of text. side: pixels of the long side at which it looks; larger pictures are looked at reduced."""

    def __init__(self, runtime: Runtime, threads: int, side: int) -> None:
        from rapidocr.ch_ppocr_det.utils import DBPostProcess, DetPreProcess

        self._session, _ = _session(_DETECTOR, runtime, threads)
        self._prepare = DetPreProcess(side, "max", [0.5] * 3, [0.5] * 3)
        # The values of RapidOCR's own configuration.
        self._outline = DBPostProcess(thresh=0.3, box_thresh=0.5, unclip_ratio=1.6, use_dilation=True)

    def find(self, image: NDArray[np.uint8]) -> Floats:
        """Corners in pixels of each piece, shape (n, 4, 2), clockwise from the top left. image: BGR, (h, w, 3)."""
        pixels = self._prepare(image)
        if pixels is None:
            return np.zeros((0, 4, 2), np.float32)
        corners, _ = self._outline(self._session(pixels)[0], image.shape[:2])
        return np.asarray(corners, np.float32).reshape(-1, 4, 2)


class Recogniser:
    """Reads pictures of single lines."""

    def __init__(self, runtime: Runtime, threads: int) -> None:
        self._session, characters = _session(_RECOGNISER, runtime, threads)
        self._characters = np.array(["", *characters, " "], dtype=object)  # CTC's blank first

    def read(self, line: NDArray[np.uint8]) -> tuple[str, float]:
        """The text and the mean probability of its characters, 0 for no text. line: BGR, upright, (h, w, 3)."""
        import cv2

        height, width = line.shape[:2]
        width = max(1, math.ceil(_LINE_HEIGHT * width / height))
        padded = np.zeros((1, 3, _LINE_HEIGHT, -(-width // _WIDTH_STEP) * _WIDTH_STEP), np.float32)
        scaled = cv2.resize(line, (width, _LINE_HEIGHT)).astype(np.float32)
        padded[0, :, :, :width] = scaled.transpose(2, 0, 1) / 127.5 - 1.0
        probabilities, classes = (output[0] for output in self._session(padded))
        # Greedy CTC: a character lasts over several columns, blanks part it from the next.
        starts = np.flatnonzero((classes != 0) & (classes != np.concatenate([[0], classes[:-1]])))
        if not len(starts):
            return "", 0.0
        return "".join(self._characters[classes[starts]]), float(probabilities[starts].mean())


def _session(model: str, runtime: Runtime, threads: int) -> tuple[Session, list[str]]:
    """The model's session, and the characters that a recogniser knows. A recogniser's outputs are, for each column
    of the line, probability and number of the likeliest character, both (n, columns)."""
    import rapidocr

    path = Path(rapidocr.__file__).parent / "models" / model
    load = _openvino_session if runtime.engine is Engine.OPENVINO else _onnxruntime_session
    return load(path, runtime.precision, threads)


def _openvino() -> ModuleType:
    """OpenVINO, which reports being imported to its makers unless the package that does so is missing."""
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # makes importing it fail
    return importlib.import_module("openvino")


def _openvino_session(path: Path, precision: Precision, threads: int) -> tuple[Session, list[str]]:
    core = _openvino().Core()
    model = core.read_model(path)
    characters: list[str] = []
    if path.name == _RECOGNISER:
        characters = model.get_rt_info()["framework"]["character"].value.splitlines()
        model = _best_characters(model)
    settings = {
        "INFERENCE_PRECISION_HINT": precision.value,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,  # else the workers, one thread each, would all sit on the first core
    }
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    outputs = range(len(model.outputs))

    def run(pixels: Floats) -> tuple[NDArray[Any], ...]:
        request.infer([pixels], share_inputs=True)
        return tuple(request.get_output_tensor(index).data for index in outputs)

    return run, characters


def _onnxruntime_session(path: Path, precision: Precision, threads: int) -> tuple[Session, list[str]]:
    if precision is not Precision.FLOAT32:
        raise ValueError(f"ONNX Runtime computes these models in {Precision.FLOAT32}, not in {precision}")
    # Read when ONNX Runtime is imported, which else leaves files in the home folder and reports to its makers.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    if path.name != _RECOGNISER:
        return lambda pixels: tuple(session.run(None, {name: pixels})), []

    def run(pixels: Floats) -> tuple[NDArray[Any], ...]:
        (probabilities,) = session.run(None, {name: pixels})
        return probabilities.max(axis=2), probabilities.argmax(axis=2)

    return run, session.get_modelmeta().custom_metadata_map["character"].splitlines()


def _best_characters(model: openvino.Model) -> openvino.Model:
    """The recogniser with its last layer replaced: the best of its 18,710 characters, not the probability of each.

    Softmax and argmax over all of them take as long as a third of the network. Here the characters stand in a table;
    the best of each of its columns is taken first, then the best column, then the row in it. The number found is the
    same; the probability leaves out characters that were not the best of their column, which changes it by next to
    nothing.
    """
    ops = importlib.import_module("openvino.opset13")

    scores = model.get_results()[0].input_value(0).get_node().input_value(0).get_node()  # what softmax is applied to
    while scores.get_type_name() == "Identity":
        scores = scores.input_value(0).get_node()
    product, bias = (value.get_node() for value in scores.input_values())
    features, weights = product.input_values()
    width = weights.get_node().data.shape[1]
    rows = -(-width // _CLASS_COLUMNS)
    missing = rows * _CLASS_COLUMNS - width
    matrix = np.pad(weights.get_node().data, ((0, 0), (0, missing)))
    offset = np.pad(bias.data.reshape(-1), (0, missing), constant_values=_IMPOSSIBLE)
    scores = ops.add(ops.matmul(features, ops.constant(matrix), False, False), ops.constant(offset))

    def axis(*numbers: int) -> Any:
        return ops.constant(np.array(numbers, np.int64))

    table = ops.reshape(scores, axis(0, 0, rows, _CLASS_COLUMNS), True)  # (n, columns of the line, rows, columns)
    tops = ops.reduce_max(table, axis(2), False)
    column = ops.topk(tops, ops.constant(np.int64(1)), 2, "max", "none").output(1)
    inside = ops.gather(table, ops.squeeze(column, axis(2)), ops.constant(np.int64(3)), 2)
    row = ops.topk(inside, ops.constant(np.int64(1)), 2, "max", "none").output(1)
    number = ops.add(ops.multiply(row, ops.constant(np.int32(_CLASS_COLUMNS))), column)
    probability = ops.reduce_max(ops.softmax(tops, 2), axis(2), False)
    return _openvino().Model([probability.output(0), ops.squeeze(number, axis(2)).output(0)], model.get_parameters())
