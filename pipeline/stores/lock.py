"""One process owns a library at a time. Owns the lock file and the note that says who holds it.

The lock is the operating system's (`fcntl` through `filelock`), so it dies with its process. The note is
only read when the lock is refused: one left behind by a killed process means nothing.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from datetime import UTC, datetime
from types import TracebackType

from filelock import FileLock, Timeout

from pipeline.errors import StoreError
from pipeline.stores.durable import disk_errors
from pipeline.stores.layout import LibraryPaths


class LibraryLock:
    """Context manager that holds the library. Entering raises `StoreError` when another process holds it."""

    def __init__(self, paths: LibraryPaths) -> None:
        self._paths = paths
        self._note = paths.lock / "holder.json"
        self._lock = FileLock(paths.lock / "lock", timeout=0, thread_local=False)

    def __enter__(self) -> LibraryLock:
        with disk_errors("taking the library's lock"):
            self._paths.lock.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout:
                raise StoreError(self._refusal()) from None
            holder = {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "command": " ".join(sys.argv) or sys.executable,
                "since": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            try:
                self._note.write_text(json.dumps(holder), encoding="utf-8")
            except OSError:
                self._lock.release()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock.is_locked:
            self._note.unlink(missing_ok=True)
            self._lock.release()

    def _refusal(self) -> str:
        library = f"the library {self._paths.root} is in use"
        remedy = "wait until it ends, or stop it; one process can use a library at a time"
        try:
            holder = json.loads(self._note.read_text(encoding="utf-8"))
            who = f"process {holder['pid']} on {holder['host']} (`{holder['command']}`) since {holder['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            return f"{library} by another process: {remedy}"
        return f"{library} by {who}: {remedy}"
