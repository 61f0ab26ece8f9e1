"""Small file operations that survive a kill at any instant: atomic writes, folder swaps, full disks named.

Knows nothing of what the files mean.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import StoreError

HALF_BUILT = ".new"
REPLACED = ".old"


def sync_path(path: Path) -> None:
    """Make a file's bytes durable, or a folder's renames, creations and removals."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` by `data`: a reader sees the old bytes or the new ones, never a part."""
    temporary = path.with_name(path.name + HALF_BUILT)
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_path(path.parent)


def half_built(folder: Path) -> Path:
    """An empty folder beside `folder`, to build its successor in."""
    fresh = folder.with_name(folder.name + HALF_BUILT)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    return fresh


def swap_folder(folder: Path) -> None:
    """Put the finished `half_built(folder)` in the place of `folder`, which need not exist.

    Folders cannot be exchanged in one step everywhere, so there are two renames; `settle_folder` completes
    the second when a kill falls between them.
    """
    old = folder.with_name(folder.name + REPLACED)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.rename(folder, old)
    os.rename(folder.with_name(folder.name + HALF_BUILT), folder)
    sync_path(folder.parent)
    if old.exists():
        shutil.rmtree(old)


def settle_folder(folder: Path) -> None:
    """Undo or complete a swap that was killed. Leaves `folder` whole, and nothing beside it."""
    old = folder.with_name(folder.name + REPLACED)
    fresh = folder.with_name(folder.name + HALF_BUILT)
    if not folder.exists() and old.exists():
        # The old folder was moved away, which happens only when the new one was finished.
        os.rename(fresh if fresh.exists() else old, folder)
        sync_path(folder.parent)
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def tree_bytes(root: Path) -> int:
    """Bytes of all files below `root` (or of the file `root`); 0 when there is none."""
    if root.is_file():
        return root.stat().st_size
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Turn the system's refusal to write (full disk, quota, no rights) into a `StoreError` of one line."""
    try:
        yield
    except OSError as error:
        raise disk_error(what, error) from error


def disk_error(what: str, error: OSError) -> StoreError:
    """The `StoreError` for `error`, met while doing `what`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(
            f"the disk is full ({what}): free some space and run the command again; nothing stored is harmed"
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreError(
            f"no right to write ({what}): {error.strerror}: {error.filename}; give this user the right: a library is "
            "written to whenever it is opened"
        )
    return StoreError(f"the disk refused ({what}): {error}; check the disk and run the command again")
