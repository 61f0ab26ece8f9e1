"""Parsed pages and their chunks to bytes and back, for the catalog. Deterministic: equal pages give equal bytes.

Knows no database. Boxes are kept to five decimals, a hundredth of a point on an A4 page: what they hold beyond that is
noise, and was a quarter of the bytes.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

from ingest.document import (
    Block,
    Box,
    Chunk,
    Kind,
    Line,
    OutlineItem,
    Page,
    PageIssue,
    Source,
    Span,
    TextSource,
    TextTrust,
)
from pipeline.errors import StoreError

COMPRESSION = 6
BOX_DECIMALS = 5

_KINDS = {kind.value: kind for kind in Kind}


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
        raise _damaged(error) from None


def chunks_to_bytes(chunks: Sequence[Chunk]) -> bytes:
    """All chunks of one page as zlib-compressed JSON; neither the page nor the ordinals are said.

    Raises `ValueError` when their ordinals are not counted from 0.
    """
    if [chunk.ordinal for chunk in chunks] != list(range(len(chunks))):
        raise ValueError("the ordinals of a page's chunks are not counted from 0")
    values = [
        [
            chunk.kind.value,
            chunk.text,
            chunk.context,
            chunk.tokens,
            [[span.start, span.end, *_box_values(span.box)] for span in chunk.spans],
        ]
        for chunk in chunks
    ]
    return zlib.compress(_json(values).encode(), COMPRESSION)


def chunks_from_bytes(data: bytes, document_id: str, page_index: int) -> list[Chunk]:
    """The chunks that `chunks_to_bytes` wrote, of that page. Raises `StoreError` when `data` is damaged."""
    try:
        return [
            Chunk(
                document_id,
                page_index,
                ordinal,
                _KINDS[kind],
                text,
                context,
                tokens,
                tuple(Span(start, end, Box(*box)) for start, end, *box in spans),
            )
            for ordinal, (kind, text, context, tokens, spans) in enumerate(json.loads(zlib.decompress(data)))
        ]
    except (zlib.error, ValueError, TypeError, KeyError) as error:
        raise _damaged(error) from None


def chunk_texts_from_bytes(data: bytes) -> list[str]:
    """Only the texts of the chunks that `chunks_to_bytes` wrote. Raises `StoreError` when `data` is damaged."""
    try:
        return [text for _, text, *_ in json.loads(zlib.decompress(data))]
    except (zlib.error, ValueError, TypeError) as error:
        raise _damaged(error) from None


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
    lines = [[line.text, _box_values(line.box), list(line.cells)] for line in block.lines]
    source, carried = block.source.value, list(block.carried)
    return [block.kind.value, _box_values(block.box), lines, source, block.level, block.header_rows, carried]


def _box_values(box: Box) -> list[float]:
    return [round(side, BOX_DECIMALS) for side in box]


def _damaged(error: Exception) -> StoreError:
    return StoreError(f"a page in the catalog is damaged ({error}): remove its document and add it again")


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
