"""Fixtures: the library of one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.stores.opened import Stores
from tests.stores.small_library import Opener, PlainWords, add_document, manifest, page_vector, write_file


@pytest.fixture
def open_stores(tmp_path: Path) -> Iterator[Opener]:
    """Opens (again) the one library of the test; closes it at the end."""
    opened: list[Stores] = []

    def open_again(**changes: object) -> Stores:
        for stores in opened:
            stores.close()
        opened.append(Stores.open(tmp_path / "library", manifest(**changes), PlainWords(), page_vector))
        return opened[-1]

    yield open_again
    for stores in opened:
        stores.close()


@pytest.fixture
def stores(open_stores: Opener) -> Stores:
    return open_stores()


@pytest.fixture
def two_documents(stores: Stores, tmp_path: Path) -> tuple[str, str]:
    """Two documents in `stores`; the second alone has the word "zanzibarite"."""
    first = write_file(tmp_path, "harvest.pdf", ["The harvest was good\nand the barns are full", "Rain came late"])
    second = write_file(
        tmp_path, "minerals.pdf", ["A vein of zanzibarite\nwas found", "Zanzibarite is rare", "The end"]
    )
    return add_document(stores, first), add_document(stores, second)
