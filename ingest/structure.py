"""What only shows across pages: the title and heading levels (running text: `running.py`). Pure; reads no file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ingest.continued import link_tables
from ingest.document import FURNITURE, Block, DocumentInfo, Kind, Page
from ingest.running import mark_running

_LONGEST_TITLE = 200
_NO_TITLE = re.compile(r"(table of )?contents$|index$|arxiv:|united states\s+securities and exchange", re.IGNORECASE)


def finish_document(info: DocumentInfo, pages: Sequence[Page]) -> tuple[DocumentInfo, list[Page]]:
    """The document with running text marked, heading levels of one scale and a title, if its pages show one."""
    levelled = link_tables(_level_headings(mark_running(pages)))
    return (info if info.title else replace(info, title=_title(levelled))), levelled


def _line_height(block: Block, page: Page) -> float:
    """Points; the middle one of the block's lines. A turned line is as high as it is wide."""
    heights = sorted(
        min((line.box.y1 - line.box.y0) * page.height, (line.box.x1 - line.box.x0) * page.width) for line in block.lines
    )
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
            and not _NO_TITLE.match(block.text)
        ]
        if candidates:
            headings = [block for block in candidates if block.kind is Kind.HEADING]
            best = max(headings or candidates, key=lambda block: (round(_line_height(block, page)), -block.box.y0))
            return " ".join(best.text.split())
    return ""
