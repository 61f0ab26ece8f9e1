"""The JSON lines of `recto eval`. Changing a key here breaks other people's programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pipeline.cli.output import Line

if TYPE_CHECKING:
    from eval.compare import Compared
    from eval.models import Measured
    from eval.robustness.wordings import Wording
    from eval.statistics import Difference, Interval
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
    """B against A; `won` and `lost` hold question ids. `p_family`: p among all compared (`eval.compare.Compared`)."""

    set: str
    slice: str
    metric: str
    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    p: float
    p_family: float | None
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
            p_family=one.p_family,
            significant=result.significant(),
            count=result.count,
            won=one.won,
            lost=one.lost,
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


class NeedlesLine(Line):
    """`recto eval make-needles`: the set that was made."""

    folder: str
    questions: int


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


class ModelLine(Line):
    """`recto model compare`: one page model on a sample of pages. `difference` and `p`: against the first model."""

    model: str
    dimension: int
    k: int
    recall: float
    low: float
    high: float
    difference: float | None
    p: float | None
    questions: int
    pages: int
    vectors_a_page: float
    bytes_a_page: float
    seconds_a_page: float
    seconds_a_question: float

    @classmethod
    def of(cls, found: Measured, recall: Interval, change: Difference | None, k: int, pages: int) -> Self:
        return cls(
            model=found.model,
            dimension=found.dimension,
            k=k,
            recall=recall.mean,
            low=recall.low,
            high=recall.high,
            difference=None if change is None else change.difference,
            p=None if change is None else change.p,
            questions=recall.count,
            pages=pages,
            vectors_a_page=found.vectors_a_page,
            bytes_a_page=found.bytes_a_page,
            seconds_a_page=found.seconds_a_page,
            seconds_a_question=found.seconds_a_question,
        )
