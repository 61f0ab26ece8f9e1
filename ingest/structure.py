"""What only shows across pages: the title and heading levels (running text: `running.py`). Pure; reads no file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ingest.continued import link_tables
from ingest.document import FURNITURE, DocumentInfo, Kind, Page
from ingest.headings import level_headings, line_height
from ingest.running import mark_running

_LONGEST_TITLE = 200
_NO_TITLE = re.compile(r"(table of )?contents$|index$|arxiv:|united states\s+securities and exchange", re.IGNORECASE)


def finish_document(info: DocumentInfo, pages: Sequence[Page]) -> tuple[DocumentInfo, list[Page]]:
    """The document with running text marked, heading levels of one scale and a title, if its pages show one."""
    levelled = link_tables(level_headings(mark_running(pages), info.outline))
    return (info if info.title else replace(info, title=_title(levelled))), levelled


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
            best = max(headings or candidates, key=lambda block: (round(line_height(block, page)), -block.box.y0))
            return " ".join(best.text.split())
    return ""
