"""`add`, `sync`, `documents`, `remove`: what is in the library."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.errors import FAILED, drop_stdout, say
from pipeline.cli.invocation import Invocation, command
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.indexing import AddReport


Passwords = Annotated[
    list[str] | None,
    typer.Option("--password", help="Tried on encrypted files; repeatable. Others can see it: prefer a file of them."),
]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="A file of passwords, one a line, tried on encrypted files.")
]


def register(app: typer.Typer) -> None:
    command(app, "add")(add)
    command(app, "sync")(sync)
    command(app, "documents")(documents)
    command(app, "remove")(remove)


def add(
    invocation: Invocation,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders.")],
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Read pages again that failed before.")] = False,
    password: Passwords = None,
    password_file: PasswordFile = None,
) -> int:
    """Add documents: PDF, images, XPS, e-books, SVG and plain text, and all of them in folders.

    Files that are in the library already are left as they are. A run that was interrupted goes on where it stopped.
    """
    from ingest.files import find_files
    from pipeline.cli.output import AddLine
    from pipeline.cli.watching import watcher

    files = find_files(paths)  # looked at first, so that a mistyped path makes no library
    passwords = _passwords(password, password_file)
    with invocation.open(create=True) as library, watcher() as progress:
        reports = library.add(files, retry_failed=retry_failed, passwords=passwords, progress=progress)
        return _follow(invocation, reports, lambda report: invocation.write(AddLine.of(report)))


def sync(
    invocation: Invocation,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that the library is to mirror.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    password: Passwords = None,
    password_file: PasswordFile = None,
) -> int:
    """Make the library equal to a folder: added, changed, moved and removed files."""
    from pipeline.cli.output import SyncLine
    from pipeline.cli.watching import watcher

    if not folder.is_dir():  # looked at first, so that a mistyped path makes no library
        raise InputError(f"{folder}: no such folder; check the path")
    passwords = _passwords(password, password_file)
    if dry_run and not invocation.has_library():
        raise InputError(f"there is no library yet: `recto sync {folder}` without --dry-run makes one of all its files")
    with invocation.open(create=not dry_run) as library, watcher() as progress:
        reports = library.sync(folder, dry_run=dry_run, passwords=passwords, progress=progress)
        return _follow(invocation, reports, lambda report: invocation.write(SyncLine.of(report)))


def _passwords(given: list[str] | None, file: Path | None) -> list[str]:
    """Raises `InputError` for a file that cannot be read. A blank within a line belongs to the password."""
    if file is None:
        return given or []
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InputError(f"{file}: the passwords cannot be read ({reason}); check the file") from None
    return [*(given or []), *filter(None, lines)]


def _follow(invocation: Invocation, reports: Iterator[AddReport], write: Callable[[AddReport], None]) -> int:
    """Show each report as it comes, then the counts; 1 when a file is failed or partial."""
    from pipeline.cli.human import outcome, show_report

    started = time.perf_counter()
    counts: Counter[str] = Counter()
    pages = troubles = 0
    for report in reports:
        counts[outcome(report)] += 1
        troubles += report.status in ("partial", "failed")
        pages += report.pages if report.status != "unchanged" else 0
        try:
            if invocation.as_json:
                write(report)
            else:
                show_report(invocation.console, report)
        except BrokenPipeError:
            drop_stdout()
            say("nobody reads the output any more; the files are added all the same")
    seconds = time.perf_counter() - started
    said = ", ".join(f"{count} {word}" for word, count in sorted(counts.items())) or "no files"
    speed = f"; {pages:,} pages in {seconds:.1f} s ({pages / seconds:.1f} pages/s)" if pages else ""
    say(said + speed)
    return FAILED if troubles else 0


def documents(invocation: Invocation) -> int:
    """List the documents of the library."""
    from pipeline.cli.output import DocumentLine

    with invocation.open() as library:
        lines = [DocumentLine.of(row, library.issues(row.info.document_id)) for row in library.documents()]
    if invocation.as_json:
        for line in lines:
            invocation.write(line)
    else:
        from pipeline.cli.human import show_documents

        show_documents(invocation.console, lines)
    return 0


def remove(
    invocation: Invocation,
    references: Annotated[
        list[str], typer.Argument(metavar="DOCUMENT...", help="Document ids, their beginnings, or file names.")
    ],
) -> int:
    """Remove documents from every store of the library; the files they came from are not touched."""
    from pipeline.cli.output import DocumentLine

    with invocation.open() as library:
        issues = {
            row.info.document_id: library.issues(row.info.document_id) for row in map(library.resolve, references)
        }
        for row in library.remove(*references):
            line = DocumentLine.of(row, issues[row.info.document_id])
            if invocation.as_json:
                invocation.write(line)
            else:
                invocation.console.print(f"removed {line.name} ({line.document_id}, {line.pages} pages)", markup=False)
    return 0
