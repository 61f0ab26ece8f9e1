"""What a document is called, by whom and of when, as its metadata and its first pages say."""

import pytest

from ingest.document import Block, Box, DocumentInfo, Kind, Line, Page, Source
from ingest.front_matter import author_of, clean_author, clean_date, date_of, title_of
from ingest.structure import finish_document


def block(
    *texts: str, y: float = 0.1, height: float = 0.015, kind: Kind = Kind.TEXT, source: Source = Source.TEXT_LAYER
) -> Block:
    boxes = [Box(0.1, y + number * 0.02, 0.9, y + number * 0.02 + height) for number in range(len(texts))]
    return Block(kind, Box.around(boxes), tuple(Line(*pair) for pair in zip(texts, boxes, strict=True)), source)


def page(*blocks: Block, index: int = 0) -> Page:
    return Page(index, str(index + 1), 600, 800, blocks)


PROSE = block(
    "The committee met in the old harbour house and agreed on the budget of the",
    "coming year, and nobody had expected that the lighthouse would need paint.",
    y=0.4,
)


@pytest.mark.parametrize(
    ("author", "clean"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("  Ada\nLovelace ", "Ada Lovelace"),
        ("Harbour Office", "Harbour Office"),
        ("admin", ""),
        ("Administrator", ""),
        ("Microsoft Office User", ""),
        ("user17", ""),
        ("G635890", ""),
        ("anonymous", ""),
        ("Adobe Acrobat 9.0", ""),
        ("-", ""),
        ("", ""),
    ],
)
def test_authors_from_metadata(author: str, clean: str) -> None:
    assert clean_author(author) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("D:20210304120000+01'00'", "2021-03-04"),
        ("D:202103", "2021-03"),
        ("D:19700101000000Z", ""),
        ("D:16010101", ""),
        ("yesterday", ""),
    ],
)
def test_dates_from_metadata(text: str, clean: str) -> None:
    assert clean_date(text) == clean


def test_the_tallest_heading_is_the_title() -> None:
    first = page(
        block("Annual meeting", y=0.1, kind=Kind.HEADING),
        block("The Harbour of the Town", y=0.2, height=0.03, kind=Kind.HEADING),
        PROSE,
    )
    assert title_of([first]) == "The Harbour of the Town"


@pytest.mark.parametrize(
    "head",
    [
        "Abstract",
        "FOR RELEASE MAY 3, 2020",
        "Contents",
        "By Ada Lovelace",
        "For questions ask:",
        "© 2020 Harbour",
        "Write to ada@harbour.org",
    ],
)
def test_what_stands_on_front_pages_and_is_no_title(head: str) -> None:
    first = page(block(head, kind=Kind.HEADING, height=0.04), block("Harbours", y=0.2, kind=Kind.HEADING), PROSE)
    assert title_of([first]) == "Harbours"


def test_a_title_that_ends_like_a_sentence_stands_above_the_headings() -> None:
    first = page(
        block("Why do harbours silt up? And what helps against it.", height=0.022),
        block("Motivation", y=0.3, kind=Kind.HEADING, height=0.016),
        PROSE,
    )
    assert title_of([first]) == "Why do harbours silt up? And what helps against it."


def test_a_paragraph_is_no_title() -> None:
    assert title_of([page(PROSE)]) == ""
    photographed = block("NOTICE TO ALL", PROSE.lines[0].text, PROSE.lines[1].text, source=Source.OCR)
    assert title_of([page(photographed)]) == ""


def test_the_large_first_line_of_a_photographed_page_is_its_title() -> None:
    lines = (Line("NOTICE TO ALL SHIPS", Box(0.1, 0.1, 0.6, 0.14)), *PROSE.lines)
    assert title_of([page(Block(Kind.TEXT, Box(0.1, 0.1, 0.9, 0.5), lines, Source.OCR))]) == "NOTICE TO ALL SHIPS"


def test_bylines_name_authors() -> None:
    first = page(block("Harbours"), block("BY Mark Hugo Lopez, Ana Gonzalez-Barrera and Gustavo van Dyk", y=0.3), PROSE)
    assert author_of([first]) == "Mark Hugo Lopez, Ana Gonzalez-Barrera and Gustavo van Dyk"
    assert author_of([page(block("Prepared by: Harbour Office"))]) == "Harbour Office"
    assert author_of([page(block("By clicking on the button you agree to the terms"), PROSE)]) == ""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("FOR RELEASE DECEMBER 20, 2017", "2017-12-20"),
        ("Turin, 3 May 1999", "1999-05-03"),
        ("Sept. 1st, 2020", "2020-09-01"),
        ("printed 2021-03-04 in Turin", "2021-03-04"),
        ("February 30, 2020, or rather March 1, 2020", "2020-03-01"),
        ("03/04/2021", ""),
        ("fiscal 2021", ""),
    ],
)
def test_dates_written_on_the_page(line: str, found: str) -> None:
    assert date_of([page(block(line), PROSE)]) == found


def test_metadata_goes_first_and_the_page_fills_what_it_keeps_silent_about() -> None:
    first = page(
        block("The Harbour", height=0.03, kind=Kind.HEADING),
        block("By Ada Lovelace", y=0.2),
        block("May 3, 1999", y=0.25),
        PROSE,
    )
    info, _ = finish_document(DocumentInfo("d", "f.pdf", "application/pdf", 1, 1), [first])
    assert (info.title, info.author, info.created) == ("The Harbour", "Ada Lovelace", "1999-05-03")
    given = DocumentInfo("d", "f.pdf", "", 1, 1, title="Given", author="Someone", created="2001-01-01")
    assert finish_document(given, [first])[0] == given
