"""Tables over several pages."""

from ingest.chunking import chunk_document
from ingest.continued import link_tables
from ingest.document import Block, Box, DocumentInfo, Kind, Line, Page
from ingest.settings import ChunkSettings

HEADER = ("Ship", "2021", "2020")


def table(y0: float, y1: float, rows: list[tuple[str, ...]], header_rows: int = 0, x1: float = 0.9) -> Block:
    box = Box(0.1, y0, x1, y1)
    return Block(Kind.TABLE, box, tuple(Line(" | ".join(row), box, row) for row in rows), header_rows=header_rows)


def text(words: str, y0: float, kind: Kind = Kind.TEXT) -> Block:
    box = Box(0.1, y0, 0.9, y0 + 0.02)
    return Block(kind, box, (Line(words, box),))


def first(*blocks: Block) -> Page:
    return Page(0, "1", 600, 800, (*blocks, table(0.5, 0.93, [HEADER, ("Anna", "1", "2")], 1)))


def second(*blocks: Block, index: int = 1) -> Page:
    return Page(index, str(index + 1), 600, 800, blocks)


def carried(pages: list[Page]) -> list[tuple[str, ...]]:
    return [block.carried for page in link_tables(pages)[1:] for block in page.blocks if block.kind is Kind.TABLE]


ROWS = [("Berta", "3", "4"), ("Clara", "5", "6")]


def test_the_header_is_carried_over_any_number_of_pages_with_the_caption():
    caption = text("Table 2: Ships", 0.4, Kind.CAPTION)
    foot = text("17", 0.97, Kind.PAGE_FOOTER)
    head = text("The fleet", 0.03, Kind.PAGE_HEADER)
    pages = [first(caption, foot), second(head, table(0.1, 0.95, ROWS)), second(head, table(0.1, 0.3, ROWS), index=2)]
    assert carried(pages) == [("Table 2: Ships", "Ship | 2021 | 2020")] * 2


def test_words_that_say_so_may_stand_between():
    assert carried([first(), second(text("(continued)", 0.08), table(0.1, 0.4, ROWS))]) == [("Ship | 2021 | 2020",)]


def test_what_is_another_table():
    others = [
        second(text("Other matters follow.", 0.08), table(0.1, 0.4, ROWS)),
        second(table(0.1, 0.4, [("Berta", "3")])),
        second(table(0.1, 0.4, ROWS, x1=0.5)),
        second(table(0.1, 0.4, [("Boat", "2021", "2020"), *ROWS], 1)),
        second(table(0.5, 0.8, ROWS)),
        second(table(0.1, 0.4, ROWS), index=5),
    ]
    assert [carried([first(), page]) for page in others] == [[()]] * len(others)
    assert carried([first(text("The end.", 0.95)), second(table(0.1, 0.4, ROWS))]) == [("Ship | 2021 | 2020",)]
    ended = Page(0, "1", 600, 800, (*first().blocks, text("The text goes on.", 0.95)))
    assert carried([ended, second(table(0.1, 0.4, ROWS))]) == [()]


def test_a_chunk_of_the_second_part_is_embedded_under_the_header_and_does_not_cite_it():
    pages = link_tables([first(), second(table(0.1, 0.4, ROWS))])
    info = DocumentInfo("d", "d", "application/pdf", 1, 2)
    [chunk] = chunk_document(info, pages, lambda texts: [len(t.split()) + 2 for t in texts], ChunkSettings())[1]
    assert chunk.context == "Ship | 2021 | 2020" and "Ship" not in chunk.text
