"""Adds every file of a folder, each odder than the last, and shows what became of them.

    python bench/hostile.py FOLDER

Prints outcomes by kind of file, every reason with the files it befell, total time and the slowest files. Then what must
never happen: a file without an outcome, a file written outside the library, a process left behind, stores that
disagree. Exits 1 when any of these was seen.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import psutil

from ingest.errors import InputError
from ingest.files import find_files, identify
from pipeline import Library
from pipeline.indexing import AddReport

NAMED = 4
SLOWEST = 5


def add_all(folder: Path, work: Path) -> tuple[list[AddReport], list[str], float]:
    """(a report a file, what must never happen, seconds) of adding `folder` to a new library in `work`."""
    home = work / "home"
    home.mkdir()
    before = _state(folder)
    os.chdir(home)
    os.environ.update(HOME=str(home), TMPDIR=str(home))
    tempfile.tempdir = str(home)
    started = time.monotonic()
    with Library(work / "library") as library:
        reports = list(library.add([folder]))
        seconds = time.monotonic() - started
        wrong = [f"stores disagree: {line}" for line in library.verify()]
    missing = {str(file) for file in find_files([folder])} - {report.path for report in reports}
    wrong += [f"no outcome: {path}" for path in sorted(missing)]
    wrong += [f"no reason: {report.path}" for report in reports if report.status == "failed" and not report.error]
    wrong += [f"written outside the library: {path}" for path in sorted(home.rglob("*")) if path.is_file()]
    wrong += [f"the folder was changed: {path}" for path, _ in sorted(before ^ _state(folder))]
    wrong += [f"process left behind: {process.pid}" for process in psutil.Process().children(recursive=True)]
    return reports, wrong, seconds


def show(reports: Iterable[AddReport]) -> None:
    """The tables."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for report in reports:
        kinds[_kind(Path(report.path))][report.status] += 1
        said = {(report.status, report.error)} if report.error else set()
        said |= {
            ("page lost" if issue.lost else "page", f"{issue.stage}: {issue.error}") for issue in report.pages_failed
        }
        for status, reason in said:
            reasons[status, _general(reason, report.path)].append(Path(report.path).name)
    columns = sorted({status for counts in kinds.values() for status in counts})
    print(f"{'kind':42}" + "".join(f"{column:>11}" for column in columns))
    for kind, counts in sorted(kinds.items()):
        print(f"{kind:42}" + "".join(f"{counts[column] or '':>11}" for column in columns))
    for (status, reason), names in sorted(reasons.items()):
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        print(f"\n{status}: {reason}\n    {len(names)}: {', '.join(names[:NAMED])}{more}")


def _kind(path: Path) -> str:
    try:
        return identify(path).media_type
    except InputError:
        return "not read"


def _general(reason: str, path: str) -> str:
    """The reason without what belongs to one file."""
    return re.sub(r"\d+", "N", reason.replace(path, "FILE").replace(Path(path).name, "FILE"))


def _state(folder: Path) -> set[tuple[Path, int]]:
    return {(path, path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as work:
        reports, wrong, seconds = add_all(folder.resolve(), Path(work))
        os.chdir("/")
    show(reports)
    pages = sum(report.pages for report in reports)
    print(f"\n{len(reports)} files, {pages} pages in {seconds:.0f} s; slowest, in seconds of its worker:")
    for report in sorted(reports, key=lambda report: report.worker_seconds, reverse=True)[:SLOWEST]:
        print(f"    {report.worker_seconds:8.1f}  {Path(report.path).name}")
    print("\n".join(wrong) or "every file has an outcome; nothing written elsewhere, nothing left behind, stores agree")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
