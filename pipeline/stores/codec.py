"""Parsed pages and chunk spans to bytes and back, for the catalog. Deterministic: equal pages give equal bytes.

Knows no database. Geometry is kept exactly (JSON writes the shortest decimal that reads back as the same float).
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from typing import Any

from ingest.document import Block, Box, Kind, Line, OutlineItem, Page, PageIssue, Source, Span, TextSource, TextTrust
from pipeline.errors import StoreError

COMPRESSION = 6
SPAN = struct.Struct("<II4d")


def page_to_bytes(page: Page) -> bytes:
    """The whole page as zlib-compressed JSON."""
    values = [
        page.page_index,
        page.page_label,
        page.width,
        page.height,
        [_block_values(block) for block in page.blocks],
        [[issue.page_index, issue.stage, issue.error, issue.lost] for issue in page.issues],
        page.trust and [page.trust.source.value, page.trust.reason],
    ]
    return zlib.compress(_json(values).encode(), COMPRESSION)


def page_from_bytes(data: bytes) -> Page:
    """The page that `page_to_bytes` wrote. Raises `StoreError` when `data` is damaged."""
    try:
        index, label, width, height, blocks, issues, trust = json.loads(zlib.decompress(data))
        return Page(
            page_index=index,
            page_label=label,
            width=width,
            height=height,
            blocks=tuple(_block(values) for values in blocks),
            issues=tuple(PageIssue(*values) for values in issues),
            trust=trust and TextTrust(TextSource(trust[0]), trust[1]),
        )
    except (zlib.error, ValueError, TypeError) as error:
        raise StoreError(f"a page in the catalog is damaged ({error}): remove its document and add it again") from None


def spans_to_bytes(spans: Sequence[Span]) -> bytes:
    """Chunk spans, 40 bytes each: start and end as 32-bit integers, the box as four 64-bit floats."""
    return b"".join(SPAN.pack(span.start, span.end, *span.box) for span in spans)


def spans_from_bytes(data: bytes) -> tuple[Span, ...]:
    """The spans that `spans_to_bytes` wrote."""
    return tuple(Span(start, end, Box(*box)) for start, end, *box in SPAN.iter_unpack(data))


def outline_to_json(outline: Sequence[OutlineItem]) -> str:
    """A table of contents as JSON: `[[level, title, page_index], …]`."""
    return _json([[item.level, item.title, item.page_index] for item in outline])


def outline_from_json(text: str) -> tuple[OutlineItem, ...]:
    """The outline that `outline_to_json` wrote."""
    return tuple(OutlineItem(*values) for values in json.loads(text))


def _json(values: Any) -> str:
    # Text of damaged files may hold lone surrogates, which only escaped JSON can carry.
    return json.dumps(values, separators=(",", ":"), ensure_ascii=True)


def _block_values(block: Block) -> list[Any]:
    lines = [[line.text, list(line.box), list(line.cells)] for line in block.lines]
    source, carried = block.source.value, list(block.carried)
    return [block.kind.value, list(block.box), lines, source, block.level, block.header_rows, carried]


def _block(values: list[Any]) -> Block:
    kind, box, lines, source, level, header_rows, carried = values
    return Block(
        kind=Kind(kind),
        box=Box(*box),
        lines=tuple(Line(text, Box(*line_box), tuple(cells)) for text, line_box, cells in lines),
        source=Source(source),
        level=level,
        header_rows=header_rows,
        carried=tuple(carried),
    )
