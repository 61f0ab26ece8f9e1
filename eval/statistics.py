"""How sure a mean or a difference of means is. Pure functions of per-question scores; every draw is seeded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import bootstrap, permutation_test

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
    return Interval(float(values.mean()), *_bounds(values, seed), len(values))


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
    low, high = np.percentile(
        [one for one in found if one is not None], [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)]
    ).tolist()
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
    means = float(first.mean()), float(second.mean()), float(gains.mean())
    return Difference(*means, *_bounds(gains, seed), _p(gains, seed), len(gains))


def family_p(gains: Sequence[np.ndarray], seed: int = 0) -> list[np.ndarray]:
    """p of each of many differences: where nothing differs, the chance that any of them is below .05 is .05.

    `gains`: of each set `(questions, metrics)`, B minus A, 0 where either has no score. The same randomisation test,
    all metrics of a question swapped together, against the largest standardised difference of each draw (max T of
    Westfall and Young 1993): metrics that go together cost little, as they would by Bonferroni's rule. p of each set
    `(metrics,)`.
    """
    chance = np.random.default_rng(seed)
    scaled = [one / np.where(norm := np.sqrt((one**2).sum(axis=0)), norm, 1) for one in gains]
    largest = np.zeros(DRAWS)
    for one in scaled:
        rows = _rows(len(one))
        signs = (chance.choice((-1.0, 1.0), (min(rows, DRAWS - at), len(one))) for at in range(0, DRAWS, rows))
        drawn = np.concatenate([np.abs(some @ one).max(axis=1) for some in signs])
        largest = np.maximum(largest, drawn)
    seen = [np.abs(one.sum(axis=0)) for one in scaled]
    # The way they stand is one of the ways (as in `_p`); sums of floats in another order differ in the last digits.
    return [(1 + (largest[:, None] >= one * (1 - 1e-9)).sum(axis=0)) / (1 + DRAWS) for one in seen]


def _bounds(values: np.ndarray, seed: int) -> tuple[float, float]:
    """Of the percentile interval of the mean."""
    if len(values) == 1:
        return float(values[0]), float(values[0])
    found = bootstrap(
        (values,),
        np.mean,
        n_resamples=DRAWS,
        batch=_rows(len(values)),
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def _rows(count: int) -> int:
    """Draws of `count` values in a batch."""
    return max(1, BATCH // count)


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
