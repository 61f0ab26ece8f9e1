"""The parsed document: pages, blocks with boxes, chunks. Plain frozen data, no behaviour beyond geometry.

Coordinates: a `Box` is in fractions (0–1) of the page **as displayed** (rotation applied), origin at
the top left. `page_index` is 0-based; `page_label` is what is printed on the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Box(NamedTuple):
    """`(x0, y0, x1, y1)`, fractions of the displayed page, origin top left."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def area(self) -> float:
        return max(0.0, self.x1 - self.x0) * max(0.0, self.y1 - self.y0)

    def intersection(self, other: Box) -> float:
        """Area shared with `other`."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        return max(0.0, width) * max(0.0, height)

    def turned(self, quarters: int) -> Box:
        """The same place once the page was turned clockwise by `quarters` times 90 degrees."""
        box = self
        for _ in range(quarters % 4):
            box = Box(1 - box.y1, box.x0, 1 - box.y0, box.x1)
        return box

    @staticmethod
    def around(boxes: Iterable[Box]) -> Box:
        """The smallest box that holds all of `boxes` (at least one)."""
        x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
        return Box(min(x0s), min(y0s), max(x1s), max(y1s))


FULL_PAGE = Box(0.0, 0.0, 1.0, 1.0)


class Kind(StrEnum):
    """What a block is on its page."""

    HEADING = "heading"
    TEXT = "text"
    LIST_ITEM = "list_item"
    FOOTNOTE = "footnote"
    TABLE = "table"
    CAPTION = "caption"
    PICTURE = "picture"
    FORM_FIELD = "form_field"
    ANNOTATION = "annotation"
    PAGE_HEADER = "page_header"
    PAGE_FOOTER = "page_footer"


FURNITURE = frozenset({Kind.PAGE_HEADER, Kind.PAGE_FOOTER})
"""Repeated on many pages: kept on the page, kept out of chunks."""


class Source(StrEnum):
    """Where a block's words came from."""

    TEXT_LAYER = "text_layer"
    OCR = "ocr"
    FORM = "form"
    ANNOTATION = "annotation"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Line:
    """One visual line, or one table row (then `cells` holds its cells and `text` is them joined by " | ").

    `turn`: quarter turns clockwise that OCR found the words turned on the page; 0 in a block, which is laid out.
    """

    text: str
    box: Box
    cells: tuple[str, ...] = ()
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """A run of lines that belong together, in reading order.

    `level` is a heading's depth (1 = top), 0 for all other kinds. `header_rows` is how many of a
    table's first lines are its header. `carried`: what names a table and its columns on an earlier page, for a part
    that goes on without saying it (its caption's line, if any, and its header's). A picture without words has no lines.
    """

    kind: Kind
    box: Box
    lines: tuple[Line, ...] = ()
    source: Source = Source.TEXT_LAYER
    level: int = 0
    header_rows: int = 0
    carried: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


HIDDEN_TEXT = "hidden text"
"""Stage of an issue that tells of words which are in the file, are not seen on the page and were left out."""
CAPTIONS = "captions"
"""Stage of an issue that tells of pictures which a model did not describe, or of sentences that were left out."""


@dataclass(frozen=True, slots=True)
class PageIssue:
    """Trouble on one page. `lost` says that the page gave nothing because of it."""

    page_index: int
    stage: str
    error: str
    lost: bool = False

    @property
    def is_notice(self) -> bool:
        """Something to know of the page that cost no word that a reader could see."""
        return self.stage in (HIDDEN_TEXT, CAPTIONS)


class TextSource(StrEnum):
    """Where a page's words come from."""

    TEXT_LAYER = "text layer"
    OCR = "ocr"
    BOTH = "both"
    NONE = "none"


class TextTrust(NamedTuple):
    """Where a page's words come from, and why from there."""

    source: TextSource
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page as parsed. `width` and `height` in points (pixels for an image), as displayed.

    `trust` is None on a page that was not read.
    """

    page_index: int
    page_label: str
    width: float
    height: float
    blocks: tuple[Block, ...] = ()
    issues: tuple[PageIssue, ...] = ()
    trust: TextTrust | None = None

    @property
    def lost(self) -> bool:
        return any(issue.lost for issue in self.issues)


@dataclass(frozen=True, slots=True)
class OutlineItem:
    """An entry of the file's own table of contents. `level` 1 is the top."""

    level: int
    title: str
    page_index: int


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """What a document is, without its pages. `document_id`: first 16 hex digits of the bytes' SHA-256."""

    document_id: str
    name: str
    media_type: str
    byte_count: int
    page_count: int
    title: str = ""
    author: str = ""
    created: str = ""
    outline: tuple[OutlineItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]` of a chunk stands in `box` on the page."""

    start: int
    end: int
    box: Box


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one page, small enough for the text embedder.

    `text` is what stands on the page and is cited. `context` (document title, heading path, table
    caption) is embedded in front of it and never cited. `tokens` counts both in the embedder's tokens.
    """

    document_id: str
    page_index: int
    ordinal: int
    kind: Kind
    text: str
    context: str
    tokens: int
    spans: tuple[Span, ...] = field(default=())

    @property
    def chunk_id(self) -> str:
        return f"{self.document_id}:{self.page_index}:{self.ordinal}"

    @property
    def embedded_text(self) -> str:
        return f"{self.context}\n{self.text}" if self.context else self.text

    def boxes(self, start: int = 0, end: int | None = None) -> tuple[Box, ...]:
        """Boxes of the lines that `text[start:end]` touches."""
        end = len(self.text) if end is None else end
        return tuple(span.box for span in self.spans if span.start < end and span.end > start)
