"""Archives of data sets, unpacked so that nothing but their own folder is written. Downloads nothing."""

from __future__ import annotations

import shutil
import stat
import tarfile
import zipfile
from pathlib import Path, PureWindowsPath

from eval.errors import EvaluationError


def unpack(archive: Path, *, again: bool = False) -> Path | None:
    """The folder beside the archive, of its name, that holds what was in it; None for a file that is no archive.

    Nothing is written outside that folder, no link is made, and not more than the disk has room for: an archive that
    asks for it is an `EvaluationError`. Made whole or not at all; `again` replaces what is there.
    """
    name = archive.name
    ending = next((ending for ending in (".zip", ".tar.gz", ".tgz", ".tar") if name.endswith(ending)), None)
    if ending is None:
        return None
    target = archive.with_name(name.removesuffix(ending))
    if target.is_dir() and not again:
        return target
    part = archive.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        _extract_zip(archive, part) if ending == ".zip" else _extract_tar(archive, part)
    except (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, NotImplementedError, RuntimeError) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise EvaluationError(f"{archive} cannot be unpacked: {error}") from None
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(target, ignore_errors=True)
    part.replace(target)
    return target


def _extract_zip(archive: Path, part: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        members = [member for member in file.infolist() if not member.is_dir()]
        _refuse_if_too_large(archive, sum(member.file_size for member in members))
        for member in members:
            _refuse_if_outside(archive, member.filename)
            if stat.S_ISLNK(member.external_attr >> 16):
                raise EvaluationError(f"{archive} holds a link, {member.filename}: it is not unpacked")
            file.extract(member, part)


def _extract_tar(archive: Path, part: Path) -> None:
    with tarfile.open(archive) as file:
        members = file.getmembers()
        _refuse_if_too_large(archive, sum(member.size for member in members))
        for member in members:
            _refuse_if_outside(archive, member.name)
            if not (member.isfile() or member.isdir()):
                raise EvaluationError(f"{archive} holds a link or device, {member.name}: it is not unpacked")
        file.extractall(part, members, filter="data")


def _refuse_if_outside(archive: Path, name: str) -> None:
    path = PureWindowsPath(name)  # knows both kinds of slash, and drives
    if path.root or path.drive or ".." in path.parts:
        raise EvaluationError(f"{archive} asks to be written outside its folder ({name}): it is not unpacked")


def _refuse_if_too_large(archive: Path, size: int) -> None:
    free = shutil.disk_usage(archive.parent).free
    if size > free:
        raise EvaluationError(f"{archive} unpacks to {size / 1e9:.1f} GB and the disk has {free / 1e9:.1f} GB left")
