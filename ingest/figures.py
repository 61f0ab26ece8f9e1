"""Figures and tables as items: what a caption names, where it stands, and the passages that mention it.

Sees the finished pages of one document; a figure without a caption is no item. Draws nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

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
_WORDS_OF_PARAGRAPH = 25
_APART = 0.015
"""Part of the page by which blocks of one column may begin apart; axes and legends stand further in."""
_COLUMN = 0.15
"""Part of a page's words in paragraphs that begin at the left edge of a column, at least."""
_BELOW_ITS_TITLE = frozenset({"algorithm", "listing"})
"""What is set as text, and read as one with its title."""
_TEXT = frozenset({Kind.TEXT, Kind.LIST_ITEM, Kind.FOOTNOTE, Kind.CAPTION})


@dataclass(frozen=True, slots=True)
class Mention:
    """A sentence that names a figure, and the box of its block."""

    page_index: int
    box: Box
    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """`label` as printed (`Figure 3`). `box`: the picture or table itself; its caption's where it was not `found`.

    `text`: the words inside. `mentions`: the sentences that name it, captions of others included, in order.
    """

    label: str
    page_index: int
    box: Box
    caption: str
    text: str
    mentions: tuple[Mention, ...]
    found: bool


def find_figures(pages: Sequence[Page]) -> list[Figure]:
    """Every captioned item of the document, in order."""
    texts = [(page.page_index, b, _running(b)) for page in pages for b in page.blocks if b.kind in _TEXT]
    edges = [_margins(page) for page in pages]
    anywhere = list(chain.from_iterable(edges))
    figures = []
    for page, own in zip(pages, edges, strict=True):
        margins = own or anywhere
        for caption in page.blocks:
            label = _LABEL.match(caption.text) if caption.kind is Kind.CAPTION else None
            if not label:
                continue
            kind = label[1].lower()
            named = caption if kind in _BELOW_ITS_TITLE else _named_by(caption, page, is_table=kind == "table")
            box = named.box if named else _space_above(caption, page, margins)
            words = named.text if named else _words_in(box, page) if box else ""
            mentions = tuple(_mentions(label[1], label[2], caption, texts))
            name = " ".join(label[0].split())
            place = box or caption.box
            figures.append(Figure(name, page.page_index, place, _running(caption), words, mentions, box is not None))
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


def _margins(page: Page) -> list[float]:
    """Left edges of the page's columns, as most of its paragraphs have them."""
    words: Counter[float] = Counter()
    for block in page.blocks:
        count = len(block.text.split())
        if block.kind in (Kind.TEXT, Kind.LIST_ITEM) and count >= _WORDS_OF_PARAGRAPH:
            words[round(block.box.x0, 2)] += count
    return [edge for edge, count in words.items() if count >= _COLUMN * words.total()]


def _space_above(caption: Block, page: Page, margins: Sequence[float]) -> Box | None:
    """Where a drawn figure stands: between its caption and the text above it, as wide as the column and what it holds.

    Text begins where paragraphs do; a document without any has none to compare with.
    """
    column = [
        block
        for block in page.blocks
        if block is not caption and block.box.x0 < caption.box.x1 and block.box.x1 > caption.box.x0
    ]
    text = [block for block in column if _is_running(block, page, margins)]
    top = max((block.box.y1 for block in text if block.box.y1 <= caption.box.y0), default=0.0)
    if caption.box.y0 - top < _LEAST_HEIGHT:
        return None
    inside = [block.box for block in column if top <= block.box.y0 and block.box.y1 <= caption.box.y0]
    sides = [caption.box, *inside, *(block.box for block in text if block.kind is Kind.TEXT)]
    return Box(min(box.x0 for box in sides), top, max(box.x1 for box in sides), caption.box.y0)


def _is_running(block: Block, page: Page, margins: Sequence[float]) -> bool:
    """Whether a block is of the page's text, and not a word on a drawing. Tables are where a caption names them."""
    if block.kind is Kind.TABLE:
        titles = [b for b in page.blocks if b.kind is Kind.CAPTION and b.text[:5].lower() == "table"]
        return any(_named_by(title, page, is_table=True) is block for title in titles)
    begins = not margins or any(abs(block.box.x0 - edge) <= _APART for edge in margins)
    return begins and (block.kind is Kind.HEADING or len(block.text.split()) >= _WORDS_OF_TEXT)


def _words_in(box: Box, page: Page) -> str:
    within = [
        b
        for b in page.blocks
        if box.y0 <= b.box.y0 and b.box.y1 <= box.y1 and b.box.x0 >= box.x0 and b.box.x1 <= box.x1
    ]
    return "\n".join(block.text for block in within)


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
