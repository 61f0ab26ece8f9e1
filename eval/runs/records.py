"""What a run leaves on disk, and how it is read back. A run can be read without the library it was made with.

RUN/run.json                        the suite, settings, versions, seed and data-set revisions
RUN/places.json                     the library that each set was searched in, to show its pages
RUN/costs.json                      bytes of the index, seconds by stage
RUN/judge.json                      the judge's rates on the hard cases, where there was a judge
RUN/SET/questions.jsonl             the questions with their gold pages, as they were asked
RUN/SET/qrels.trec                  the gold pages for trec_eval
RUN/SET/CONFIGURATION/results.jsonl one `Result` a line, in the order of the questions
RUN/SET/CONFIGURATION/run.trec      the rankings for trec_eval
RUN/SET/CONFIGURATION/timings.jsonl seconds of each question

`NOT_REPEATED` may differ in a repetition of the run; all other files are the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from eval.errors import EvaluationError
from eval.metrics.copies import with_one_name
from eval.records import Outcome, Question

RESULTS, TIMINGS, PLACES, JUDGE, COSTS = "results.jsonl", "timings.jsonl", "places.json", "judge.json", "costs.json"
NOT_REPEATED = frozenset({TIMINGS, PLACES, COSTS})


@dataclass(frozen=True, slots=True)
class Result:
    """A question's outcome, its scores by metric (None: does not apply), and how each page got its place.

    trace: for each page of the ranking, in order, channel → (rank, score). unscored: scores that are None because the
    judge's reply was unusable. told: the judge's replies by score.
    """

    outcome: Outcome
    scores: Mapping[str, float | None]
    trace: tuple[Mapping[str, tuple[int, float]], ...] = ()
    unscored: tuple[str, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cell:
    """One set through one configuration. `library`: where it was searched, "" if that is not known.

    seconds: by question and stage. costs: as `eval.runs.costs` notes them, empty if they are not known.
    """

    set_name: str
    configuration: str
    questions: Mapping[str, Question]
    results: Mapping[str, Result]
    library: str = ""
    seconds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    costs: Mapping[str, Any] = field(default_factory=dict)

    def measured(self, key: str) -> tuple[Question, Outcome]:
        """What the metrics see of a question."""
        return with_one_name(self.questions[key], self.results[key].outcome)


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run as read from its folder."""

    folder: Path
    about: Mapping[str, Any]
    cells: tuple[Cell, ...]

    @property
    def metrics(self) -> list[str]:
        return list(self.about["metrics"])


_RESULT = TypeAdapter(Result)
_QUESTION = TypeAdapter(Question)
_TIMINGS = TypeAdapter(tuple[str, dict[str, float]])


def foreign_name(file_name: str, document_id: str) -> str:
    """How rankings name a document that is not of the set: its file name may be that of one that is."""
    return f"{file_name} ({document_id})"


def line_of(result: Result) -> str:
    return _RESULT.dump_json(result).decode()


def question_line(question: Question) -> str:
    return _QUESTION.dump_json(question).decode()


def read_results(file: Path) -> dict[str, Result]:
    """Results by question id, a last line that is not whole left out. None there: an empty mapping."""
    return {result.outcome.question_id: result for result in _parsed(_RESULT, file, _whole_lines(file))}


def read_timings(file: Path) -> dict[str, dict[str, float]]:
    """Seconds by stage by question id, read in the same way."""
    return dict(_parsed(_TIMINGS, file, _whole_lines(file)))


def cut_torn_line(file: Path) -> None:
    """Takes away a last line torn by a crash. For the run that goes on: who only reads may see one being written."""
    if file.is_file():
        data = file.read_bytes()
        if not data.endswith(b"\n"):
            with file.open("r+b") as stream:
                stream.truncate(data.rfind(b"\n") + 1)


def _whole_lines(file: Path) -> list[bytes]:
    if not file.is_file():
        return []
    data = file.read_bytes()
    return data[: data.rfind(b"\n") + 1].splitlines()


def read_run(folder: Path) -> Run:
    """The run in a folder. Raises `EvaluationError` when it is none or not finished."""
    try:
        about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EvaluationError(f"{folder} holds no run ({error}): name a folder that `recto eval run` wrote") from None
    cells = tuple(
        _cell(folder, name, configuration, about) for name in about["sets"] for configuration in about["cells"]
    )
    return Run(folder, about, cells)


def _cell(folder: Path, set_name: str, configuration: str, about: Mapping[str, Any]) -> Cell:
    questions_file, place = folder / set_name / "questions.jsonl", folder / set_name / configuration
    asked = list(_parsed(_QUESTION, questions_file, questions_file.read_bytes().splitlines()))
    results = read_results(place / RESULTS)
    missing = [question.id for question in asked if question.id not in results]
    if missing:
        raise EvaluationError(
            f"{place} has no result for {len(missing)} questions, the first {missing[0]!r}: "
            "the run is not finished; run the same command again and it goes on"
        )
    places, costs = _noted(folder / PLACES), _noted(folder / COSTS)
    return Cell(
        set_name,
        configuration,
        {question.id: question for question in asked},
        {question.id: results[question.id] for question in asked},
        places.get(set_name, {}).get(configuration, ""),
        read_timings(place / TIMINGS),
        costs.get(set_name, {}).get(configuration, {}),
    )


def _noted(file: Path) -> dict[str, Any]:
    """What is noted in a file of a run that may be missing."""
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _parsed(adapter: TypeAdapter[Any], file: Path, lines: Iterable[bytes]) -> Iterable[Any]:
    for number, line in enumerate(lines, start=1):
        try:
            yield adapter.validate_json(line)
        except ValidationError as error:
            raise EvaluationError(f"{file}, line {number} cannot be read: {error.errors()[0]['msg']}") from None
