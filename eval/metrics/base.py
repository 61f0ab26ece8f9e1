"""What a metric is, and means over questions. Every metric is one `Metric`; the families are in files of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from eval.errors import EvaluationError
from eval.records import Outcome, Question

Family = Literal["retrieval", "document", "region", "answer", "citation", "abstention", "cost"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure of one question. `description`: definition, convention and source.

    `score` gives None where the metric does not apply (recall without gold pages), and never NaN.
    """

    name: str
    family: Family
    description: str
    score: Callable[[Question, Outcome], float | None]
    higher_is_better: bool = True


def mean(values: Iterable[float | None], of: str) -> float:
    """The mean over the questions that the metric applies to. Raises `EvaluationError` when there is none."""
    applicable = [value for value in values if value is not None]
    if not applicable:
        raise EvaluationError(f"{of} applies to no question here: there is no mean of nothing")
    if any(math.isnan(value) for value in applicable):
        raise EvaluationError(f"{of} is not a number for some question: please report this defect of the metric")
    return math.fsum(applicable) / len(applicable)
