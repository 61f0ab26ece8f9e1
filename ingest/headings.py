"""Heading levels on one scale for a whole document: from the file's outline where it has one, else from typography.

Sees all pages after running text is marked; turns into a heading only what the outline names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ingest.document import Block, Kind, OutlineItem, Page

_NUMBERING = re.compile(
    r"^\W*(?:(?:chapter|part|section|item|appendix)\s+)?(?:[\dA-Z]{1,3}[.):])*[\d.]*\s*", re.IGNORECASE
)
_PLAIN = re.compile(r"[\W_]+")
_LEAST_FOUND = 3
"""An outline of which fewer entries stand on their pages as text says nothing of this document's headings."""
_DEEPEST = 6
_MOST_LINES = 3


def level_headings(pages: Sequence[Page], outline: Sequence[OutlineItem]) -> list[Page]:
    """The pages with every heading's level. Entries of the outline are headings and have its level.

    Headings that the outline does not name stand below those that it names.
    """
    levelled = _by_typography(pages)
    named = _named(levelled, outline)
    if len(named) < _LEAST_FOUND:
        return levelled
    below = max(named.values()) + 1

    def placed(block: Block, page_index: int, place: int) -> Block:
        level = named.get((page_index, place))
        if level is not None:
            return replace(block, kind=Kind.HEADING, level=min(level, _DEEPEST))
        return replace(block, level=min(max(block.level, below), _DEEPEST)) if block.kind is Kind.HEADING else block

    return [
        replace(page, blocks=tuple(placed(block, page.page_index, place) for place, block in enumerate(page.blocks)))
        for page in levelled
    ]


def _named(pages: Sequence[Page], outline: Sequence[OutlineItem]) -> dict[tuple[int, int], int]:
    """(page_index, place of the block) of each entry that stands on its page as text, and its level."""
    wanted: dict[int, dict[str, int]] = {}
    for item in outline:
        wanted.setdefault(item.page_index, {}).setdefault(_plain(item.title), item.level)
    found = {}
    for page in pages:
        titles = wanted.get(page.page_index, {})
        for place, block in enumerate(page.blocks if titles else ()):
            if block.kind in (Kind.TEXT, Kind.HEADING, Kind.LIST_ITEM) and 0 < len(block.lines) <= _MOST_LINES:
                level = titles.pop(_plain(block.text), None)
                if level is not None:
                    found[page.page_index, place] = level
    return found


def _plain(title: str) -> str:
    """A title without its number, case, blanks and signs."""
    return _PLAIN.sub("", _NUMBERING.sub("", title, count=1)).casefold() or _PLAIN.sub("", title).casefold()


def line_height(block: Block, page: Page) -> float:
    """Points; the middle one of the block's lines. A turned line is as high as it is wide."""
    heights = sorted(
        min((line.box.y1 - line.box.y0) * page.height, (line.box.x1 - line.box.x0) * page.width) for line in block.lines
    )
    return heights[len(heights) // 2]


def _by_typography(pages: Sequence[Page]) -> list[Page]:
    """Levels from a heading's height against the document's body text, so that one style has one level."""
    body: Counter[float] = Counter()
    for page in pages:
        for block in page.blocks:
            if block.lines and block.kind in (Kind.TEXT, Kind.LIST_ITEM):
                body[round(line_height(block, page) * 2) / 2] += len(block.text)
    if not body:
        return list(pages)
    height = body.most_common(1)[0][0]

    def levelled(block: Block, page: Page) -> Block:
        if block.kind is not Kind.HEADING:
            return block
        ratio = line_height(block, page) / height
        return replace(block, level=1 if ratio >= 1.6 else 2 if ratio >= 1.15 else 3)

    return [replace(page, blocks=tuple(levelled(block, page) for block in page.blocks)) for page in pages]
