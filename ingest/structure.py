"""What only shows across pages: running headers and footers, the title, heading levels. Pure; reads no file."""

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
_MARGIN = 0.07
_OUTERMOST = 2
_LONGEST_TITLE = 200
_NO_TITLE = re.compile(r"(table of )?contents$|index$|arxiv:|united states\s+securities and exchange", re.IGNORECASE)
_IMPRINT = re.compile(
    r"(https?://|www\.|\bdownload(ed)?\b|\bpage \d+|©|\(c\) (19|20)\d\d|all rights reserved|published by|confidential|"
    r"\bvol(ume|\.)? ?\d+.*\d|^\d{1,4}\s.{3,60}$|^.{3,60}\s\d{1,4}$)",
    re.IGNORECASE,
)


def finish_document(info: DocumentInfo, pages: Sequence[Page]) -> tuple[DocumentInfo, list[Page]]:
    """The document with running text marked, heading levels of one scale and a title, if its pages show one."""
    repeated = _repeated(pages)
    marked = [_mark_running(page, repeated) for page in pages]
    levelled = _level_headings(marked)
    return (info if info.title else replace(info, title=_title(levelled))), levelled


def _repeated(pages: Sequence[Page]) -> set[str]:
    """Texts, without their digits, of outer blocks that come back on enough pages."""
    counts: Counter[str] = Counter()
    headings: Counter[str] = Counter()
    for page in pages:
        outer = _outer(page)
        counts.update({_key(page.blocks[index]) for index in outer})
        headings.update({_key(page.blocks[index]) for index in outer if page.blocks[index].kind is Kind.HEADING})
    few, many = max(3, 0.1 * len(pages)), max(4, 0.3 * len(pages))
    # A heading may well stand on several pages; only on a good part of them is it running text.
    return {key for key, count in counts.items() if count >= (many if headings[key] > 0.5 * count else few)}


def _outer(page: Page) -> dict[int, bool]:
    """Indices of the blocks that could be running text, and whether each is at the top."""
    written = [
        index
        for index, block in enumerate(page.blocks)
        if block.lines and block.source is not Source.FORM and block.kind is not Kind.PICTURE
    ]
    by_top = sorted(written, key=lambda index: page.blocks[index].box.y0)
    by_bottom = sorted(written, key=lambda index: -page.blocks[index].box.y1)
    tops, bottoms = set(by_top[:_OUTERMOST]), set(by_bottom[:_OUTERMOST])
    found = {}
    for index in written:
        block = page.blocks[index]
        if len(block.lines) > 3 or len(block.text) > _LONGEST_TITLE:
            continue
        # On pages that are not filled the last lines stand far above the lower edge.
        if block.box.y1 <= _EDGE or (index in tops and block.box.y1 <= 0.3):
            found[index] = True
        elif block.box.y0 >= 1 - _EDGE or (index in bottoms and block.box.y0 >= 0.3):
            found[index] = False
    return found


def _key(block: Block) -> str:
    return _DIGITS.sub("#", " ".join(block.text.split())).lower()


def _mark_running(page: Page, repeated: set[str]) -> Page:
    blocks = list(page.blocks)
    for index, top in _outer(page).items():
        block = blocks[index]
        at_edge = block.box.y1 <= _EDGE or block.box.y0 >= 1 - _EDGE
        if _key(block) in repeated or (at_edge and (_PAGE_NUMBER.match(block.text) or _is_imprint(block, page))):
            kind = Kind.PAGE_HEADER if top else Kind.PAGE_FOOTER
            blocks[index] = replace(block, kind=kind, level=0, header_rows=0)
    if not any(block.lines and block.kind not in FURNITURE for block in blocks):
        # A page of one repeated line says that line; only a page number alone says nothing.
        blocks = [
            old if not _PAGE_NUMBER.match(old.text) else new for old, new in zip(page.blocks, blocks, strict=True)
        ]
    return replace(page, blocks=tuple(blocks))


def _is_imprint(block: Block, page: Page) -> bool:
    """One small line at the very edge that names where the page comes from: told on a single page, too."""
    if len(block.lines) > 1 or not _IMPRINT.search(block.text):
        return False
    edge = block.box.y1 <= _MARGIN or block.box.y0 >= 1 - _MARGIN
    return edge and len(page.blocks) > 2


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
