"""Sets pages: a `Booklet` collects flowing text, tables and pictures and becomes a PDF with the same bytes every time.

Knows nothing of what the documents say. Flowing text is HTML laid out by PyMuPDF's `Story`; tables are drawn
row by row, so that a header can be repeated on the next page.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pymupdf

NAVY, TEAL, GREY, RULE, SHADE = (0.07, 0.2, 0.36), (0.16, 0.48, 0.54), (0.36, 0.39, 0.43), (0.62, 0.67, 0.72), "#eef3f6"
A4, SLIDE = pymupdf.Rect(0, 0, 595, 842), pymupdf.Rect(0, 0, 960, 540)
DATE = "D:20260306090000Z"

_FACES = {"sans": ("helv", "hebo", "heit"), "serif": ("tiro", "tibo", "tiit"), "typed": ("cour", "cobo", "coit")}
_CSS = """
body {font-family: serif; font-size: 10.2pt; line-height: 1.38; margin: 0}
p {margin: 0 0 6pt 0; text-align: justify}
h1 {font-family: sans; font-size: 17pt; color: #12335c; margin: 10pt 0 7pt 0; line-height: 1.15}
h2 {font-family: sans; font-size: 11pt; color: #297a8a; margin: 7pt 0 3pt 0}
li {margin: 0 0 3pt 0}
blockquote {font-family: sans; font-size: 11pt; color: #12335c; margin: 6pt 10pt 8pt 10pt}
sup {font-size: 6pt}
"""


def font_bytes(name: str) -> bytes:
    """One of PyMuPDF's built-in fonts (e.g. "helv", "hebo"), so that no font of the machine is used."""
    return bytes(pymupdf.Font(name).buffer)


def _archive() -> tuple[pymupdf.Archive, str]:
    archive, css = pymupdf.Archive(), ""
    for family, names in _FACES.items():
        for name, style in zip(names, ("", "font-weight: bold;", "font-style: italic;"), strict=True):
            archive.add(font_bytes(name), f"{name}.cff")
            css += f"@font-face {{font-family: {family}; src: url({name}.cff); {style}}}\n"
    return archive, css + _CSS


@dataclass(frozen=True, slots=True)
class Sample:
    """A document as made. `unseen[page_index]` are the words that a reader sees and the text layer does not have."""

    name: str
    data: bytes
    unseen: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading as it fell: where the table of contents and the running header take it from."""

    level: int
    text: str
    page_index: int


def story_pdf(
    html: str, places: Callable[[int], Sequence[pymupdf.Rect]], mediabox: pymupdf.Rect = A4, css: str = ""
) -> tuple[pymupdf.Document, list[Heading]]:
    """`html` laid into the rectangles that `places(page_index)` gives, on as many pages as it takes."""
    archive, base = _archive()
    html = re.sub("<(p|li|blockquote)>", '<\\1 id="body">', html)  # so that their positions are told, as headings' are
    story = pymupdf.Story(html, user_css=base + css, archive=archive)
    buffer, headings = io.BytesIO(), []
    writer = pymupdf.DocumentWriter(buffer)
    more, page_index = 1, 0
    while more:
        device = writer.begin_page(mediabox)
        for place in places(page_index):
            if more:
                more, _ = story.place(place)
                seen = _positions(story)
                alone = seen[-1].heading and seen[-1].rect[1] > place.y0 + 40 if seen else False
                if more and alone:  # a heading alone at the foot opens the next place instead
                    more, _ = story.place(pymupdf.Rect(place.x0, place.y0, place.x1, seen[-1].rect[1] - 4))
                    seen = _positions(story)
                headings += [Heading(s.heading, s.text, page_index) for s in seen if s.heading and s.text]
                story.draw(device)
        writer.end_page()
        page_index += 1
    writer.close()
    return pymupdf.open("pdf", buffer.getvalue()), headings


def everywhere(place: pymupdf.Rect) -> Callable[[int], Sequence[pymupdf.Rect]]:
    """The same single place on every page."""
    return lambda _: (place,)


def _positions(story: pymupdf.Story) -> list[Any]:
    """Where the elements of what was just placed lie."""
    seen: list[Any] = []

    def note(position: Any) -> None:  # PyMuPDF wants a plain function of one argument
        seen.append(position)

    story.element_positions(note)
    return seen


def write(page: pymupdf.Page, x: float, y: float, text: str, size: float, face: str = "helv", **look: object) -> None:
    """One line with its baseline at `y`. `align` is left, right (ends at x) or centre; `color` an RGB triple."""
    font = pymupdf.Font(face)
    shift = {"left": 0.0, "right": 1.0, "centre": 0.5}[str(look.get("align", "left"))]
    writer = pymupdf.TextWriter(page.rect)
    writer.append((x - shift * font.text_length(text, size), y), text, font=font, fontsize=size)
    writer.write_text(page, color=look.get("color", (0.1, 0.1, 0.12)))


@dataclass(frozen=True, slots=True)
class Table:
    """A table to set. The first cell of a row is left-aligned, the others right-aligned unless in `left`.

    A row whose first cell starts with "=" is a total (bold, with a line above), with "#" a subheading.
    """

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    widths: tuple[float, ...]
    ruled: bool = True
    left: frozenset[int] = frozenset({0})
    note: str = ""
    size: float = 8.4
    level: int = 2


@dataclass
class Booklet:
    """A document being made. `y` is where the next thing may start on the last page."""

    top: float = 78.0
    bottom: float = 776.0
    left: float = 56.0
    right: float = 539.0
    pdf: pymupdf.Document = field(default_factory=pymupdf.open)
    headings: list[Heading] = field(default_factory=list)
    y: float = 1e9

    def page(self, mediabox: pymupdf.Rect = A4) -> pymupdf.Page:
        """A fresh page at the end."""
        self.y = self.top
        return self.pdf.new_page(width=mediabox.width, height=mediabox.height)

    def flow(self, html: str, columns: int = 2, footnote: str = "", footnote_at: str = "") -> None:
        """`html` in balanced columns from a fresh page on; `footnote` goes to the page with the words `footnote_at`."""
        gap = 20.0
        width = (self.right - self.left - gap * (columns - 1)) / columns

        def places(last: int | None, height: float) -> Callable[[int], list[pymupdf.Rect]]:
            def of_page(index: int) -> list[pymupdf.Rect]:
                foot = self.top + height if index == last else self.bottom - (24.0 if footnote else 0.0)
                lefts = [self.left + column * (width + gap) for column in range(columns)]
                return [pymupdf.Rect(x, self.top, x + width, foot) for x in lefts]

            return of_page

        count = story_pdf(html, places(None, 0.0))[0].page_count
        height = 40.0
        while (made := story_pdf(html, places(count - 1, height)))[0].page_count > count:
            height += 8.0
        part, headings = made
        start = self.pdf.page_count
        self.pdf.insert_pdf(part)
        for page in self.pdf.pages(start):
            page.wrap_contents()  # a story leaves its own transformation behind
        self.headings += [Heading(h.level, h.text, h.page_index + start) for h in headings]
        self.y = self.top + height + 14.0
        for page in self.pdf.pages(start) if footnote else ():
            if page.search_for(footnote_at):
                page.draw_line(
                    (self.left, self.bottom - 12), (self.left + 120, self.bottom - 12), color=GREY, width=0.5
                )
                write(page, self.left, self.bottom - 2, footnote, 7.2, "tiro", color=GREY)

    def chapter(self, text: str) -> None:
        """A chapter heading at the top of the present page."""
        page = self.pdf[-1]
        self.headings.append(Heading(1, text, page.number))
        write(page, self.left, self.y + 14, text, 17, "hebo", color=NAVY)
        self.y += 34.0

    def table(self, table: Table) -> None:
        """Sets a table at `y`, on to further pages with its header repeated."""
        line = table.size * 1.62
        height = 20 + (len(table.rows) + 1) * line + 16
        if self.y + height > self.bottom and (self.y + 8 * line > self.bottom or self.top + height <= self.bottom):
            self.page()  # a table that fits on one page is not torn
        page, title = self.pdf[-1], table.title
        self.headings.append(Heading(table.level, table.title, page.number))
        edges = [self.left]
        for share in table.widths:
            edges.append(edges[-1] + share / sum(table.widths) * (self.right - self.left))
        foot = self.bottom - (16.0 if table.note else 0.0)
        rows = list(table.rows)
        while rows:
            write(page, self.left, self.y + 11, title, 11, "hebo", color=NAVY)
            self.y += 20
            self._row(page, edges, line, table, table.header, "hebo", shade=table.ruled)
            start = self.y - line
            while rows and self.y + line <= foot:
                self._row(page, edges, line, table, rows.pop(0), "helv")
            if table.ruled:
                for x in edges:
                    page.draw_line((x, start), (x, self.y), color=RULE, width=0.5)
            if rows:
                page, title = self.page(), f"{table.title} (continued)"
        if table.note:
            write(page, self.left, self.y + 12, table.note, 7.2, "tiro", color=GREY)
            self.y += 14
        self.y += 20

    def _row(
        self,
        page: pymupdf.Page,
        edges: list[float],
        line: float,
        table: Table,
        cells: Sequence[str],
        face: str,
        shade: bool = False,
    ) -> None:
        mark = cells[0][:1]
        if mark in ("=", "#"):
            cells, face = (cells[0][1:], *cells[1:]), "hebo"
        if shade:
            fill = tuple(int(SHADE[i : i + 2], 16) / 255 for i in (1, 3, 5))
            page.draw_rect(pymupdf.Rect(edges[0], self.y, edges[-1], self.y + line), color=None, fill=fill)
        if table.ruled or mark == "=":
            page.draw_line((edges[0], self.y), (edges[-1], self.y), color=RULE, width=0.5)
        for column, cell in enumerate(cells):
            if column in table.left:
                write(page, edges[column] + 4, self.y + line * 0.7, cell, table.size, face)
            else:
                write(page, edges[column + 1] - 4, self.y + line * 0.7, cell, table.size, face, align="right")
        self.y += line
        if table.ruled:
            page.draw_line((edges[0], self.y), (edges[-1], self.y), color=RULE, width=0.5)

    def contents(self, at: int, labels: Sequence[str]) -> None:
        """Draws the table of contents on page `at`, leaders and printed labels included, and links it."""
        page = self.pdf[at]
        write(page, self.left, self.top + 12, "Contents", 17, "hebo", color=NAVY)
        y = self.top + 44.0
        for heading in self.headings:
            face, indent, size = ("hebo", 0.0, 10.0) if heading.level == 1 else ("helv", 14.0, 9.0)
            y += 5.0 if heading.level == 1 else 0.0
            label, font = labels[heading.page_index], pymupdf.Font(face)
            write(page, self.left + indent, y, heading.text, size, face)
            write(page, self.right, y, label, size, face, align="right")
            start = self.left + indent + font.text_length(heading.text, size) + 5
            page.draw_line((start, y - 2), (self.right - 24, y - 2), color=RULE, width=0.6, dashes="[1 3] 0")
            page.insert_link(
                {
                    "kind": pymupdf.LINK_GOTO,
                    "from": pymupdf.Rect(self.left, y - size, self.right, y + 3),
                    "page": heading.page_index,
                    "to": pymupdf.Point(0, 0),
                }
            )
            y += 15.0

    def furniture(self, header: str, labels: Sequence[str], skip: int = 1) -> None:
        """Running header (with the chapter) and footer (with the printed label) from page `skip` on."""
        for page in self.pdf.pages(skip):
            width = page.rect.width
            begun = [h for h in self.headings if h.level == 1 and h.page_index <= page.number]
            chapter = [h for h in begun if h.page_index == page.number][:1] or begun[-1:]
            write(page, self.left, 46, header, 8, "helv", color=GREY)
            if chapter:
                write(page, width - self.left, 46, chapter[0].text, 8, "heit", color=GREY, align="right")
            page.draw_line((self.left, 52), (width - self.left, 52), color=RULE, width=0.6)
            write(page, width / 2, page.rect.height - 32, labels[page.number], 8.5, "helv", color=GREY, align="centre")

    def finish(self, title: str, author: str, subject: str = "", front: int = 0, outline: bool = True) -> bytes:
        """The bytes. The first `front` pages are labelled i, ii, …; the rest 1, 2, …"""
        self.pdf.set_metadata(
            {
                "title": title,
                "author": author,
                "subject": subject,
                "creationDate": DATE,
                "modDate": DATE,
                "producer": "Recto samples",
            }
        )
        if outline and self.headings:
            self.pdf.set_toc([[h.level, h.text, h.page_index + 1] for h in self.headings])
        if front:
            self.pdf.set_page_labels(
                [
                    {"startpage": 0, "style": "r", "prefix": "", "firstpagenum": 1},
                    {"startpage": front, "style": "D", "prefix": "", "firstpagenum": 1},
                ]
            )
        return pdf_bytes(self.pdf)


def labels(page_count: int, front: int) -> list[str]:
    """Printed page labels: `front` roman ones, then arabic from 1."""
    roman = ["i", "ii", "iii", "iv", "v", "vi"]
    return roman[:front] + [str(number + 1) for number in range(page_count - front)]


def pdf_bytes(pdf: pymupdf.Document) -> bytes:
    """Saved small and without a random file id."""
    merged = pymupdf.open("pdf", pdf.tobytes(garbage=4, deflate=True, no_new_id=True))
    merged.subset_fonts()
    return bytes(merged.tobytes(garbage=4, deflate=True, deflate_fonts=True, use_objstms=1, no_new_id=True))
