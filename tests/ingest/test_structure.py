"""What shows only across pages."""

from dataclasses import replace

import pytest

from ingest.document import Block, Box, DocumentInfo, Kind, Line, OutlineItem, Page, Source
from ingest.structure import finish_document

INFO = DocumentInfo("d", "f.pdf", "application/pdf", 1, 1)


def block(
    text: str,
    y: float,
    kind: Kind = Kind.TEXT,
    height: float = 0.015,
    level: int = 0,
    source: Source = Source.TEXT_LAYER,
) -> Block:
    box = Box(0.1, y, 0.9, y + height)
    return Block(kind, box, (Line(text, box),), source, level)


def body(number: int) -> list[Block]:
    return [
        block(f"Body text {'abcdefgh'[number % 8]} of this page.", 0.3),
        block("More of the body text stands here.", 0.5),
    ]


def page(index: int, *blocks: Block) -> Page:
    return Page(index, str(index + 1), 600, 800, blocks)


def kinds(pages: list[Page], text: str) -> set[Kind]:
    return {b.kind for p in pages for b in p.blocks if text in b.text}


def test_running_text_and_page_numbers_are_furniture():
    pages = [
        page(
            n,
            block("Harbour Ltd. Annual Report", 0.03),
            *body(n),
            block(f"Page {n + 1} of 12", 0.95),
            block("Form 10-K", 0.92),
        )
        for n in range(12)
    ]
    _, done = finish_document(INFO, pages)
    assert kinds(done, "Annual Report") == {Kind.PAGE_HEADER}
    assert kinds(done, "Page ") == {Kind.PAGE_FOOTER} == kinds(done, "Form")
    assert kinds(done, "Body") == {Kind.TEXT}


def test_the_last_line_of_pages_that_are_not_filled():
    pages = [page(n, *body(n), block(str(40 + n), 0.69)) for n in range(12)]
    _, done = finish_document(INFO, pages)
    assert {p.blocks[-1].kind for p in done} == {Kind.PAGE_FOOTER}


def test_a_lone_page_number_is_furniture_and_other_edge_text_is_not():
    pages = [page(0, block("Only once up here", 0.03), *body(0), block("- 17 -", 0.95))]
    _, done = finish_document(INFO, pages)
    assert [b.kind for b in done[0].blocks] == [Kind.TEXT, Kind.TEXT, Kind.TEXT, Kind.PAGE_FOOTER]


def test_a_heading_on_a_few_pages_is_not_running_text():
    pages = [
        page(
            n,
            block("Results" if n in (3, 4, 5) else f"Part {'abcdefghijkl'[n]}", 0.05, Kind.HEADING, level=1),
            *body(n),
        )
        for n in range(12)
    ]
    _, done = finish_document(INFO, pages)
    assert kinds(done, "Results") == {Kind.HEADING}


def test_form_fields_are_never_furniture():
    pages = [page(n, *body(n), block("Date: 2021", 0.95, Kind.FORM_FIELD, source=Source.FORM)) for n in range(6)]
    _, done = finish_document(INFO, pages)
    assert kinds(done, "Date") == {Kind.FORM_FIELD}


def test_the_title_is_the_largest_text_of_the_first_page():
    first = page(0, block("A small line", 0.1), block("The Harbour", 0.2, Kind.HEADING, 0.05, 1), *body(0))
    info, _ = finish_document(INFO, [first, page(1, *body(1))])
    assert info.title == "The Harbour"


def test_a_title_from_metadata_stays():
    info, _ = finish_document(
        DocumentInfo("d", "f", "", 1, 1, title="Given"), [page(0, block("Large", 0.2, height=0.05))]
    )
    assert info.title == "Given"


def test_heading_levels_are_one_scale_for_the_document():
    # A slide whose own text is large made its heading level 3; in the document it is as tall as the other.
    pages = [
        page(0, block("One", 0.1, Kind.HEADING, 0.03, 1), *body(0)),
        page(1, block("Two", 0.1, Kind.HEADING, 0.03, 3), *body(1)),
        page(2, block("Small", 0.1, Kind.HEADING, 0.015, 2), *body(2)),
    ]
    _, done = finish_document(INFO, pages)
    assert [p.blocks[0].level for p in done] == [1, 1, 3]


def test_levels_come_from_the_outline_where_its_entries_stand_on_their_pages():
    entries = [OutlineItem(1, "Harbours", 0), OutlineItem(2, "1.1 Cranes", 1), OutlineItem(3, "Ropes", 2)]
    pages = [
        page(0, block("2. HARBOURS", 0.1, Kind.HEADING, 0.02, 2), block("Fees", 0.2, Kind.HEADING, 0.05, 1), *body(0)),
        page(1, block("1.1 Cranes", 0.1), *body(1)),
        page(2, block("Ropes", 0.1, Kind.LIST_ITEM), *body(2)),
    ]
    _, done = finish_document(replace(INFO, outline=tuple(entries)), pages)
    levels = {b.text: b.level for p in done for b in p.blocks if b.kind is Kind.HEADING}
    assert levels == {"2. HARBOURS": 1, "Fees": 4, "1.1 Cranes": 2, "Ropes": 3}


def test_an_outline_of_other_words_changes_nothing():
    entries = tuple(OutlineItem(1, f"Slide {n}", 0) for n in range(9))
    pages = [page(0, block("One", 0.1, Kind.HEADING, 0.03, 1), *body(0))]
    assert finish_document(replace(INFO, outline=entries), pages)[1] == finish_document(INFO, pages)[1]


@pytest.mark.parametrize("pages", [[], [Page(0, "1", 600, 800)]])
def test_documents_without_words(pages):
    assert finish_document(INFO, pages) == (INFO, pages)


def test_a_page_keeps_its_only_line() -> None:
    pages = [page(n, block(f"Chapter {n}. Buoy {n} was laid in 19{n}.", 0.05), block(str(n), 0.95)) for n in range(12)]
    _, done = finish_document(INFO, pages)
    assert kinds(done, "Buoy") == {Kind.TEXT}
    blank = [page(n, block(str(n + 1), 0.95)) for n in range(4)]
    _, done = finish_document(INFO, blank)
    assert all(b.kind is Kind.PAGE_FOOTER for p in done for b in p.blocks)
