"""Two cells over the same questions, question by question: how much better is B, how sure is that, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eval.errors import EvaluationError
from eval.metrics.registry import METRICS
from eval.records import Question
from eval.runs.records import Cell, read_run
from eval.statistics import Difference, paired

ALL = "all"
SMALLEST_SLICE = 5
"""Fewer questions than this show nothing: with four pairs the randomisation test cannot fall below 0.125."""


@dataclass(frozen=True, slots=True)
class Compared:
    """B against A in one metric on one slice. `won` and `lost`: ids of the questions where B is better or worse."""

    set_name: str
    slice_name: str
    metric: str
    higher_is_better: bool
    result: Difference
    won: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def is_loss(self) -> bool:
        """Whether B is significantly worse in quality. What it costs is for the reader to weigh, and no loss."""
        if self.metric in METRICS and METRICS[self.metric].family == "cost":
            return False
        return self.result.significant() and (self.result.difference < 0) == self.higher_is_better


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
            found += _metrics(one, other, slice_name, ids, seed)
    return found


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


def _metrics(a: Cell, b: Cell, slice_name: str, ids: Sequence[str], seed: int) -> Iterator[Compared]:
    names = [name for name in a.results[ids[0]].scores if name in b.results[ids[0]].scores]
    for name in names:
        pairs = {key: (a.results[key].scores.get(name), b.results[key].scores.get(name)) for key in ids}
        # A score that only one of the two has (precision of citations when the other abstained) has no pair.
        both = {key: (x, y) for key, (x, y) in pairs.items() if x is not None and y is not None}
        if len(both) < (1 if slice_name == ALL else SMALLEST_SLICE):
            continue
        higher = METRICS[name].higher_is_better if name in METRICS else True
        gains = {key: (y - x) * (1 if higher else -1) for key, (x, y) in both.items()}
        yield Compared(
            a.set_name,
            slice_name,
            name,
            higher,
            paired([x for x, _ in both.values()], [y for _, y in both.values()], seed),
            tuple(key for key, gain in gains.items() if gain > 0),
            tuple(key for key, gain in gains.items() if gain < 0),
        )
