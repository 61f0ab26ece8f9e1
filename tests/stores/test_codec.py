"""What goes into the catalog as bytes comes out the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from pipeline.stores.codec import (
    BOX_DECIMALS,
    chunks_from_bytes,
    chunks_to_bytes,
    outline_from_json,
    outline_to_json,
    page_from_bytes,
    page_to_bytes,
)

texts = st.text(st.characters(), max_size=20)  # lone surrogates included, as damaged files have them
numbers = st.integers(-(10**BOX_DECIMALS), 2 * 10**BOX_DECIMALS).map(lambda number: number / 10**BOX_DECIMALS)
counts = st.integers(0, 100_000)
boxes = st.builds(Box, numbers, numbers, numbers, numbers)
lines = st.builds(Line, texts, boxes, st.lists(texts, max_size=3).map(tuple))
blocks = st.builds(
    Block, st.sampled_from(Kind), boxes, st.lists(lines, max_size=3).map(tuple), st.sampled_from(Source), counts, counts
)
issues = st.builds(PageIssue, counts, texts, texts, st.booleans())
pages = st.builds(
    Page,
    counts,
    texts,
    st.floats(0, 1e5),
    st.floats(0, 1e5),
    st.lists(blocks, max_size=3).map(tuple),
    st.lists(issues, max_size=2).map(tuple),
    st.none() | st.builds(TextTrust, st.sampled_from(TextSource), texts),
)


@given(pages)
def test_pages_round_trip(page: Page) -> None:
    data = page_to_bytes(page)
    assert page_from_bytes(data) == page
    assert page_to_bytes(page_from_bytes(data)) == data


spans = st.lists(st.builds(Span, counts, counts, boxes), max_size=5).map(tuple)
contents = st.tuples(st.sampled_from(Kind), texts, texts, counts, spans)


@given(st.lists(contents, max_size=4))
def test_chunks_round_trip(found: list[tuple[Kind, str, str, int, tuple[Span, ...]]]) -> None:
    chunks = [Chunk("ab" * 8, 7, ordinal, *values) for ordinal, values in enumerate(found)]
    assert chunks_from_bytes(chunks_to_bytes(chunks), "ab" * 8, 7) == chunks


@given(st.lists(st.floats(-1.0, 2.0), min_size=4, max_size=4))
def test_boxes_are_kept_to_a_hundredth_of_a_point(sides: list[float]) -> None:
    page = Page(0, "1", 612.0, 792.0, (Block(Kind.TEXT, Box(*sides), ()),))
    kept = page_from_bytes(page_to_bytes(page)).blocks[0].box
    assert all(abs(a - b) * 792.0 < 0.01 for a, b in zip(kept, sides, strict=True))


@given(st.lists(st.builds(OutlineItem, counts, texts, counts), max_size=5).map(tuple))
def test_outlines_round_trip(outline: tuple[OutlineItem, ...]) -> None:
    assert outline_from_json(outline_to_json(outline)) == outline


def test_a_damaged_page_is_a_store_error() -> None:
    data = page_to_bytes(Page(0, "1", 612.0, 792.0))
    for damaged in (b"", data[:-4], b"not zlib"):
        with pytest.raises(StoreError, match="add it again"):
            page_from_bytes(damaged)
