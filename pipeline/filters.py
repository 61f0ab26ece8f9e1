"""Which documents a search is narrowed to by what they are. Reads rows of the catalog; knows no query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline.errors import InputError
from pipeline.stores.rows import DocumentRow

FILTERS = ("author", "document_id", "media_type", "name", "title")
"""What documents can be narrowed by."""


def fitting(rows: Iterable[DocumentRow], filters: Mapping[str, str]) -> frozenset[str]:
    """Ids of the documents that have every value asked for. Raises `InputError` for an unknown filter."""
    unknown = sorted(set(filters).difference(FILTERS))
    if unknown:
        raise InputError(f"there is no filter {unknown[0]!r}: filter by {', '.join(FILTERS)}")
    return frozenset(
        row.info.document_id
        for row in rows
        if all(str(getattr(row.info, key)) == value for key, value in filters.items())
    )
