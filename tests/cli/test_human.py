"""What people read: honest, plain where there is no terminal, and safe whatever a document holds."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from ingest.document import Box, Chunk, DocumentInfo, Kind, Page, PageIssue, TextSource, TextTrust
from pipeline.answering.base import AnswerReady, ClaimReady, TextDelta
from pipeline.cli.human import (
    SNIPPET,
    AnswerPrinter,
    outcome,
    page_name,
    show_documents,
    show_hits,
    show_page,
    show_report,
    snippet,
)
from pipeline.cli.output import DocumentLine
from pipeline.indexing import AddReport
from pipeline.results import (
    Answer,
    ChannelScore,
    Citation,
    Claim,
    PageCopy,
    PageHit,
    PageRef,
    ScoredChunk,
    SearchResult,
)
from pipeline.stores.rows import DocumentRow

REF = PageRef("0123456789abcdef", 3)
BOX = Box(0.1, 0.2, 0.3, 0.4)


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), highlight=False, width=10_000)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def hit(words: str) -> PageHit:
    chunk = Chunk("0123456789abcdef", 3, 0, Kind.TEXT, words, "", 9)
    return PageHit(
        REF, "a [red].pdf", "A", "iv", 0.125, (ScoredChunk(chunk, 0.5),), (), {"dense": ChannelScore(2, 0.5)}
    )


def test_the_printed_page_and_the_place_in_the_file() -> None:
    assert page_name("4", 3) == "page 4"
    assert page_name("iv", 3) == "page iv (4 in the file)"


def test_hits(console: Console) -> None:
    show_hits(console, SearchResult("revenue", (hit("Revenue was\n4.2 million [bold]"),)))
    head, words = text(console).splitlines()
    assert head.split("  ") == [" 1", "a [red].pdf, page iv (4 in the file)", "0.1250", "dense 2"]
    assert words.strip() == "Revenue was 4.2 million [bold]"


def test_copies_are_named(console: Console) -> None:
    copy = PageCopy(PageRef("f" * 16, 3), "scan [of] it.pdf")
    show_hits(console, SearchResult("revenue", (replace(hit("Revenue"), copies=(copy,)),)))
    assert text(console).splitlines()[1].strip() == "the same page in scan [of] it.pdf"


def test_no_hit_is_said(console: Console) -> None:
    show_hits(console, SearchResult("revenue", ()))
    assert text(console).strip() == "No page fits the question."


def test_documents_cannot_write_escape_sequences(console: Console) -> None:
    show_hits(console, SearchResult("x", (hit("nice\x1b[31m\x07 text\x9b2J"),)))
    assert not {"\x1b", "\x07", "\x9b"} & set(text(console))


def test_the_snippet_shows_where_the_question_is_met() -> None:
    filler = "Nothing of interest is said in this sentence. " * 20
    shown = snippet(
        hit(filler + "The dredging contract went to Halvorsen in 2021. " + filler), "Who has the dredging contract?"
    )
    assert "dredging contract went to Halvorsen" in shown and len(shown) <= SNIPPET + 4
    assert shown.startswith("… ") and shown.endswith(" …")
    assert snippet(hit("Short."), "Who?") == "Short."


def test_an_answer_with_numbered_citations(console: Console) -> None:
    one, other = Citation(REF, "a.pdf", "4", BOX, "rose to 4.2"), Citation(REF, "a.pdf", "4", BOX, "28 days")
    claims = (Claim("Revenue rose.", True, (one,)), Claim("Holidays fell.", False, (other, one)))
    printer = AnswerPrinter(console, "extractive")
    for claim in claims:
        printer.show(ClaimReady(claim))
    printer.show(AnswerReady(Answer("?", "Revenue rose. Holidays fell.", False, claims)))
    assert text(console).splitlines() == [
        "Quoted from the documents:",
        "Revenue rose. [1]",
        "Holidays fell. [2] [1]  (not found in the cited evidence)",
        "",
        "[1] a.pdf, page 4",
        "    “rose to 4.2”",
        "[2] a.pdf, page 4",
        "    “28 days”",
    ]


def test_an_abstention_is_said(console: Console) -> None:
    AnswerPrinter(console, "extractive").show(AnswerReady(Answer("?", "The documents do not say.", True)))
    assert text(console).strip() == "The documents do not say."


def test_a_reply_that_was_cut_off_is_said_to_be(console: Console) -> None:
    AnswerPrinter(console, "endpoint").show(AnswerReady(Answer("?", "It has", False, cut_off=True)))
    said = "(the reply was cut off at its limit of tokens: raise answer.output_tokens and ask again)"
    assert text(console).splitlines() == ["It has", said]


def test_reports_tell_of_trouble(console: Console) -> None:
    issues = (PageIssue(3, "ocr", "too dark", lost=True), PageIssue(5, "text", "hidden text"))
    show_report(console, AddReport("a.pdf", REF.document_id, "partial", 12, issues, 40, 90, 1.5, "one page failed"))
    head, error, *pages = text(console).splitlines()
    assert head == "partial   a.pdf  12 pages, 40 chunks, 90 page vectors, 1.5 s"
    assert error.strip() == "one page failed"
    assert [line.strip() for line in pages] == ["page_index 3, ocr: too dark", "page_index 5, text: hidden text"]


def test_hidden_text_is_told_in_one_line(console: Console) -> None:
    notices = tuple(
        PageIssue(index, "hidden text", "9 characters off the page, left out: a [b] c") for index in (4, 4, 6)
    )
    show_report(console, AddReport("a.pdf", REF.document_id, "ready", 12, chunks=40, notices=notices))
    line = " ".join(text(console).splitlines()[1].split())
    assert line == "hidden text on 2 pages, the first: page_index 4, 9 characters off the page, left out: a [b] c"


@pytest.mark.parametrize(
    ("status", "change", "word"),
    [
        ("ready", "", "ready"),
        ("ready", "added", "added"),
        ("unchanged", "moved", "moved"),
        ("failed", "added", "failed"),
    ],
)
def test_one_word_for_what_became_of_a_file(status: str, change: str, word: str) -> None:
    assert outcome(AddReport("a.pdf", "", status, change=change)) == word


def test_the_table_of_documents(console: Console) -> None:
    info = DocumentInfo(REF.document_id, "a [red].pdf", "application/pdf", 1000, 1200)
    row = DocumentRow(info, "a.pdf", "partial", "", 1200, 1, 40, 90, "2026-01-01T00:00:00+00:00")
    show_documents(console, [DocumentLine.of(row, [PageIssue(3, "ocr", "no")])])
    assert all(words in text(console) for words in (REF.document_id, "a [red].pdf", "1,200", "partial, 1 issue"))
    assert "1 document, 1,200 pages, 40 chunks" in text(console)


def test_a_page_says_where_its_words_come_from(console: Console) -> None:
    trust = TextTrust(TextSource.BOTH, "pictures [hold] words")
    issue = PageIssue(3, "hidden text", "9 characters off the page, left out: a b c")
    show_page(console, Page(3, "4", 600, 800, issues=(issue,), trust=trust))
    assert [line.strip() for line in text(console).splitlines()] == [
        "words from: both (pictures [hold] words)",
        "hidden text: 9 characters off the page, left out: a b c",
    ]


def test_on_a_terminal_words_appear_as_they_are_written_and_claims_stay() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80, color_system=None)
    claim = Claim("It has nine ferries.", True, (Citation(REF, "a.pdf", "iv", BOX, "nine ferries"),))
    with AnswerPrinter(console, "endpoint") as printer:
        printer.show(TextDelta("It has\x1b[2J"))
        first = text(console)
        assert "It has" in first and "\x1b[2J" not in first
        printer.show(TextDelta(" nine ferries [1]."))
        assert "It has [2J nine ferries [1]." in text(console)
        printer.show(ClaimReady(claim))
        printer.show(AnswerReady(Answer("?", claim.text, False, (claim,))))
    assert text(console).rindex("It has nine ferries. [1]") < text(console).index("a.pdf, page iv")


def test_elsewhere_only_whole_claims_are_printed(console: Console) -> None:
    with AnswerPrinter(console, "endpoint") as printer:
        printer.show(TextDelta("It has ni"))
    assert text(console) == ""
