"""All metrics by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from eval.errors import EvaluationError
from eval.metrics import abstention, answers, citations, cost, mmlongbench, regions, retrieval, slidevqa
from eval.metrics.base import Metric

_FILES = (retrieval, regions, answers, mmlongbench, citations, slidevqa, abstention, cost)
METRICS: Mapping[str, Metric] = {metric.name: metric for file in _FILES for metric in file.METRICS}


def metric(name: str) -> Metric:
    """The metric of a name. Raises `EvaluationError` that offers near names."""
    if name not in METRICS:
        near = difflib.get_close_matches(name, METRICS, n=3, cutoff=0.4)
        raise EvaluationError(f"there is no metric {name!r}; try {', '.join(near or METRICS)}")
    return METRICS[name]
