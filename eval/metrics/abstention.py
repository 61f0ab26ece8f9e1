"""Whether the system says that it does not know when, and only when, it should; and how its confidence ranks errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.errors import EvaluationError
from eval.metrics.base import Metric
from eval.records import Outcome, Question


def abstained_rightly(question: Question, outcome: Outcome) -> float | None:
    """1 if an unanswerable question is abstained from; applies to unanswerable questions only."""
    return None if outcome.answer is None or question.answerable else float(outcome.abstained)


def abstained_wrongly(question: Question, outcome: Outcome) -> float | None:
    """1 if an answerable question is abstained from; applies to answerable questions only."""
    return None if outcome.answer is None or not question.answerable else float(outcome.abstained)


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """`coverage[i]`: share of questions answered when only the i + 1 surest are; `risk[i]`: their mean of 1 - score.

    `area` is the mean of the risks (AURC; Geifman and El-Yaniv 2017), 0 at best. `best_area` is that of an order
    which puts every error last, so that `area - best_area` (E-AURC) is what the confidence costs.
    """

    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    area: float
    best_area: float


def risk_coverage(scored: Sequence[tuple[float, float]]) -> RiskCoverage:
    """`scored`: (confidence, score 0-1) of each question. Equal confidences are one step: their order says nothing.

    Raises `EvaluationError` for none.
    """
    if not scored:
        raise EvaluationError("a risk-coverage curve needs questions with a confidence and a score: there are none")
    area, risks = _risks([confidence for confidence, _ in scored], [1 - score for _, score in scored])
    best, _ = _risks([score for _, score in scored], [1 - score for _, score in scored])
    count = len(scored)
    return RiskCoverage(tuple((i + 1) / count for i in range(count)), tuple(risks), area, best)


ABSTENTION_RATES = np.linspace(0, 1, 11)[:-1]


def abstention_nauc(confidences: np.ndarray, scores: np.ndarray) -> float | None:
    """Normalised area under the mean score when the least confident 0, 10, … 90 % are dropped (Gisserot-Boukhlef et
    al. 2024, as mteb computes it): 1 is an order by the score itself, 0 one by chance, below 0 misleads.

    Equal confidences are dropped in the order of the questions, so that with many of them the figure says little.
    `confidences`, `scores`: `(n,)`, n at least 1. None where all scores are equal: no order is better than another.
    """
    drops = np.minimum(np.round(ABSTENTION_RATES * len(scores)).astype(int), len(scores) - 1)

    def area(order: np.ndarray) -> float:
        kept = scores[np.argsort(order, kind="stable")][::-1].cumsum()[::-1]
        return float(np.trapezoid(kept[drops] / (len(scores) - drops), ABSTENTION_RATES))

    flat = float(scores.mean()) * float(ABSTENTION_RATES[-1])
    best = area(scores)
    return None if np.isclose(best, flat, atol=1e-12) else (area(confidences) - flat) / (best - flat)


def _risks(confidences: Sequence[float], losses: Sequence[float]) -> tuple[float, list[float]]:
    groups: dict[float, list[float]] = {}
    for confidence, loss in sorted(zip(confidences, losses, strict=True), reverse=True):
        groups.setdefault(confidence, []).append(loss)
    total, count, risks = 0.0, 0, []
    for group in groups.values():
        expected = sum(group) / len(group)
        for _ in group:
            total, count = total + expected, count + 1
            risks.append(total / count)
    return sum(risks) / len(risks), risks


METRICS = [
    Metric("right abstention", "abstention", " ".join((abstained_rightly.__doc__ or "").split()), abstained_rightly),
    Metric(
        "false abstention",
        "abstention",
        " ".join((abstained_wrongly.__doc__ or "").split()),
        abstained_wrongly,
        higher_is_better=False,
    ),
]
