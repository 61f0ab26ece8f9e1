"""Intervals and tests: right on cases that can be counted, honest over many simulated pairs."""

import tracemalloc

import numpy as np
import pytest

from eval import statistics
from eval.compare import compare, not_compared
from eval.errors import EvaluationError
from eval.records import Outcome, Question
from eval.runs.records import Cell, Result
from eval.statistics import CONFIDENCE, DRAWS, family_p, interval, interval_of, paired


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
    dearer = cell({str(n): {"text tokens": 900.0, "recall@1": 0.0, "false abstention": 0.0} for n in range(20)})
    cheaper = cell({str(n): {"text tokens": 100.0, "recall@1": 1.0, "false abstention": 1.0} for n in range(20)})
    found = {one.metric: one for one in compare([cheaper], [dearer])}
    assert found["text tokens"].result.significant() and not found["text tokens"].is_loss
    assert found["recall@1"].is_loss and not found["false abstention"].is_loss


def cell(scores: dict[str, dict[str, float | None]]) -> Cell:
    results = {key: Result(Outcome(key), of_question) for key, of_question in scores.items()}
    return Cell("s", "c", {key: Question(key, "?") for key in scores}, results)


def test_what_has_no_pair_is_named() -> None:
    a = cell({"1": {"recall@1": 1.0, "citation precision": 0.5, "text tokens": 9.0}})
    b = cell({"1": {"recall@1": 1.0, "citation precision": None, "text tokens": None}})
    assert not_compared([a], [b]) == [("s", "citation precision")] and not_compared([b], [a]) == []


def test_among_many_metrics_false_alarms_are_about_as_many_as_promised() -> None:
    """Three sets of twelve metrics, of which half go together: by p of each alone every third pair would be a loss."""
    chance = np.random.default_rng(5)
    alarms = 0
    for trial in range(60):
        sets = []
        for _ in range(3):
            shared = (chance.random((60, 1)) < 0.2) * (chance.random((60, 1)) - 0.5)
            alone = (chance.random((60, 6)) < 0.2) * chance.choice((-1, 1), (60, 6))
            sets.append(np.hstack([np.repeat(shared, 6, axis=1), alone]))
        alarms += min(float(p.min()) for p in family_p(sets, trial)) < 0.05
    assert alarms <= 9, "5 % of 60 are 3; 10 or more happen once in a thousand times"


def test_a_loss_stands_out_among_many_metrics() -> None:
    gains = np.zeros((100, 12))
    gains[:12, 3] = -1
    (ps,) = family_p([gains])
    assert ps[3] < 0.01 and all(ps[i] == 1 for i in range(12) if i != 3)


def test_the_interval_of_a_figure_that_is_no_mean() -> None:
    rows = [(float(n), float(n % 3)) for n in range(60)]
    by_mean = interval_of(lambda drawn: float(drawn[:, 1].mean()), rows, draws=4_000)
    known = interval([score for _, score in rows])
    assert by_mean is not None and by_mean.mean == known.mean and by_mean.count == 60
    assert (by_mean.low, by_mean.high) == pytest.approx((known.low, known.high), abs=0.02)
    assert interval_of(lambda drawn: None, rows) is None
