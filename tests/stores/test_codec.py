"""What goes into the catalog as bytes comes out the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.document import Block, Box, Kind, Line, OutlineItem, Page, PageIssue, Source, Span, TextSource, TextTrust
from pipeline.errors import StoreError
from pipeline.stores.codec import (
    outline_from_json,
    outline_to_json,
    page_from_bytes,
    page_to_bytes,
    spans_from_bytes,
    spans_to_bytes,
)

texts = st.text(st.characters(), max_size=20)  # lone surrogates included, as damaged files have them
numbers = st.floats(-1.0, 2.0)
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


@given(st.lists(st.builds(Span, counts, counts, boxes), max_size=20).map(tuple))
def test_spans_round_trip(spans: tuple[Span, ...]) -> None:
    assert spans_from_bytes(spans_to_bytes(spans)) == spans


@given(st.lists(st.builds(OutlineItem, counts, texts, counts), max_size=5).map(tuple))
def test_outlines_round_trip(outline: tuple[OutlineItem, ...]) -> None:
    assert outline_from_json(outline_to_json(outline)) == outline


def test_a_damaged_page_is_a_store_error() -> None:
    data = page_to_bytes(Page(0, "1", 612.0, 792.0))
    for damaged in (b"", data[:-4], b"not zlib"):
        with pytest.raises(StoreError, match="add it again"):
            page_from_bytes(damaged)
