"""What a metric is. Every metric is one `Metric`; the families are in files of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

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
