"""Reading the words of a picture, whichever way up it is: detection, orientation, recognition.

Never opens a file or a connection; its settings were measured (eval/decisions/2026-11-21-ocr.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ingest.document import Line
from ingest.ocr_lines import Piece, order_pieces
from ingest.ocr_models import Detector, Floats, Recogniser, Runtime, best_runtime

Pixels = NDArray[np.uint8]

MIN_SCORE = 0.6
"""Pieces whose mean character probability is lower are dropped, so that pictures are not made into words."""

SURE_SCORE = 0.85
"""Lines read the right way up score about 0.99, lines upside down under 0.72."""

DETECTION_SIDE = 960
"""Text is looked for with the long side at most this many pixels, and recognised at full resolution."""

ENLARGE = 1.5
"""Factor for pictures with a long side under 1000 pixels: boxes of whole pixels cut small letters off."""

FAINT = 128
"""Grey levels between ink and paper under which a picture is stretched to the full range before it is read."""

_BLANK = 16  # grey levels; what is flatter is paper
_SMALL_SIDE = 1000
_MIN_SIDE = 8  # pixels; nothing legible is smaller
_SLIMMEST = 8  # sides' ratio beyond which a strip is widened: the detector reduces it to nothing
_DETECTED_SIDE = 64  # pixels; narrower pictures are widened for the detector, too
_TALL = 1.5  # height to width of a piece that is probably turned
_TALL_CHARACTER = 3.0  # a single upright letter or digit is never taller
_INK = 0.4  # of the strongest contrast in a piece
_INK_PIXELS = 2  # of one column of a piece; fewer are dirt
_SIDEWAYS = 3  # times as much text runs down or up as across: the picture lies on its side
_SAMPLE = 5  # longest pieces, by which the way up is decided


@dataclass(frozen=True, slots=True)
class _Crop:
    """A piece cut out and straightened; a tall one lies on its side, as if it ran from the top down."""

    corners: Floats
    pixels: Pixels
    tall: bool

    @property
    def length(self) -> int:
        return self.pixels.shape[1]

    def upright(self, turn: int) -> Pixels:
        """The pixels read as if turned clockwise by `turn` quarters: 0 or 2, for a tall piece 0, 1 or 3."""
        return np.ascontiguousarray(np.rot90(self.pixels, turn - 1 if self.tall else turn))


class OcrReader:
    """One OCR engine; its models are loaded by the first `read`.

    threads: of the engine. Worker processes run one a core, so 1 each.
    runtime: None takes the fastest that the machine has. The other defaults were measured; benchmarks change them.
    """

    def __init__(
        self,
        threads: int = 1,
        *,
        runtime: Runtime | None = None,
        detection_side: int = DETECTION_SIDE,
        min_score: float = MIN_SCORE,
        enlarge: float = ENLARGE,
    ) -> None:
        self._threads = threads
        self._asked = runtime
        self._detection_side = detection_side
        self._min_score = min_score
        self._enlarge = enlarge

    @cached_property
    def runtime(self) -> Runtime:
        return self._asked or best_runtime()

    def read(self, image: Pixels) -> list[Line]:
        """The lines of words in `image` (RGB uint8, shape (h, w, 3)) in reading order.

        Boxes are fractions of `image`, `turn` says how the words stand in it. Parts of a line that the detector found
        apart stay apart: whether a gap is a gutter, a cell's border or a wide space shows on the page as a whole.
        """
        import cv2

        height, width = image.shape[:2]
        if min(height, width) < _MIN_SIDE:
            return []
        if self._enlarge > 1 and max(height, width) < _SMALL_SIDE:
            enlarged = cv2.resize(image, None, fx=self._enlarge, fy=self._enlarge, interpolation=cv2.INTER_CUBIC)
            image = enlarged.astype(np.uint8, copy=False)
        pixels = _stretched(image[:, :, ::-1])  # the models were trained on blue first

        crops = self._crops(pixels)
        sideways = _length(crops, tall=True) > _SIDEWAYS * _length(crops, tall=False)
        turn = self._surest(crops, (1, 3)) if sideways else 0
        pieces = [] if turn else self._pieces(crops)
        if not turn and _trust(pieces) < SURE_SCORE:
            turn = self._surest(crops, (2,))
        if turn:
            pixels = np.ascontiguousarray(np.rot90(pixels, turn))
            pieces = self._pieces(self._crops(pixels))
        height, width = pixels.shape[:2]
        lines = order_pieces([piece for piece in pieces if piece.score >= self._min_score], width, height)
        return [replace(line, box=line.box.turned(turn), turn=(line.turn + turn) % 4) for line in lines]

    def _crops(self, pixels: Pixels) -> list[_Crop]:
        from rapidocr.utils.process_img import get_rotate_crop_image

        crops = []
        for corners in _find(self._detector, pixels):
            crop = get_rotate_crop_image(pixels, corners.copy())
            sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1).astype(int)
            width, height = max(sides[0], sides[2]), max(sides[1], sides[3])
            tall = bool(height / width >= _TALL)  # the function's own rule for turning
            crops.append(_Crop(_tight(corners, crop, tall), crop, tall))
        return crops

    def _pieces(self, crops: Iterable[_Crop]) -> list[Piece]:
        """All crops read. Tall ones every way they may stand: labels of axes, headings of narrow columns, a digit."""
        pieces = []
        for crop in crops:
            turns = (0,) if not crop.tall else (1, 3, 0) if crop.length < _TALL_CHARACTER * len(crop.pixels) else (1, 3)
            readings = [(*self._recogniser.read(crop.upright(turn)), turn) for turn in turns]
            text, score, turn = max(readings, key=lambda reading: reading[1])
            pieces.append(Piece(text.strip(), crop.corners.astype(np.float64), turn, score))
        return pieces

    def _surest(self, crops: Sequence[_Crop], turns: Sequence[int]) -> int:
        """The turn in which the longest pieces that may stand so are read with certainty; 0 if in none."""
        longest = sorted((crop for crop in crops if crop.tall == (turns[0] % 2 == 1)), key=lambda crop: -crop.length)
        best = (SURE_SCORE, 0)
        for turn in turns:
            scores = [self._recogniser.read(crop.upright(turn))[1] for crop in longest[:_SAMPLE]]
            best = max(best, (float(np.mean(scores)) if scores else 0.0, turn))
        return best[1]

    @cached_property
    def _detector(self) -> Detector:
        return Detector(self.runtime, self._threads, self._detection_side)

    @cached_property
    def _recogniser(self) -> Recogniser:
        return Recogniser(self.runtime, self._threads)


def _tight(corners: Floats, crop: Pixels, tall: bool) -> Floats:
    """The corners without the margin that the detector leaves before and after the words: columns stand close."""
    grey = crop[:, :, 1].astype(np.int16)
    contrast = np.abs(grey - int(np.median(grey)))
    inked = np.flatnonzero((contrast > _INK * contrast.max()).sum(axis=0) >= _INK_PIXELS)
    if not len(inked):
        return corners
    height, width = grey.shape
    before, after = (min(int(margin), height // 2) / width for margin in (inked[0], width - 1 - inked[-1]))
    start, end = (corners[[0, 1]], corners[[3, 2]]) if tall else (corners[[0, 3]], corners[[1, 2]])
    along = end - start
    start, end = start + before * along, end - after * along
    return np.stack([start[0], start[1], end[1], end[0]] if tall else [start[0], end[0], end[1], start[1]])


def _stretched(image: Pixels) -> Pixels:
    """The picture in memory of its own, faint writing made as dark as ink."""
    low, high = np.percentile(image[::4, ::4], (1, 99))
    if _BLANK <= high - low < FAINT:
        return np.clip((image.astype(np.float32) - low) * (255.0 / (high - low)), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(image)


def _find(detector: Detector, pixels: Pixels) -> Floats:
    """The detector's pieces; a strip too slim for it is put on a wider ground first."""
    import cv2

    height, width = pixels.shape[:2]
    least = max(_DETECTED_SIDE, max(height, width) // _SLIMMEST)
    top, left = (max(0, least - height) + 1) // 2, (max(0, least - width) + 1) // 2
    if top or left:
        ground = np.median(pixels, axis=(0, 1)).tolist()
        wide = cv2.copyMakeBorder(pixels, top, top, left, left, cv2.BORDER_CONSTANT, value=ground)
        corners = detector.find(wide.astype(np.uint8)) - np.array([left, top], np.float32)
        return np.clip(corners, 0, np.array([width - 1, height - 1], np.float32))
    return detector.find(pixels)


def _length(crops: Iterable[_Crop], *, tall: bool) -> int:
    return sum(crop.length for crop in crops if crop.tall == tall)


def _trust(pieces: Sequence[Piece]) -> float:
    """Mean score of the pieces, each as much as it is long; 1 for none."""
    lengths = np.array([np.ptp(piece.corners, axis=0).max() for piece in pieces])
    return float(np.average([piece.score for piece in pieces], weights=lengths)) if pieces else 1.0
