"""The catalog: documents and pages and their states. The single source of truth of a library.

Never holds vectors or the lexical index; what those stores hold without a row here does not exist.
What retrieval reads of many pages at once is in `pipeline.stores.lookup`.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from ingest.document import DocumentInfo, Page, PageIssue
from ingest.files import FileIdentity
from pipeline.errors import InputError, StoreError
from pipeline.results import PageRef
from pipeline.stores.bags import BagRef
from pipeline.stores.codec import (
    chunks_from_bytes,
    chunks_to_bytes,
    outline_from_json,
    outline_to_json,
    page_from_bytes,
    page_to_bytes,
)
from pipeline.stores.database import Database, storable
from pipeline.stores.history import History
from pipeline.stores.lookup import Lookup
from pipeline.stores.numbers import FLOAT16, Storage
from pipeline.stores.rows import SEARCHABLE, DocumentRow, IndexedPage, Status

_DOCUMENT = """
SELECT d.document_id, d.name, d.media_type, d.byte_count, d.page_count, d.title, d.author, d.created, d.outline,
       d.path, d.status, d.error, count(p.bag_offset), total(p.lost), total(p.chunk_count), total(p.bag_rows),
       d.added_at
FROM documents d LEFT JOIN pages p USING (document_id)
"""


class Catalog(Lookup):
    """The tables of the library at `path`. `history` keeps questions and conversations in the same file.

    Every method that writes is one durable transaction. Errors: `StoreError` (disk, damage).
    """

    def __init__(self, path: Path, page_storage: Storage = FLOAT16) -> None:
        super().__init__(Database(path), page_storage)
        self.history = History(self.database)
        self._searchable: frozenset[str] | None = None

    @property
    def library_id(self) -> str:
        """16 hex digits, random, made with the library: its name on a shared Chroma server."""
        return str(self.database.rows("SELECT library_id FROM library")[0][0])

    def close(self) -> None:
        self.database.close()

    # ---- documents

    def begin_document(self, info: DocumentInfo, path: str) -> None:
        """Register a document as `adding`. Pages of it that are already durable are kept.

        Earlier failures of the same path are forgotten (`forget_failures`).
        """
        with self.database.transaction() as run:
            run.execute(
                """
                INSERT INTO documents (document_id, name, media_type, byte_count, page_count, title, author, created,
                                       outline, path, status, error, added_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'adding', '', ?)
                ON CONFLICT (document_id) DO UPDATE SET
                    name = excluded.name, media_type = excluded.media_type, byte_count = excluded.byte_count,
                    page_count = excluded.page_count, title = excluded.title, author = excluded.author,
                    created = excluded.created, outline = excluded.outline, path = excluded.path,
                    status = 'adding', error = ''
                """,
                (info.document_id, *_info_values(info), storable(path), _now()),
            )
            _forget_failures(run, path, info.document_id)
        self._searchable = None

    def forget_failures(self, path: str, document_id: str) -> None:
        """Forget what failed at `path` without a page before the document `document_id` could be read there."""
        with self.database.transaction() as run:
            _forget_failures(run, path, document_id)

    def record_failed(self, path: str, error: str, identity: FileIdentity | None = None) -> str:
        """Register a file that could not be opened, and return the id it is listed under.

        Without an identity (its bytes could not be read) that is a hash of the path. A document that has
        pages in the library keeps its state: the same bytes were readable once.
        """
        hashed = hashlib.sha256(b"path:" + path.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        key = identity.document_id if identity else hashed
        media_type, byte_count = (identity.media_type, identity.byte_count) if identity else ("", 0)
        with self.database.transaction() as run:
            run.execute(
                """
                INSERT INTO documents (document_id, name, media_type, byte_count, page_count, title, author, created,
                                       outline, path, status, error, added_at)
                VALUES (?, ?, ?, ?, 0, '', '', '', '[]', ?, 'failed', ?, ?)
                ON CONFLICT (document_id) DO UPDATE SET path = excluded.path, error = excluded.error, status = 'failed'
                WHERE document_id NOT IN (SELECT document_id FROM pages)
                """,
                (key, storable(PurePath(path).name), media_type, byte_count, storable(path), storable(error), _now()),
            )
        return key

    def document(self, document_id: str) -> DocumentRow | None:
        found = self.database.rows(f"{_DOCUMENT} WHERE d.document_id = ? GROUP BY d.document_id", (document_id,))
        return _document_row(found[0]) if found else None

    def documents(self) -> list[DocumentRow]:
        """All documents, failed files included, by name and id."""
        found = self.database.rows(f"{_DOCUMENT} GROUP BY d.document_id ORDER BY d.name, d.document_id")
        return [_document_row(row) for row in found]

    def resolve(self, reference: str) -> DocumentRow:
        """The document meant by an id, an unambiguous prefix of one, or a file name. Raises `InputError`.

        A file that failed gives way to one of the same name that has pages.
        """
        wanted = storable(reference)
        found = self.database.rows(
            """
            SELECT document_id, name, EXISTS (SELECT 1 FROM pages WHERE pages.document_id = documents.document_id)
            FROM documents WHERE name = ?1 OR path = ?1 OR (?1 <> '' AND substr(document_id, 1, length(?1)) = lower(?1))
            ORDER BY name, document_id
            """,
            (wanted,),
        )
        found = [row for row in found if row[2]] or found
        exact = [row for row in found if row[0] == wanted.lower()]
        if exact or len(found) == 1:
            row = self.document((exact or found)[0][0])
            if row is not None:
                return row
        if not found:
            raise InputError(f"no document is called {reference!r}: `recto documents` lists ids and names")
        listed = ", ".join(f"{document_id} ({name})" for document_id, name, _ in found[:5])
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        raise InputError(f"{reference!r} means {len(found)} documents: {listed}{more}; give the id of one")

    def set_status(self, document_id: str, status: Status, error: str = "") -> None:
        """Change a document's state. Raises `StoreError` when there is no such document."""
        self._update(document_id, "status = ?, error = ?", (status, storable(error)))

    def set_info(self, info: DocumentInfo) -> None:
        """Replace what is known of a document (its title may be found late)."""
        columns = "name = ?, media_type = ?, byte_count = ?, page_count = ?, title = ?, author = ?, created = ?"
        self._update(info.document_id, f"{columns}, outline = ?", _info_values(info))

    def set_path(self, document_id: str, path: str) -> None:
        """The file was moved (its name is kept until `set_info`)."""
        self._update(document_id, "path = ?", (storable(path),))

    def searchable(self) -> frozenset[str]:
        """Ids of the documents that are ready or partial: hits of all others are dropped."""
        cached = self._searchable
        if cached is None:
            marks = ", ".join("?" * len(SEARCHABLE))
            found = self.database.rows(
                f"SELECT document_id FROM documents WHERE status IN ({marks})", sorted(SEARCHABLE)
            )
            cached = self._searchable = frozenset(row[0] for row in found)
        return cached

    def remove_document(self, document_id: str) -> None:
        """Delete every row of the document and every stored answer that cites it. No byte stays in the file."""
        with self.database.transaction() as run:
            run.execute("DELETE FROM documents WHERE document_id = ?", (document_id,))
            self.history.forget_document(run, document_id)
        self._searchable = None
        self.database.scrub()

    def forget_pages(self, document_id: str) -> None:
        """Delete what was read of the document and every stored answer that cites it: it is `adding` from page 0."""
        with self.database.transaction() as run:
            run.execute("DELETE FROM pages WHERE document_id = ?", (document_id,))
            run.execute("UPDATE documents SET status = 'adding', error = '' WHERE document_id = ?", (document_id,))
            self.history.forget_document(run, document_id)
        self._searchable = None
        self.database.scrub()

    # ---- pages as they come in

    def save_parsed(self, document_id: str, pages: Sequence[Page]) -> None:
        """Store parsed pages. A page that is stored already is replaced and counts as not indexed."""
        with self.database.transaction() as run:
            run.executemany(
                "DELETE FROM pages WHERE document_id = ? AND page_index = ?",
                [(document_id, page.page_index) for page in pages],
            )
            for page in pages:
                run.execute(
                    "INSERT INTO pages (document_id, page_index, page_label, width, height, lost) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (document_id, page.page_index, storable(page.page_label), page.width, page.height, page.lost),
                )
                _write_content(run, document_id, page)

    def has_pages(self, document_id: str) -> bool:
        """Whether any page is stored: until then no other store holds anything but the original."""
        return bool(self.database.rows("SELECT 1 FROM pages WHERE document_id = ? LIMIT 1", (document_id,)))

    def unparsed_pages(self, document_id: str) -> list[int]:
        """Indexes of the document's pages that are not stored yet, in order."""
        row = self.document(document_id)
        if row is None:
            return []
        found = self.database.rows("SELECT page_index FROM pages WHERE document_id = ?", (document_id,))
        return sorted(set(range(row.info.page_count)) - {index for (index,) in found})

    def parsed_pages(self, document_id: str) -> list[Page]:
        """The document's stored pages in order: as finished where indexed, else as parsed."""
        found = self.database.rows(
            "SELECT content FROM page_contents WHERE document_id = ? ORDER BY page_index", (document_id,)
        )
        return [page_from_bytes(row[0]) for row in found]

    def page(self, ref: PageRef) -> Page | None:
        """One stored page, None when there is none."""
        found = self.database.rows(
            "SELECT content FROM page_contents WHERE document_id = ? AND page_index = ?",
            (ref.document_id, ref.page_index),
        )
        return page_from_bytes(found[0][0]) if found else None

    def save_indexed(self, records: Sequence[IndexedPage]) -> None:
        """Store finished pages with their chunks and the place of their bags. Replaces what was there."""
        with self.database.transaction() as run:
            for record in records:
                page, bag, key = record.page, record.bag, (record.ref.document_id, record.ref.page_index)
                run.execute("DELETE FROM pages WHERE document_id = ? AND page_index = ?", key)
                values = (*key, storable(page.page_label), page.width, page.height, page.lost, len(record.chunks))
                run.execute(
                    "INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*values, bag.offset, bag.rows, bag.dim)
                )
                _write_content(run, record.ref.document_id, page)
                if record.chunks:
                    chunks = [
                        replace(one, text=storable(one.text), context=storable(one.context)) for one in record.chunks
                    ]
                    run.execute("INSERT INTO page_chunks VALUES (?, ?, ?)", (*key, chunks_to_bytes(chunks)))

    def unindexed_pages(self, document_id: str) -> list[int]:
        """Indexes of the stored pages that are not indexed yet, in order."""
        found = self.database.rows(
            "SELECT page_index FROM pages WHERE document_id = ? AND bag_offset IS NULL ORDER BY page_index",
            (document_id,),
        )
        return [row[0] for row in found]

    def indexed_pages(self, document_id: str) -> list[tuple[PageRef, BagRef]]:
        """The document's indexed pages in order, with the places of their bags."""
        found = self.database.rows(
            "SELECT page_index, bag_offset, bag_rows, bag_dim FROM pages "
            "WHERE document_id = ? AND bag_offset IS NOT NULL ORDER BY page_index",
            (document_id,),
        )
        return [
            (PageRef(document_id, row[0]), BagRef(document_id, row[1], row[2], row[3], self.page_storage))
            for row in found
        ]

    def bag_end(self, document_id: str) -> int:
        """The byte behind the document's last durable bag, 0 when it has none."""
        return max((bag.end for _, bag in self.indexed_pages(document_id)), default=0)

    def chunk_ids(self, document_id: str) -> list[str]:
        """Ids of the document's chunks, in reading order. Read from the chunks themselves, not counted."""
        found = self.database.rows(
            "SELECT page_index, chunks FROM page_chunks WHERE document_id = ? ORDER BY page_index", (document_id,)
        )
        return [
            chunk.chunk_id
            for page_index, chunks in found
            for chunk in chunks_from_bytes(chunks, document_id, page_index)
        ]

    def issues(self, document_id: str) -> list[PageIssue]:
        """Troubles on the document's pages, in page order."""
        found = self.database.rows(
            "SELECT page_index, stage, error, lost FROM page_issues WHERE document_id = ? ORDER BY page_index, rowid",
            (document_id,),
        )
        return [PageIssue(index, stage, error, bool(lost)) for index, stage, error, lost in found]

    def _update(self, document_id: str, assignments: str, values: Iterable[Any]) -> None:
        with self.database.transaction() as run:
            sql = f"UPDATE documents SET {assignments} WHERE document_id = ?"
            if not run.execute(sql, (*values, document_id)).rowcount:
                raise StoreError(f"there is no document {document_id} in this library: `recto documents` lists them")
        self._searchable = None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _info_values(info: DocumentInfo) -> tuple[Any, ...]:
    texts = (storable(info.title), storable(info.author), storable(info.created), outline_to_json(info.outline))
    return storable(info.name), info.media_type, info.byte_count, info.page_count, *texts


def _forget_failures(run: sqlite3.Connection, path: str, document_id: str) -> None:
    run.execute(
        """
        DELETE FROM documents WHERE path = ? AND document_id <> ? AND status = 'failed'
        AND document_id NOT IN (SELECT document_id FROM pages)
        """,
        (storable(path), document_id),
    )


def _write_content(run: sqlite3.Connection, document_id: str, page: Page) -> None:
    run.execute("INSERT INTO page_contents VALUES (?, ?, ?)", (document_id, page.page_index, page_to_bytes(page)))
    for issue in page.issues:
        run.execute(
            "INSERT INTO page_issues VALUES (?, ?, ?, ?, ?)",
            (document_id, page.page_index, storable(issue.stage), storable(issue.error), issue.lost),
        )


def _document_row(row: tuple[Any, ...]) -> DocumentRow:
    info = DocumentInfo(*(*row[:8], outline_from_json(row[8])))
    path, status, error, indexed, lost, chunks, vectors, added_at = row[9:]
    return DocumentRow(info, path, status, error, indexed, int(lost), int(chunks), int(vectors), added_at)
