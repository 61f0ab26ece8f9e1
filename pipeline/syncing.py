"""Makes a library equal to a folder: what was added, changed, moved, removed. Owns the comparison, not the doing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import InputError
from ingest.files import identify
from pipeline.indexing import AddReport
from pipeline.progress import Progress
from pipeline.stores.rows import SEARCHABLE, DocumentRow

if TYPE_CHECKING:
    from pipeline.library import Library


def sync(
    library: Library, folder: Path, *, dry_run: bool, passwords: Sequence[str], progress: Progress | None
) -> Iterator[AddReport]:
    """One report a file. The same bytes at another place only are `moved`: nothing is read or embedded again.

    New bytes at a known place are `changed`: the new document is added before the old one is removed. Documents that
    are not in the folder are `removed`. Files with the bytes of another are `unchanged` and say of which. A file that
    cannot be read is `failed`, and stays on the list of documents. Raises `InputError` when the folder is missing.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; check the path")
    rows = {row.info.document_id: row for row in library.documents()}
    places, unreadable = _look(library.files([folder]))
    known_places = {row.path for row in rows.values() if row.status in SEARCHABLE}
    wanted = dict.fromkeys(unreadable, "added")
    for document_id, paths in places.items():
        row = rows.get(document_id)
        if row is None or row.status not in SEARCHABLE:
            wanted |= {path: "changed" if path in known_places else "added" for path in paths}
            continue
        home = row.path if row.path in paths else paths[0]
        if home != row.path and not dry_run:
            library.move(document_id, Path(home))
        yield _report(row, home, "unchanged" if home == row.path else "moved")
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
    gone = [row for row in rows.values() if row.info.document_id not in places and not _still_failed(row, unreadable)]
    if gone and not dry_run:  # a file that failed before and is whole now has taken the place of its failure
        there = {row.info.document_id for row in library.documents()}
        library.remove(*(row.info.document_id for row in gone if row.info.document_id in there))
    yield from (_report(row, row.path, "removed") for row in gone if row.path not in wanted)


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


def _still_failed(row: DocumentRow, unreadable: Mapping[str, str]) -> bool:
    return row.status == "failed" and row.path in unreadable


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
