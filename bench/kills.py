"""`kill -9` of `recto add` at random moments, then `add` again: is it the library of an uninterrupted run?

    python bench/kills.py FOLDER [KILLS] [SEED]

Adds FOLDER once uninterrupted, then again and again into other libraries, each run killed at a random moment after it
has begun to write, until KILLS runs were caught at work; compares each library when it is finished: states, counts of
pages, chunks and vectors by document, `verify`, and the ranking of a question. Exits 1 when anything differs.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline import Library
from pipeline.results import PageRef

QUESTION = "What changed since the year before?"


@dataclass(frozen=True)
class State:
    """What a library holds: (document, status, pages, lost, chunks, vectors), differences, ranked pages.

    Scores are left out: BM25 still counts what was written twice and deleted until tantivy merges its segments.
    """

    documents: tuple[tuple[str, str, int, int, int, int], ...]
    differences: tuple[str, ...]
    ranking: tuple[PageRef, ...]

    @classmethod
    def of(cls, library: Path) -> State:
        with Library(library) as opened:
            rows = [
                (row.info.document_id, row.status, row.pages_indexed, row.pages_lost, row.chunks, row.page_vectors)
                for row in opened.documents()
            ]
            hits = opened.search(QUESTION, k=10).hits
            ranking = tuple(hit.ref for hit in hits)
            return cls(tuple(sorted(rows)), tuple(opened.verify()), ranking)


def add(library: Path, folder: Path) -> subprocess.Popen[bytes]:
    """`recto add` of `folder`, started."""
    command = [sys.executable, "-m", "pipeline.cli.main", "add", str(folder), "--library", str(library), "--json"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def compare(folder: Path, work: Path, kills: int, seed: int) -> tuple[State, list[State], int]:
    """(uninterrupted, every library that was finished after kills, runs that were killed at work).

    A library that is finished before the kills are used up is set aside and the next is begun.
    """
    started = time.monotonic()
    add(work / "whole", folder).wait()
    seconds = time.monotonic() - started
    moments = random.Random(seed)
    taken_up: list[State] = []
    killed = caught = 0
    library = work / "killed"
    for _ in range(5 * kills):
        run = add(library, folder)
        while not (library / "manifest.json").exists() and run.poll() is None:
            time.sleep(0.05)
        try:
            # A run that takes up late work is short: most moments are drawn from the first half of a whole run.
            run.wait(moments.uniform(0.1, 1.0) * moments.uniform(0.1, 1.0) * seconds)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            caught += run.wait() == -signal.SIGKILL
        else:
            if caught:
                taken_up.append(State.of(library))
                killed, caught = killed + caught, 0
            shutil.rmtree(library)
        if killed + caught >= kills:
            break
    if caught:
        add(library, folder).wait()
        taken_up.append(State.of(library))
    return State.of(work / "whole"), taken_up, killed + caught


def main(folder: Path, kills: int = 20, seed: int = 0) -> None:
    with tempfile.TemporaryDirectory() as work:
        whole, taken_up, killed = compare(folder, Path(work), kills, seed)
    print(f"{len(whole.documents)} documents, {sum(row[2] for row in whole.documents)} pages")
    print(f"killed {killed} times, {len(taken_up)} libraries finished after kills")
    wrong = [state for state in taken_up if state != whole]
    for state in wrong:
        print(f"NOT EQUAL:\n{whole}\n{state}")
    print("all equal to the uninterrupted run, all stores agree" if not wrong else f"{len(wrong)} differ")
    sys.exit(bool(wrong) or bool(whole.differences) or killed < kills)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
