"""Tables that go on over pages: what names their columns is carried to the parts that do not say it themselves.

Sees the pages of a whole document after running text is marked. Joins no blocks: a part stays on its page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ingest.document import FURNITURE, Block, Kind, Page

_CONTINUED = re.compile(r"\b(continued|cont[’']?d|cont\.)", re.IGNORECASE)
_LOWER_PART = 0.55
"""A table that ends above this part of the page has ended."""
_UPPER_PART = 0.35
_SAME_EDGE = 0.04


def link_tables(pages: Sequence[Page]) -> list[Page]:
    """The pages, a table without a header that continues one on the page before given that one's `carried` lines."""
    linked: list[Page] = []
    for page in pages:
        before = _last_table(linked[-1]) if linked and linked[-1].page_index == page.page_index - 1 else None
        place = _first_table(page)
        if before is not None and place is not None and _goes_on(before[0], page.blocks[place]):
            blocks = list(page.blocks)
            blocks[place] = replace(blocks[place], carried=before[1])
            page = replace(page, blocks=tuple(blocks))
        linked.append(page)
    return linked


def _last_table(page: Page) -> tuple[Block, tuple[str, ...]] | None:
    """The table that the page ends with, and what names it and its columns: its caption's and header's lines."""
    body = [block for block in page.blocks if block.lines and block.kind not in FURNITURE]
    if not body or body[-1].kind is not Kind.TABLE or body[-1].box.y1 < _LOWER_PART:
        return None
    table = body[-1]
    if table.carried:
        return table, table.carried
    caption = body[-2].text if len(body) > 1 and body[-2].kind is Kind.CAPTION else ""
    header = tuple(line.text for line in table.lines[: table.header_rows])
    return (table, ((" ".join(caption.split()),) if caption else ()) + header) if header else None


def _first_table(page: Page) -> int | None:
    """The table that the page begins with, maybe under words that say that it is continued."""
    for place, block in enumerate(page.blocks):
        if block.kind in FURNITURE or not block.lines:
            continue
        if block.kind is Kind.TABLE:
            return place if block.box.y0 <= _UPPER_PART and not block.header_rows else None
        if not _CONTINUED.search(block.text):
            return None
    return None


def _goes_on(before: Block, table: Block) -> bool:
    """As many columns, between the same edges."""
    columns = [max(len(line.cells) for line in part.lines) for part in (before, table)]
    near = all(
        abs(one - other) <= _SAME_EDGE for one, other in ((before.box.x0, table.box.x0), (before.box.x1, table.box.x1))
    )
    return columns[0] == columns[1] and near
