"""Runs one set through one configuration: every question that has no result yet, several at once where asked.

Results are written in the order of the questions, one as soon as all before it are, so that a run broken off at any
moment goes on from there and ends with the same files, however many questions were under way at once.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from eval.metrics.copies import with_one_name
from eval.metrics.registry import metric
from eval.records import Question
from eval.runs.costs import index_bytes, seconds_by_stage
from eval.runs.records import RESULTS, TIMINGS, Result, cut_torn_line, line_of, read_results, read_timings
from eval.runs.suite import Configuration, Suite
from eval.runs.system import System

if TYPE_CHECKING:
    from eval.judge.judge import Judge


def run_cell(
    suite: Suite,
    configuration: Configuration,
    questions: Sequence[Question],
    place: Path,
    open_system: Callable[[], System],
    judge: Judge | None,
    title: str,
) -> tuple[dict[str, Result], dict[str, object]]:
    """Results by question id, in the order of the questions, and what was measured of the costs (`eval.runs.costs`).

    The system is opened only when something is left to do. Raises what the first question that failed raised; all
    before it are kept.
    """
    place.mkdir(parents=True, exist_ok=True)
    for name in (RESULTS, TIMINGS):
        cut_torn_line(place / name)
    done = read_results(place / RESULTS)
    seconds = read_timings(place / TIMINGS)
    left = [question for question in questions if question.id not in done]
    costs: dict[str, object] = {}
    if left:
        with (
            open_system() as system,
            (place / RESULTS).open("a", encoding="utf-8") as results,
            (place / TIMINGS).open("a", encoding="utf-8") as timings,
        ):
            library, costs["pages"] = system.settings.library, system.pages

            def one(question: Question) -> Result:
                return _scored(system, suite, configuration, question, judge)

            for result in _in_order(one, _watched(left, title), suite.parallel):
                key = result.outcome.question_id
                seconds[key] = dict(result.outcome.seconds)
                timings.write(json.dumps([key, seconds[key]]) + "\n")
                timings.flush()
                done[key] = replace(result, outcome=replace(result.outcome, seconds={}))
                results.write(line_of(done[key]) + "\n")
                results.flush()
        # Once the library is closed: until then its databases hold what they have written twice.
        costs |= {"index_bytes": index_bytes(library), "seconds": seconds_by_stage(seconds.values())}
    return {question.id: done[question.id] for question in questions}, costs


def _in_order(one: Callable[[Question], Result], questions: Iterable[Question], parallel: int) -> Iterator[Result]:
    """`one` of every question, in their order, with at most `parallel` of them under way."""
    if parallel == 1:
        yield from map(one, questions)
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(parallel) as pool:
        try:
            for question in questions:
                waiting.append(pool.submit(one, question))
                # A slow question must not keep the others from being begun, nor pile up what may be lost.
                if len(waiting) >= 2 * parallel:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _scored(
    system: System, suite: Suite, configuration: Configuration, question: Question, judge: Judge | None
) -> Result:
    if suite.ask:
        result = system.ask(question, suite.depth, configuration.pages)
    else:
        result = system.search(question, suite.depth)
    measured = with_one_name(question, result.outcome)
    scores = {name: metric(name).score(*measured) for name in suite.measured}
    judged = judge.all_measures(question, result.outcome) if judge else {}
    return replace(
        result,
        scores=scores | {name: one.score for name, one in judged.items()},
        unscored=tuple(name for name, one in judged.items() if one.unscored),
        told={name: one.told for name, one in judged.items() if one.told},
    )


def _watched(questions: list[Question], what: str) -> Iterable[Question]:
    """The questions, with a bar on stderr that shows rate and time left; one line where there is no terminal."""
    from rich import progress as bars
    from rich.console import Console
    from rich.text import Text

    class Rate(bars.ProgressColumn):
        def render(self, task: bars.Task) -> Text:
            return Text(f"{task.finished_speed or task.speed or 0:.1f} questions/s")

    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(f"{what}: {len(questions)} questions", highlight=False)
        yield from questions
        return
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.MofNCompleteColumn(), Rate())
    with bars.Progress(*columns, bars.TimeRemainingColumn(), console=console, transient=True) as progress:
        yield from progress.track(questions, description=what)
