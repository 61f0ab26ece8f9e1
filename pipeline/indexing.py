"""Files into the stores: parse in worker processes, embed in batches, commit in groups of pages.

The commit rule: parsed pages are durable window by window; vectors, words and bags are written first, the page's
catalog row after them, the document's `ready` last. Every write is keyed by content, so what a killed run wrote
twice is the same thing written over. A run that starts again takes up at the first page that is not durable.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ingest.chunking import chunk_document
from ingest.document import DocumentInfo, PageIssue
from ingest.errors import InputError
from ingest.files import FileIdentity, identify
from ingest.parser import lost_page
from ingest.settings import ChunkSettings
from ingest.structure import finish_document
from ingest.workers import ParseResult, ParserPool, ParseTask
from pipeline.captioning import Captioner
from pipeline.progress import NoProgress, Progress
from pipeline.stores.rows import SEARCHABLE, DocumentRow, Status
from pipeline.writing import IndexWriter, PreparedPage

PAGE_WINDOW = 16
"""Pages parsed by one task and made durable together: what a kill can cost."""
WINDOWS_IN_FLIGHT = 4
"""Parse tasks given out ahead of need, a worker: bounds memory whatever the length of a document."""

NO_WORDS = "no words were found on any page, so no question can find it"


@dataclass(frozen=True, slots=True)
class AddReport:
    """What became of one file. `pages` counts the file's pages; `chunks` and `page_vectors` what was stored.

    `notices`: what is worth knowing of its pages though nothing failed, such as hidden text that was left out.
    `seconds`: from when it was taken up to when it was done, beside others; `worker_seconds`: what its pages took.
    """

    path: str
    document_id: str
    status: str
    pages: int = 0
    pages_failed: tuple[PageIssue, ...] = ()
    chunks: int = 0
    page_vectors: int = 0
    seconds: float = 0.0
    error: str = ""
    change: str = ""
    notices: tuple[PageIssue, ...] = ()
    worker_seconds: float = 0.0


@dataclass
class _Job:
    """A document on its way: windows not given out yet, windows being parsed, pages not committed yet.

    `seconds`: of the workers.
    """

    path: Path
    identity: FileIdentity
    started: float
    info: DocumentInfo
    windows: deque[tuple[int, ...]]
    parsing: int = 0
    unwritten: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Opening:
    """A file whose worker is finding out what it is."""

    path: Path
    identity: FileIdentity
    started: float


class Indexer:
    """Adds files to a library. Made for one `add`; not for several threads."""

    def __init__(
        self, writer: IndexWriter, pool: ParserPool, chunking: ChunkSettings, captioner: Captioner | None = None
    ) -> None:
        self._writer = writer
        self._catalog = writer.stores.catalog
        self._originals = writer.stores.originals
        self._pool = pool
        self._chunking = chunking
        self._captioner = captioner
        self._group_pages = writer.embedders.pages.group_pages
        self._seen: dict[str, Path] = {}
        self._opening: dict[Future[DocumentInfo], _Opening] = {}
        self._parsing: dict[Future[ParseResult], _Job] = {}
        self._jobs: deque[_Job] = deque()
        self._group: list[tuple[_Job, PreparedPage]] = []
        self._known_pages = 0
        self.seconds: dict[str, float] = defaultdict(float)
        """Seconds of the calling thread: "identify", "wait" (for the parsers), "chunk", "embed", "store"."""

    def add(
        self, paths: Sequence[Path], *, retry_failed: bool = False, progress: Progress | None = None
    ) -> Iterator[AddReport]:
        """One report a file, in the order finished. Trouble with one file never stops the others."""
        watcher = progress or NoProgress()
        if retry_failed:
            self._forget_unready(paths)
        waiting = deque(paths)
        room = WINDOWS_IN_FLIGHT * self._pool.processes
        try:
            while waiting or self._opening or self._jobs or self._group:
                while waiting and len(self._opening) + len(self._jobs) < room:
                    yield from self._open(waiting.popleft())
                self._give_out(room)
                idle = not (waiting or self._opening or self._parsing)
                if len(self._group) >= self._group_pages or (self._group and idle):
                    yield from self._commit(watcher)
                else:
                    yield from self._collect(watcher)
        finally:
            watcher.finish()

    def _forget_unready(self, paths: Sequence[Path]) -> None:
        """Documents that did not become ready are read from the start: what was lost may change headings and chunks
        around it. All at once, because every removal rebuilds the words of the whole library."""
        infos = [row.info for row in self._catalog.documents() if row.status != "ready"]
        sizes = {one.document_id: one.byte_count for one in infos if self._catalog.has_pages(one.document_id)}
        possible, again = set(sizes.values()), set()
        for path in paths:
            with suppress(InputError, OSError), self._timed("identify"):  # `_open` says what is wrong with the file
                if path.stat().st_size in possible:
                    again.add(identify(path).document_id)
        self._writer.stores.remove_documents(sorted(again & sizes.keys()), to_reread=True)

    def _open(self, path: Path) -> Iterator[AddReport]:
        """Identify the file; hand it to a worker unless it is in the library already or cannot be used."""
        started = time.perf_counter()
        try:
            with self._timed("identify"):
                identity = identify(path)
                known = self._catalog.document(identity.document_id)
                if identity.document_id in self._seen:
                    yield _unchanged(path, identity, known, f"same bytes as {self._seen[identity.document_id]}")
                    return
                self._seen[identity.document_id] = path
                if known and known.status in SEARCHABLE:
                    self._originals.add(path, identity)  # where it was lost
                    self._catalog.forget_failures(str(path), identity.document_id)
                    yield _unchanged(path, identity, known)
                    return
                original = self._originals.add(path, identity)
        except InputError as error:
            yield self._failed(path, None, started, error)
            return
        working_copy = self._originals.working_copy(identity.document_id)
        future = self._pool.read_info(original, replace(identity, path=path), working_copy)
        self._opening[future] = _Opening(path, identity, started)

    def _give_out(self, room: int) -> None:
        """Parse tasks to the workers, the oldest document first."""
        for job in self._jobs:
            if job.seconds > self._pool.document_seconds:
                self._give_up(job)
            while job.windows and len(self._parsing) < room:
                readable = self._originals.readable(job.identity.document_id)
                task = ParseTask(readable, job.identity, job.windows.popleft())
                self._parsing[self._pool.submit(task)] = job
                job.parsing += 1

    def _give_up(self, job: _Job) -> None:
        """The pages that no worker has yet are lost: the document has had its time."""
        why = f"time: the document took more than {self._pool.document_seconds:g} s"
        while job.windows:
            pages = [lost_page(page_index, why) for page_index in job.windows.popleft()]
            self._catalog.save_parsed(job.info.document_id, pages)

    def _collect(self, watcher: Progress) -> Iterator[AddReport]:
        """Wait for the workers, keep what they bring, prepare the documents that are parsed whole."""
        pending: list[Future[Any]] = [*self._opening, *self._parsing]
        with self._timed("wait"):
            wait(pending, return_when=FIRST_COMPLETED)
        for opened in [future for future in self._opening if future.done()]:
            yield from self._begin(self._opening.pop(opened), opened, watcher)
        for parsed in [future for future in self._parsing if future.done()]:
            job, result = self._parsing.pop(parsed), parsed.result()
            self._catalog.save_parsed(job.info.document_id, result.pages)
            watcher.advance("parse", len(result.pages))
            job.parsing -= 1
            job.seconds += result.seconds
        for job in [job for job in self._jobs if not job.windows and not job.parsing]:
            self._jobs.remove(job)
            with self._timed("chunk"):
                prepared = self._prepare(job)
            self._group += [(job, page) for page in prepared]
            if not prepared:  # a killed run had written every page, but not said so
                self._writer.commit_words()
                yield self._close(job)

    def _begin(self, file: _Opening, opened: Future[DocumentInfo], watcher: Progress) -> Iterator[AddReport]:
        try:
            info = opened.result()
        except InputError as error:
            self._originals.remove(file.identity.document_id)
            yield self._failed(file.path, file.identity, file.started, error)
            return
        self._catalog.begin_document(info, str(file.path))
        missing = self._catalog.unparsed_pages(info.document_id)
        windows = deque(tuple(missing[i : i + PAGE_WINDOW]) for i in range(0, len(missing), PAGE_WINDOW))
        self._jobs.append(_Job(file.path, file.identity, file.started, info, windows))
        parsed = len(self._catalog.unindexed_pages(info.document_id))  # by a run that was killed
        self._known_pages += parsed + len(missing)
        watcher.start(self._known_pages)
        watcher.advance("parse", parsed)

    def _prepare(self, job: _Job) -> list[PreparedPage]:
        """Furniture, headings and chunks of a whole document; the pages that still have to be written."""
        document_id = job.info.document_id
        job.info, pages = finish_document(job.info, self._catalog.parsed_pages(document_id))
        self._catalog.set_info(job.info)
        missing = set(self._catalog.unindexed_pages(document_id))
        if self._captioner is not None:
            describe = self._captioner.describe
            pages = [describe(job.info, page) if page.page_index in missing else page for page in pages]
        chunks = chunk_document(job.info, pages, self._writer.embedders.text.count_tokens, self._chunking)
        self._writer.begin(job.info, pages)
        prepared = [
            PreparedPage(job.info, page, tuple(own))
            for page, own in zip(pages, chunks, strict=True)
            if page.page_index in missing
        ]
        job.unwritten = len(prepared)
        return prepared

    def _commit(self, watcher: Progress) -> Iterator[AddReport]:
        group, self._group = self._group[: self._group_pages], self._group[self._group_pages :]
        seconds = self._writer.write([page for _, page in group])
        for stage, spent in seconds.items():
            self.seconds[stage] += spent
        watcher.advance("embed", len(group))
        watcher.advance("store", len(group))
        for job, _ in group:
            job.unwritten -= 1
            if not job.unwritten:
                yield self._close(job)

    def _close(self, job: _Job) -> AddReport:
        """Every page is written: count the rows, then say what the document has become."""
        row = self._catalog.document(job.info.document_id)
        assert row is not None
        issues = self._catalog.issues(job.info.document_id)
        lost = [issue for issue in issues if issue.lost]
        status: Status = "ready"
        error = ""
        if row.pages_lost == job.info.page_count:
            status, error = "failed", f"every page failed; the first: {lost[0].error}"
        elif row.chunks == 0 and row.page_vectors == 0:
            status, error = "partial", NO_WORDS
        elif lost:
            status, error = "partial", f"{row.pages_lost} of {job.info.page_count} pages failed"
        self._catalog.set_status(job.info.document_id, status, error)
        return AddReport(
            str(job.path),
            job.info.document_id,
            status,
            job.info.page_count,
            tuple(issue for issue in issues if not issue.is_notice),
            row.chunks,
            row.page_vectors,
            time.perf_counter() - job.started,
            error,
            notices=tuple(issue for issue in issues if issue.is_notice),
            worker_seconds=job.seconds,
        )

    def _failed(self, path: Path, identity: FileIdentity | None, started: float, error: InputError) -> AddReport:
        self._catalog.record_failed(str(path), str(error), identity)
        document_id = identity.document_id if identity else ""
        return AddReport(str(path), document_id, "failed", seconds=time.perf_counter() - started, error=str(error))

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - started


def _unchanged(path: Path, identity: FileIdentity, known: DocumentRow | None, why: str = "") -> AddReport:
    if known is None:
        return AddReport(str(path), identity.document_id, "unchanged", error=why)
    return AddReport(
        str(path),
        identity.document_id,
        "unchanged",
        known.info.page_count,
        chunks=known.chunks,
        page_vectors=known.page_vectors,
        error=why,
    )
