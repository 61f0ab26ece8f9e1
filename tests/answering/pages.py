"""Hits for tests, built from plain lines: each line gets the box where a page of text would have it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ingest.document import Box, Chunk, Kind, Span
from pipeline.results import PageHit, PageRef, ScoredChunk

LINE = 0.02


def line_box(number: int, left: float = 0.1, right: float = 0.9) -> Box:
    return Box(left, 0.1 + number * LINE, right, 0.1 + (number + 0.8) * LINE)


def chunk(
    text: str,
    *,
    document: str = "report.pdf",
    page_index: int = 0,
    ordinal: int = 0,
    kind: Kind = Kind.TEXT,
    context: str = "",
    first_line: int = 0,
) -> Chunk:
    """A chunk whose every line has its own box, one below the other."""
    spans, offset = [], 0
    for number, line in enumerate(text.split("\n")):
        spans.append(Span(offset, offset + len(line), line_box(first_line + number)))
        offset += len(line) + 1
    return Chunk(document_id(document), page_index, ordinal, kind, text, context, len(text) // 4, tuple(spans))


def document_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def hit(
    texts: Sequence[str],
    *,
    document: str = "report.pdf",
    title: str = "",
    page_index: int = 0,
    score: float = 1.0,
    kind: Kind = Kind.TEXT,
    context: str = "",
    scores: Sequence[float] | None = None,
) -> PageHit:
    """A page with one chunk for each of `texts`, the first being the best unless `scores` says otherwise."""
    first_lines = [sum(text.count("\n") + 1 for text in texts[:n]) for n in range(len(texts))]
    chunks = tuple(
        ScoredChunk(
            chunk(
                text,
                document=document,
                page_index=page_index,
                ordinal=ordinal,
                kind=kind,
                context=context,
                first_line=first_lines[ordinal],
            ),
            scores[ordinal] if scores else 0.9 - 0.1 * ordinal,
        )
        for ordinal, text in enumerate(texts)
    )
    return PageHit(PageRef(document_id(document), page_index), document, title, str(page_index + 1), score, chunks)
