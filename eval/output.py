"""The JSON lines of `recto eval`. Changing a key here breaks other people's programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pipeline.cli.output import Line

if TYPE_CHECKING:
    from eval.compare import Compared
    from eval.robustness.wordings import Wording
    from eval.summary import Figure


class FigureLine(Line):
    """A mean, or a figure of the run as a whole, with its 95 % interval, over `count` questions."""

    set: str
    slice: str
    configuration: str
    metric: str
    mean: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, figure: Figure) -> Self:
        result = figure.result
        return cls(
            set=figure.set_name,
            slice=figure.slice_name,
            configuration=figure.configuration,
            metric=figure.metric,
            mean=result.mean,
            low=result.low,
            high=result.high,
            count=result.count,
        )


class ComparedLine(Line):
    """B against A; `won` and `lost` hold question ids."""

    set: str
    slice: str
    metric: str
    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    p: float
    significant: bool
    count: int
    won: list[str]
    lost: list[str]

    @classmethod
    def of(cls, one: Compared) -> Self:
        result = one.result
        return cls(
            set=one.set_name,
            slice=one.slice_name,
            metric=one.metric,
            mean_a=result.mean_a,
            mean_b=result.mean_b,
            difference=result.difference,
            low=result.low,
            high=result.high,
            p=result.p,
            significant=result.significant(),
            count=result.count,
            won=list(one.won),
            lost=list(one.lost),
        )


class ReportLine(Line):
    """The report written."""

    file: str
    bytes: int


class FetchedLine(Line):
    """A set fetched, with the commit it was fetched at."""

    kind: str
    repository: str
    revision: str
    folder: str
    files: int


class WordingLine(Line):
    """A question in other words; `rejected` says why it is not in the file, "" if it is."""

    id: str
    question: str
    original: str
    rejected: str

    @classmethod
    def of(cls, wording: Wording) -> Self:
        return cls(
            id=wording.question.id,
            question=wording.text,
            original=wording.question.text,
            rejected=wording.rejected,
        )


class MadeLine(Line):
    """A question made, as it stands in the file."""

    id: str
    question: str
    answers: list[str]
    gold: list[dict[str, str | int]]
    regions: list[dict[str, str | int | list[float]]]
    evidence: list[str]
