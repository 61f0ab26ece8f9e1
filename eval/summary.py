"""The figures of a run: means with intervals by set, configuration, metric and slice; curves over the questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.compare import ALL, slices
from eval.metrics.abstention import RiskCoverage, abstention_nauc, risk_coverage
from eval.metrics.registry import metric
from eval.runs.records import Cell, Result
from eval.statistics import Interval, interval, interval_of

CONFIDENCES: Mapping[str, Callable[[np.ndarray], float]] = {
    "top score": lambda scores: float(scores.max()),
    "spread of scores": lambda scores: float(scores.std()),
    "first minus second score": lambda scores: float(scores[0] - scores[1]) if len(scores) > 1 else 0.0,
}
"""How sure a ranking is, told from its scores, best first, `(k,)`."""

SCORED_BY = "nDCG@10"
_NAUC = " ".join((abstention_nauc.__doc__ or "").partition("\n\n")[0].split())
RUN_LEVEL: Mapping[str, str] = {
    **{f"abstention nAUC by {name}": f"Score: {SCORED_BY}; confidence: {name}. {_NAUC}" for name in CONFIDENCES},
    "abstention nAUC by answer confidence": f"Score: that of the answer; confidence: Recto's own. {_NAUC}",
}
"""Figures of a run as a whole, which no single question has, with what they mean."""

DEPTHS = (1, 3, 5, 10, 20, 50, 100)
GRADED_BY = ("numeric match", "token recall")
"""Scores that say how right an answer is, the first that applies, for risk against coverage."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over `result.count` questions of a slice, those that the metric applies to; or one of `RUN_LEVEL`."""

    set_name: str
    configuration: str
    slice_name: str
    metric: str
    result: Interval


def figures(cells: Iterable[Cell], metrics: Sequence[str], *, by_slice: bool = False, seed: int = 0) -> list[Figure]:
    """Every metric of every cell that applies to some question there, then what the whole has; slices after it."""
    found: list[Figure] = []
    for cell in cells:
        for slice_name, ids in slices(cell.questions).items():
            if slice_name != ALL and not by_slice:
                continue
            for name in metrics:
                scores = [cell.results[key].scores.get(name) for key in ids]
                applicable = [score for score in scores if score is not None]
                if applicable:
                    result = interval(applicable, seed)
                    found.append(Figure(cell.set_name, cell.configuration, slice_name, name, result))
            if slice_name == ALL:
                whole = run_level(cell, seed)
                found += (Figure(cell.set_name, cell.configuration, ALL, *one) for one in whole.items())
    return found


def run_level(cell: Cell, seed: int = 0) -> dict[str, Interval]:
    """Those of `RUN_LEVEL` that there is something to compute from."""
    ndcg = metric(SCORED_BY)
    ranked = [
        (np.array([page.score for page in result.outcome.ranking]), score)
        for key, result in cell.results.items()
        if result.outcome.ranking and (score := ndcg.score(cell.questions[key], result.outcome)) is not None
    ]
    pairs = {
        f"abstention nAUC by {name}": [(sure(scores), score) for scores, score in ranked]
        for name, sure in CONFIDENCES.items()
    }
    pairs["abstention nAUC by answer confidence"] = _sure_and_right(cell)
    found = {
        name: interval_of(lambda rows: abstention_nauc(rows[:, 0], rows[:, 1]), rows, seed)
        for name, rows in pairs.items()
        if rows
    }
    return {name: result for name, result in found.items() if result is not None}


def recall_by_depth(cell: Cell) -> list[tuple[int, float]]:
    """(k, mean recall@k) as deep as rankings were recorded."""
    deepest = max((len(result.outcome.ranking) for result in cell.results.values()), default=0)
    points = []
    for k in DEPTHS:
        if k <= max(deepest, 1):
            recall = metric(f"recall@{k}")
            scores = [recall.score(cell.questions[key], result.outcome) for key, result in cell.results.items()]
            applicable = [score for score in scores if score is not None]
            if applicable:
                points.append((k, sum(applicable) / len(applicable)))
    return points


def risk_by_coverage(cell: Cell) -> RiskCoverage | None:
    """Risk of answers against the share answered, surest first; None where confidence or scores are missing."""
    scored = _sure_and_right(cell)
    return risk_coverage(scored) if scored else None


def _sure_and_right(cell: Cell) -> list[tuple[float, float]]:
    """Confidence and score of the answers that have both."""
    return [
        (result.outcome.confidence, score)
        for result in cell.results.values()
        if result.outcome.confidence is not None and (score := _rightness(result)) is not None
    ]


def _rightness(result: Result) -> float | None:
    scores: Mapping[str, float | None] = result.scores
    return next((scores[name] for name in GRADED_BY if scores.get(name) is not None), None)


def recall_by_channel(cell: Cell, k: int = 10) -> dict[str, float]:
    """Mean recall@k of each channel's own order of the recorded pages, before fusion.

    Exact when rankings are recorded as deep as the pool of candidates; else a channel is only seen where fusion saw it.
    """
    totals: dict[str, list[float]] = {}
    for key, result in cell.results.items():
        gold = {(page.document, page.page_index) for page in cell.questions[key].gold if page.grade > 0}
        if not gold:
            continue
        for channel in {name for stages in result.trace for name in stages}:
            ranks = [
                (stages[channel][0], (page.document, page.page_index))
                for stages, page in zip(result.trace, result.outcome.ranking, strict=True)
                if channel in stages
            ]
            top = {page for _, page in sorted(ranks)[:k]}
            totals.setdefault(channel, []).append(len(gold & top) / len(gold))
    return {channel: sum(values) / len(values) for channel, values in sorted(totals.items())}
