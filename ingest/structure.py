"""What only shows across pages: the title and heading levels (running text: `running.py`). Pure; reads no file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ingest.continued import link_tables
from ingest.document import DocumentInfo, Page
from ingest.front_matter import author_of, date_of, title_of
from ingest.headings import level_headings
from ingest.running import mark_running


def finish_document(info: DocumentInfo, pages: Sequence[Page]) -> tuple[DocumentInfo, list[Page]]:
    """The document with running text marked, heading levels of one scale, and what its metadata keeps silent about:
    title, author and date, if its first pages show them."""
    levelled = link_tables(level_headings(mark_running(pages), info.outline))
    named = replace(
        info,
        title=info.title or title_of(levelled),
        author=info.author or author_of(levelled),
        created=info.created or date_of(levelled),
    )
    return named, levelled
