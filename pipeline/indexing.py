"""Files into the stores: parse in worker processes, embed in batches, commit in groups of pages.

The commit rule: parsed pages are durable window by window; vectors, words and bags are written first, the page's
catalog row after them, the document's `ready` last. Every write is keyed by content, so what a killed run wrote
twice is the same thing written over. A run that starts again takes up at the first page that is not durable.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.chunking import chunk_document
from ingest.document import Chunk, DocumentInfo, Page, PageIssue
from ingest.errors import InputError
from ingest.files import FileIdentity, identify
from ingest.settings import ChunkSettings
from ingest.structure import finish_document
from ingest.workers import ParserPool, ParseResult, ParseTask
from pipeline.progress import NoProgress, Progress
from pipeline.writing import IndexWriter, PreparedPage

PAGE_WINDOW = 16
"""Pages parsed by one task and made durable together: what a kill can cost."""
GROUP_PAGES = 256
"""Pages embedded and committed together: larger groups fill batches better, smaller ones lose less to a kill."""
WINDOWS_IN_FLIGHT = 4
"""Parse tasks given out ahead of need, a worker: bounds memory whatever the length of a document."""

NO_WORDS = "no words were found on any page, so no question can find it"


@dataclass(frozen=True, slots=True)
class AddReport:
    """What became of one file. `pages` counts the file's pages; `chunks` and `page_vectors` what was stored."""

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


@dataclass
class _Job:
    """A document on its way. `waiting` windows are not parsed yet; `unwritten` pages not committed yet."""

    path: Path
    identity: FileIdentity
    started: float
    info: DocumentInfo
    windows: deque[tuple[int, ...]]
    parsing: int = 0
    unwritten: int = 0
    issues: list[PageIssue] = field(default_factory=list)


class Indexer:
    """Adds files to a library. One `add` at a time; not for several threads."""

    def __init__(self, writer: IndexWriter, pool: ParserPool, chunking: ChunkSettings) -> None:
        self._writer = writer
        self._catalog = writer.stores.catalog
        self._originals = writer.stores.originals
        self._pool = pool
        self._chunking = chunking
        self.seconds: Counter[str] = Counter()
        """Seconds of the calling thread by stage: "identify", "wait" (for the parsers), "chunk", "embed", "store"."""

    def add(
        self, paths: Sequence[Path], *, retry_failed: bool = False, progress: Progress | None = None
    ) -> Iterator[AddReport]:
        """One report a file, in the order finished. Trouble with one file never stops the others."""
        watcher = progress or NoProgress()
        self._total = 0
        try:
            yield from self._run(deque(paths), retry_failed, watcher)
        finally:
            watcher.finish()

    def _run(self, waiting: deque[Path], retry_failed: bool, watcher: Progress) -> Iterator[AddReport]:
        seen: dict[str, Path] = {}
        opening: dict[Future[DocumentInfo], tuple[Path, FileIdentity, float]] = {}
        parsing: dict[Future[ParseResult], _Job] = {}
        jobs: deque[_Job] = deque()
        group: list[tuple[_Job, PreparedPage]] = []
        room = WINDOWS_IN_FLIGHT * self._pool.processes

        while waiting or opening or parsing or jobs or group:
            while waiting and len(opening) + len(jobs) + len(parsing) < room:
                yield from self._open(waiting.popleft(), seen, opening, retry_failed)
            while len(parsing) < room and (job := next((j for j in jobs if j.windows), None)):
                task = ParseTask(self._originals.path(job.identity.document_id), job.identity, job.windows.popleft())
                parsing[self._pool.submit(task)] = job
                job.parsing += 1

            if group and (len(group) >= GROUP_PAGES or not (opening or parsing or waiting)):
                yield from self._commit(group, watcher)
                group = []
                continue

            for done in self._wait([*opening, *parsing]):
                if done in opening:
                    path, identity, started = opening.pop(done)  # type: ignore[arg-type]
                    report = self._begin(path, identity, started, done, jobs, watcher)  # type: ignore[arg-type]
                    if report:
                        yield report
                else:
                    job = parsing.pop(done)  # type: ignore[arg-type]
                    pages = done.result().pages  # type: ignore[union-attr]
                    self._catalog.save_parsed(job.identity.document_id, pages)
                    watcher.advance("parse", len(pages))
                    job.parsing -= 1
            for job in [j for j in jobs if not j.windows and not j.parsing]:
                jobs.remove(job)
                prepared = self._prepare(job)
                group.extend((job, page) for page in prepared)
                if not prepared:
                    yield self._close(job)

    def _open(
        self,
        path: Path,
        seen: dict[str, Path],
        opening: dict[Future[DocumentInfo], tuple[Path, FileIdentity, float]],
        retry_failed: bool,
    ) -> Iterator[AddReport]:
        """Identify the file; hand it to a worker unless it is in the library already or cannot be used."""
        started = time.perf_counter()
        try:
            identity = identify(path)
            known = self._catalog.document(identity.document_id)
            if identity.document_id in seen:
                yield AddReport(str(path), identity.document_id, "unchanged", error=f"same bytes as {seen[identity.document_id]}")
                return
            seen[identity.document_id] = path
            if known and known.status in ("ready", "partial") and not (retry_failed and known.status == "partial"):
                yield AddReport(
                    str(path), identity.document_id, "unchanged", known.info.page_count, (), known.chunks, known.page_vectors
                )
                return
            if known and retry_failed:
                self._catalog.forget_lost(identity.document_id)
            original = self._originals.add(path, identity)
        except InputError as error:
            self._catalog.record_failed(str(path), str(error))
            yield AddReport(str(path), "", "failed", seconds=time.perf_counter() - started, error=str(error))
            return
        finally:
            self.seconds["identify"] += time.perf_counter() - started
        opening[self._pool.read_info(original, replace(identity, path=path))] = (path, identity, started)

    def _begin(
        self,
        path: Path,
        identity: FileIdentity,
        started: float,
        opened: Future[DocumentInfo],
        jobs: deque[_Job],
        watcher: Progress,
    ) -> AddReport | None:
        try:
            info = opened.result()
        except InputError as error:
            self._originals.remove(identity.document_id)
            self._catalog.record_failed(str(path), str(error), identity)
            return AddReport(
                str(path), identity.document_id, "failed", seconds=time.perf_counter() - started, error=str(error)
            )
        self._catalog.begin_document(info, str(path))
        missing = self._catalog.unparsed_pages(info.document_id)
        windows = deque(tuple(missing[i : i + PAGE_WINDOW]) for i in range(0, len(missing), PAGE_WINDOW))
        jobs.append(_Job(path, identity, started, info, windows))
        self._total += len(missing)
        watcher.start(self._total)
        return None

    def _prepare(self, job: _Job) -> list[PreparedPage]:
        """Furniture, headings and chunks of a whole document; the pages that still have to be written."""
        started = time.perf_counter()
        parsed = self._catalog.parsed_pages(job.info.document_id)
        job.info, pages = finish_document(job.info, parsed)
        self._catalog.set_info(job.info)
        chunks = chunk_document(job.info, pages, self._writer.text_embedder.count_tokens, self._chunking)
        job.issues = [issue for page in pages for issue in page.issues]
        missing = set(self._catalog.unindexed_pages(job.info.document_id))
        self._writer.resume(job.info.document_id)
        prepared = [
            PreparedPage(job.info, page, tuple(own))
            for page, own in zip(pages, chunks, strict=True)
            if page.page_index in missing
        ]
        job.unwritten = len(prepared)
        self.seconds["chunk"] += time.perf_counter() - started
        return prepared

    def _commit(self, group: list[tuple[_Job, PreparedPage]], watcher: Progress) -> Iterator[AddReport]:
        for start in range(0, len(group), GROUP_PAGES):
            part = group[start : start + GROUP_PAGES]
            self.seconds.update(self._writer.write([page for _, page in part]))
            watcher.advance("embed", len(part))
            watcher.advance("store", len(part))
            for job, _ in part:
                job.unwritten -= 1
                if not job.unwritten:
                    yield self._close(job)

    def _close(self, job: _Job) -> AddReport:
        """Every page is written: count the rows, then say what the document has become."""
        row = self._catalog.document(job.info.document_id)
        assert row is not None
        lost = tuple(issue for issue in job.issues if issue.lost)
        error = ""
        if row.pages_lost == job.info.page_count:
            status, error = "failed", f"every page failed; the first: {lost[0].error}" if lost else NO_WORDS
        elif row.chunks == 0:
            status, error = "partial", NO_WORDS
        else:
            status = "partial" if row.pages_lost else "ready"
        self._catalog.set_status(job.info.document_id, status, error)
        return AddReport(
            str(job.path),
            job.info.document_id,
            status,
            job.info.page_count,
            tuple(job.issues),
            row.chunks,
            row.page_vectors,
            time.perf_counter() - job.started,
            error,
        )

    def _wait(self, futures: Iterable[Future[object]]) -> set[Future[object]]:
        started = time.perf_counter()
        pending = list(futures)
        done = wait(pending, return_when=FIRST_COMPLETED).done if pending else set()
        self.seconds["wait"] += time.perf_counter() - started
        return done


def chunks_of(prepared: Sequence[PreparedPage]) -> list[Chunk]:
    """All chunks of the pages, in order."""
    return [chunk for page in prepared for chunk in page.chunks]


def pages_of(prepared: Sequence[PreparedPage]) -> list[Page]:
    """The pages themselves, in order."""
    return [item.page for item in prepared]
