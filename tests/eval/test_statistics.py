"""Intervals and tests: right on cases that can be counted, honest over many simulated pairs."""

import numpy as np
import pytest

from eval.statistics import interval, paired


def test_a_mean_lies_within_its_interval_and_draws_are_seeded() -> None:
    scores = [0.0, 1.0, 1.0, 0.5, 0.0, 1.0]
    found = interval(scores, seed=3)
    assert found == interval(scores, seed=3)
    assert found.mean == pytest.approx(3.5 / 6)
    assert found.low < found.mean < found.high
    assert interval([1.0, 1.0]).low == 1.0


def test_few_questions_are_tested_exactly() -> None:
    # Three gains of one: of the 8 ways to swap, two are as extreme as this.
    assert paired([0, 0, 0, 1], [1, 1, 1, 1]).p == pytest.approx(2 / 8)
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
