"""Progress on stderr: a bar with pages a second and the time left on a terminal, sparse lines elsewhere."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from pipeline.cli.errors import say
from pipeline.progress import Progress, Stage

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

STAGES = 3  # a page's way through parse, embed and store: each is a third of the bar


class Watcher(Progress, Protocol):
    """A `Progress` that is also a context manager, so that the terminal is whole again whatever happens."""

    def __enter__(self) -> Watcher: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def watcher() -> Watcher:
    """The kind that suits stderr."""
    return BarWatcher() if sys.stderr.isatty() else LogWatcher()


class _Counting(ABC):
    """Pages counted by stage."""

    def __init__(self) -> None:
        self.total = 0
        self.steps = 0
        self.by_stage: Counter[Stage] = Counter()
        self.started = time.monotonic()

    def start(self, total_pages: int) -> None:
        self.total = total_pages
        self.show()

    def advance(self, stage: Stage, pages: int) -> None:
        self.steps += pages
        self.by_stage[stage] += pages
        self.show()

    def finish(self) -> None:
        self.show()

    @abstractmethod
    def show(self) -> None:
        """Say how far it is, where it is worth saying."""

    @property
    def state(self) -> str:
        """How far it is, in words."""
        read, stored = self.by_stage["parse"], self.by_stage["store"]
        return f"{read:,} read and {stored:,} stored of {self.total:,} pages, {self.speed:.1f} pages/s"

    @property
    def speed(self) -> float:
        """Pages a second since the beginning, counting a third of a page for each stage it has left."""
        return self.steps / STAGES / max(1e-9, time.monotonic() - self.started)


class BarWatcher(_Counting):
    """A bar that is gone when the work is done; results printed meanwhile scroll above it."""

    _bar: Bar
    _task: TaskID

    def __enter__(self) -> BarWatcher:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(),
            TextColumn("{task.fields[pages]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=sys.stdout.isatty(),
        )
        self._task = self._bar.add_task("", total=None, pages="opening")
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self) -> None:
        self._bar.update(
            self._task,
            total=self.total * STAGES,
            completed=self.steps,
            pages=self.state,
        )


class LogWatcher(_Counting):
    """A line every ten seconds."""

    EVERY_SECONDS = 10.0

    def __init__(self) -> None:
        super().__init__()
        self._shown = time.monotonic()

    def __enter__(self) -> LogWatcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def show(self) -> None:
        now = time.monotonic()
        if now - self._shown >= self.EVERY_SECONDS:
            self._shown = now
            left = (self.total - self.steps / STAGES) / self.speed if self.steps else 0
            remaining = f", about {left:.0f} s left" if self.steps else ""
            say(self.state + remaining)
