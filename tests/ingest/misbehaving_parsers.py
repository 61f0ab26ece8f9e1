"""Parse functions for the pool's tests, importable by worker processes. Each takes what `iter_pages` takes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from ingest.document import DocumentInfo, Page
from ingest.errors import InputError
from ingest.files import FileIdentity
from ingest.settings import IngestSettings

CRASHING, HANGING, RAISING, KILLED, HUNGRY = 3, 5, 7, 11, 2


def _page(page_index: int, label: str = "") -> Page:
    return Page(page_index, label or str(page_index + 1), 100.0, 100.0)


def sound(path: Path, media_type: str, page_indices: tuple[int, ...], settings: IngestSettings) -> Iterator[Page]:
    """Every page, labelled with the process that parsed it."""
    for page_index in page_indices:
        yield _page(page_index, str(os.getpid()))


def noisy(path: Path, media_type: str, page_indices: tuple[int, ...], settings: IngestSettings) -> Iterator[Page]:
    print("printed by python")
    os.system("echo printed by a child; echo complaint >&2")
    os.write(2, b"printed by a library")
    yield from sound(path, media_type, page_indices, settings)


def slow(path: Path, media_type: str, page_indices: tuple[int, ...], settings: IngestSettings) -> Iterator[Page]:
    """Leaves its process id beside the file, then takes minutes."""
    Path(f"{path}.{os.getpid()}.pid").touch()
    time.sleep(300)
    yield from sound(path, media_type, page_indices, settings)


def misbehaving(path: Path, media_type: str, page_indices: tuple[int, ...], settings: IngestSettings) -> Iterator[Page]:
    """Crashes, hangs, raises or is killed on certain pages; sound on all others."""
    for page_index in page_indices:
        if page_index == CRASHING:
            os.kill(os.getpid(), signal.SIGSEGV)
        if page_index == KILLED:
            os.kill(os.getpid(), signal.SIGKILL)
        if page_index == HANGING:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
            time.sleep(300)
        if page_index == RAISING:
            raise ValueError("no such\nluck")
        yield _page(page_index)


def crashing_once(
    path: Path, media_type: str, page_indices: tuple[int, ...], settings: IngestSettings
) -> Iterator[Page]:
    """Dies at its first page the first time it is called for a file."""
    mark = Path(f"{path}.crashed")
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGSEGV)
    yield from sound(path, media_type, page_indices, settings)


def forgetful(path: Path, media_type: str, page_indices: tuple[int, ...], settings: IngestSettings) -> Iterator[Page]:
    """Skips odd pages."""
    for page_index in page_indices:
        if page_index % 2 == 0:
            yield _page(page_index)


def hungry(path: Path, media_type: str, page_indices: tuple[int, ...], settings: IngestSettings) -> Iterator[Page]:
    """Page `HUNGRY` takes ever more memory."""
    for page_index in page_indices:
        taken = []
        while page_index == HUNGRY:
            taken.append(bytearray(b"x") * (16 << 20))
            time.sleep(0.01)
        yield _page(page_index, str(os.getpid()))


def busy(path: Path, media_type: str, page_indices: tuple[int, ...], settings: IngestSettings) -> Iterator[Page]:
    """Page 0 computes for ever, page 1 waits longer than it may compute."""
    for page_index in page_indices:
        while page_index == 0:
            pass
        if page_index == 1:
            time.sleep(3)
        yield _page(page_index)


def info(path: Path, identity: FileIdentity, working_copy: Path | None, passwords: tuple[str, ...]) -> DocumentInfo:
    if path.name == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if path.name == "hang":
        time.sleep(300)
    if path.name == "locked":
        raise InputError(f"{path}: is encrypted")
    if path.name == "odd":
        raise KeyError("Root")
    return DocumentInfo(identity.document_id, path.name, identity.media_type, identity.byte_count, 1)
