"""Boxes that the system pointed at, against gold regions: how much of the gold area is covered, and overlap (IoU).

Boxes of one page are joined before they are measured, so that overlapping boxes do not count twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from eval.metrics.base import Metric
from eval.records import Outcome, Question
from ingest.document import Box

Boxes = Mapping[tuple[str, int], list[Box]]


def area(boxes: Iterable[Box], within: Iterable[Box] | None = None) -> float:
    """Area of the union of `boxes` (page = 1), or of its overlap with the union of `within`. Exact, by grid cells."""
    first, second = list(boxes), None if within is None else list(within)
    every = first + (second or [])
    if not every:
        return 0.0
    xs = np.unique([edge for box in every for edge in (box.x0, box.x1)])
    ys = np.unique([edge for box in every for edge in (box.y0, box.y1)])
    covered = _cells(first, xs, ys)
    if second is not None:
        covered &= _cells(second, xs, ys)
    return float((covered * np.diff(xs)[:, None] * np.diff(ys)[None, :]).sum())


def _cells(boxes: Iterable[Box], xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    grid = np.zeros((len(xs) - 1, len(ys) - 1), bool)
    for box in boxes:
        x0, x1 = np.searchsorted(xs, (box.x0, box.x1))
        y0, y1 = np.searchsorted(ys, (box.y0, box.y1))
        grid[x0:x1, y0:y1] = True
    return grid


def _gold(question: Question) -> Boxes:
    boxes: dict[tuple[str, int], list[Box]] = defaultdict(list)
    for region in question.regions:
        boxes[region.document, region.page_index].append(region.box)
    return boxes


def _ranked(outcome: Outcome, k: int) -> Boxes:
    boxes: dict[tuple[str, int], list[Box]] = defaultdict(list)
    for page in outcome.ranking[:k]:
        boxes[page.document, page.page_index].extend(page.boxes)
    return boxes


def _cited(outcome: Outcome) -> Boxes:
    boxes: dict[tuple[str, int], list[Box]] = defaultdict(list)
    for claim in outcome.claims:
        for place in claim.citations:
            boxes[place.document, place.page_index].append(place.box)
    return boxes


def coverage(gold: Boxes, found: Boxes) -> float | None:
    """Covered gold area / gold area, over all pages together; None without gold area."""
    total = sum(area(boxes) for boxes in gold.values())
    covered = sum(area(boxes, found.get(page, [])) for page, boxes in gold.items())
    return covered / total if total else None


def overlap(gold: Boxes, found: Boxes) -> float | None:
    """Intersection over union of the areas of all pages together; None without gold area."""
    if not sum(area(boxes) for boxes in gold.values()):
        return None
    both = sum(area(boxes, found.get(page, [])) for page, boxes in gold.items())
    either = sum(area([*gold.get(page, []), *found.get(page, [])]) for page in {*gold, *found})
    return both / either


def _region_recall(k: int) -> Metric:
    return Metric(
        f"region recall@{k}",
        "region",
        f"Share of the gold area that the boxes of the first {k} pages cover (MMDocIR's layout recall).",
        lambda question, outcome: coverage(_gold(question), _ranked(outcome, k)),
    )


METRICS = [
    *(_region_recall(k) for k in (1, 5, 10)),
    Metric(
        "citation IoU",
        "region",
        "Intersection over union of cited and gold areas, all pages together. An answer without citations scores 0.",
        lambda question, outcome: None if outcome.answer is None else overlap(_gold(question), _cited(outcome)),
    ),
    Metric(
        "citation region recall",
        "region",
        "Share of the gold area that cited boxes cover.",
        lambda question, outcome: None if outcome.answer is None else coverage(_gold(question), _cited(outcome)),
    ),
]
