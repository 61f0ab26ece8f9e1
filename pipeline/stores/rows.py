"""What the catalog hands out and takes in. Plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ingest.document import Chunk, DocumentInfo, Page
from pipeline.results import PageRef
from pipeline.stores.bags import BagRef

Status = Literal["adding", "ready", "partial", "failed", "removing", "rereading"]
"""`adding`: not every page is indexed yet. `partial`: ready, with pages lost. `removing`: a removal has begun.
`rereading`: a removal has begun of what was read, and of no more, because the document is about to be read again."""

SEARCHABLE: frozenset[Status] = frozenset({"ready", "partial"})
LEAVING: frozenset[Status] = frozenset({"removing", "rereading"})
"""What no store may be built from any more."""


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document of the library. The counts are counted from rows, never from what was meant to be written.

    `page_vectors` are the vectors in its pages' bags, `added_at` an ISO time in UTC.
    """

    info: DocumentInfo
    path: str
    status: Status
    error: str
    pages_indexed: int
    pages_lost: int
    chunks: int
    page_vectors: int
    added_at: str


@dataclass(frozen=True, slots=True)
class PageRow:
    """A page without its content. `width` and `height` as in `Page`."""

    page_label: str
    width: float
    height: float
    lost: bool


@dataclass(frozen=True, slots=True)
class IndexedPage:
    """A finished page (page headers and footers marked), its chunks, and where its bag of vectors lies."""

    ref: PageRef
    page: Page
    chunks: tuple[Chunk, ...]
    bag: BagRef
