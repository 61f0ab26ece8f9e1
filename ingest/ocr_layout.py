"""Lines that OCR read to blocks, put straight first where the page was scanned askew. Reads no pixels itself."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise

from ingest.document import Block, Box, Line, Source
from ingest.layout import PageFrame, lay_out, turned
from ingest.textlayer import Fragment

_LEAST_STEPS = 5
_LEAST_PAIRS = 30
_SAMPLE = 60
_AGREEMENT = 0.004
_PEAK_SHARE = 0.2
_STEEPEST = 0.08
"""Points down per point right. What is steeper is no scan laid askew, but a photograph or a drawing."""
_FONT_SHARE = 0.8
"""Font size as a part of the height of the box that OCR draws around a line."""


def lay_out_ocr(lines: Sequence[Line], frame: PageFrame) -> list[Block]:
    """Blocks in reading order from lines with boxes in fractions of the page; turned lines after the main ones."""
    turns = Counter[int]()
    for line in lines:
        turns[line.turn] += len(line.text)
    blocks: list[Block] = []
    for turn, _ in sorted(turns.items(), key=lambda item: (-item[1], item[0])):
        upright = [replace(line, box=line.box.turned(-turn), turn=0) for line in lines if line.turn == turn]
        own_frame = frame if turn % 2 == 0 else PageFrame(frame.height, frame.width)
        blocks += [turned(block, turn) for block in _lay_out_upright(upright, own_frame)]
    return blocks


def _lay_out_upright(lines: Sequence[Line], frame: PageFrame) -> list[Block]:
    slope = _slope([_points(line.box, frame) for line in lines])
    fragments = []
    for line in lines:
        x0, y0, x1, y1 = _points(line.box, frame)
        width = max(x1 - x0 - abs(slope) * (y1 - y0), 1.0)
        height = max(y1 - y0 - abs(slope) * (x1 - x0), 1.0)
        across, down = (x0 + x1) / 2, (y0 + y1) / 2
        x, y = across + slope * down, down - slope * across
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        fragments.append(Fragment(line.text, *box, _FONT_SHARE * height))
    # The frame of the straight page is shifted by the skew: unclipped, so that boxes come back whole.
    blocks = lay_out(fragments, PageFrame(frame.width, frame.height, clips=False), Source.OCR)
    return [_askew(block, slope, frame) for block in blocks]


def _points(box: Box, frame: PageFrame) -> tuple[float, float, float, float]:
    return box.x0 * frame.width, box.y0 * frame.height, box.x1 * frame.width, box.y1 * frame.height


def _slope(boxes: Sequence[tuple[float, float, float, float]]) -> float:
    """How far lines sink from left to right: by the lean of left and right edges, else by neighbours on one row."""
    sample = boxes[:: max(1, len(boxes) // _SAMPLE)]
    page = max(y1 for _, _, _, y1 in boxes) - min(y0 for _, y0, _, _ in boxes)
    leans = [
        (one[side] - other[side]) / (other[1] - one[1])
        for one, other in combinations(sample, 2)
        for side in (0, 2)
        if abs(other[1] - one[1]) > 0.15 * page
    ]
    leans = sorted(lean for lean in leans if abs(lean) <= _STEEPEST)
    # Edges that are aligned agree; all others scatter. The peak tells the one from the other.
    peak = max(
        ((bisect_right(leans, lean + _AGREEMENT) - index, index) for index, lean in enumerate(leans)), default=(0, 0)
    )
    if len(leans) >= _LEAST_PAIRS and peak[0] >= _PEAK_SHARE * len(leans):
        return leans[peak[1] + peak[0] // 2]
    steps = []
    for (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) in pairwise(boxes):
        down = (by0 + by1 - ay0 - ay1) / 2
        if bx0 > ax1 and abs(down) < ay1 - ay0:
            steps.append(down / ((bx0 + bx1 - ax0 - ax1) / 2))
    slope = sorted(steps)[len(steps) // 2] if len(steps) >= _LEAST_STEPS else 0.0
    return slope if abs(slope) <= _STEEPEST else 0.0


def _askew(block: Block, slope: float, frame: PageFrame) -> Block:
    """The block where it stands on the scan."""

    def back(box: Box) -> Box:
        x0, y0, x1, y1 = _points(box, frame)
        corners = [(x - slope * y, y + slope * x) for x in (x0, x1) for y in (y0, y1)]
        xs, ys = zip(*corners, strict=True)
        return frame.box(min(xs), min(ys), max(xs), max(ys))

    lines = tuple(replace(line, box=back(line.box)) for line in block.lines)
    return replace(block, box=Box.around(line.box for line in lines), lines=lines)
