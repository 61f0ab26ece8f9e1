"""Prepared pages into vectors and words, and those into the stores, in the order that survives a kill.

Order of one group: Chroma (chunks, pages) and bags, then the lexical index, then the catalog rows in one transaction.
Nothing is visible until the catalog says so; all ids come from content, so a repeated group overwrites itself.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest.document import FURNITURE, Chunk, DocumentInfo, Kind, Page
from pipeline.embedding.base import PageEmbedder, PageInput, TextEmbedder, Vectors
from pipeline.embedding.fde import FixedDimensionalEncoder
from pipeline.results import PageRef
from pipeline.retrieval.cards import card_texts
from pipeline.stores.catalog import IndexedPage
from pipeline.stores.lexical import LexicalRecord
from pipeline.stores.opened import Stores
from pipeline.stores.bags import BagRef
from PIL import Image


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """A finished page (furniture known, chunks cut) that only has to be embedded and written."""

    info: DocumentInfo
    page: Page
    chunks: tuple[Chunk, ...]

    @property
    def ref(self) -> PageRef:
        return PageRef(self.info.document_id, self.page.page_index)

    @property
    def key(self) -> str:
        """The page's id in Chroma and in the lexical index."""
        return f"{self.info.document_id}:{self.page.page_index}"
