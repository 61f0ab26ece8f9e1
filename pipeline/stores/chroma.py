"""The Chroma client, and what keeps its folder whole: the write marker, settling, scrubbing.

Chroma changes its index files in place, and a kill in the middle of that leaves files that crash the process
which opens them (measured: 2 of 81 kills while writing). So a marker lies in the folder exactly while those files
may change: a folder found with its marker is never opened, but rebuilt by `pipeline.stores.vector_index`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar
from urllib.parse import urlsplit

import numpy as np

from pipeline.errors import ConfigError, RectoError, StoreError
from pipeline.stores.durable import disk_errors, sync_path

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

Space = Literal["cosine", "ip"]
P = ParamSpec("P")
T = TypeVar("T")

SYNC_THRESHOLD = 1000
"""Chroma writes its index files once this many records wait in its own write-ahead log."""
SETTLE_FROM = 100
"""Waiting records worth settling when closing: the next process would index them anew, about 1 ms each."""
HNSW = {"max_neighbors": 16, "ef_construction": 128, "ef_search": 400, "batch_size": 100}
ROOM = 64 << 20
"""Free bytes without which the index files are not touched: a write that fails half-way would cost a rebuild."""
PATIENCE = 30.0
"""Seconds to wait for a lock on Chroma's database."""
MARKER = "writing"
HNSW_HEADER = struct.Struct("<i6Q")
"""Start of header.bin: format version, level 0 offset, capacity, elements, bytes an element, and where in an element
its label and its vector begin (label behind vector)."""


class Chroma:
    """A Chroma server by `url`, or the embedded engine in `folder`. Loads no embedding function.

    `spaces` names the collections and the distance of each. `prefix` sets them apart on a shared server.
    """

    def __init__(self, folder: Path, spaces: Mapping[str, Space], url: str = "", prefix: str = "") -> None:
        self.folder = folder
        self.url = url
        self.spaces = spaces
        self._prefix = prefix if url else ""
        self._client: ClientAPI | None = None
        self._collections: dict[str, Any] = {}
        self._written = False

    @property
    def torn(self) -> bool:
        """A run was killed while the index files may have been changing: rebuild, do not connect."""
        return not self.url and self._marker.exists()

    @property
    def server(self) -> str:
        """`host:port` of the server. Raises `ConfigError` (URL)."""
        host, port, _ = _parts(self.url)
        return f"{host}:{port}"

    # ---- connecting

    def connect(self) -> None:
        """Open the client. Raises `StoreError` (folder, server), `ConfigError` (URL)."""
        import chromadb
        from chromadb.config import Settings

        settings = Settings(anonymized_telemetry=False)
        if self.url:
            host, port, secure = _parts(self.url)
            try:
                self._client = chromadb.HttpClient(host=host, port=port, ssl=secure, settings=settings)
            except Exception as error:
                raise StoreError(
                    f"no Chroma server answers at {self.url} ({_one_line(error)}): start it, or correct "
                    "retrieval.chroma_url"
                ) from error
            return
        with disk_errors("opening Chroma"):
            self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._client = chromadb.PersistentClient(str(self.folder), settings=settings)
        except Exception as error:
            _forget_failed(str(self.folder))
            raise self.plain(error) from error

    def disconnect(self) -> None:
        """Let go of the client as it is. Idempotent."""
        self._collections.clear()
        if self._client is not None:
            self._client.close()  # type: ignore[attr-defined]
            self._client = None

    def close(self) -> None:
        """Disconnect; after writing, bring the index files up to date first. Idempotent."""
        try:
            unsettled = self._client is not None and self._written and not self.url and self._waiting() >= SETTLE_FROM
            if unsettled and self._room():
                self.settle()
        finally:
            self.disconnect()

    def collection(self, name: str) -> Any:
        """Chroma's own collection, made when missing."""
        if name not in self._collections:
            hnsw = {**HNSW, "space": self.spaces[name], "sync_threshold": SYNC_THRESHOLD}
            self._collections[name] = self._connected.get_or_create_collection(
                self._prefix + name,
                embedding_function=None,
                configuration={"hnsw": hnsw},  # type: ignore[arg-type]
            )
        return self._collections[name]

    @property
    def batch_size(self) -> int:
        """Most records that one call takes."""
        return int(self._connected.get_max_batch_size())

    @property
    def _connected(self) -> ClientAPI:
        if self._client is None:
            raise StoreError("the library is closed: open it again")
        return self._client

    # ---- writing

    @property
    def _marker(self) -> Path:
        return self.folder / MARKER

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Around every call: Chroma's errors become `StoreError`."""
        try:
            yield
        except RectoError:
            raise
        except Exception as error:
            raise self.plain(error) from error

    @contextmanager
    def writing(self, records: int) -> Iterator[None]:
        """Around every call that changes `records` records. After an error the marker stays: the folder is torn."""
        self._written = True
        # Below the threshold Chroma only commits to SQLite, which survives a kill by itself.
        marked = not self.url and self._waiting() + records >= SYNC_THRESHOLD
        if marked:
            self._mark()
        with self.reading():
            yield
        if marked:
            self._unmark()

    def _room(self) -> bool:
        return shutil.disk_usage(self.folder).free >= ROOM

    def _mark(self) -> None:
        if not self._room():
            raise self._full()
        with disk_errors("writing to Chroma"):
            self._marker.touch()
            sync_path(self.folder)

    def _unmark(self) -> None:
        with disk_errors("writing to Chroma"):
            for path in self.folder.glob("*/*"):
                sync_path(path)
            self._marker.unlink(missing_ok=True)
            sync_path(self.folder)

    def _waiting(self) -> int:
        """Records in Chroma's write-ahead log, all collections together (an upper bound for each)."""
        try:
            connection = sqlite3.connect(f"{self._database.as_uri()}?mode=ro", uri=True)
            try:
                return int(connection.execute("SELECT count(*) FROM embeddings_queue").fetchone()[0])
            finally:
                connection.close()
        except sqlite3.Error:
            return SYNC_THRESHOLD

    @property
    def _database(self) -> Path:
        return (self.folder / "chroma.sqlite3").absolute()

    # ---- upkeep of the embedded engine

    def settle(self) -> None:
        """Make Chroma write its index files and empty its write-ahead log now."""
        self._mark()
        self._flush()
        self._unmark()
        self.connect()

    def scrub(self) -> None:
        """After deletions: leave no byte of what was deleted in the files. A server looks after itself."""
        if self.url:
            return
        self._mark()
        self._flush()
        with disk_errors("cleaning Chroma"):
            for header in self.folder.glob("*/header.bin"):
                _wipe(header)
            connection = sqlite3.connect(self._database, timeout=PATIENCE, isolation_level=None)
            try:
                connection.execute("PRAGMA secure_delete = ON")
                connection.execute("VACUUM")
            except sqlite3.OperationalError as error:
                raise self.plain(error) from None
            finally:
                connection.close()
        self._unmark()
        self.connect()

    def _flush(self) -> None:
        with self.reading():
            # A threshold takes effect when a collection is opened.
            self._set_threshold(2, 2)
            self.disconnect()
            self.connect()
            for name in self.spaces:
                collection = self.collection(name)
                dimension = collection._model.dimension
                if dimension:
                    fillers = ["+", "-"]
                    patiently(collection.upsert, ids=fillers, embeddings=np.eye(2, dimension, dtype=np.float32))
                    patiently(collection.delete, ids=fillers)
            self._set_threshold(SYNC_THRESHOLD, HNSW["batch_size"])
            self.disconnect()

    def _set_threshold(self, records: int, batch: int) -> None:
        for name in self.spaces:
            wanted = {"hnsw": {"sync_threshold": records, "batch_size": batch}}
            patiently(self.collection(name).modify, configuration=wanted)

    def plain(self, error: Exception) -> StoreError:
        """What a user can do about an error of Chroma."""
        text = _one_line(error)
        if not self.url and ("disk is full" in text or "No space left" in text or not self._room()):
            return self._full()
        where = f"the server at {self.url}" if self.url else str(self.folder)
        return StoreError(f"Chroma failed ({where}): {text}; `recto vacuum` rebuilds its index")

    def _full(self) -> StoreError:
        return StoreError(
            f"the disk is full (Chroma wants {ROOM >> 20} MB free): free some space and run the command again; "
            "nothing stored is harmed"
        )


def patiently(call: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """`call`, again while Chroma's own clean-up in the background keeps its database locked (seen on busy machines).

    For calls that may be repeated. Gives up after `PATIENCE` seconds.
    """
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return call(*arguments, **options)
        except Exception as error:
            if "database is locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.05)


def _wipe(header: Path) -> None:
    """Zero what hnswlib's files beside `header` hold of no living element.

    That is the vectors of elements marked as deleted (bit 0 of an element's third byte), and the room for further
    elements, which is written as it was found in memory: bytes of anything this process held before.
    """
    version, _, _, elements, size, label, data = HNSW_HEADER.unpack_from(header.read_bytes())
    if version != 1:
        raise StoreError(f"{header} has an unknown format ({version}): install chromadb as pyproject.toml names it")
    for name, used in (("data_level0.bin", elements * size), ("length.bin", elements * 4)):
        with header.with_name(name).open("r+b") as file:
            spare = file.seek(0, os.SEEK_END) - used
            file.seek(used)
            file.write(bytes(spare))
    if elements:
        level0 = np.memmap(header.with_name("data_level0.bin"), np.uint8, "r+", shape=(elements, size))
        level0[(level0[:, 2] & 1) == 1, data:label] = 0
        level0.flush()


def _forget_failed(folder: str) -> None:
    """Chroma keeps a client that failed to start and hands it out again for the same folder: drop it."""
    from chromadb.api.shared_system_client import SharedSystemClient

    SharedSystemClient._identifier_to_system.pop(folder, None)
    SharedSystemClient._identifier_to_refcount.pop(folder, None)


def _parts(url: str) -> tuple[str, int, bool]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # a port that is no number or too large, half a bracket
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise ConfigError(f"retrieval.chroma_url: {url} is not a URL such as http://host:8000")
    beside = "".join((parts.path.strip("/"), parts.query, parts.fragment, parts.username or ""))
    if beside:
        raise ConfigError(f"retrieval.chroma_url: {url} has more than a host and a port: write http://host:8000")
    secure = parts.scheme == "https"
    return host, port or (443 if secure else 8000), secure


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
