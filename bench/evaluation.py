"""What evaluation itself costs, and whether a run repeats: a suite's sets searched by `run`, twice, and bare.

    python bench/evaluation.py SUITE.yaml [LIBRARIES]

Every set must name a `library`, so that nothing is added meanwhile; answers and judges of the suite are left out. For
each set and configuration: questions per second of the run, from its first search to its last file, against the seconds
of the same run that were spent in `Library.search`. Both are of one run, so that other work on the machine does not
move their ratio. For reference, the rate of bare `Library.search` in a loop. At the end, the files in which two runs of
the suite differ, apart from those that may. Exits with 1 if there are any.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from eval.runs.records import NOT_REPEATED, read_run
from eval.runs.running import run_suite
from eval.runs.suite import Suite, load_suite
from pipeline import Library
from pipeline.config import load_settings
from pipeline.results import SearchResult


class Clock:
    """Adds up the seconds spent in `Library.search` while it is on; `first` is when the first search began."""

    def __init__(self) -> None:
        self.inside, self.first = 0.0, 0.0

    def __enter__(self) -> Clock:
        self._search = search = Library.search

        def timed(library: Library, *args: Any, **kwargs: Any) -> SearchResult:
            started = time.perf_counter()
            self.first = self.first or started
            try:
                return search(library, *args, **kwargs)
            finally:
                self.inside += time.perf_counter() - started

        Library.search = timed  # type: ignore[method-assign]
        return self

    def __exit__(self, *error: object) -> None:
        Library.search = self._search  # type: ignore[method-assign]


def main(file: Path, libraries: Path) -> int:
    suite = load_suite(file)
    lacking = [part.name for part in suite.sets if part.library is None]
    if lacking:
        sys.exit(f"the set {lacking[0]} names no library")
    searched = suite.model_copy(update={"ask": False, "judge": None, "metrics": []})
    different: list[str] = []
    with tempfile.TemporaryDirectory() as made:
        for part in searched.sets:
            for configuration in searched.configurations:
                one = searched.model_copy(update={"sets": [part], "configurations": [configuration]})
                first, second = (Path(made) / f"{part.name}-{configuration.name}-{turn}" for turn in (1, 2))
                run_suite(one, first, libraries)  # warms up as well
                compare_speed(one, second, libraries)
                different += differences(first, second)
    print(f"files that differ between two runs: {', '.join(different) or 'none'}")
    return bool(different)


def compare_speed(suite: Suite, folder: Path, libraries: Path) -> None:
    """Runs one set through one configuration and prints its rates."""
    with Clock() as clock:
        run_suite(suite, folder, libraries)
        whole = time.perf_counter() - clock.first
    (cell,) = read_run(folder).cells
    questions = [question.text for question in cell.questions.values()]
    (part,), (configuration,) = suite.sets, suite.configurations
    with Library(settings=load_settings({**configuration.settings, "library": part.library})) as library:
        library.search(questions[0], k=suite.depth)
        started = time.perf_counter()
        for question in questions:
            library.search(question, k=suite.depth)
        bare = time.perf_counter() - started
    count = len(questions)
    print(
        f"{part.name}, {configuration.name}: {count} questions; {count / whole:.1f}/s in the run, "
        f"{count / clock.inside:.1f}/s in its searches alone, ratio {clock.inside / whole:.3f}, "
        f"{1000 * (whole - clock.inside) / count:.1f} ms a question beside them; {count / bare:.1f}/s in a bare loop"
    )


def differences(one: Path, other: Path) -> list[str]:
    """Names of the files that are not the same in both runs, or only in one."""

    def files(folder: Path) -> dict[str, bytes]:
        found = (file for file in folder.rglob("*") if file.is_file() and file.name not in NOT_REPEATED)
        return {str(file.relative_to(folder)): file.read_bytes() for file in found}

    first, second = files(one), files(other)
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) == 3 else "runs/libraries")))
