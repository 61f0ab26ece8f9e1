"""Chunks: nothing too long, nothing lost, nothing doubled, every character with its box."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunking import chunk_document
from ingest.document import FURNITURE, Block, Box, Chunk, DocumentInfo, Kind, Line, Page
from ingest.settings import ChunkSettings

INFO = DocumentInfo("d0c", "f.pdf", "application/pdf", 1, 1, title="Harbour Report 2021")
WORD = re.compile(r"\S+")


def word_tokens(texts: Sequence[str]) -> list[int]:
    """One token for six characters of a word, and two special ones: adds up over blanks."""
    return [2 + sum(-(-len(word) // 6) for word in WORD.findall(text)) for text in texts]


def greedy_tokens(texts: Sequence[str]) -> list[int]:
    """Costs a blank, too, so that joined parts cost more than their sum without the special tokens."""
    return [2 + sum(-(-len(word) // 6) for word in WORD.findall(text)) + sum(map(str.isspace, text)) for text in texts]


def box(number: int) -> Box:
    return Box(0.1, number / 1000, 0.9, (number + 1) / 1000)


def block(kind: Kind, *texts: str, start: int = 0, header_rows: int = 0, level: int = 0) -> Block:
    lines = tuple(
        Line(text, box(start + number), tuple(text.split(" | ")) if kind is Kind.TABLE else ())
        for number, text in enumerate(texts)
    )
    return Block(kind, Box.around(line.box for line in lines), lines, level=level, header_rows=header_rows)


def page(*blocks: Block, index: int = 0) -> Page:
    return Page(index, str(index + 1), 600, 800, blocks)


def chunks_of(*blocks: Block, count=word_tokens, info: DocumentInfo = INFO, **sizes: int) -> list[Chunk]:
    [chunks] = chunk_document(info, [page(*blocks)], count, ChunkSettings(**sizes))
    return chunks


words = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x17F, exclude_characters="|\x7f\xa0\x85"), min_size=1, max_size=12
)
long_words = st.text(st.sampled_from("abcdef"), min_size=200, max_size=900)
line_texts = st.lists(st.one_of(words, words, words, long_words), min_size=1, max_size=40).map(" ".join)
rows = st.lists(st.lists(words, min_size=1, max_size=4).map(" ".join), min_size=2, max_size=12).map(" | ".join)


@st.composite
def pages(draw: st.DrawFn) -> list[Page]:
    made, number = [], 0
    for index in range(draw(st.integers(1, 3))):
        blocks = []
        for kind in draw(st.lists(st.sampled_from(list(Kind)), max_size=6)):
            texts = draw(st.lists(rows if kind is Kind.TABLE else line_texts, min_size=1, max_size=8))
            header = draw(st.integers(0, len(texts) - 1)) if kind is Kind.TABLE else 0
            level = draw(st.integers(1, 3)) if kind is Kind.HEADING else 0
            blocks.append(block(kind, *texts, start=number, header_rows=header, level=level))
            number += len(texts)
        made.append(page(*blocks, index=index))
    return made


@settings(max_examples=150, deadline=None)
@given(
    made=pages(),
    count=st.sampled_from([word_tokens, greedy_tokens]),
    max_tokens=st.integers(40, 256),
    context_tokens=st.integers(8, 56),
    title=st.one_of(st.just(""), line_texts),
)
def test_chunks_fit_and_lose_nothing(made, count, max_tokens, context_tokens, title):
    sizes = ChunkSettings(max_tokens=max_tokens, context_tokens=context_tokens)
    result = chunk_document(replace(INFO, title=title), made, count, sizes)
    assert len(result) == len(made)
    for source, chunks in zip(made, result, strict=True):
        assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
        assert {chunk.page_index for chunk in chunks} <= {source.page_index}
        header_boxes = {line.box for b in source.blocks for line in b.lines[: b.header_rows]}
        wanted: Counter[str] = Counter()
        for b in source.blocks:
            if b.kind not in FURNITURE:
                wanted.update("".join(line.text.split()).replace("|", "") + "@" + str(line.box) for line in b.lines)
        by_box: dict[Box, str] = {}
        for chunk in chunks:
            [tokens] = count([chunk.embedded_text])
            assert chunk.tokens == tokens <= max_tokens
            assert not chunk.context or count([chunk.context])[0] <= context_tokens
            end = 0
            for span in chunk.spans:
                assert 0 <= end <= span.start < span.end <= len(chunk.text)
                assert chunk.text[end : span.start].strip(" |\n") == ""
                end = span.end
                piece = "".join(chunk.text[span.start : span.end].split()).replace("|", "")
                if span.box in header_boxes and by_box.get(span.box, "").endswith(piece):
                    continue  # a header row that is repeated
                by_box[span.box] = by_box.get(span.box, "") + piece
            assert end == len(chunk.text)
        got = Counter(text + "@" + str(place) for place, text in by_box.items())
        assert got == wanted


def test_a_short_page_is_one_chunk_in_reading_order():
    [chunk] = chunks_of(
        block(Kind.HEADING, "Costs", level=1),
        block(Kind.TEXT, "The harbour cost", "much money.", start=1),
        block(Kind.LIST_ITEM, "• cranes", start=3),
    )
    assert chunk.text == "Costs\nThe harbour cost much money.\n• cranes"
    assert chunk.context == "Harbour Report 2021"
    assert chunk.kind is Kind.TEXT
    assert chunk.chunk_id == "d0c:0:0"


def test_boxes_of_a_quote():
    [chunk] = chunks_of(block(Kind.TEXT, "The harbour cost", "much money. It still", "does."))
    start = chunk.text.index("much")
    assert chunk.boxes(start, start + 4) == (box(1),)
    assert chunk.boxes() == (box(0), box(1), box(2))


def test_furniture_stays_out_and_blank_pages_have_no_chunks():
    made = [page(block(Kind.PAGE_HEADER, "Annual Report"), block(Kind.PAGE_FOOTER, "7", start=1)), page(index=1)]
    assert chunk_document(INFO, made, word_tokens, ChunkSettings()) == [[], []]


def test_headings_are_carried_over_pages():
    made = [
        page(
            block(Kind.HEADING, "Notes", level=1),
            block(Kind.HEADING, "Leases", start=1, level=2),
            block(Kind.TEXT, "One.", start=2),
        ),
        page(
            block(Kind.TEXT, "Two."),
            block(Kind.HEADING, "Taxes", start=1, level=2),
            block(Kind.TEXT, "Three.", start=2),
            index=1,
        ),
        page(block(Kind.TEXT, "Four."), index=2),
    ]
    first, second, third = chunk_document(INFO, made, word_tokens, ChunkSettings())
    assert first[0].context == "Harbour Report 2021"
    assert second[0].context == "Harbour Report 2021 › Notes › Leases"
    assert third[0].context == "Harbour Report 2021 › Notes › Taxes"


def test_a_long_context_keeps_title_and_nearest_heading():
    made = [
        page(
            block(Kind.HEADING, "Outer heading of many words that fill the context of every chunk", level=1),
            block(Kind.HEADING, "Nearest heading", start=1, level=2),
        ),
        page(block(Kind.TEXT, "Words."), index=1),
    ]
    [chunk] = chunk_document(INFO, made, word_tokens, ChunkSettings(context_tokens=12))[1]
    assert chunk.context == "Harbour Report 2021 › Nearest heading"


def table(count: int, header: Sequence[str] = (" | 2021 | 2020",)) -> Block:
    body = [f"Row number {number} | {number * 11} | {number * 7}" for number in range(count)]
    return block(Kind.TABLE, *header, *body, header_rows=len(header), start=10)


def test_a_long_table_repeats_its_header_and_keeps_rows_whole():
    made = table(60)
    chunks = chunks_of(block(Kind.CAPTION, "Table 3: Movements"), made, max_tokens=80)
    assert len(chunks) > 3
    lines = [line for chunk in chunks for line in chunk.text.split("\n")]
    assert all(chunk.text.split("\n")[0] == " | 2021 | 2020" for chunk in chunks[1:])
    assert [line for line in lines if line.startswith("Row")] == [line.text for line in made.lines[1:]]
    assert all("Table 3: Movements" in chunk.context for chunk in chunks[1:])
    assert all(chunk.spans[0].box == made.lines[0].box for chunk in chunks[1:])


def test_a_header_that_would_fill_the_chunk_is_not_repeated():
    wide = " | ".join(f"column {number}" for number in range(24))
    chunks = chunks_of(table(20, header=(wide,)), max_tokens=90)
    assert sum(chunk.text.count("column 23") for chunk in chunks) == 1


def test_a_row_longer_than_a_chunk_is_cut_between_cells():
    row = " | ".join(f"cell {number} of the row" for number in range(60))
    chunks = chunks_of(block(Kind.TABLE, row), max_tokens=80)
    cells = [cell for chunk in chunks for cell in chunk.text.split(" | ")]
    assert cells == row.split(" | ")


def test_paragraphs_are_kept_whole_where_they_fit():
    one = block(Kind.TEXT, *["alpha beta gamma delta"] * 10)
    two = block(Kind.TEXT, *["epsilon zeta eta theta"] * 10, start=20)
    chunks = chunks_of(one, two, max_tokens=90)
    assert [set(chunk.text.split()) for chunk in chunks] == [
        {"alpha", "beta", "gamma", "delta"},
        {"epsilon", "zeta", "eta", "theta"},
    ]


def test_long_text_is_cut_after_a_sentence():
    text = [f"The crane number {number} was bought. Its price was" for number in range(40)]
    chunks = chunks_of(
        block(Kind.TEXT, *[f"{line} {number} crowns." for number, line in enumerate(text)]), max_tokens=80
    )
    assert len(chunks) > 3
    assert all(chunk.text.endswith(".") for chunk in chunks)


def test_a_heading_goes_with_what_follows():
    chunks = chunks_of(
        block(Kind.TEXT, *["alpha beta gamma delta"] * 10),
        block(Kind.HEADING, "Costs", start=20, level=2),
        block(Kind.TEXT, *["epsilon zeta eta theta"] * 10, start=21),
        max_tokens=90,
    )
    assert [chunk.text.startswith("Costs") for chunk in chunks] == [False, True]


def test_form_fields_and_picture_words_are_chunked():
    chunks = chunks_of(block(Kind.FORM_FIELD, "Name: Ada"), block(Kind.PICTURE, "Sales", "by region", start=1))
    assert "\n".join(chunk.text for chunk in chunks) == "Name: Ada\nSales\nby region"


def test_overlap_repeats_the_last_sentences():
    lines = [f"Sentence number {number} ends." for number in range(30)]
    chunks = chunks_of(block(Kind.TEXT, *lines), max_tokens=60, overlap_tokens=12)
    for before, after in pairwise(chunks):
        repeated = after.text.split(". ")[0]
        assert repeated in before.text
    assert all(chunk.tokens <= 60 for chunk in chunks)


def test_counting_is_batched():
    calls = []

    def count(texts: Sequence[str]) -> list[int]:
        calls.append(len(texts))
        return word_tokens(texts)

    made = [page(block(Kind.TEXT, *[f"line {i} of page {n}." for i in range(40)]), index=n) for n in range(50)]
    chunk_document(INFO, made, count, ChunkSettings())
    assert len(calls) < 10 and sum(calls) > 2000


@pytest.mark.parametrize("text", ["x" * 5000, "é" * 3000])
def test_one_endless_word_is_cut_by_characters(text):
    chunks = chunks_of(block(Kind.TEXT, text), max_tokens=64)
    assert "".join(chunk.text for chunk in chunks) == text
    assert all(chunk.tokens <= 64 for chunk in chunks)


def test_a_page_that_fits_into_one_chunk_is_one():
    chunks = chunks_of(
        block(Kind.HEADING, "Why people sail", level=1),
        block(Kind.TABLE, "Wind | 40", "Quiet | 31", start=2),
        block(Kind.TEXT, "Survey of two hundred skippers.", start=5),
    )
    assert [chunk.text.splitlines()[0] for chunk in chunks] == ["Why people sail"]
    assert "skippers" in chunks[0].text


def test_a_context_that_grows_when_the_text_says_the_title_stays_within_the_limit():
    """What the title leaves free may be filled by an outer heading, which was not there when the text was measured."""
    outer, near = " ".join(["x"] * 8), " ".join(["y"] * 8)
    above = [block(Kind.HEADING, outer, level=1), block(Kind.HEADING, near, start=1, level=2)]
    text = block(Kind.TEXT, " ".join(["t", "u", *["a"] * 10]), " ".join(["b"] * 13))
    info = replace(INFO, title="t u")
    sizes = ChunkSettings(max_tokens=40, context_tokens=20)
    chunks = chunk_document(info, [page(*above), page(text, index=1)], word_tokens, sizes)[1]
    assert [chunk.text for chunk in chunks] == [" ".join(line.text for line in text.lines)]
    assert chunks[0].context == near and chunks[0].tokens <= 40
