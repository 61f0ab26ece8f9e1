"""Results as people read them, on stdout. Draws what it is given; decides and computes nothing.

Words from documents are printed as `Text`: brackets in them are no colour codes. Control characters are dropped, so
that no document can write escape sequences to a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.answering.base import AnswerEvent, ClaimReady, TextDelta
from pipeline.cli.output import DocumentLine, printable
from pipeline.results import Answer, Citation, Claim, PageHit, SearchResult

if TYPE_CHECKING:
    from ingest.document import Page
    from pipeline.indexing import AddReport

SNIPPET = 280
"""Characters of a hit's best piece that are shown."""

_STATUS_STYLE = {"ready": "green", "unchanged": "dim", "partial": "yellow", "failed": "red"}


def clean(text: str) -> str:
    """One line of `text` without control characters."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\s]+", " ", text).strip()


def counted(count: int, thing: str) -> str:
    """`1 page`, `1,200 pages`."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def page_name(page_label: str, page_index: int) -> str:
    """The printed page, and its place in the file where the two differ."""
    place = str(page_index + 1)
    return f"page {clean(page_label)}" if page_label == place else f"page {clean(page_label)} ({place} in the file)"


def outcome(report: AddReport) -> str:
    """What became of a file, in a word: what `sync` changed, unless there is trouble to tell of."""
    return report.status if report.status in ("partial", "failed") else report.change or report.status


def show_report(console: Console, report: AddReport) -> None:
    """One file of `add` or `sync`."""
    style = _STATUS_STYLE.get(report.status, "")
    head = Text.assemble((f"{outcome(report):9} ", style), clean(printable(report.path)))
    if report.status in ("ready", "partial"):
        counts = ", ".join(
            counted(*item)
            for item in ((report.pages, "page"), (report.chunks, "chunk"), (report.page_vectors, "page vector"))
        )
        head.append(f"  {counts}, {report.seconds:.1f} s", style="dim")
    console.print(head)
    if report.error:
        _indented(console, Text(clean(report.error), style=style), 10)
    for issue in report.pages_failed:
        words = f"page_index {issue.page_index}, {issue.stage}: {clean(issue.error)}"
        _indented(console, Text(words, style="red" if issue.lost else "yellow"), 10)
    if report.notices:
        pages = counted(len({issue.page_index for issue in report.notices}), "page")
        first = report.notices[0]
        words = f"{first.stage} on {pages}, the first: page_index {first.page_index}, {clean(first.error)}"
        _indented(console, Text(words, style="yellow"), 10)


def show_page(console: Console, page: Page | None) -> None:
    """Where the words of a page come from, and what there is to know of it."""
    if page is None:
        return
    if page.trust:
        _indented(console, Text(f"words from: {page.trust.source.value} ({clean(page.trust.reason)})", style="dim"), 2)
    for issue in page.issues:
        words = f"{issue.stage}: {clean(issue.error)}"
        _indented(console, Text(words, style="red" if issue.lost else "yellow"), 2)


def show_documents(console: Console, rows: Sequence[DocumentLine]) -> None:
    """The documents of a library as a table."""
    if not rows:
        console.print("The library is empty: add documents with `recto add`.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("document", no_wrap=True)
    table.add_column("name", overflow="fold")
    for column in ("pages", "chunks", "page vectors"):
        table.add_column(column, justify="right")
    table.add_column("status")
    for row in rows:
        status = row.status + (f", {counted(len(row.issues), 'issue')}" if row.issues else "")
        numbers = (f"{row.pages:,}", f"{row.chunks:,}", f"{row.page_vectors:,}")
        table.add_row(row.document_id, Text(clean(row.name)), *numbers, Text(status, _STATUS_STYLE.get(row.status, "")))
    console.print(table)
    for row in rows:
        if row.error:
            console.print(Text(f"{row.document_id}  {clean(printable(row.error))}", style="red"))
    pages, chunks = sum(row.pages for row in rows), sum(row.chunks for row in rows)
    console.print(
        Text(f"{counted(len(rows), 'document')}, {counted(pages, 'page')}, {counted(chunks, 'chunk')}", style="dim")
    )


def show_hits(console: Console, result: SearchResult) -> None:
    """Ranked pages: rank, document, printed page, score, rank in each channel, and what stands there."""
    if not result.hits:
        console.print("No page fits the question.")
    for rank, hit in enumerate(result.hits, start=1):
        channels = ", ".join(f"{name} {at.rank}" for name, at in hit.channels.items())
        head = Text.assemble(
            (f"{rank:>2}  ", "bold"),
            (clean(printable(hit.name)), "bold cyan"),
            f", {page_name(hit.page_label, hit.ref.page_index)}",
            (f"  {hit.score:.4f}" + (f"  {channels}" if channels else ""), "dim"),
        )
        console.print(head)
        if hit.copies:
            names = ", ".join(clean(printable(copy.name)) for copy in hit.copies)
            _indented(console, Text(f"the same page in {names}", "dim"), 4)
        if words := snippet(hit, result.question):
            _indented(console, Text(words), 4)


def snippet(hit: PageHit, question: str) -> str:
    """The part of the hit's best piece where most words of the question stand together."""
    if not hit.chunks:
        return ""
    text = clean(hit.chunks[0].chunk.text)
    if len(text) <= SNIPPET:
        return text
    wanted = {word for word in re.findall(r"\w+", question.lower()) if len(word) > 3 or word.isdigit()}
    places = [(match.start(), match.group()) for match in re.finditer(r"\w+", text.lower()) if match.group() in wanted]
    lead = 40
    best = max(
        (start for start, _ in places),
        key=lambda start: (len({word for at, word in places if start <= at < start + SNIPPET - lead}), -start),
        default=0,
    )
    start = max(0, min(best - lead, len(text) - SNIPPET))
    start = text.find(" ", start) + 1 if start else 0
    end = text.rfind(" ", start, start + SNIPPET) if start + SNIPPET < len(text) else len(text)
    return ("… " if start else "") + text[start:end] + (" …" if end < len(text) else "")


class AnswerPrinter:
    """An answer as it is written: each claim once it has been checked, then the numbered citations.

    On a terminal what is being written stands below, dim and still unchecked, until its claim takes its place. Events
    are shown inside a `with` statement.
    """

    def __init__(self, console: Console, answerer: str) -> None:
        self._console = console
        self._opening = "Quoted from the documents:" if answerer == "extractive" else ""
        self._live: Live | None = None
        self._written = ""
        self._citations: list[Citation] = []
        self._claims = 0

    def show(self, event: AnswerEvent) -> None:
        """The next event."""
        if isinstance(event, TextDelta):
            self._writing(self._written + event.text)
        elif isinstance(event, ClaimReady):
            self._writing("")
            self._claim(event.claim)
        else:
            self.close()
            self._finish(event.answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Take away what is still unchecked, and give the terminal back."""
        if self._live is not None:
            self._live.update(Text(""), refresh=True)
            self._live.stop()
            self._live = None

    def _writing(self, text: str) -> None:
        self._written = text
        if (
            not self._console.is_terminal or self._opening or text.lstrip().startswith(("{", "`"))
        ):  # JSON is for parsers
            return
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(Text(clean(text), style="dim"), refresh=True)

    def show_whole(self, answer: Answer) -> None:
        """An answer that was not streamed."""
        for claim in answer.claims:
            self._claim(claim)
        self._finish(answer)

    def _claim(self, claim: Claim) -> None:
        if self._opening and not self._claims:
            self._console.print(Text(self._opening, style="dim"))
        text = Text(clean(claim.text))
        for number in dict.fromkeys(self._number(citation) for citation in claim.citations):
            text.append(f" [{number}]", style="cyan")
        if not claim.supported:
            text.append("  (not found in the cited evidence)", style="yellow")
        self._console.print(text)
        self._claims += 1

    def _finish(self, answer: Answer) -> None:
        if answer.abstained or not self._claims:
            self._console.print(Text(clean(answer.text), style="yellow" if answer.abstained else ""))
        for remark in answer.remarks:
            self._console.print(Text(remark, style="yellow"))
        if self._citations:
            self._console.print()
        for number, citation in enumerate(self._citations, start=1):
            line = Text.assemble((f"[{number}] ", "cyan"), (clean(printable(citation.name)), "bold"))
            line.append(f", {page_name(citation.page_label, citation.ref.page_index)}")
            self._console.print(line)
            quote = f"“{clean(citation.quote)}”" if citation.quote else "(the picture of the page)"
            _indented(self._console, Text(quote, style="dim"), 4)

    def _number(self, citation: Citation) -> int:
        if citation not in self._citations:
            self._citations.append(citation)
        return self._citations.index(citation) + 1


def _indented(console: Console, text: Text, by: int) -> None:
    """`text` with its wrapped lines indented on a terminal; one line elsewhere, so that `grep` finds whole ones."""
    console.print(Padding(text, (0, 0, 0, by)) if console.is_terminal else Text(" " * by) + text)
