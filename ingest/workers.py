"""A pool of parsing processes in which one page's crash or hang costs that page and nothing else.

Owns time limits, retries and the rule that every page handed in comes back exactly once. Never parses.

Each worker has its own pipe and its own thread in this process, so none can block or poison another. Pools that
share one queue do not do: in `concurrent.futures` one crash fails every task, as documented, and in pebble 5.2 the
death of an idle worker was seen to end the pool. Workers are fresh interpreters, never forks (the parent may run
threads of torch or gRPC), and do not import the caller's main module, so that scripts need no `__main__` guard.
"""

from __future__ import annotations

import itertools
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from ingest.document import DocumentInfo, Page
from ingest.errors import InputError
from ingest.files import FileIdentity
from ingest.parser import iter_pages, lost_page, read_info
from ingest.settings import IngestSettings, WorkerSettings
from ingest.worker_process import CallFailedError, Limits, Worker, WorkerDiedError, WorkerTimeoutError

MAX_TASKS = 200
"""A worker is replaced after so many tasks: MuPDF's caches and the allocator's holes grow with every document."""

ParseFunction = Callable[[Path, str, tuple[int, ...], IngestSettings], Iterable[Page]]
InfoFunction = Callable[[Path, FileIdentity, Path | None, tuple[str, ...]], DocumentInfo]

_WALL = 5
"""Seconds by the clock to each second of processor time: a machine may be that busy with other work."""


@dataclass(frozen=True, slots=True)
class ParseTask:
    """Pages of one file to parse."""

    path: Path
    identity: FileIdentity
    page_indices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ParseResult:
    """The task's pages, one for each index, in its order, and the seconds (by the clock) that a worker spent."""

    task: ParseTask
    pages: tuple[Page, ...]
    seconds: float


@dataclass(order=True)
class _Job:
    """Work in the queue: lower `priority` first, then first come first served. Without work: the end."""

    priority: int
    number: int
    work: Callable[[_Slot], Any] | None = field(compare=False, default=None)
    future: Future[Any] = field(compare=False, default_factory=Future)


_STOP, _INFO, _PARSE = range(3)  # infos before pages: they say what pages there are


class ParserPool:
    """Parses pages in worker processes, one a core unless `workers.processes` says otherwise.

    Processes start when there is work. Leaving the `with` block ends them at once: what is unfinished is
    cancelled. `parse` and `info` are importable functions that run in the workers; `parse` gives one page for
    each index, in order, and is best a generator, as the limits of time and memory hold for each page.
    """

    def __init__(
        self,
        settings: IngestSettings,
        workers: WorkerSettings | None = None,
        *,
        max_tasks: int = MAX_TASKS,
        parse: ParseFunction = iter_pages,
        info: InfoFunction = read_info,
    ) -> None:
        workers = workers or WorkerSettings()
        self._settings = settings
        self._limits = Limits(workers.page_seconds, _WALL * workers.page_seconds, workers.memory_mb << 20)
        self._passwords = workers.passwords
        self.document_seconds = workers.document_seconds
        self._parse = parse
        self._info = info
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._closed = False
        self._slots = [_Slot(self._jobs, max_tasks) for _ in range(workers.processes or _cores())]

    @property
    def processes(self) -> int:
        """How many workers there are at most."""
        return len(self._slots)

    def read_info(self, path: Path, identity: FileIdentity, working_copy: Path | None = None) -> Future[DocumentInfo]:
        """What the document is. `InputError` also when reading it crashes a worker or breaks a limit."""

        def work(slot: _Slot) -> DocumentInfo:
            try:
                call = (self._info, path, identity, working_copy, self._passwords)
                (found,) = slot.stream(_as_items, call, self._limits)
            except InputError as error:
                raise InputError(_named(str(error), path, identity)) from None
            except (CallFailedError, WorkerDiedError, WorkerTimeoutError) as error:
                raise InputError(f"{identity.path}: cannot be read ({error}); replace it if it is damaged") from None
            return found

        return self._enqueue(_INFO, work)

    def submit(self, task: ParseTask) -> Future[ParseResult]:
        """The task's pages. One that crashes two workers or exceeds its time comes back lost, with the reason."""

        def work(slot: _Slot) -> ParseResult:
            started = time.monotonic()
            pages = tuple(self._parse_task(slot, task))
            return ParseResult(task, pages, time.monotonic() - started)

        return self._enqueue(_PARSE, work)

    def close(self) -> None:
        """End all workers; futures that are not done are cancelled. Returns when no process is left."""
        with self._lock:
            self._closed = True
            for _ in self._slots:
                self._jobs.put(_Job(_STOP, next(self._numbers)))
        for slot in self._slots:
            slot.stop()
        for slot in self._slots:
            slot.join()
        while not self._jobs.empty():
            self._jobs.get().future.cancel()

    def __enter__(self) -> ParserPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _enqueue(self, priority: int, work: Callable[[_Slot], Any]) -> Future[Any]:
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool is closed")
            job = _Job(priority, next(self._numbers), work)
            self._jobs.put(job)
        return job.future

    def _parse_task(self, slot: _Slot, task: ParseTask) -> Iterator[Page]:
        position, died_at = 0, -1
        while position < len(task.page_indices):
            rest = task.page_indices[position:]
            trouble = "the parser gave no such page"
            try:
                for page in slot.stream(
                    self._parse, (task.path, task.identity.media_type, rest, self._settings), self._limits
                ):
                    if position == len(task.page_indices) or page.page_index != task.page_indices[position]:
                        break
                    yield _renamed(page, task)
                    position += 1
            except WorkerDiedError as error:
                # Once more in a fresh process: the page may have paid for the memory of those before it.
                if died_at != position:
                    died_at = position
                    continue
                trouble = str(error)
            except (CallFailedError, InputError, WorkerTimeoutError) as error:
                trouble = str(error)
            if position < len(task.page_indices):
                yield lost_page(task.page_indices[position], _named(trouble, task.path, task.identity))
                position += 1


class _Slot(threading.Thread):
    """A place for one worker process, and the thread that feeds it. Starts the process when there is work."""

    def __init__(self, jobs: queue.PriorityQueue[_Job], max_tasks: int) -> None:
        super().__init__(name="recto-parser", daemon=True)
        self._jobs = jobs
        self._max_tasks = max_tasks
        self._worker: Worker | None = None
        self._stopping = threading.Event()
        self.start()

    def run(self) -> None:
        while (job := self._jobs.get()).work is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            try:
                result = job.work(self)
                self._check_running()
            except BaseException as error:
                job.future.set_exception(error)
            else:
                job.future.set_result(result)
        self._discard()

    def stream(
        self, function: Callable[..., Iterable[Any]], arguments: tuple[Any, ...], limits: Limits
    ) -> Iterator[Any]:
        """`Worker.stream` in this slot's worker, a new one when it is worn out or gone."""
        if self._worker and (self._worker.calls >= self._max_tasks or not self._worker.alive):
            self._discard()
        if self._worker is None:
            self._check_running()
            self._worker = Worker()
            self._check_running()
        complete = False
        try:
            yield from self._worker.stream(function, arguments, limits)
            complete = True
        except (CallFailedError, InputError):
            complete = True
            raise
        finally:
            if not complete:
                self._discard()

    def stop(self) -> None:
        """End the worker, from any thread; the thread follows."""
        self._stopping.set()
        if worker := self._worker:
            worker.kill()

    def _check_running(self) -> None:
        """A worker that dies because the pool closes says nothing about its pages."""
        if self._stopping.is_set():
            raise CancelledError

    def _discard(self) -> None:
        worker, self._worker = self._worker, None
        if worker:
            worker.close()


def _as_items(function: Callable[..., Any], *arguments: Any) -> Iterator[Any]:
    yield function(*arguments)


def _renamed(page: Page, task: ParseTask) -> Page:
    issues = (replace(issue, error=_named(issue.error, task.path, task.identity)) for issue in page.issues)
    return replace(page, issues=tuple(issues)) if page.issues else page


def _named(message: str, path: Path, identity: FileIdentity) -> str:
    """The message with the user's name for the file, where the worker read a copy of it."""
    return message.replace(str(path), str(identity.path))


def _cores() -> int:
    """Cores this process may use; containers often allow fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
