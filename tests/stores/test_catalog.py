"""The catalog: states, pages, resuming, looking up."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.document import DocumentInfo, OutlineItem, Page, PageIssue
from ingest.files import FileIdentity
from pipeline.errors import InputError, StoreError
from pipeline.results import PageRef
from pipeline.stores.bags import BagRef, chunk_bag
from pipeline.stores.catalog import Catalog
from pipeline.stores.rows import IndexedPage
from tests.stores.small_library import make_chunks, make_page

ONE, TWO = "aa" * 8, "ab" + "cd" * 7


def info(document_id: str = ONE, name: str = "one.pdf", pages: int = 3) -> DocumentInfo:
    return DocumentInfo(
        document_id, name, "application/pdf", 99, pages, "A title", "An author", "2024", (OutlineItem(1, "First", 0),)
    )


def indexed(document_id: str, page_index: int, text: str) -> IndexedPage:
    page = make_page(page_index, text)
    return IndexedPage(
        PageRef(document_id, page_index),
        page,
        make_chunks(document_id, page),
        BagRef(document_id, 100 * page_index, 2, 4),
    )


@pytest.fixture
def catalog(tmp_path: Path):  # type: ignore[no-untyped-def]
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def test_a_document_from_beginning_to_ready(catalog: Catalog) -> None:
    catalog.begin_document(info(), "/files/one.pdf")
    assert catalog.unparsed_pages(ONE) == [0, 1, 2] and catalog.searchable() == frozenset()
    pages = [make_page(0, "a"), Page(1, "ii", 1.0, 1.0, (), (PageIssue(1, "parse", "broken", lost=True),))]
    catalog.save_parsed(ONE, pages)
    assert catalog.unparsed_pages(ONE) == [2] and catalog.unindexed_pages(ONE) == [0, 1]
    assert catalog.parsed_pages(ONE) == pages and catalog.page(PageRef(ONE, 1)) == pages[1]
    assert catalog.page(PageRef(ONE, 2)) is None
    assert catalog.issues(ONE) == [PageIssue(1, "parse", "broken", lost=True)]
    catalog.save_indexed([indexed(ONE, 0, "a\nb")])
    catalog.set_status(ONE, "partial", "one page lost")
    row = catalog.document(ONE)
    assert row is not None and row.info == info() and row.path == "/files/one.pdf"
    assert (row.status, row.error, row.pages_indexed, row.pages_lost) == ("partial", "one page lost", 1, 1)
    assert (row.chunks, row.page_vectors) == (2, 2)
    assert catalog.searchable() == {ONE} and catalog.documents() == [row]
    catalog.set_status(ONE, "adding")
    assert catalog.searchable() == frozenset()


def test_beginning_again_keeps_what_is_durable(catalog: Catalog) -> None:
    catalog.begin_document(info(), "/files/one.pdf")
    catalog.save_parsed(ONE, [make_page(0, "a"), make_page(1, "b")])
    catalog.save_indexed([indexed(ONE, 0, "a")])
    catalog.begin_document(info(), "/elsewhere/one.pdf")
    assert catalog.unparsed_pages(ONE) == [2] and catalog.unindexed_pages(ONE) == [1]
    row = catalog.document(ONE)
    assert row is not None and row.path == "/elsewhere/one.pdf" and row.chunks == 1


def test_indexing_a_page_again_replaces_it(catalog: Catalog) -> None:
    catalog.begin_document(info(), "/files/one.pdf")
    catalog.save_indexed([indexed(ONE, 0, "a\nb\nc")])
    catalog.save_indexed([indexed(ONE, 0, "d")])
    assert catalog.chunk_ids(ONE) == [f"{ONE}:0:0"]
    assert [chunk.text for chunk in catalog.chunks_of([PageRef(ONE, 0)])[PageRef(ONE, 0)]] == ["d"]


def test_lookups_give_back_what_was_stored(catalog: Catalog) -> None:
    catalog.begin_document(info(pages=700), "/files/one.pdf")
    records = [indexed(ONE, page_index, f"page {page_index}\nmore") for page_index in range(700)]
    catalog.save_indexed(records)
    refs = [record.ref for record in records]  # more than one statement takes
    assert catalog.chunks_of([*refs, PageRef(TWO, 0)]) == {
        **{record.ref: list(record.chunks) for record in records},
        PageRef(TWO, 0): [],
    }
    found = catalog.bag_refs(refs, 384)
    assert {ref: pair.page for ref, pair in found.items()} == {record.ref: record.bag for record in records}
    assert all(pair.chunks == chunk_bag(pair.page, pair.chunks.rows, 384) for pair in found.values())
    assert [pair.chunks.rows for pair in found.values()] == [len(record.chunks) for record in records]
    assert catalog.texts_of(refs[:2]) == {record.ref: [one.text for one in record.chunks] for record in records[:2]}
    assert {ref: row.page_label for ref, row in catalog.page_rows(refs).items()} == {
        ref: str(ref.page_index + 1) for ref in refs
    }
    ids = [chunk.chunk_id for record in records for chunk in record.chunks]
    assert catalog.chunk_ids(ONE) == ids
    assert catalog.bag_end(ONE) == records[-1].bag.end


def test_pages_are_found_by_what_people_call_them(catalog: Catalog) -> None:
    catalog.begin_document(info(pages=4), "/files/one.pdf")
    catalog.begin_document(info(TWO, "photo.png", pages=1), "/files/photo.png")
    labels = ["i", "ii", "1", "2"]
    records = [
        replace(r, page=replace(r.page, page_label=labels[at])) for at in range(4) for r in [indexed(ONE, at, "x")]
    ]
    catalog.save_indexed([*records, indexed(TWO, 0, "y")])

    def found(*numbers: int, last: bool = False) -> list[PageRef]:
        return catalog.numbered_pages([ONE, TWO], numbers, last=last)

    assert found(1) == [PageRef(ONE, 0), PageRef(ONE, 2)]  # counted from 1, and printed; a photo has no page 1
    assert found(4, 99) == [PageRef(ONE, 3)] == found(last=True)
    assert found() == []


def test_documents_are_found_by_id_prefix_and_name(catalog: Catalog) -> None:
    catalog.begin_document(info(ONE, "one.pdf"), "/files/one.pdf")
    catalog.begin_document(info(TWO, "two.pdf"), "/files/two.pdf")
    for reference, expected in ((ONE, ONE), ("aaa", ONE), ("ABCD", TWO), ("two.pdf", TWO), ("/files/one.pdf", ONE)):
        assert catalog.resolve(reference).info.document_id == expected
    with pytest.raises(InputError, match=rf"'a' means 2 documents: {ONE} \(one\.pdf\), {TWO} \(two\.pdf\)"):
        catalog.resolve("a")
    for reference in ("", "%", "three.pdf", "aa_"):
        with pytest.raises(InputError, match="no document is called"):
            catalog.resolve(reference)


def test_files_that_could_not_be_opened_are_listed(catalog: Catalog) -> None:
    unread = catalog.record_failed("/files/empty.pdf", "the file is empty")
    identity = FileIdentity(Path("/files/locked.pdf"), ONE, "application/pdf", 5)
    assert catalog.record_failed("/files/locked.pdf", "needs a password", identity) == ONE
    assert [(row.info.name, row.status, row.error) for row in catalog.documents()] == [
        ("empty.pdf", "failed", "the file is empty"),
        ("locked.pdf", "failed", "needs a password"),
    ]
    assert catalog.record_failed("/files/empty.pdf", "still empty") == unread
    row = catalog.document(unread)
    assert row is not None and row.error == "still empty" and len(catalog.documents()) == 2
    # The same path turns out readable: its failure is forgotten.
    catalog.begin_document(info(TWO, "empty.pdf"), "/files/empty.pdf")
    assert catalog.document(unread) is None
    # A document with pages does not become a failure because a copy of it could not be opened.
    catalog.save_indexed([indexed(TWO, 0, "a")])
    catalog.set_status(TWO, "ready")
    catalog.record_failed("/files/copy.pdf", "vanished", FileIdentity(Path("copy.pdf"), TWO, "application/pdf", 5))
    assert catalog.searchable() == {TWO}


def test_removing_takes_everything_of_a_document(catalog: Catalog) -> None:
    for document_id, name in ((ONE, "one.pdf"), (TWO, "two.pdf")):
        catalog.begin_document(info(document_id, name), f"/files/{name}")
        catalog.save_indexed([indexed(document_id, 0, f"words of {name}")])
        catalog.set_status(document_id, "ready")
    session = catalog.history.start_session()
    catalog.history.add_turn(session, "q1", "q1", f'{{"document_id": "{ONE}"}}')
    catalog.history.add_turn(session, "q2", "q2", f'{{"document_id": "{TWO}"}}')
    stored = dict(catalog.database.rows("SELECT document_id, chunks FROM page_chunks"))
    catalog.remove_document(ONE)
    tables = ("documents", "pages", "page_contents", "page_chunks")
    assert [catalog.database.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables] == [1, 1, 1, 1]
    assert [turn.answer for turn in catalog.history.turns(session)] == ["", f'{{"document_id": "{TWO}"}}']
    files = list(catalog.database.path.parent.iterdir())
    assert not any(ONE.encode() in path.read_bytes() or stored[ONE] in path.read_bytes() for path in files)
    assert any(stored[TWO] in path.read_bytes() for path in files)


def test_text_that_no_store_takes_is_stored_all_the_same(catalog: Catalog) -> None:
    page = make_page(0, "half a \ud83d pair")
    catalog.begin_document(info(name="na\udce4me.pdf"), "/files/na\udce4me.pdf")
    catalog.save_indexed([IndexedPage(PageRef(ONE, 0), page, make_chunks(ONE, page), BagRef(ONE, 0, 0, 4))])
    assert catalog.page(PageRef(ONE, 0)) == page
    assert catalog.chunks_of([PageRef(ONE, 0)])[PageRef(ONE, 0)][0].text == "half a \ufffd pair"
    assert catalog.resolve("na\udce4me.pdf").info.document_id == ONE


def test_a_write_that_fails_leaves_nothing_behind(catalog: Catalog) -> None:
    catalog.begin_document(info(), "/files/one.pdf")
    broken = indexed(ONE, 1, "b")
    chunk = broken.chunks[0]
    doubled = IndexedPage(broken.ref, broken.page, (chunk, chunk), broken.bag)
    with pytest.raises(ValueError, match="counted"):
        catalog.save_indexed([indexed(ONE, 0, "a"), doubled])
    assert catalog.parsed_pages(ONE) == [] and catalog.chunk_ids(ONE) == []


def test_a_full_disk_is_one_line_and_harms_nothing(catalog: Catalog) -> None:
    catalog.begin_document(info(pages=1000), "/files/one.pdf")
    catalog.save_indexed([indexed(ONE, 0, "a")])
    used = catalog.database.rows("PRAGMA page_count")[0][0]
    catalog.database.rows(f"PRAGMA max_page_count = {used + 20}")
    with pytest.raises(StoreError, match=r"the disk is full .*nothing stored is harmed"):
        texts = [" ".join(f"{word * page_index % 7919}" for word in range(500)) for page_index in range(1, 200)]
        catalog.save_indexed([indexed(ONE, page_index, text) for page_index, text in enumerate(texts, 1)])
    assert catalog.chunk_ids(ONE) == [f"{ONE}:0:0"] and catalog.database.integrity() == []


def test_a_damaged_file_and_another_schema_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    path.write_bytes(b"this is no database at all" * 400)
    with pytest.raises(StoreError, match="is damaged"):
        Catalog(path)
    path.unlink()
    Catalog(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(StoreError, match="schema version 7"):
        Catalog(path)


def test_questions_and_conversations_are_kept(catalog: Catalog) -> None:
    history = catalog.history
    first = history.log_question("ask", "why?", "{}", "hash", 0.5)
    second = history.log_question("search", "how?", "", "hash", 0.1)
    assert [(entry.question_id, entry.question) for entry in history.questions()] == [(second, "how?"), (first, "why?")]
    session = history.start_session()
    assert [history.add_turn(session, q, f"full {q}", "{}") for q in ("a", "b")] == [0, 1]
    assert [(turn.question, turn.standalone_question) for turn in history.turns(session)] == [
        ("a", "full a"),
        ("b", "full b"),
    ]
    (row,) = history.sessions()
    assert (row.session_id, row.turns, row.first_question) == (session, 2, "a")
    assert history.resolve_session(session[:6]) == session
    with pytest.raises(InputError, match="no conversation"):
        history.resolve_session("zzz")
    history.delete_session(session)
    assert history.sessions() == [] and history.turns(session) == []


def test_the_library_keeps_its_id(tmp_path: Path) -> None:
    catalogs = [Catalog(tmp_path / name) for name in ("a.sqlite", "a.sqlite", "b.sqlite")]
    first, again, other = (catalog.library_id for catalog in catalogs)
    assert first == again != other and len(first) == 16
    for catalog in catalogs:
        catalog.close()
