"""The opened library as a whole: removing leaves nothing, verify finds what is wrong, vacuum mends."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from pipeline.embedding.base import Vectors, unit_length
from pipeline.errors import StoreError
from pipeline.results import PageRef
from pipeline.stores.chroma import MARKER
from pipeline.stores.opened import Stores
from pipeline.stores.vacuum import vacuum
from pipeline.stores.verify import verify
from tests.stores.small_library import DIM, Opener, add_document, manifest, page_vector, unit, write_file


def holders(root: Path, needles: list[bytes]) -> set[str]:
    """Files below `root` that hold one of `needles` (as bytes, in any case of letters)."""
    found = set()
    for path in root.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            lower = data.lower()
            if any(needle in data or needle in lower for needle in needles):
                found.add(path.name)
        if any(needle in path.name.encode() for needle in needles):
            found.add(path.name)
    return found


def traces(document_id: str, word: str) -> list[bytes]:
    """Words that must be in no file when the document is removed."""
    return [word.encode(), document_id.encode()]


def resembling(root: Path, vectors: Vectors) -> set[str]:
    """Files that hold one of the unit `vectors` (n, dim), float32 or float16, of any length and at any place."""
    found = set()
    for path in (path for path in root.rglob("*") if path.is_file()):
        data = path.read_bytes()
        for kind in (np.float32, np.float16):
            width = np.dtype(kind).itemsize
            for shift in range(0, 4, 2):
                numbers = np.frombuffer(data, kind, max(0, len(data) - shift) // width, shift) if len(data) > 3 else []
                if len(numbers) < DIM:
                    continue
                clean = np.nan_to_num(np.asarray(numbers, np.float32), posinf=0.0, neginf=0.0).clip(-1e6, 1e6)
                windows = np.lib.stride_tricks.sliding_window_view(clean, DIM)
                lengths = np.sqrt(np.convolve(clean.astype(np.float64) ** 2, np.ones(DIM), "valid"))
                cosines = (windows @ vectors.T) / np.maximum(lengths, 1e-6)[:, None]
                if (cosines > 0.999).any():
                    found.add(path.name)
    return found


def test_a_library_that_was_just_filled_verifies(stores: Stores, two_documents: tuple[str, str]) -> None:
    assert verify(stores) == []
    rows = stores.catalog.documents()
    assert [(row.status, row.pages_indexed, row.chunks) for row in rows] == [("ready", 2, 3), ("ready", 3, 4)]


def test_remove_leaves_no_byte(stores: Stores, two_documents: tuple[str, str], tmp_path: Path) -> None:
    kept, removed = two_documents
    library = tmp_path / "library"
    stores.catalog.history.log_question("ask", "what was found?", f'{{"document_id": "{removed}"}}', "hash", 0.1)
    for name in (removed, kept):  # enough records that Chroma has written its index files, vectors included
        ids = [f"{name}:0:{number}" for number in range(600)]
        stores.chunks.upsert(ids, unit(name, 600), [PageRef(name, 0)] * 600)
    bags = stores.bags.read([bag for _, bag in stores.catalog.indexed_pages(removed)])
    pages = [unit_length(page_vector(bag.vectors))[None] for bag in bags]
    vectors = np.concatenate([unit(removed, 600)[::40], *pages, *(bag.vectors for bag in bags)])
    rows = stores.catalog.database.rows("SELECT chunks FROM page_chunks WHERE document_id = ?", (removed,))
    words = [*traces(removed, "zanzibarite"), *(chunks[8:40] for (chunks,) in rows)]
    assert {"index_metadata.pickle", "chroma.sqlite3", "catalog.sqlite-wal", removed} <= holders(library, words)
    assert {"data_level0.bin", "chroma.sqlite3", removed} <= resembling(library, vectors)

    stores.remove_documents([removed])
    assert holders(library, words) == set() == resembling(library, vectors)
    stores.close()
    assert holders(library, words) == set() == resembling(library, vectors)
    assert resembling(library, unit(kept, 600)[::40]) == {"data_level0.bin"}


def test_what_stays_is_found_after_a_removal(stores: Stores, two_documents: tuple[str, str]) -> None:
    kept, removed = two_documents
    stores.remove_documents([removed])
    assert stores.lexical.search("zanzibarite", 10) == []
    assert [key for key, _ in stores.lexical.search("harvests", 10)] == [f"{kept}:0"]
    assert [key for key, _ in stores.cards.search("harvest", 10)] == [kept]
    found = stores.chunks.query(unit(f"chunks{kept}:0:0", 2)[1], 10)
    assert found[0][0] == f"{kept}:0:1" and len(found) == 3
    assert stores.catalog.document(removed) is None
    with pytest.raises(StoreError, match="no document"):
        stores.remove_documents([removed])
    # `add` of the other pages of `kept` never happened: all that is left agrees.
    assert verify(stores) == []


def test_a_removed_document_can_be_added_again(stores: Stores, two_documents: tuple[str, str], tmp_path: Path) -> None:
    _, removed = two_documents
    stores.remove_documents([removed])
    file = write_file(tmp_path, "minerals.pdf", ["A vein of zanzibarite\nwas found", "Zanzibarite is rare", "The end"])
    assert add_document(stores, file) == removed
    assert verify(stores) == []


def test_a_removal_that_was_killed_is_finished_at_the_next_opening(
    open_stores: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = open_stores()
    document_id = add_document(stores, write_file(tmp_path, "a.pdf", ["words about quokkas", "more"]))
    kept = add_document(stores, write_file(tmp_path, "b.pdf", ["words about hens"]))
    needles = traces(document_id, "quokka")
    steps = ("originals.remove", "vectors.scrub", "catalog.remove_document")
    picture = tmp_path / "library" / "cache" / document_id / "0@144.png"
    for step in steps:
        picture.parent.mkdir(parents=True)
        picture.write_bytes(b"a picture of a quokka")
        with monkeypatch.context() as patch:
            owner, _, name = step.rpartition(".")
            patch.setattr(getattr(stores, owner) if owner else stores, name, lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                stores.remove_documents([document_id])
        assert document_id not in stores.catalog.searchable()
        stores = open_stores()
        assert holders(tmp_path / "library", needles) == set(), step
        assert not picture.parent.exists()
        assert [row.info.document_id for row in stores.catalog.documents()] == [kept]
        assert verify(stores) == []
        add_document(stores, write_file(tmp_path, "a.pdf", ["words about quokkas", "more"]))


def test_a_document_about_to_be_read_again_keeps_its_original_and_its_row_whenever_it_is_killed(
    open_stores: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = open_stores()
    file = write_file(tmp_path, "a.pdf", ["words about quokkas", "more"])
    document_id = add_document(stores, file)
    add_document(stores, write_file(tmp_path, "b.pdf", ["words about hens"]))
    for step in ("bags.remove", "vectors.scrub", "catalog.forget_pages", ""):
        stores.originals.working_copy(document_id).write_bytes(b"without its password")
        with monkeypatch.context() as patch:
            if step:
                owner, _, name = step.rpartition(".")
                patch.setattr(getattr(stores, owner), name, lambda *_: 1 / 0)
                with pytest.raises(ZeroDivisionError):
                    stores.remove_documents([document_id], to_reread=True)
            else:
                stores.remove_documents([document_id], to_reread=True)
        stores = open_stores()
        row = stores.catalog.document(document_id)
        assert row is not None and (row.status, row.path, row.pages_indexed) == ("adding", str(file.path), 0), step
        assert stores.originals.intact(document_id) and stores.originals.working_copy(document_id).exists()
        assert stores.lexical.search("quokkas", 9) == []
        assert [line for line in verify(stores) if "not finished, 0 of 2 pages" not in line] == []
        assert add_document(stores, file) == document_id
        assert verify(stores) == []


def test_a_damaged_page_costs_its_own_document_only(
    open_stores: Opener, two_documents: tuple[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damaged, removed = two_documents
    stores = open_stores()
    kept = add_document(stores, write_file(tmp_path, "hens.pdf", ["words about hens"]))
    with stores.catalog.database.transaction() as run:
        run.execute("UPDATE page_contents SET content = x'00' WHERE document_id = ? AND page_index = 1", (damaged,))
    (line,) = verify(stores)
    assert f"{damaged} (harvest.pdf): page 1: a page in the catalog is damaged" in line
    stores.remove_documents([removed])
    assert f"{damaged} (harvest.pdf): a page in the catalog is damaged" in caplog.text
    stores = open_stores()
    assert [key for key, _ in stores.lexical.search("hens", 9)] == [f"{kept}:0"]
    assert set(stores.cards.keys()) == {damaged, kept}
    with stores.catalog.database.transaction() as run:
        run.execute("UPDATE page_chunks SET chunks = x'00' WHERE document_id = ?", (kept,))
    assert any(f"{kept} (hens.pdf): a page in the catalog is damaged" in line for line in verify(stores))


def plant_missing_chunk(stores: Stores, document_id: str) -> None:
    stores.vectors.chroma.collection("chunks").delete(ids=[f"{document_id}:0:0"])


def plant_surplus_chunk(stores: Stores, document_id: str) -> None:
    stores.chunks.upsert([f"{document_id}:0:99"], unit("surplus", 1), [PageRef(document_id, 0)])


def plant_missing_page_vector(stores: Stores, document_id: str) -> None:
    stores.vectors.chroma.collection("pages").delete(ids=[f"{document_id}:1"])


def plant_orphan_vectors(stores: Stores, document_id: str) -> None:
    stores.pages.upsert(["f" * 16 + ":0"], unit("orphan", 1), [PageRef("f" * 16, 0)])


def plant_missing_words(stores: Stores, document_id: str) -> None:
    stores.lexical.rebuild([one for one in stores._page_records() if one.ref.document_id != document_id])


def plant_missing_card(stores: Stores, document_id: str) -> None:
    stores.cards.rebuild([one for one in stores._card_records() if one.key != document_id])


def plant_orphan_bags(stores: Stores, document_id: str) -> None:
    (bag,) = stores.bags.read([stores.catalog.indexed_pages(document_id)[0][1]])
    stores.bags.append_pages("f" * 16, [(bag, bag)])


def plant_orphan_original(stores: Stores, document_id: str) -> None:
    path = stores.originals.path("f" * 16)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"nobody's")


MENDED = {
    plant_missing_chunk: "chroma chunks: 1 of 4 missing",
    plant_surplus_chunk: "chroma chunks: 1 too many",
    plant_missing_page_vector: "chroma pages: 1 of 3 missing",
    plant_orphan_vectors: "chroma pages: holds document ffff",
    plant_missing_words: "lexical: 3 of 3 missing",
    plant_missing_card: "cards: 1 of 1 missing",
    plant_orphan_bags: "page_vectors: holds document ffff",
    plant_orphan_original: "originals: holds document ffff",
}


@pytest.mark.parametrize("plant", MENDED, ids=lambda plant: plant.__name__)
def test_verify_finds_and_vacuum_mends(stores: Stores, two_documents: tuple[str, str], plant) -> None:  # type: ignore[no-untyped-def]
    plant(stores, two_documents[1])
    assert any(MENDED[plant] in line for line in verify(stores))
    vacuum(stores)
    assert verify(stores) == []


def test_verify_finds_what_cannot_be_mended(stores: Stores, two_documents: tuple[str, str], tmp_path: Path) -> None:
    first, second = two_documents
    stores.originals.path(first).write_bytes(b"other bytes")
    bag = stores.catalog.indexed_pages(second)[1][1]
    path = stores.bags.files.path(second)
    data = bytearray(path.read_bytes())
    data[bag.offset + 20] ^= 1
    path.write_bytes(data)
    with stores.catalog.database.transaction() as run:
        run.execute("DELETE FROM pages WHERE document_id = ? AND page_index = 1", (first,))
    found = verify(stores)
    assert any(first in line and "originals: missing, or not the bytes" in line for line in found)
    assert any(second in line and "page 1: page_vectors: the record" in line and "damaged" in line for line in found)
    assert any(first in line and "1 of 2 pages are indexed" in line for line in found)


def test_verify_names_unfinished_documents(stores: Stores, tmp_path: Path) -> None:
    document_id = add_document(stores, write_file(tmp_path, "a.pdf", ["one", "two"]))
    stores.catalog.set_status(document_id, "adding")
    (line,) = verify(stores)
    assert "a.pdf" in line and "not finished" in line and "run `recto add" in line


def test_vacuum_gives_space_back(stores: Stores, two_documents: tuple[str, str], tmp_path: Path) -> None:
    kept, removed = two_documents
    for start in range(0, 3000, 1000):
        ids = [f"{removed}:0:{number}" for number in range(start, start + 1000)]
        stores.chunks.upsert(ids, unit(f"{start}", 1000), [PageRef(removed, 0)] * 1000)
    stores.remove_documents([removed])
    picture = tmp_path / "library" / "cache" / removed / "0@144.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"left by a removal that was killed")
    report = vacuum(stores)
    assert not picture.parent.exists()
    assert report.bytes_after < report.bytes_before - 3000 * DIM * 4
    assert verify(stores) == []
    assert stores.chunks.query(unit(f"chunks{kept}:0:0", 1)[0], 1)[0][0] == f"{kept}:0:0"


def test_the_index_is_rebuilt_when_chroma_was_killed_while_writing(
    open_stores: Opener, tmp_path: Path, two_documents: tuple[str, str]
) -> None:
    stores = open_stores()
    question = unit("question", 1)[0]
    before = [stores.chunks.query(question, 7), stores.pages.query(question, 5)]
    stores.close()
    chroma = tmp_path / "library" / "chroma"
    for path in chroma.rglob("*.bin"):
        path.write_bytes(b"torn")
    (chroma / "chroma.sqlite3").write_bytes(b"torn")
    (chroma / MARKER).touch()
    stores = open_stores()
    assert verify(stores) == []
    after = [stores.chunks.query(question, 7), stores.pages.query(question, 5)]
    for old, new in zip(before, after, strict=True):
        assert [one for one, _ in old] == [one for one, _ in new]
        assert [score for _, score in old] == pytest.approx([score for _, score in new], abs=1e-6)


def test_damage_that_chroma_itself_reports_is_mended(
    open_stores: Opener, tmp_path: Path, two_documents: tuple[str, str]
) -> None:
    open_stores().close()
    (tmp_path / "library" / "chroma" / "chroma.sqlite3").write_bytes(b"not a database, and long enough to be read" * 99)
    assert verify(open_stores()) == []


@pytest.mark.parametrize("lost", ["missing", "empty"])
def test_a_library_without_its_catalog_is_not_taken_for_empty(
    open_stores: Opener, tmp_path: Path, two_documents: tuple[str, str], lost: str
) -> None:
    open_stores().close()
    catalog = tmp_path / "library" / "catalog.sqlite"
    catalog.unlink()
    if lost == "empty":
        catalog.touch()
    with pytest.raises(StoreError, match="missing or empty, though"):
        open_stores()
    assert list((tmp_path / "library" / "originals").glob("??/*"))


def test_an_index_that_is_gone_is_made_again(
    open_stores: Opener, tmp_path: Path, two_documents: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    open_stores().close()
    assert not caplog.messages
    shutil.rmtree(tmp_path / "library" / "chroma")
    assert verify(open_stores()) == []
    assert [message for message in caplog.messages if "has nothing of this library; rebuilding" in message]


def test_vectors_follow_the_library_to_a_server_and_back(
    open_stores: Opener, server: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    library = tmp_path / "library"

    def add(stores: Stores, name: str, text: str) -> str:
        return add_document(stores, write_file(tmp_path, name, [text]))

    stores = open_stores()
    harvest, fleet = add(stores, "a.pdf", "the harvest"), add(stores, "b.pdf", "the fleet")
    stores = open_stores(chroma_url=server)
    assert verify(stores) == [] and not stores.paths.chroma.exists()
    rain = add(stores, "c.pdf", "the rain")
    stores.remove_documents([harvest])
    assert holders(library, [harvest.encode()]) == set()

    stores = open_stores()
    assert stores.chunks.ids() == sorted(f"{one}:0:0" for one in (fleet, rain)) and verify(stores) == []
    stores.remove_documents([fleet])  # the server still has it
    stores = open_stores(chroma_url=f"{server}/")
    assert stores.chunks.ids() == [f"{rain}:0:0"] and verify(stores) == []

    caplog.clear()
    assert verify(open_stores(chroma_url=server)) == [] and not caplog.messages  # no move, nothing rebuilt
    assert verify(open_stores()) == [] and len(caplog.messages) == 1
    assert verify(open_stores()) == [] and len(caplog.messages) == 1


def test_vectors_follow_the_library_from_server_to_server(open_stores: Opener, server: str, tmp_path: Path) -> None:
    stores = open_stores(chroma_url=server)
    first = add_document(stores, write_file(tmp_path, "a.pdf", ["the harvest"]))
    other = tmp_path / "library" / "chroma.server"
    assert other.read_text() == server.removeprefix("http://")
    stores.vectors.collections["chunks"].delete_document(first)  # as a server that was left before it was added
    other.write_text("elsewhere:8000")
    assert verify(open_stores(chroma_url=server)) == [] and other.read_text() == server.removeprefix("http://")


@pytest.mark.parametrize("target", ["server", "embedded"])
def test_a_move_that_was_killed_is_made_again(
    open_stores: Opener, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    here, there = ("", server) if target == "server" else (server, "")
    stores = open_stores(chroma_url=here)
    gone = add_document(stores, write_file(tmp_path, "a.pdf", ["the harvest"]))
    open_stores(chroma_url=there)
    stores = open_stores(chroma_url=here)
    stores.remove_documents([gone])
    kept = add_document(stores, write_file(tmp_path, "b.pdf", ["the fleet"]))
    for step in ("VectorIndex._fill", "VectorIndex._settle_place"):
        with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
            patch.setattr(f"pipeline.stores.vector_index.{step}", lambda *_: 1 / 0)
            open_stores(chroma_url=there)
    stores = open_stores(chroma_url=there)
    assert stores.chunks.ids() == [f"{kept}:0:0"] and verify(stores) == []
    assert stores.paths.chroma.exists() == (target == "embedded")
    assert (tmp_path / "library" / "chroma.server").exists() == (target == "server")


@pytest.mark.parametrize("store", ["lexical", "cards"])
def test_a_damaged_lexical_index_is_built_anew(
    open_stores: Opener, tmp_path: Path, two_documents: tuple[str, str], store: str
) -> None:
    open_stores().close()
    (tmp_path / "library" / store / "meta.json").write_text("{")
    stores = open_stores()
    assert verify(stores) == []
    assert len(stores.lexical.search("zanzibarite", 9)) == 2


def test_a_swap_that_was_killed_between_its_renames_is_completed(
    open_stores: Opener, tmp_path: Path, two_documents: tuple[str, str]
) -> None:
    open_stores().close()
    library = tmp_path / "library"
    (library / "chroma").rename(library / "chroma.old")
    (library / "lexical").rename(library / "lexical.old")
    (library / "cards.new").mkdir()
    assert verify(open_stores()) == []
    assert not [path.name for path in library.iterdir() if path.suffix in (".old", ".new")]


def test_nothing_but_the_catalog_holds_text(stores: Stores, two_documents: tuple[str, str], tmp_path: Path) -> None:
    stores.close()
    allowed = {"catalog.sqlite", *(path.name for path in (tmp_path / "library" / "originals").rglob("*"))}
    assert holders(tmp_path / "library", [b"a vein of zanzi"]) <= allowed
    chroma = sqlite3.connect(tmp_path / "library" / "chroma" / "chroma.sqlite3")
    assert {row[0] for row in chroma.execute("SELECT DISTINCT key FROM embedding_metadata")} == {
        "document_id",
        "page_index",
    }
    chroma.close()


def test_closed_stores_release_the_library(open_stores: Opener, tmp_path: Path) -> None:
    stores = open_stores()
    stores.close()
    stores.close()
    again = Stores.open(tmp_path / "library", manifest(), stores.words, page_vector)
    again.close()
