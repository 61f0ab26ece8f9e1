"""Two cells over the same questions, question by question: how much better is B, how sure is that, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from eval.errors import EvaluationError
from eval.metrics.registry import METRICS
from eval.records import Question
from eval.runs.records import Cell, read_run
from eval.statistics import CONFIDENCE, Difference, family_p, paired

ALL = "all"
SMALLEST_SLICE = 5
"""Fewer questions than this show nothing: with four pairs the randomisation test cannot fall below 0.125."""


@dataclass(frozen=True, slots=True)
class Compared:
    """B against A in one metric on one slice. `gains` by question id: how much better B is, below 0 where it is worse.

    p_family: p among all metrics of quality on whole sets, of which there are many (`eval.statistics.family_p`); None
    for slices, and for what B costs, which is for the reader to weigh and no loss.
    """

    set_name: str
    slice_name: str
    metric: str
    higher_is_better: bool
    result: Difference
    gains: Mapping[str, float]
    p_family: float | None = None

    @property
    def won(self) -> list[str]:
        return [key for key, gain in self.gains.items() if gain > 0]

    @property
    def lost(self) -> list[str]:
        return [key for key, gain in self.gains.items() if gain < 0]

    @property
    def is_loss(self) -> bool:
        """Whether B is worse in quality on a whole set, significantly so among all that is compared."""
        return self.p_family is not None and self.p_family < 1 - CONFIDENCE and sum(self.gains.values()) < 0


def cells_named(reference: str) -> list[Cell]:
    """The cells of "RUN" (which must have one configuration) or "RUN:CONFIGURATION". Raises `EvaluationError`."""
    folder, _, name = reference.partition(":") if not Path(reference).is_dir() else (reference, "", "")
    run = read_run(Path(folder))
    known = list(run.about["cells"])
    if not name and len(known) > 1:
        raise EvaluationError(f"{folder} has several configurations: name one, as in {folder}:{known[0]}")
    if name and name not in known:
        raise EvaluationError(f"{folder} has no configuration {name!r}; it has {', '.join(known)}")
    wanted = name or known[0]
    return [cell for cell in run.cells if cell.configuration == wanted]


def compare(a: Sequence[Cell], b: Sequence[Cell], seed: int = 0) -> list[Compared]:
    """Every metric both have, on each set as a whole and on each slice with enough questions.

    The same questions may have been asked in other words (typing errors, paraphrase, another language).
    Raises `EvaluationError` when the two are over different sets, questions or gold pages.
    """
    if [cell.set_name for cell in a] != [cell.set_name for cell in b]:
        raise EvaluationError("the two runs are over different data sets: compare runs of the same suite")
    found: list[Compared] = []
    for one, other in zip(a, b, strict=True):
        if _what_is_asked(one) != _what_is_asked(other):
            raise EvaluationError(
                f"the two runs asked different questions of {one.set_name}, or with other gold pages: "
                "only scores of the same questions can be compared"
            )
        for slice_name, ids in slices(one.questions).items():
            for pairs in _paired(one, other, ids):
                if len(pairs.both) >= (1 if slice_name == ALL else SMALLEST_SLICE):
                    found.append(_compared(one.set_name, slice_name, pairs, seed))
    return _in_family(found, seed)


def not_compared(a: Sequence[Cell], b: Sequence[Cell]) -> list[tuple[str, str]]:
    """(set, metric) of the quality that A has scores of, and B of none of these questions: B may have lost it all."""
    return [
        (one.set_name, pairs.metric)
        for one, other in zip(a, b, strict=True)
        for pairs in _paired(one, other, list(one.questions))
        if pairs.in_a and not pairs.both and not _is_cost(pairs.metric)
    ]


def _what_is_asked(cell: Cell) -> dict[str, Question]:
    return {key: replace(question, text="") for key, question in cell.questions.items()}


def slices(questions: Mapping[str, Question]) -> dict[str, list[str]]:
    """Ids by slice: "all" first, then "property: value" by name."""
    by_name: dict[str, list[str]] = {}
    for question in questions.values():
        for key, values in question.slices.items():
            for value in values:
                by_name.setdefault(f"{key}: {value}", []).append(question.id)
    return {ALL: list(questions)} | {name: by_name[name] for name in sorted(by_name)}


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Scores of a metric by question: those that both have. `in_a`: whether A has any."""

    metric: str
    both: Mapping[str, tuple[float, float]]
    in_a: bool


def _paired(a: Cell, b: Cell, ids: Sequence[str]) -> Iterator[_Pairs]:
    """A score that only one of the two has (precision of citations when the other abstained) has no pair."""
    for name in a.results[ids[0]].scores:
        if name in b.results[ids[0]].scores:
            pairs = {key: (a.results[key].scores.get(name), b.results[key].scores.get(name)) for key in ids}
            both = {key: (x, y) for key, (x, y) in pairs.items() if x is not None and y is not None}
            yield _Pairs(name, both, any(x is not None for x, _ in pairs.values()))


def _compared(set_name: str, slice_name: str, pairs: _Pairs, seed: int) -> Compared:
    higher = METRICS[pairs.metric].higher_is_better if pairs.metric in METRICS else True
    gains = {key: (y - x) * (1 if higher else -1) for key, (x, y) in pairs.both.items()}
    result = paired([x for x, _ in pairs.both.values()], [y for _, y in pairs.both.values()], seed)
    return Compared(set_name, slice_name, pairs.metric, higher, result, gains)


def _in_family(found: Sequence[Compared], seed: int) -> list[Compared]:
    """The same, `p_family` filled in."""
    by_set: dict[str, list[Compared]] = {}
    for one in found:
        if one.slice_name == ALL and not _is_cost(one.metric):
            by_set.setdefault(one.set_name, []).append(one)
    gains = []
    for rows in by_set.values():
        ids = dict.fromkeys(key for one in rows for key in one.gains)
        gains.append(np.array([[one.gains.get(key, 0.0) for one in rows] for key in ids]))
    known = {
        (one.set_name, one.slice_name, one.metric): float(p)
        for rows, ps in zip(by_set.values(), family_p(gains, seed), strict=True)
        for one, p in zip(rows, ps, strict=True)
    }
    return [replace(one, p_family=known.get((one.set_name, one.slice_name, one.metric))) for one in found]


def _is_cost(metric: str) -> bool:
    return metric in METRICS and METRICS[metric].family == "cost"
