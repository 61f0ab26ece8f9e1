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
from pipeline.stores.rows import SEARCHABLE, DocumentRow

if TYPE_CHECKING:
    from pipeline.library import Library


def sync(
    library: Library, folder: Path, *, dry_run: bool, passwords: Sequence[str], progress: Progress | None
) -> Iterator[AddReport]:
    """One report a file. The same bytes at another place are `moved`: nothing is read or embedded again.

    New bytes at a known place are `changed`: the new document is added before the old one is removed. Documents that
    are not in the folder are `removed`. Raises `InputError` when the folder is missing.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; check the path")
    rows = {row.info.document_id: row for row in library.documents()}
    by_path = {row.path: row for row in rows.values()}
    kept: set[str] = set()
    wanted: dict[str, str] = {}
    for path in library.files([folder]):
        try:
            document_id = identify(path).document_id
        except InputError as error:
            yield AddReport(str(path), "", "failed", error=str(error), change="added")
            continue
        known = rows.get(document_id)
        if known is None or known.status not in SEARCHABLE:
            if document_id not in kept:
                wanted[str(path)] = "changed" if str(path) in by_path else "added"
        elif known.path == str(path) or document_id in kept:
            yield _report(known, str(path), "unchanged")
        else:
            if not dry_run:
                library.move(document_id, path)
            yield _report(known, str(path), "moved")
        kept.add(document_id)
    if dry_run:
        yield from (AddReport(path, "", "unchanged", change=change) for path, change in wanted.items())
    elif wanted:
        for report in library.add(list(wanted), passwords=passwords, progress=progress):
            yield replace(report, change=wanted.get(report.path, "added"))
    gone = [row for row in rows.values() if row.info.document_id not in kept]
    if gone and not dry_run:
        library.remove(*(row.info.document_id for row in gone))
    yield from (_report(row, row.path, "removed") for row in gone if row.path not in wanted)


def _report(row: DocumentRow, path: str, change: str) -> AddReport:
    return AddReport(
        path, row.info.document_id, "unchanged", row.info.page_count, (), row.chunks, row.page_vectors, change=change
    )
