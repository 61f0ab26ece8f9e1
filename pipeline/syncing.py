"""Makes a library equal to a folder: what was added, changed, moved, removed. Owns the comparison, not the doing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import InputError
from ingest.files import identify
from pipeline.indexing import AddReport
from pipeline.progress import Progress
from pipeline.stores.database import storable
from pipeline.stores.rows import SEARCHABLE, DocumentRow

if TYPE_CHECKING:
    from pipeline.library import Library


def sync(
    library: Library, folder: Path, *, dry_run: bool, passwords: Sequence[str], progress: Progress | None
) -> Iterator[AddReport]:
    """One report a file. The same bytes at another place only are `moved`: nothing is read or embedded again.

    New bytes at a known place are `changed`: the new document is added before the old one is removed. Documents that
    are not in the folder are `removed`. Files with the bytes of another are `unchanged` and say of which. A file that
    cannot be read is `failed`, and stays on the list of documents, beside what it was when it could be read: it may be
    in the middle of being copied, or on a drive that is away. Raises `InputError` when the folder is missing.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; check the path")
    rows = {row.info.document_id: row for row in library.documents()}
    places, unreadable = _look(library.files([folder]))
    known_places = {row.path for row in rows.values() if row.status in SEARCHABLE}
    # The catalog holds no path that is not UTF-8: paths are compared as it stores them.
    wanted = {path: "changed" if storable(path) in known_places else "added" for path in unreadable}
    failed: set[str] = set()
    for document_id, paths in places.items():
        row = rows.get(document_id)
        if row is None or row.status not in SEARCHABLE:
            wanted |= {path: "changed" if storable(path) in known_places else "added" for path in paths}
            continue
        home = next((path for path in paths if storable(path) == row.path), paths[0])
        moved = storable(home) != row.path
        if moved and not dry_run:
            library.move(document_id, Path(home))
        yield _report(row, home, "moved" if moved else "unchanged")
        for path in paths:
            if path != home:
                yield _report(row, path, "unchanged", f"same bytes as {home}")
    if dry_run:
        for path, change in wanted.items():
            error = unreadable.get(path, "")
            yield AddReport(path, "", "failed" if error else "unchanged", error=error, change=change)
    elif wanted:
        for report in library.add(list(wanted), passwords=passwords, progress=progress):
            yield replace(report, change="unchanged" if report.status == "unchanged" else wanted[report.path])
            if report.status == "failed":
                failed.add(storable(report.path))
    away = set(map(storable, unreadable))
    gone = [
        row
        for row in rows.values()
        if row.info.document_id not in places
        and row.path not in away
        and not (row.status in SEARCHABLE and row.path in failed)
    ]
    if gone and not dry_run:  # a file that failed before and is whole now has taken the place of its failure
        there = {row.info.document_id for row in library.documents()}
        library.remove(*(row.info.document_id for row in gone if row.info.document_id in there))
    replaced = set(map(storable, wanted))
    present = {storable(path) for paths in places.values() for path in paths}
    for row in gone:
        if row.path not in replaced and not (row.status == "failed" and row.path in present):
            yield _report(row, row.path, "removed")


def _look(files: Sequence[Path]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """(the paths of each document's bytes, the reason for each file that cannot be read)."""
    places: dict[str, list[str]] = {}
    unreadable: dict[str, str] = {}
    for path in files:
        try:
            places.setdefault(identify(path).document_id, []).append(str(path))
        except InputError as error:
            unreadable[str(path)] = str(error)
    return places, unreadable


def _report(row: DocumentRow, path: str, change: str, error: str = "") -> AddReport:
    return AddReport(
        path,
        row.info.document_id,
        "unchanged",
        row.info.page_count,
        chunks=row.chunks,
        page_vectors=row.page_vectors,
        error=error,
        change=change,
    )
