"""Bags of page vectors on disk, and the checksummed record files under them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.embedding.base import PageVectors
from pipeline.errors import StoreError
from pipeline.stores.bags import BagRef, BagStore, chunk_bag
from pipeline.stores.numbers import FORMS, Storage
from pipeline.stores.records import RecordFiles
from tests.stores.small_library import unit

ONE, TWO = "aa" * 8, "bb" * 8


def bag(rows: int, seed: str = "bag") -> PageVectors:
    boxes = np.random.default_rng(rows).random((rows, 4), np.float32)
    return PageVectors(unit(seed, rows), boxes)


def put(store: BagStore, document_id: str, bags: Sequence[PageVectors]) -> list[BagRef]:
    """Append pages without chunks; the places of their bags."""
    return store.append_pages(document_id, [(bag(0), one) for one in bags])


def size(files: RecordFiles, document_id: str) -> int:
    return files.path(document_id).stat().st_size


def same(read: PageVectors, written: PageVectors) -> bool:
    close = np.allclose(read.vectors, written.vectors, atol=1e-3) and read.vectors.dtype == np.float32
    return bool(close and np.array_equal(read.boxes, written.boxes) and read.vectors.shape == written.vectors.shape)


def test_bags_are_read_as_written_in_the_order_asked(tmp_path: Path) -> None:
    store = BagStore(tmp_path)
    bags = [bag(3, "a"), bag(0), bag(40, "b")]
    refs = put(store, ONE, bags[:2]) + put(store, ONE, bags[2:]) + put(store, TWO, [bag(1, "c")])
    assert [(ref.document_id, ref.rows, ref.dim) for ref in refs] == [
        (ONE, 3, 32),
        (ONE, 0, 32),
        (ONE, 40, 32),
        (TWO, 1, 32),
    ]
    assert size(store.files, ONE) == refs[2].end and store.documents() == [ONE, TWO]
    read = store.read([refs[2], refs[3], refs[0], refs[1]])
    assert all(same(*pair) for pair in zip(read, [bags[2], bag(1, "c"), bags[0], bags[1]], strict=True))
    read[0].vectors[:] = 0  # a copy: what is stored does not change
    assert same(store.read([refs[2]])[0], bags[2])


def test_what_a_killed_run_left_is_cut_off(tmp_path: Path) -> None:
    store = BagStore(tmp_path)
    (durable,) = put(store, ONE, [bag(3, "a")])
    put(store, ONE, [bag(5, "lost")])
    store.read([durable])
    with store.files.path(ONE).open("ab") as file:
        file.write(b"half a record")
    store.truncate(ONE, durable.end)
    assert size(store.files, ONE) == durable.end
    (again,) = put(store, ONE, [bag(5, "new")])
    assert chunk_bag(again, 0, 32).offset == durable.end
    assert same(store.read([durable])[0], bag(3, "a")) and same(store.read([again])[0], bag(5, "new"))


def test_damage_is_an_error_not_a_wrong_answer(tmp_path: Path) -> None:
    store = BagStore(tmp_path)
    first, second = put(store, ONE, [bag(3, "a"), bag(3, "b")])
    path = store.files.path(ONE)
    data = bytearray(path.read_bytes())
    data[first.end - 1] ^= 1
    path.write_bytes(data)
    store.close()
    with pytest.raises(StoreError, match=f"record of document {ONE} at byte {first.offset} is damaged"):
        store.read([first], checked=True)
    store.read([second], checked=True)
    wrong = [
        BagRef(ONE, second.offset + 1, 3, 32),
        BagRef(ONE, second.offset, 4, 32),
        BagRef(ONE, second.end, 3, 32),
        BagRef(TWO, 0, 1, 32),
    ]
    for ref in wrong:
        with pytest.raises(StoreError, match="damaged or missing"):
            store.read([ref])


def test_removing_leaves_no_file(tmp_path: Path) -> None:
    store = BagStore(tmp_path)
    (ref,) = put(store, ONE, [bag(3)])
    store.read([ref])
    store.remove(ONE)
    store.remove(ONE)
    assert store.documents() == [] and list(tmp_path.iterdir()) == []
    with pytest.raises(StoreError):
        store.read([ref])


def test_more_documents_than_open_maps(tmp_path: Path) -> None:
    store = BagStore(tmp_path)
    store.files.open_maps = 5
    bags = [bag(2, str(number)) for number in range(20)]
    refs = [put(store, f"{number:016x}", [one])[0] for number, one in enumerate(bags)]
    for _ in range(2):
        assert all(same(*pair) for pair in zip(store.read(refs), bags, strict=True))
        assert np.array_equal(store.vectors(refs), np.concatenate([one.vectors for one in bags]).astype(np.float16))


def test_vectors_of_many_bags_are_read_as_one_by_one_and_what_is_damaged_is_refused(tmp_path: Path) -> None:
    store = BagStore(tmp_path)
    refs = put(store, ONE, [bag(3, "a"), bag(0), bag(7, "b")]) + put(store, TWO, [bag(1, "c")])
    store.vectors(refs)
    refs += put(store, ONE, [bag(5, "grown behind what is mapped")])
    mixed = [refs[4], refs[3], refs[1], refs[0], refs[0], refs[2]]
    one_by_one = np.concatenate([one.vectors for one in store.read(mixed)])
    assert np.array_equal(store.vectors(mixed).astype(np.float32), one_by_one)
    assert store.vectors([refs[1]]).shape == (0, 32)
    second = refs[2]
    wrong = [
        BagRef(ONE, second.offset + 1, 7, 32),
        BagRef(ONE, second.offset, 8, 32),
        BagRef(ONE, refs[4].end, 7, 32),
        BagRef(ONE, refs[4].end - 1, 7, 32),
        BagRef("cc" * 8, 0, 1, 32),
    ]
    for ref in wrong:
        with pytest.raises(StoreError, match=f"record of document {ref.document_id} at byte {ref.offset} is damaged"):
            store.vectors([refs[0], ref, refs[3]])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=6), st.data())
def test_whatever_is_cut_off_the_whole_records_are_read(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes], data: st.DataObject
) -> None:
    files = RecordFiles(tmp_path_factory.mktemp("records"))
    offsets = files.append(ONE, payloads)
    whole = size(files, ONE)
    cut = data.draw(st.integers(0, whole))
    with files.path(ONE).open("r+b") as file:
        file.truncate(cut)
    for offset, end, payload in zip(offsets, [*offsets[1:], whole], payloads, strict=True):
        if end <= cut:
            assert bytes(files.payload(ONE, offset, checked=True)) == payload
        else:
            with pytest.raises(StoreError, match="damaged or missing"):
                files.payload(ONE, offset)


def test_the_default_is_float16_then_boxes(tmp_path: Path) -> None:
    store, one = BagStore(tmp_path), bag(3)
    (ref,) = store.append_pages(ONE, [(bag(2), one)])
    payload = store.files.payload(ONE, ref.offset)
    assert bytes(payload) == one.vectors.astype(np.float16).tobytes() + one.boxes.tobytes()
    assert same(store.read([chunk_bag(ref, 2, 32)])[0], bag(2))


@pytest.mark.parametrize("storage", FORMS)
def test_pages_in_the_numbers_of_the_library_and_chunks_in_float16(tmp_path: Path, storage: Storage) -> None:
    store = BagStore(tmp_path, storage)
    pages = [(bag(3, "chunks"), bag(7, "page")), (bag(0), bag(2, "other")), (bag(1), bag(0))]
    refs = store.append_pages(ONE, pages)
    assert size(store.files, ONE) == refs[-1].end and [ref.storage for ref in refs] == [storage] * 3
    for ref, (chunks, page), read in zip(refs, pages, store.read(refs, checked=True), strict=True):
        assert np.array_equal(read.boxes, page.boxes)
        assert np.array_equal(read.vectors, store.as_stored(page, storage).vectors)
        assert same(store.read([chunk_bag(ref, len(chunks.vectors), 32)])[0], chunks)
    last, first = (np.asarray(store.vectors(refs, first=first), np.float32) for first in (False, True))
    own = np.concatenate([page.vectors for _, page in pages])
    near = (last * own).sum(axis=1) / np.linalg.norm(last, axis=1)
    assert near.min() > (0.6 if storage == "binary" else 0.999)
    assert np.array_equal(first, last) == (storage in ("float16", "int8", "binary"))


def test_a_record_in_other_numbers_is_not_read_as_ours(tmp_path: Path) -> None:
    (ref,) = BagStore(tmp_path, "int8").append_pages(ONE, [(bag(0), bag(5))])
    with pytest.raises(StoreError, match="damaged or missing"):
        BagStore(tmp_path).read([ref._replace(storage="float16")])
