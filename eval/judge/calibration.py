"""How good a judge is: its true and false positive rates on cases judged by hand, printed wherever it was used."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from eval.datasets.reading import field, json_lines
from eval.judge.judge import Judge
from eval.records import Outcome, Question


@dataclass(frozen=True, slots=True)
class HardCase:
    """An answer that is easily misjudged, with what is right, and why."""

    question: Question
    outcome: Outcome
    correct: bool
    why: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of the right answers the share called correct, of the wrong ones the share called correct; what had no score.

    A rate is None when the judge scored none of its cases.
    """

    true_positive_rate: float | None
    false_positive_rate: float | None
    unscored: int
    cases: int
    mistaken: tuple[str, ...]


def hard_cases() -> list[HardCase]:
    with resources.as_file(resources.files("eval.judge").joinpath("hard_cases.jsonl")) as file:
        return _read(file)


def _read(file: Path) -> list[HardCase]:
    cases = []
    for number, (place, record) in enumerate(json_lines(file), start=1):
        question = Question(
            f"hard_{number}", field(record, "question", str, place), (field(record, "gold", str, place),)
        )
        outcome = Outcome(question.id, answer=field(record, "answer", str, place))
        cases.append(
            HardCase(question, outcome, field(record, "correct", bool, place), field(record, "why", str, place))
        )
    return cases


def calibrate(judge: Judge) -> Calibration:
    """Asks the judge about every hard case."""
    cases = hard_cases()
    judged = [(case, judge.correctness(case.question, case.outcome)) for case in cases]
    scored = [(case, verdict.score) for case, verdict in judged if verdict.score is not None]
    right = [score for case, score in scored if case.correct]
    wrong = [score for case, score in scored if not case.correct]
    return Calibration(
        sum(right) / len(right) if right else None,
        sum(wrong) / len(wrong) if wrong else None,
        len(cases) - len(scored),
        len(cases),
        tuple(f"{case.question.text} — {case.why}" for case, score in scored if bool(score) != case.correct),
    )
