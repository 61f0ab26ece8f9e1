"""Reading the words of a picture: RapidOCR on ONNX Runtime, with the models that its wheel carries.

Never opens a file or a connection; its settings were measured (eval/decisions/2026-11-20-ocr-settings.md).
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.document import Line
from ingest.ocr_lines import Piece, merge_pieces

if TYPE_CHECKING:
    from rapidocr import RapidOCR

MIN_SCORE = 0.6
"""Pieces whose mean character probability is lower are dropped, so that pictures are not made into words."""

DETECTION_SIDE = 960
"""Text is looked for with the long side at most this many pixels, and recognised at full resolution."""

BATCH = 1
"""Pieces recognised together. Each batch is padded to its widest, which costs more than batching saves."""

ENLARGE = 1.5
"""Factor for pictures with a long side under 1000 pixels: boxes of whole pixels cut small letters off."""

_SMALL_SIDE = 1000
_MIN_SIDE = 8  # pixels; nothing legible is smaller, and the detector refuses it
_CLASSIFIER = "ch_ppocr_mobile_v2.0_cls_mobile.onnx"
_DETECTOR = "PP-OCRv6_det_small.onnx"
_RECOGNISER = "PP-OCRv6_rec_small.onnx"


class OcrReader:
    """One OCR engine; its models are loaded by the first `read`.

    threads: ONNX Runtime threads. Worker processes run one a core, so 1 each.
    The other values are the measured defaults, open to benchmarks; `turned_lines` also reads upside-down lines.
    """

    def __init__(
        self,
        threads: int = 1,
        *,
        detection_side: int = DETECTION_SIDE,
        batch: int = BATCH,
        min_score: float = MIN_SCORE,
        enlarge: float = ENLARGE,
        turned_lines: bool = False,
    ) -> None:
        self._threads = threads
        self._detection_side = detection_side
        self._batch = batch
        self._min_score = min_score
        self._enlarge = enlarge
        self._turned_lines = turned_lines

    def read(self, image: np.ndarray) -> list[Line]:
        """The lines of words in `image` (RGB uint8, shape (h, w, 3)) in reading order.

        Boxes are fractions of `image`. Pieces that stand next to each other are one line; across a wide gap
        (columns, table cells) they stay apart.
        """
        import cv2
        from rapidocr.utils.output import RapidOCROutput

        height, width = image.shape[:2]
        if min(height, width) < _MIN_SIDE:
            return []
        if self._enlarge > 1 and max(height, width) < _SMALL_SIDE:
            image = cv2.resize(image, None, fx=self._enlarge, fy=self._enlarge, interpolation=cv2.INTER_CUBIC)
            height, width = image.shape[:2]
        # RapidOCR takes arrays as OpenCV has them: blue first.
        found = self._engine(np.ascontiguousarray(image[:, :, ::-1]))
        if not isinstance(found, RapidOCROutput) or found.boxes is None or found.txts is None or found.scores is None:
            return []
        pieces = [
            Piece(text.strip(), np.asarray(corners, dtype=np.float64))
            for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
            if text.strip() and score >= self._min_score
        ]
        return merge_pieces(pieces, width, height)

    @cached_property
    def _engine(self) -> RapidOCR:
        # Read when ONNX Runtime is imported, which else leaves files in the home folder and reports to its makers.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import rapidocr

        models = Path(rapidocr.__file__).parent / "models"
        parameters: dict[str, Any] = {
            "Global.log_level": "critical",
            "Global.use_cls": self._turned_lines,
            "Global.max_side_len": 10_000,  # callers bound the picture; shrinking here would blur small print
            "Global.text_score": self._min_score,
            "Det.model_path": str(models / _DETECTOR),  # named explicitly: nothing is ever downloaded
            "Det.limit_type": "max",
            "Det.limit_side_len": self._detection_side,
            "Cls.model_path": str(models / _CLASSIFIER),
            "Rec.model_path": str(models / _RECOGNISER),
            "Rec.rec_batch_num": self._batch,
            "EngineConfig.onnxruntime.intra_op_num_threads": self._threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
        return rapidocr.RapidOCR(params=parameters)
