"""Reading many pages or chunks of the catalog at once: the part that answers while a user waits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from ingest.document import Chunk
from pipeline.results import PageRef
from pipeline.stores.bags import BagRef, PageBags, chunk_bag
from pipeline.stores.codec import chunk_texts_from_bytes, chunks_from_bytes
from pipeline.stores.database import Database
from pipeline.stores.numbers import FLOAT16, Storage
from pipeline.stores.rows import PageRow

KEYS_A_STATEMENT = 300
"""Of two or three variables each: some builds of SQLite take no more than 999 in a statement."""

_PAGE = ("document_id", "page_index")


class Lookup:
    """Batched reads by page or chunk. Refs and ids the catalog does not know are left out of the answers.

    `page_storage`: the numbers that the library's bags of pages are written in.
    """

    def __init__(self, database: Database, page_storage: Storage = FLOAT16) -> None:
        self.database = database
        self.page_storage = page_storage

    def page_rows(self, refs: Sequence[PageRef]) -> dict[PageRef, PageRow]:
        """Label, size and state of each page."""
        found = self._matching(("page_label", "width", "height", "lost"), "pages", _PAGE, _keys(refs))
        return {PageRef(row[0], row[1]): PageRow(row[2], row[3], row[4], bool(row[5])) for row in found}

    def bag_refs(self, refs: Sequence[PageRef], dim: int) -> dict[PageRef, PageBags]:
        """Where the vectors of each indexed page lie: of its chunks, which have `dim` dimensions, and its own bag."""
        columns = ("bag_offset", "bag_rows", "bag_dim", "chunk_count")
        places: dict[PageRef, PageBags] = {}
        for document_id, page_index, offset, rows, page_dim, chunks in self._matching(
            columns, "pages", _PAGE, _keys(refs)
        ):
            if offset is not None:
                page = BagRef(document_id, offset, rows, page_dim, self.page_storage)
                places[PageRef(document_id, page_index)] = PageBags(chunk_bag(page, chunks, dim), page)
        return places

    def page_refs(self, document_ids: Sequence[str]) -> list[PageRef]:
        """Every indexed page of the documents, in order."""
        marks = ", ".join("?" * len(document_ids))
        found = self.database.rows(
            f"SELECT document_id, page_index FROM pages WHERE document_id IN ({marks}) AND bag_offset IS NOT NULL "
            "ORDER BY document_id, page_index",
            list(document_ids),
        )
        return [PageRef(document_id, page_index) for document_id, page_index in found]

    def numbered_pages(self, document_ids: Sequence[str], numbers: Collection[int], *, last: bool) -> list[PageRef]:
        """Indexed pages of documents of several pages that people call by one of `numbers`: printed so, or counted so
        from 1; with `last` the last page of each too."""
        documents, wanted = ", ".join("?" * len(document_ids)), ", ".join("?" * len(numbers))
        found = self.database.rows(
            "SELECT p.document_id, p.page_index FROM pages p JOIN documents d ON d.document_id = p.document_id "
            f"WHERE p.document_id IN ({documents}) AND p.bag_offset IS NOT NULL AND d.page_count > 1 "
            f"AND (p.page_index + 1 IN ({wanted}) OR p.page_label IN ({wanted}) "
            "OR (? AND p.page_index + 1 = d.page_count)) "
            "ORDER BY p.document_id, p.page_index",
            [*document_ids, *numbers, *map(str, numbers), last],
        )
        return [PageRef(document_id, page_index) for document_id, page_index in found]

    def page_counts(self, document_ids: Sequence[str]) -> dict[str, int]:
        """How many pages each document has."""
        marks = ", ".join("?" * len(document_ids))
        found = self.database.rows(
            f"SELECT document_id, page_count FROM documents WHERE document_id IN ({marks})", list(document_ids)
        )
        return dict(found)

    def names(self, document_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """(name, title) of each document."""
        marks = ", ".join("?" * len(document_ids))
        found = self.database.rows(
            f"SELECT document_id, name, title FROM documents WHERE document_id IN ({marks})", list(document_ids)
        )
        return {document_id: (name, title) for document_id, name, title in found}

    def chunks_of(self, refs: Sequence[PageRef]) -> dict[PageRef, list[Chunk]]:
        """Chunks of each page in their order; every ref has a list, empty where the page has none."""
        chunks: dict[PageRef, list[Chunk]] = {ref: [] for ref in refs}
        for document_id, page_index, stored in self._matching(("chunks",), "page_chunks", _PAGE, _keys(refs)):
            chunks[PageRef(document_id, page_index)] = chunks_from_bytes(stored, document_id, page_index)
        return chunks

    def texts_of(self, refs: Sequence[PageRef]) -> dict[PageRef, list[str]]:
        """The texts of each page's chunks in their order, for twice as many pages a second as `chunks_of`."""
        texts: dict[PageRef, list[str]] = {ref: [] for ref in refs}
        for document_id, page_index, stored in self._matching(("chunks",), "page_chunks", _PAGE, _keys(refs)):
            texts[PageRef(document_id, page_index)] = chunk_texts_from_bytes(stored)
        return texts

    def _matching(
        self, columns: tuple[str, ...], table: str, key: tuple[str, ...], values: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[Any, ...]]:
        """`document_id`, `page_index` and `columns` of the rows of `table` whose `key` columns are among `values`."""
        marks = f"({', '.join('?' * len(key))})"
        wanted = ", ".join(f"t.{column}" for column in (*_PAGE, *columns))
        same = " AND ".join(f"t.{column} = w.{column}" for column in key)
        for start in range(0, len(values), KEYS_A_STATEMENT):
            some = values[start : start + KEYS_A_STATEMENT]
            yield from self.database.rows(
                f"WITH w({', '.join(key)}) AS (VALUES {', '.join([marks] * len(some))}) "
                f"SELECT {wanted} FROM w CROSS JOIN {table} t ON {same}",
                [value for one in some for value in one],
            )


def _keys(refs: Sequence[PageRef]) -> list[tuple[str, int]]:
    return [(ref.document_id, ref.page_index) for ref in dict.fromkeys(refs)]
