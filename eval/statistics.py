"""How sure a mean or a difference of means is. Pure functions of per-question scores; every draw is seeded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import permutation_test

from eval.errors import EvaluationError

DRAWS = 10_000
CONFIDENCE = 0.95
BATCH = 1_000_000
"""Values drawn at once."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its bootstrap interval."""

    mean: float
    low: float
    high: float
    count: int


def interval(scores: Sequence[float], seed: int = 0) -> Interval:
    """Percentile bootstrap over questions (Efron 1979), 95 %, `DRAWS` draws.

    Raises `EvaluationError` for no scores: there is no mean of nothing.
    """
    if not len(scores):
        raise EvaluationError("no question has a score here: there is no mean of nothing")
    values = np.asarray(scores, float)
    low, high = _percentiles(_drawn_means(values, seed))
    return Interval(float(values.mean()), low, high, len(values))


def interval_of(
    figure: Callable[[np.ndarray], float | None], rows: Sequence[Sequence[float]], seed: int = 0, draws: int = 1_000
) -> Interval | None:
    """The same interval of a figure that is no mean: it is computed anew from every draw of the rows.

    `figure` takes `(n, m)` rows, one a question. None where it gives None for the rows themselves; draws for which it
    does are left out.
    """
    values = np.asarray(rows, float)
    whole = figure(values)
    if whole is None:
        return None
    chance = np.random.default_rng(seed)
    found = (figure(values[chance.integers(0, len(values), len(values))]) for _ in range(draws))
    low, high = _percentiles(np.array([one for one in found if one is not None]))
    return Interval(whole, low, high, len(values))


@dataclass(frozen=True, slots=True)
class Difference:
    """B minus A over the same questions. `p`: two-sided, of the paired randomisation test."""

    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    p: float
    count: int

    def significant(self, level: float = 1 - CONFIDENCE) -> bool:
        return self.p < level


def paired(a: Sequence[float], b: Sequence[float], seed: int = 0) -> Difference:
    """Paired bootstrap interval of the difference, and a paired randomisation test (Fisher; Smucker et al. 2007).

    The test swaps the two systems' scores question by question: all ways to do so where those are few, else `DRAWS`
    at random. `a` and `b` hold the same questions in the same order, at least one.
    """
    first, second = np.asarray(a, float), np.asarray(b, float)
    gains = second - first
    low, high = _percentiles(_drawn_means(gains, seed))
    means = float(first.mean()), float(second.mean()), float(gains.mean())
    return Difference(*means, low, high, _p(gains, seed), len(gains))


def _drawn_means(values: np.ndarray, seed: int) -> np.ndarray:
    """`DRAWS` means of as many values drawn again; the same whatever `BATCH` is, which bounds the memory."""
    chance, count = np.random.default_rng(seed), len(values)
    rows = _rows(count)
    sizes = [min(rows, DRAWS - start) for start in range(0, DRAWS, rows)]
    return np.concatenate([values[chance.integers(0, count, (size, count))].mean(axis=1) for size in sizes])


def _rows(count: int) -> int:
    """Draws of `count` values in a batch."""
    return max(1, BATCH // count)


def _percentiles(means: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(means, [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
    return float(low), float(high)


def _p(gains: np.ndarray, seed: int) -> float:
    changed = gains[gains != 0]  # equal scores say nothing whichever way they are swapped
    if len(changed) < 2:  # one difference is as large the other way round
        return 1.0
    result = permutation_test(
        (changed,),
        lambda sample, axis: sample.sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=DRAWS,
        batch=_rows(len(changed)),
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)
