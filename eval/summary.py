"""The figures of a run: means with intervals by set, configuration, metric and slice; curves over the questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.compare import ALL, slices
from eval.metrics import mmlongbench
from eval.metrics.abstention import RiskCoverage, abstention_nauc, risk_coverage
from eval.metrics.citations import relevant_pages
from eval.metrics.registry import metric
from eval.metrics.retrieval import page_id
from eval.runs.records import Cell, Result
from eval.statistics import Interval, interval, interval_of

CONFIDENCES: Mapping[str, Callable[[np.ndarray], float]] = {
    "top score": lambda scores: float(scores.max()),
    "spread of scores": lambda scores: float(scores.std()),
    "first minus second score": lambda scores: float(scores[0] - scores[1]) if len(scores) > 1 else 0.0,
}
"""How sure a ranking is, told from its scores, best first, `(k,)`."""

SCORED_BY = "nDCG@10"
MMLONGBENCH_F1 = "MMLongBench F1"
_NAUC = " ".join((abstention_nauc.__doc__ or "").partition("\n\n")[0].split())
RUN_LEVEL: Mapping[str, str] = {
    **{f"abstention nAUC by {name}": f"Score: {SCORED_BY}; confidence: {name}. {_NAUC}" for name in CONFIDENCES},
    "abstention nAUC by answer confidence": f"Score: that of the answer; confidence: Recto's own. {_NAUC}",
    MMLONGBENCH_F1: "MMLongBench-Doc's generalised F1 of its rule score: precision over the questions answered, recall "
    "over those that can be answered.",
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
        if result.outcome.ranking and (score := ndcg.score(*cell.measured(key))) is not None
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
    formatted = [
        (score, cell.questions[key].answerable, not result.outcome.abstained)
        for key, result in cell.results.items()
        if (score := result.scores.get(mmlongbench.SCORE)) is not None
    ]
    if formatted:
        found[MMLONGBENCH_F1] = interval_of(mmlongbench.generalised_f1, formatted, seed)
    return {name: result for name, result in found.items() if result is not None}


def recall_by_depth(cell: Cell) -> list[tuple[int, float]]:
    """(k, mean recall@k) as deep as rankings were recorded."""
    deepest = max((len(result.outcome.ranking) for result in cell.results.values()), default=0)
    points = []
    for k in DEPTHS:
        if k <= max(deepest, 1):
            recall = metric(f"recall@{k}")
            scores = [recall.score(*cell.measured(key)) for key in cell.results]
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
    """Share of the gold pages among each channel's own first k pages, before fusion, over all questions with gold.

    Of a channel's pages only those are known that fusion put into the recorded ranking, so that it may have found more.
    A channel that has nothing to say to a question (no place is named in it) found nothing there.
    """
    found: dict[str, list[float]] = {name: [] for result in cell.results.values() for at in result.trace for name in at}
    for key, result in cell.results.items():
        question, outcome = cell.measured(key)
        gold = relevant_pages(question)
        if gold:
            for channel, shares in found.items():
                top = {
                    page_id(page.document, page.page_index)
                    for stages, page in zip(result.trace, outcome.ranking, strict=True)
                    if channel in stages and stages[channel][0] <= k
                }
                shares.append(len(gold & top) / len(gold))
    return {channel: sum(shares) / len(shares) for channel, shares in sorted(found.items()) if shares}
