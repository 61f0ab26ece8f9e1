"""Figures and tables as items: what a caption names, where it stands, and the passages that mention it.

Sees the finished pages of one document; a figure without a caption is no item. Draws nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.document import Block, Box, Kind, Page
from ingest.writing import join_lines

_LABEL = re.compile(
    r"^(fig(?:ure)?|table|exhibit|chart|graph|plate|box|scheme|algorithm|listing|map|photo|diagram)\.?\s*"
    r"([A-Z]?(?:\d+|[IVX]+\b)(?:[.\-–]\d+)*)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"“(]?[A-Z])(?<!Fig\. )(?<!Figs\. )(?<!Tab\. )")
_FARTHEST = 0.2
"""Part of the page between a caption and what it names."""
_LEAST_HEIGHT = 0.06
_WORDS_OF_TEXT = 6
"""Fewer may be words inside a drawn figure."""
_TEXT = frozenset({Kind.TEXT, Kind.LIST_ITEM, Kind.FOOTNOTE, Kind.CAPTION})


@dataclass(frozen=True, slots=True)
class Mention:
    """A sentence that names a figure, and the box of its block."""

    page_index: int
    box: Box
    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """`label` as printed (`Figure 3`). `box`: the picture or table itself; its caption's where it was not found.

    `text`: the words inside. `mentions`: the sentences that name it, captions of others included, in order.
    """

    label: str
    page_index: int
    box: Box
    caption: str
    text: str
    mentions: tuple[Mention, ...]


def find_figures(pages: Sequence[Page]) -> list[Figure]:
    """Every captioned item of the document, in order."""
    texts = [(page.page_index, b, _running(b)) for page in pages for b in page.blocks if b.kind in _TEXT]
    figures = []
    for page in pages:
        for caption in page.blocks:
            found = _LABEL.match(caption.text) if caption.kind is Kind.CAPTION else None
            if not found:
                continue
            named = _named_by(caption, page, is_table=found[1].lower() == "table")
            box = named.box if named else _space_above(caption, page) or caption.box
            words = named.text if named else ""
            mentions = tuple(_mentions(found[1], found[2], caption, texts))
            label = " ".join(found[0].split())
            figures.append(Figure(label, page.page_index, box, _running(caption), words, mentions))
    return figures


def _named_by(caption: Block, page: Page, *, is_table: bool) -> Block | None:
    """The nearest table, or picture, above or below the caption in its columns."""
    kind = Kind.TABLE if is_table else Kind.PICTURE
    near = []
    for block in page.blocks:
        shares = block.box.x0 < caption.box.x1 and block.box.x1 > caption.box.x0
        distance = max(block.box.y0 - caption.box.y1, caption.box.y0 - block.box.y1)
        if block.kind is kind and shares and distance <= _FARTHEST:
            near.append((max(distance, 0.0), block))
    return min(near, key=lambda item: item[0])[1] if near else None


def _space_above(caption: Block, page: Page) -> Box | None:
    """Where a drawn figure stands: between its caption and the text above it, as wide as the column."""
    column = [
        block
        for block in page.blocks
        if block is not caption
        and (block.kind is Kind.HEADING or len(block.text.split()) >= _WORDS_OF_TEXT)
        and block.box.x0 < caption.box.x1
        and block.box.x1 > caption.box.x0
    ]
    top = max((block.box.y1 for block in column if block.box.y1 <= caption.box.y0), default=0.0)
    if caption.box.y0 - top < _LEAST_HEIGHT:
        return None
    sides = [caption.box, *(block.box for block in column if block.kind is Kind.TEXT)]
    return Box(min(box.x0 for box in sides), top, max(box.x1 for box in sides), caption.box.y0)


def _mentions(name: str, number: str, caption: Block, texts: Sequence[tuple[int, Block, str]]) -> Iterator[Mention]:
    short = name.lower().startswith("fig")
    names = r"fig(?:ure|s|ures)?\.?" if short else rf"{re.escape(name)}s?"
    wanted = re.compile(rf"\b{names}\s*{re.escape(number)}(?![\w–-]|\.\d)", re.IGNORECASE)
    for page_index, block, text in texts:
        # The first test is there for speed: a document may have hundreds of captions and thousands of texts.
        if number.lower() in text.lower() and block is not caption and wanted.search(text):
            yield from (Mention(page_index, block.box, part) for part in _SENTENCE.split(text) if wanted.search(part))


def _running(block: Block) -> str:
    return join_lines([line.text for line in block.lines])
