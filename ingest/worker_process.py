"""One worker process and the pipe to it: starting, calling, timing out, dying. Never decides what a failure means.

A worker is a fresh interpreter that answers calls one after the other. A call names an importable function that
returns an iterable; its items come back one by one, each within the limits. What native libraries print is thrown
away.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import psutil

from ingest.errors import InputError, RectoError

_WATCH_SECONDS = 0.1
"""How often a busy worker is looked at; most pages are done sooner."""
_EXIT_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_BOOTSTRAP = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from ingest.worker_process import serve; serve(int(sys.argv[2]), int(sys.argv[3]))"
)
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",  # else ONNX Runtime writes to the home folder and reports its sessions to Microsoft
}


class WorkerDiedError(Exception):
    """The process ended in the middle of a call: crashed, or was killed."""


class WorkerMemoryError(WorkerDiedError):
    """An item took more memory than the limit; the process has been killed."""


class WorkerTimeoutError(Exception):
    """An item took longer than the limit; the process has been killed."""


class CallFailedError(Exception):
    """The called function raised; the message names the exception. The worker lives on."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one item may cost. Processor time tells work from waiting on a loaded machine; the clock ends what hangs.

    seconds: of the process's processor time. wall: seconds by the clock. memory: bytes resident.
    """

    seconds: float
    wall: float
    memory: int


_START = Limits(120.0, 600.0, 1 << 40)  # for the interpreter to report; a loaded machine takes long to import MuPDF


@dataclass(frozen=True, slots=True)
class _Call:
    function: Callable[..., Iterable[Any]]
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    value: Any


@dataclass(frozen=True, slots=True)
class _Done:
    pass


@dataclass(frozen=True, slots=True)
class _Failed:
    message: str
    is_input_error: bool


class Worker:
    """A running worker process. The thread that makes it must outlive it: Linux kills it when that thread ends.

    Raises `RectoError` when the process cannot be started.
    """

    def __init__(self) -> None:
        self._channel, theirs = Pipe()
        path = json.dumps([entry for entry in sys.path if isinstance(entry, str)])
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BOOTSTRAP, path, str(theirs.fileno()), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            process_group=0,  # Ctrl-C in a terminal is for the parent, which then ends its workers
        )
        theirs.close()
        self.calls = 0
        try:
            self._receive(_START)
        except (WorkerDiedError, WorkerTimeoutError) as error:
            self.close()
            raise RectoError(f"a worker process could not be started ({error}); check the installation") from None

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def stream(
        self, function: Callable[..., Iterable[Any]], arguments: tuple[Any, ...], limits: Limits
    ) -> Iterator[Any]:
        """The items of `function(*arguments)`, each within `limits`.

        Raises `InputError` as the function did, `CallFailedError` for any other exception of it,
        `WorkerDiedError`, `WorkerMemoryError`, `WorkerTimeoutError`. A stream that is not read to its end leaves
        the worker unusable: close it.
        """
        self.calls += 1
        try:
            self._channel.send(_Call(function, arguments))
        except OSError:
            raise WorkerDiedError(self._cause_of_death()) from None
        while not isinstance(message := self._receive(limits), _Done):
            if isinstance(message, _Item):
                yield message.value
            elif message.is_input_error:
                raise InputError(message.message)
            else:
                raise CallFailedError(message.message)

    def kill(self) -> None:
        """End the process, whatever it does. Safe from any thread, and twice."""
        self._process.kill()

    def close(self) -> None:
        """Kill the process, wait for its end and free the pipe."""
        self._process.kill()
        self._process.wait()
        self._channel.close()

    def _receive(self, limits: Limits) -> Any:
        try:
            if not self._channel.poll(_WATCH_SECONDS):
                self._watch(limits)
            return self._channel.recv()
        except (EOFError, OSError):
            raise WorkerDiedError(self._cause_of_death()) from None

    def _watch(self, limits: Limits) -> None:
        """Wait until there is something to receive, be it the end; kill the process when it breaks a limit."""
        try:
            process = psutil.Process(self._process.pid)
            began, used = time.monotonic(), _processor_seconds(process)
            while not self._channel.poll(_WATCH_SECONDS):
                if process.memory_info().rss > limits.memory:
                    self._process.kill()
                    raise WorkerMemoryError(f"memory: took more than {limits.memory >> 20:,} MB")
                if _processor_seconds(process) - used > limits.seconds:
                    self._process.kill()
                    raise WorkerTimeoutError(f"time: took more than {limits.seconds:g} s of processor time")
                if time.monotonic() - began > limits.wall:
                    self._process.kill()
                    raise WorkerTimeoutError(f"time: took longer than {limits.wall:g} s")
        except psutil.Error:  # it is gone; receiving says how
            return

    def _cause_of_death(self) -> str:
        try:
            code = self._process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:  # it closed its pipe and lives on
            self._process.kill()
            code = self._process.wait()
        return f"worker died ({f'signal {-code}' if code < 0 else f'exit code {code}'})"


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def serve(channel_fd: int, parent_pid: int) -> None:
    """The worker's side: answer calls until the parent closes the pipe."""
    _die_with_parent(parent_pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(_ENVIRONMENT)  # before numeric libraries are loaded and read it

    from ingest.pdf_file import silence_mupdf

    silence_mupdf()  # imports MuPDF as well, so that no page's time limit pays for it
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)

    channel = Connection(channel_fd)
    channel.send(_Done())
    while True:
        try:
            call = channel.recv()
            for value in call.function(*call.arguments):
                channel.send(_Item(value))
            channel.send(_Done())
        except (EOFError, BrokenPipeError):  # the parent is done with this worker
            return
        except Exception as error:
            channel.send(_failure(error))


def _failure(error: Exception) -> _Failed:
    from ingest.parser import describe

    return _Failed(describe(error), isinstance(error, InputError))


def _die_with_parent(parent_pid: int) -> None:
    """Linux: the kernel kills this process when its parent dies. Elsewhere it ends at its next message."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:  # it died before the line above
            os._exit(1)
