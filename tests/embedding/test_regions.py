"""Regions of a page: every visible line is in one, each with its box, none longer than the model sees."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.document import FURNITURE, Block, Box, Kind, Line, Page
from pipeline.embedding.base import EmbedderIdentity, Vectors
from pipeline.embedding.regions import RegionPageEmbedder


class WordCounter:
    """Counts words where the real model counts word pieces; embeds nothing."""

    identity = EmbedderIdentity("words", "1", 4)
    max_tokens = 80

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 2 for text in texts]

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        raise AssertionError("not needed here")

    def embed_question(self, question: str) -> Vectors:
        raise AssertionError("not needed here")

    def embed_questions(self, questions: Sequence[str]) -> Vectors:
        raise AssertionError("not needed here")


words = st.lists(
    st.sampled_from(["ferry", "dues", "tax", "42", "harbour", "1,200", "report"]), min_size=1, max_size=120
)
kinds = st.sampled_from([Kind.TEXT, Kind.HEADING, Kind.TABLE, Kind.PICTURE, Kind.PAGE_HEADER])


@st.composite
def pages(draw: st.DrawFn) -> Page:
    blocks = []
    number = 0
    for kind, sizes in draw(st.lists(st.tuples(kinds, st.lists(words, max_size=12)), max_size=6)):
        lines = []
        for line in sizes:
            number += 1
            box = Box(0.1, number / 1000, 0.9, number / 1000 + 0.001)
            lines.append(Line(f"line{number} " + " ".join(line), box))
        header = 1 if kind is Kind.TABLE and lines else 0
        blocks.append(Block(kind, Box(0, 0, 1, 1), tuple(lines), header_rows=header))
    return Page(0, "1", 600, 800, tuple(blocks))


@settings(deadline=None, max_examples=60)
@given(pages(), st.sampled_from(["", "A title of some words"]))
def test_every_line_is_read_and_boxed(page: Page, context: str) -> None:
    reader = RegionPageEmbedder(WordCounter())
    regions = reader.regions(page, context)
    assert all(WordCounter().count_tokens([region.text])[0] <= WordCounter.max_tokens for region in regions)
    for block in page.blocks:
        for line in block.lines:
            if block.kind in FURNITURE:
                continue
            marker = line.text.split()[0]
            assert any(marker in region.text.split() for region in regions)
            assert any(region.box.intersection(line.box) > 0 for region in regions)


def test_rows_carry_their_header_and_the_page_its_heading() -> None:
    rows = tuple(Line(f"row{i} | {i}", Box(0.1, i / 20, 0.9, i / 20 + 0.04)) for i in range(12))
    heading = Block(Kind.HEADING, Box(0, 0, 1, 0.01), (Line("Fares", Box(0, 0, 1, 0.01)),), level=1)
    page = Page(0, "1", 600, 800, (heading, Block(Kind.TABLE, Box(0, 0, 1, 1), rows, header_rows=1)))
    regions = RegionPageEmbedder(WordCounter()).regions(page, "Timetable")
    last, whole = regions[-2:]
    assert last.text.startswith("Timetable Fares") and "row0 | 0" in last.text and "row11 | 11" in last.text
    assert last.box.y0 > 0.2  # the box is around the rows, not around the repeated header
    assert whole.text == "Timetable\nFares\n" + "\n".join(row.text for row in rows)


def test_what_begins_the_page_is_not_told_its_heading_twice() -> None:
    lines = tuple(Line(f"Line {i} of the page", Box(0.1, i / 40, 0.9, i / 40 + 0.02)) for i in range(30))
    page = Page(0, "1", 600, 800, (Block(Kind.TEXT, Box(0, 0, 1, 1), lines),))
    first, second, *_ = RegionPageEmbedder(WordCounter()).regions(page, "line 0 of the page")
    assert first.text.startswith("Line 0 of the page\nLine 1")
    assert second.text.startswith("Line 0 of the page Line 1 of the page")
