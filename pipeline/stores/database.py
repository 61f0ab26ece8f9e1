"""The SQLite file of a library: connection, schema, transactions, and errors in plain words.

Knows tables and columns, not what they mean: `catalog` and `history` do.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import StoreError

SCHEMA_VERSION = 2

SCHEMA = """
CREATE TABLE library (library_id TEXT NOT NULL);
INSERT INTO library VALUES (lower(hex(randomblob(8))));

CREATE TABLE documents (
    document_id TEXT PRIMARY KEY, path TEXT NOT NULL, name TEXT NOT NULL, media_type TEXT NOT NULL,
    byte_count INTEGER NOT NULL, page_count INTEGER NOT NULL, title TEXT NOT NULL, author TEXT NOT NULL,
    created TEXT NOT NULL, outline TEXT NOT NULL,
    status TEXT NOT NULL, error TEXT NOT NULL, added_at TEXT NOT NULL
) WITHOUT ROWID;

-- bag_offset is NULL until the page is indexed; its chunks are written in the same transaction.
CREATE TABLE pages (
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, page_index INTEGER NOT NULL,
    page_label TEXT NOT NULL, width REAL NOT NULL, height REAL NOT NULL, lost INTEGER NOT NULL,
    chunk_count INTEGER NOT NULL DEFAULT 0, bag_offset INTEGER, bag_rows INTEGER, bag_dim INTEGER,
    PRIMARY KEY (document_id, page_index)
) WITHOUT ROWID;

-- Apart from `pages`, so that counting and listing never walk over the large values.
CREATE TABLE page_contents (
    document_id TEXT NOT NULL, page_index INTEGER NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (document_id, page_index),
    FOREIGN KEY (document_id, page_index) REFERENCES pages ON DELETE CASCADE
);

CREATE TABLE page_issues (
    document_id TEXT NOT NULL, page_index INTEGER NOT NULL, stage TEXT NOT NULL, error TEXT NOT NULL,
    lost INTEGER NOT NULL,
    FOREIGN KEY (document_id, page_index) REFERENCES pages ON DELETE CASCADE
);
CREATE INDEX page_issues_of ON page_issues (document_id, page_index);

-- All chunks of a page as one value: they are read together, and shared words make them a third of the bytes.
CREATE TABLE page_chunks (
    document_id TEXT NOT NULL, page_index INTEGER NOT NULL, chunks BLOB NOT NULL,
    PRIMARY KEY (document_id, page_index),
    FOREIGN KEY (document_id, page_index) REFERENCES pages ON DELETE CASCADE
);

CREATE TABLE questions (
    question_id INTEGER PRIMARY KEY, asked_at TEXT NOT NULL, command TEXT NOT NULL, question TEXT NOT NULL,
    answer TEXT NOT NULL, settings_hash TEXT NOT NULL, seconds REAL NOT NULL
);

CREATE TABLE sessions (session_id TEXT PRIMARY KEY, created TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE turns (
    session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE, ordinal INTEGER NOT NULL,
    created TEXT NOT NULL, question TEXT NOT NULL, standalone_question TEXT NOT NULL, answer TEXT NOT NULL,
    PRIMARY KEY (session_id, ordinal)
) WITHOUT ROWID;
"""

ADDED_LATER = """
CREATE TABLE IF NOT EXISTS turn_pictures (
    session_id TEXT NOT NULL, ordinal INTEGER NOT NULL, picture BLOB NOT NULL,
    PRIMARY KEY (session_id, ordinal),
    FOREIGN KEY (session_id, ordinal) REFERENCES turns ON DELETE CASCADE
);
"""
"""Tables that a library made before them lacks and nothing else depends on: made at its next opening."""

_SURROGATES = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """`text` with lone surrogates, which no UTF-8 store takes, as U+FFFD. Offsets stay what they were."""
    return _SURROGATES.sub("\ufffd", text)


class Database:
    """One connection, shared by the threads of this process behind a lock.

    Write-ahead log with `synchronous=FULL`: a commit is one fsync and survives both a kill and a power cut.
    `secure_delete` overwrites what is deleted with zeros.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.RLock()
        with self._plain_errors():
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        run = self._connection.execute
        run("PRAGMA busy_timeout = 5000")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("PRAGMA secure_delete = ON")
        run("PRAGMA foreign_keys = ON")
        run("PRAGMA cache_size = -32768")
        version = run("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._connection.executescript(f"BEGIN;{SCHEMA}PRAGMA user_version = {SCHEMA_VERSION};COMMIT;")
        elif version != SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} has schema version {version}, this program reads {SCHEMA_VERSION}: "
                "use the version of recto that made the library, or make a new one"
            )
        self._connection.executescript(ADDED_LATER)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything inside becomes durable together, or not at all."""
        with self._guard, self._plain_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after some errors, a full disk among them.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._guard, self._plain_errors():
            return self._connection.execute(sql, values).fetchall()

    def scrub(self) -> None:
        """Empty the write-ahead log, so that what was deleted is in no file."""
        with self._guard, self._plain_errors():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def vacuum(self) -> None:
        """Rebuild the file without free space."""
        with self._guard, self._plain_errors():
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def integrity(self) -> list[str]:
        """What SQLite itself finds wrong with the file."""
        found = [row[0] for row in self.rows("PRAGMA quick_check")]
        broken = self.rows("PRAGMA foreign_key_check")
        return [line for line in found if line != "ok"] + [f"row without parent in table {row[0]}" for row in broken]

    def close(self) -> None:
        """Idempotent."""
        with self._guard:
            self._connection.close()

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            name = getattr(error, "sqlite_errorname", "")
            if name.startswith("SQLITE_FULL"):
                raise StoreError(
                    f"the disk is full (writing {self.path.name}): free some space and run the command again; "
                    "nothing stored is harmed"
                ) from error
            if name.startswith(("SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
                raise StoreError(
                    f"{self.path} cannot be read or written ({error}): check the disk, its free space and the rights"
                ) from error
            if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
                raise StoreError(
                    f"{self.path} is damaged ({error}): restore it from a backup, or add the documents again to a "
                    "new library"
                ) from error
            raise
