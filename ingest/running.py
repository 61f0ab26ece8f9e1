"""Running text: headers, footers, page numbers and imprints, told by their coming back, their place and their form.

Marks blocks; removes none. Pure; reads no file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ingest.document import FURNITURE, Block, Box, Kind, Page, Source

_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"^[\s\-–—|]*(page\s*)?([ivxlc]{1,7}|[A-Z]{0,2}-?\d{1,4})(\s*(of|/)\s*\d{1,4})?[\s\-–—|]*$", re.IGNORECASE
)
_EDGE = 0.12
"""Part of the page, at its top and at its bottom, in which running text is looked for."""
_MARGIN = 0.07
_OUTERMOST = 2
_FEW_PAGES = 4
_PROSE_WORDS = 80
_RUNNING_WORDS = 14
_LABEL_WORDS = 3
_YEAR = re.compile(r"^\s*(19|20)\d\d\s*$")
_FOLIO = re.compile(r"^[\s\-–—]*\d{1,3}[\s\-–—]*$")
_IMPRINT = re.compile(
    r"(https?://|www\.|\bdownload(ed)?\b|\bpage \d+|©|\(c\) (19|20)\d\d|all rights reserved|published by|confidential|"
    r"\bvol(ume|\.)? ?\d+.*\d|^\d{1,4}\s.{3,60}$|^.{3,60}\s\d{1,4}$)",
    re.IGNORECASE,
)
_LONGEST = 200


def mark_running(pages: Sequence[Page]) -> list[Page]:
    """The pages of a whole document, what runs through it marked as page header or footer."""
    repeated = _repeated(pages)
    return [_mark_running(page, repeated, alone=len(pages) < _FEW_PAGES) for page in pages]


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
        if block.lines and block.source is not Source.FORM and block.kind not in (Kind.PICTURE, Kind.FOOTNOTE)
    ]
    by_top = sorted(written, key=lambda index: page.blocks[index].box.y0)
    by_bottom = sorted(written, key=lambda index: -page.blocks[index].box.y1)
    tops, bottoms = set(by_top[:_OUTERMOST]), set(by_bottom[:_OUTERMOST])
    found = {}
    for index in written:
        block = page.blocks[index]
        if len(block.lines) > 3 or len(block.text) > _LONGEST:
            continue
        # On pages that are not filled the last lines stand far above the lower edge.
        if _is_sideways(block) or block.box.y1 <= _EDGE or (index in tops and block.box.y1 <= 0.3):
            found[index] = True
        elif block.box.y0 >= 1 - _EDGE or (index in bottoms and block.box.y0 >= 0.3):
            found[index] = False
    return found


def _key(block: Block) -> str:
    return _DIGITS.sub("#", " ".join(block.text.split())).lower()


def _mark_running(page: Page, repeated: set[str], *, alone: bool) -> Page:
    """`alone`: the document is too short for running text to come back, so place and form must tell."""
    blocks = list(page.blocks)
    outer = _outer(page)
    running = {index for index in outer if _key(blocks[index]) in repeated or _runs_by_itself(blocks[index], page)}
    numbers = [blocks[index].box for index in running if _PAGE_NUMBER.match(blocks[index].text)]
    running |= {index for index in outer if any(_shares_line(blocks[index], box) for box in numbers)}
    if alone and _is_prose(page):
        running |= {index for index in outer if _stands_apart(blocks[index], page)}
    # A year over a table looks like a page number; only a label of the page says that it is one.
    running -= {index for index in outer if _YEAR.match(blocks[index].text) and blocks[index].text != page.page_label}
    for index in running:
        kind = Kind.PAGE_HEADER if outer[index] else Kind.PAGE_FOOTER
        blocks[index] = replace(blocks[index], kind=kind, level=0, header_rows=0)
    if not any(block.lines and block.kind not in FURNITURE for block in blocks):
        # A page of one repeated line says that line; only a page number alone says nothing.
        blocks = [
            old if not _PAGE_NUMBER.match(old.text) else new for old, new in zip(page.blocks, blocks, strict=True)
        ]
    return replace(page, blocks=tuple(blocks))


def _runs_by_itself(block: Block, page: Page) -> bool:
    """A page number or an imprint at the edge; a number alone under all else also where the page ends early."""
    if _is_sideways(block):
        return _is_imprint(block, page)
    if _stands_at_edge(block):
        return bool(_PAGE_NUMBER.match(block.text)) or _is_imprint(block, page)
    others = [other for other in page.blocks if other is not block and other.box.area > 0]
    under = all(other.box.y1 < block.box.y0 for other in others)
    return under and bool(_FOLIO.match(block.text)) and _is_prose(page)


def _shares_line(block: Block, number: Box) -> bool:
    """Beside a page number, on the same line at the edge."""
    beside = _same_line(block, number)
    return beside and _stands_at_edge(block) and len(block.lines) == 1 and block.kind is not Kind.TABLE


def _is_prose(page: Page) -> bool:
    """A page of running text, unlike a form, a slide or a chart, whose outer lines say what they are."""
    words = sum(len(block.text.split()) for block in page.blocks if block.kind is Kind.TEXT and len(block.lines) > 2)
    return words >= _PROSE_WORDS


def _stands_apart(block: Block, page: Page) -> bool:
    """One short line of small type at the edge, with nothing beyond it and white space before the text."""
    text = block.text
    words = len(text.split())
    if len(block.lines) > 1 or words > _RUNNING_WORDS or block.kind in (Kind.TABLE, Kind.CAPTION, Kind.LIST_ITEM):
        return False
    if words > _LABEL_WORDS and text[-1] in ".:;,":
        return False
    if not _stands_at_edge(block):
        return False
    top = block.box.y1 <= _EDGE
    height = block.box.y1 - block.box.y0
    others = [other for other in page.blocks if other is not block and other.lines and other.kind is not Kind.PICTURE]
    lines = sorted(line.box.y1 - line.box.y0 for other in others if other.kind is Kind.TEXT for line in other.lines)
    if not lines or height > 1.25 * lines[len(lines) // 2]:
        return False
    beyond = [
        other
        for other in others
        if (other.box.y0 < block.box.y0 - height if top else other.box.y1 > block.box.y1 + height)
    ]
    if any(not _stands_at_edge(other) for other in beyond):
        return False
    inner = [other for other in others if other not in beyond and not _same_line(other, block.box)]
    gap = min((other.box.y0 - block.box.y1 if top else block.box.y0 - other.box.y1 for other in inner), default=1.0)
    parts = sum(_same_line(other, block.box) for other in others)
    return gap >= (0.8 if parts < 2 else 0.3) * height


def _stands_at_edge(block: Block) -> bool:
    return block.box.y1 <= _EDGE or block.box.y0 >= 1 - _EDGE


def _is_sideways(block: Block) -> bool:
    """Written along the left or right edge."""
    return (block.box.x1 <= _MARGIN or block.box.x0 >= 1 - _MARGIN) and block.box.y1 - block.box.y0 > 0.1


def _same_line(one: Block, box: Box) -> bool:
    shared = min(one.box.y1, box.y1) - max(one.box.y0, box.y0)
    return shared > 0.5 * min(one.box.y1 - one.box.y0, box.y1 - box.y0)


def _is_imprint(block: Block, page: Page) -> bool:
    """One small line at the very edge that names where the page comes from: told on a single page, too."""
    if block.kind is Kind.HEADING or len(block.lines) > 1 or not _IMPRINT.search(block.text):
        return False
    edge = block.box.y1 <= _MARGIN or block.box.y0 >= 1 - _MARGIN or _is_sideways(block)
    return edge and len(page.blocks) > 2
