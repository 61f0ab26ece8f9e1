"""What the lexical indexes ask of those who know pages: which words a page, and a document as a whole, is found by.

The stores call this when they build an index anew from the catalog; indexing calls it for new pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ingest.document import DocumentInfo, Page
from pipeline.stores.lexical import LexicalRecord


class Words(Protocol):
    """The fields of the two lexical indexes with their weights, and their records.

    page_pairs: weight of neighbouring words in the index of pages.
    """

    page_fields: Mapping[str, float]
    page_pairs: float
    card_fields: Mapping[str, float]

    def page_record(self, info: DocumentInfo, page: Page) -> LexicalRecord:
        """The words of one page, under the key `document_id:page_index`."""

    def card_record(self, info: DocumentInfo, pages: Sequence[Page]) -> LexicalRecord:
        """The words that say what a document is, under the key `document_id`."""
