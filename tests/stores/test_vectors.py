"""Vector collections over a real Chroma: exact scores, recall, no connection, no loss at a kill."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from pipeline.errors import ConfigError, StoreError
from pipeline.results import PageRef
from pipeline.stores.chroma import MARKER, Chroma
from pipeline.stores.vector_index import StoredVectors, VectorIndex
from pipeline.stores.vectors import VectorCollection
from tests.stores.small_library import DIM, unit

ONE, TWO = "aa" * 8, "bb" * 8


def open_index(folder: Path, url: str = "", prefix: str = "", stored: Iterable[StoredVectors] = ()) -> VectorIndex:
    """`stored` is what the index is rebuilt from."""
    return VectorIndex(folder / "chroma", {"chunks": "cosine", "pages": "ip"}, lambda: stored, url, prefix)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[VectorIndex]:
    index = open_index(tmp_path)
    yield index
    index.close()


def fill(collection: VectorCollection, document_id: str, count: int, scale: float = 1.0) -> np.ndarray:
    """Put `count` vectors of one document in, a page each."""
    some = vectors_of(collection.name, document_id, count, scale)
    collection.upsert(some.ids, some.vectors, some.refs)
    return some.vectors


def vectors_of(collection: str, document_id: str, count: int, scale: float = 1.0) -> StoredVectors:
    refs = [PageRef(document_id, number) for number in range(count)]
    ids = [f"{document_id}:{number}" for number in range(count)]
    return StoredVectors(collection, ids, scale * unit(document_id, count), refs)


@pytest.mark.parametrize(("name", "scale"), [("chunks", 1.0), ("pages", 3.0)])
def test_scores_are_cosine_and_inner_product(index: VectorIndex, name: str, scale: float) -> None:
    collection = index.collections[name]
    vectors = fill(collection, ONE, 50, scale)
    question = unit("question", 1)[0]
    expected = vectors @ question  # the vectors of "chunks" are unit vectors
    found = collection.query(question, 100)
    assert len(found) == 50 and [score for _, score in found] == sorted((s for _, s in found), reverse=True)
    for one, score in found:
        assert score == pytest.approx(expected[int(one.split(":")[1])], abs=2e-3 * scale)


def test_queries_narrow_and_break_ties_by_id(index: VectorIndex) -> None:
    collection = index.collections["chunks"]
    same = np.repeat(unit("same", 1), 4, axis=0)
    ids = [f"{TWO}:3", f"{ONE}:1", f"{TWO}:0", f"{ONE}:0"]
    collection.upsert(ids, same, [PageRef(one.split(":")[0], int(one.split(":")[1])) for one in ids])
    question = unit("question", 1)[0]
    assert [one for one, _ in collection.query(question, 9)] == sorted(ids)
    assert [one for one, _ in collection.query(question, 9, [TWO])] == [f"{TWO}:0", f"{TWO}:3"]
    assert collection.query(question, 9, []) == [] == collection.query(question, 0)
    assert collection.query(question, 9, {"cc" * 8}) == []


def test_a_filter_of_more_documents_than_chroma_can_be_told(
    index: VectorIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = index.collections["chunks"]
    many = [f"{number:016x}" for number in range(40_000)]
    question = unit(ONE, 1)[0]
    assert collection.query(question, 3, many) == []
    for name in (ONE, TWO, many[7], many[39_999]):
        fill(collection, name, 60)
    everything = collection.query(question, 240)
    assert everything[0][0] == f"{ONE}:0"
    wanted = [pair for pair in everything if pair[0].split(":")[0] in many]
    assert collection.query(question, 3, many) == wanted[:3] and collection.query(question, 999, many) == wanted
    narrowed = collection.query(question, 50, [ONE, many[7]])
    monkeypatch.setattr("pipeline.stores.vectors.IDS_A_FILTER", 1)
    assert collection.query(question, 50, [ONE, many[7]]) == narrowed and len(narrowed) == 50


def test_an_empty_collection_answers(index: VectorIndex) -> None:
    collection = index.collections["pages"]
    assert collection.query(unit("question", 1)[0], 5) == [] and collection.ids() == [] and collection.count() == 0
    collection.upsert([], np.zeros((0, DIM), np.float32), [])
    collection.delete_document(ONE)
    index.scrub()


def test_upserting_again_replaces_and_deleting_takes_one_document(index: VectorIndex) -> None:
    collection = index.collections["chunks"]
    fill(collection, ONE, 5)
    collection.upsert([f"{ONE}:2"], unit("new", 1), [PageRef(ONE, 2)])
    fill(collection, TWO, 3)
    assert collection.count() == 8
    (nearest, similarity), *_ = collection.query(unit("new", 1)[0], 1)
    assert nearest == f"{ONE}:2" and similarity == pytest.approx(1.0, abs=1e-3)
    collection.delete_document(ONE)
    assert collection.ids() == collection.ids(TWO) == [f"{TWO}:{number}" for number in range(3)]


def test_more_than_chroma_takes_in_one_call(index: VectorIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    assert index.chroma.batch_size > 1000
    monkeypatch.setattr(Chroma, "batch_size", 100)
    collection = index.collections["chunks"]
    fill(collection, ONE, 250)
    assert collection.count() == 250 == len(collection.ids(ONE))
    collection.delete_document(ONE)
    assert collection.count() == 0


def test_recall_at_100(index: VectorIndex) -> None:
    """Against exact search, on clustered vectors; and again after a fifth of them was removed."""
    random = np.random.default_rng(0)
    centres = unit("centres", 40)
    vectors = centres[random.integers(0, 40, 3000)] + 0.1 * random.standard_normal((3000, DIM), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    documents = [f"{number % 10:016x}" for number in range(3000)]
    collection = index.collections["chunks"]
    ids = [f"{document_id}:{number}" for number, document_id in enumerate(documents)]
    collection.upsert(ids, vectors, [PageRef(document_id, 0) for document_id in documents])
    alive = np.ones(3000, bool)

    def recall() -> float:
        found = 0
        for question in vectors[::150]:
            exact = {ids[row] for row in np.argsort(np.where(alive, -(vectors @ question), 9))[:100]}
            found += len(exact & {one for one, _ in collection.query(question, 100)})
        return found / (100 * len(vectors[::150]))

    assert recall() >= 0.98
    for document_id in documents[:2]:
        collection.delete_document(document_id)
        alive[[one == document_id for one in documents]] = False
    index.scrub()
    assert recall() >= 0.98


def test_the_next_opening_finds_settled_files(tmp_path: Path) -> None:
    index = open_index(tmp_path)
    fill(index.collections["chunks"], ONE, 300)
    index.close()
    assert not (tmp_path / "chroma" / MARKER).exists()
    assert next((tmp_path / "chroma").glob("*/index_metadata.pickle")).stat().st_size > 300 * len(ONE)
    again = open_index(tmp_path)
    assert again.collections["chunks"].count() == 300
    again.close()


def test_no_connection_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError(f"a connection to {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    before = set(psutil.Process().net_connections("inet"))
    index = open_index(tmp_path)
    fill(index.collections["chunks"], ONE, 10)
    index.collections["chunks"].query(unit("question", 1)[0], 3)
    assert set(psutil.Process().net_connections("inet")) == before
    index.close()


def test_no_embedding_function_is_loaded(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.stores.test_vectors import *; "
        "index = open_index(Path(sys.argv[1])); fill(index.collections['chunks'], ONE, 10); "
        "index.collections['chunks'].query(unit('q', 1)[0], 3); index.close(); "
        "print({'onnxruntime', 'tokenizers', 'sentence_transformers', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_database_that_is_locked_for_a_while_is_waited_for(index: VectorIndex, tmp_path: Path) -> None:
    fill(index.collections["chunks"], ONE, 5)
    other = sqlite3.connect(tmp_path / "chroma" / "chroma.sqlite3", check_same_thread=False, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(6, other.close)  # longer than Chroma waits by itself
    release.start()
    index.scrub()
    release.join()
    assert index.collections["chunks"].count() == 5


def test_a_disk_that_fills_up_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = open_index(tmp_path)
    fill(index.collections["chunks"], ONE, 900)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=1 << 20))
        with pytest.raises(StoreError, match=r"the disk is full .*nothing stored is harmed"):
            fill(index.collections["chunks"], TWO, 200)
        index.close()
    assert not (tmp_path / "chroma" / MARKER).exists()
    again = open_index(tmp_path)
    assert again.collections["chunks"].count() == 900
    fill(again.collections["chunks"], TWO, 200)
    assert again.collections["chunks"].count() == 1100
    again.close()


WRITER = """
import sys
from pathlib import Path
import pipeline.stores.chroma as chroma
chroma.SYNC_THRESHOLD = 100  # index files are written all the time
from tests.stores.test_vectors import fill, open_index, vectors_of
done = int(sys.argv[2])
index = open_index(Path(sys.argv[1]), stored=[vectors_of("chunks", f"{n:016x}", 60) for n in range(done)])
print("open", flush=True)
for number in range(done, 1_000_000):
    fill(index.collections["chunks"], f"{number:016x}", 60)
    print(number, flush=True)
"""


def test_nothing_is_lost_when_killed_while_writing(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    written = 0
    for _ in range(4):
        arguments = [sys.executable, "-c", WRITER, str(tmp_path), str(written)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None and process.stdout.readline() == "open\n"
            said = [process.stdout.readline() for _ in range(random.integers(1, 7))]
            time.sleep(random.uniform(0, 0.1))
            process.kill()
            said += process.stdout.read().splitlines()
            written = max(written, *(int(line) + 1 for line in said))
        index = open_index(tmp_path, stored=[vectors_of("chunks", f"{number:016x}", 60) for number in range(written)])
        collection = index.collections["chunks"]
        for number in range(written):
            assert len(collection.ids(f"{number:016x}")) == 60
        some = f"{written - 1:016x}:7"
        assert collection.query(unit(f"{written - 1:016x}", 60)[7], 1)[0] == (some, pytest.approx(1.0, abs=1e-3))
        index.close()


def test_a_server_by_url_serves_several_libraries(server: str, tmp_path: Path) -> None:
    first = open_index(tmp_path / "1", server, "first-")
    second = open_index(tmp_path / "2", server, "second-", [vectors_of("chunks", ONE, 3)])
    fill(first.collections["chunks"], ONE, 5)
    fill(second.collections["chunks"], ONE, 3)
    assert (first.collections["chunks"].count(), second.collections["chunks"].count()) == (5, 3)
    assert first.collections["chunks"].query(unit(ONE, 5)[4], 1)[0][0] == f"{ONE}:4"
    first.collections["chunks"].delete_document(ONE)
    first.scrub()
    assert (first.collections["chunks"].count(), second.collections["chunks"].count()) == (0, 3)
    second.chroma.collection("chunks").delete(ids=[f"{ONE}:0"])
    second.chroma.collection("chunks").add(ids=["stray"], embeddings=unit("stray", 1))
    second.rebuild()
    assert second.collections["chunks"].ids() == [f"{ONE}:{number}" for number in range(3)]
    first.close()
    second.close()
    again = open_index(tmp_path / "2", server, "second-")
    assert again.collections["chunks"].count() == 3 and not (tmp_path / "2" / "chroma").exists()
    again.close()


@pytest.mark.parametrize(
    ("url", "error", "said"),
    [
        ("localhost:8000", ConfigError, "retrieval.chroma_url: localhost:8000 is not a URL"),
        ("http://localhost:99999", ConfigError, "http://localhost:99999 is not a URL"),
        ("http://localhost:abc", ConfigError, "http://localhost:abc is not a URL"),
        ("http://[::1", ConfigError, r"http://\[::1 is not a URL"),
        ("https://host/chroma", ConfigError, "https://host/chroma has more than a host and a port"),
        ("http://me:secret@host", ConfigError, "more than a host and a port"),
        ("http://127.0.0.1:9", StoreError, "no Chroma server answers at http://127.0.0.1:9"),
    ],
)
def test_a_url_without_a_server(tmp_path: Path, url: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        open_index(tmp_path, url)
