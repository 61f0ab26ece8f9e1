"""What only shows across pages: running headers and footers, the document's title, heading levels. Pure; reads no file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ingest.document import FURNITURE, Block, DocumentInfo, Kind, Page, Source

_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"^[\s\-–—|]*(page\s*)?([ivxlc]{1,7}|[A-Z]{0,2}-?\d{1,4})(\s*(of|/)\s*\d{1,4})?[\s\-–—|]*$", re.IGNORECASE
)
_EDGE = 0.12
"""Part of the page, at its top and at its bottom, in which running text is looked for."""
_LONGEST_TITLE = 200


def finish_document(info: DocumentInfo, pages: Sequence[Page]) -> tuple[DocumentInfo, list[Page]]:
    """The document with running text marked, heading levels of one scale and a title, if its pages show one."""
    marked = [_mark_running(page, repeated) for repeated in [_repeated(pages)] for page in pages]
    levelled = _level_headings(marked)
    return (info if info.title else replace(info, title=_title(levelled))), levelled


def _repeated(pages: Sequence[Page]) -> set[tuple[bool, str]]:
    """(at the top, text without digits) of edge blocks that come back on enough pages."""
    counts: Counter[tuple[bool, str]] = Counter()
    for page in pages:
        counts.update({key for block in page.blocks if (key := _edge_key(block)) is not None})
    enough = max(3, round(0.1 * len(pages))) if len(pages) > 3 else 2
    return {key for key, count in counts.items() if count >= enough}


def _edge_key(block: Block) -> tuple[bool, str] | None:
    if block.source is Source.FORM or not block.lines or len(block.text) > 200 or len(block.lines) > 3:
        return None
    top = block.box.y1 <= _EDGE
    if not top and block.box.y0 < 1 - _EDGE:
        return None
    return top, _DIGITS.sub("#", " ".join(block.text.split())).lower()


def _mark_running(page: Page, repeated: set[tuple[bool, str]]) -> Page:
    blocks = []
    for block in page.blocks:
        key = _edge_key(block)
        if key is not None and (key in repeated or _PAGE_NUMBER.match(block.text)):
            kind = Kind.PAGE_HEADER if key[0] else Kind.PAGE_FOOTER
            block = replace(block, kind=kind, level=0, header_rows=0)
        blocks.append(block)
    return replace(page, blocks=tuple(blocks))


def _line_height(block: Block, page: Page) -> float:
    """Points; the middle one of the block's lines."""
    heights = sorted((line.box.y1 - line.box.y0) * page.height for line in block.lines)
    return heights[len(heights) // 2]


def _level_headings(pages: Sequence[Page]) -> list[Page]:
    """Levels from a heading's height against the document's body text, so that one style has one level."""
    body: Counter[float] = Counter()
    for page in pages:
        for block in page.blocks:
            if block.lines and block.kind in (Kind.TEXT, Kind.LIST_ITEM):
                body[round(_line_height(block, page) * 2) / 2] += len(block.text)
    if not body:
        return list(pages)
    height = body.most_common(1)[0][0]

    def levelled(block: Block, page: Page) -> Block:
        if block.kind is not Kind.HEADING:
            return block
        ratio = _line_height(block, page) / height
        return replace(block, level=1 if ratio >= 1.6 else 2 if ratio >= 1.15 else 3)

    return [replace(page, blocks=tuple(levelled(block, page) for block in page.blocks)) for page in pages]


def _title(pages: Sequence[Page]) -> str:
    """The largest text of the first page that has words."""
    for page in pages[:3]:
        candidates = [
            block
            for block in page.blocks
            if block.kind not in FURNITURE | {Kind.TABLE, Kind.FORM_FIELD, Kind.PICTURE}
            and block.lines
            and sum(character.isalpha() for character in block.text) >= 4
            and len(block.text) <= _LONGEST_TITLE
        ]
        if candidates:
            best = max(candidates, key=lambda block: (round(_line_height(block, page)), -block.box.y0))
            return " ".join(best.text.split())
    return ""
