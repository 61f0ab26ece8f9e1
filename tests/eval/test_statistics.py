"""Intervals and tests: right on cases that can be counted, honest over many simulated pairs."""

import tracemalloc

import numpy as np
import pytest

from eval import statistics
from eval.compare import Compared
from eval.errors import EvaluationError
from eval.statistics import CONFIDENCE, DRAWS, interval, interval_of, paired


def test_a_mean_lies_within_its_interval_and_draws_are_seeded() -> None:
    scores = [0.0, 1.0, 1.0, 0.5, 0.0, 1.0]
    found = interval(scores, seed=3)
    assert found == interval(scores, seed=3)
    assert found.mean == pytest.approx(3.5 / 6)
    assert found.low < found.mean < found.high
    assert interval([1.0, 1.0]).low == 1.0
    with pytest.raises(EvaluationError, match="no mean of nothing"):
        interval([])


def test_draws_in_batches_are_those_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = np.random.default_rng(4).random((2, 41))
    draws = np.random.default_rng(3).integers(0, 41, (DRAWS, 41))
    low, high = np.percentile(a[draws].mean(axis=1), [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
    whole = interval(a, seed=3), paired(a, b, seed=3)
    assert (whole[0].low, whole[0].high) == (low, high)
    monkeypatch.setattr(statistics, "BATCH", 41 * 7)
    assert (interval(a, seed=3), paired(a, b, seed=3)) == whole


def test_many_questions_take_little_memory() -> None:
    scores = np.random.default_rng(0).random((2, 3_000))
    tracemalloc.start()
    try:
        paired(*scores)
        assert tracemalloc.get_traced_memory()[1] < 100e6, "10,000 draws of 3,000 are 240 MB"
    finally:
        tracemalloc.stop()


def test_few_questions_are_tested_exactly() -> None:
    # Three gains of one: of the 8 ways to swap, two are as extreme as this.
    assert paired([0, 0, 0, 1], [1, 1, 1, 1]).p == pytest.approx(2 / 8)
    assert paired([0, 0, 1], [1, 0, 1]).p == 1.0  # one changed question could as well have changed the other way
    same = paired([0.3, 0.7], [0.3, 0.7])
    assert same.p == 1 and same.difference == 0 and not same.significant()


def test_false_alarms_are_about_as_many_as_promised() -> None:
    chance = np.random.default_rng(1)
    alarms = 0
    for _ in range(200):
        ease = chance.random(120)
        a, b = (chance.random((2, 120)) < ease).astype(float)
        alarms += paired(a, b).significant()
    assert 1 <= alarms <= 20, "5 % of 200 are 10; 20 or more happen once in a thousand times"


def test_a_tenth_of_the_questions_made_worse_is_found() -> None:
    chance = np.random.default_rng(2)
    found = 0
    for _ in range(50):
        a = (chance.random(250) < 0.7).astype(float)
        b = a.copy()
        b[chance.choice(250, 25, replace=False)] = 0.0
        result = paired(a, b)
        found += result.significant() and result.difference < 0
    assert found >= 49


def test_what_costs_more_is_no_loss_of_quality() -> None:
    dearer = paired([100.0] * 20, [900.0] * 20)
    worse = paired([1.0] * 20, [0.0] * 20)
    assert dearer.significant() and not Compared("s", "all", "text tokens", False, dearer, (), ()).is_loss
    assert Compared("s", "all", "recall@1", True, worse, (), ()).is_loss
    assert not Compared("s", "all", "false abstention", False, worse, (), ()).is_loss


def test_the_interval_of_a_figure_that_is_no_mean() -> None:
    rows = [(float(n), float(n % 3)) for n in range(60)]
    by_mean = interval_of(lambda drawn: float(drawn[:, 1].mean()), rows, draws=4_000)
    known = interval([score for _, score in rows])
    assert by_mean is not None and by_mean.mean == known.mean and by_mean.count == 60
    assert (by_mean.low, by_mean.high) == pytest.approx((known.low, known.high), abs=0.02)
    assert interval_of(lambda drawn: None, rows) is None
