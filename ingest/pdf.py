"""One PDF document's facts and one PDF page's blocks. Decides per page what comes from the text layer, form and OCR.

Opens no file and keeps nothing between pages: a page is a pure function of (document, page_index, settings).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pymupdf

from ingest.annotations import read_annotations
from ingest.blanks import mend_blanks
from ingest.document import Block, Box, DocumentInfo, Kind, Line, OutlineItem, Page, PageIssue, Source
from ingest.errors import InputError
from ingest.forms import field_block, read_fields
from ingest.front_matter import clean_author, clean_date, clean_title, one_line
from ingest.hidden_text import HiddenText, hidden_text_issues, part_layer
from ingest.layers import words_switched_off
from ingest.layout import PageFrame, lay_out
from ingest.ocr_layout import lay_out_ocr
from ingest.ocr_lines import join_neighbours
from ingest.page_labels import page_label
from ingest.pdf_file import count_pages
from ingest.pictures import Pixels, has_ink, image_boxes, picture_areas, render
from ingest.rulings import read_rulings
from ingest.settings import IngestSettings
from ingest.textlayer import Fragment, fragments_of
from ingest.trust import agrees, is_read_already, plan_page, trust_of
from ingest.visibility import Sight

WordReader = Callable[[Pixels], list[Line]]
"""Reads a picture, (height, width, 3) uint8 RGB: lines in reading order, boxes in fractions of that picture."""


def read_pdf_info(
    document: pymupdf.Document, *, document_id: str, name: str, media_type: str, byte_count: int
) -> DocumentInfo:
    """Facts of an open, unlocked document. Raises `InputError` when there is no page in it."""
    count = count_pages(document)
    if count == 0:
        raise InputError(f"{name}: has no pages; the file is damaged, replace it")
    metadata = document.metadata or {}
    return DocumentInfo(
        document_id,
        name,
        media_type,
        byte_count,
        count,
        title=clean_title(metadata.get("title") or ""),
        author=clean_author(metadata.get("author") or ""),
        created=clean_date(metadata.get("creationDate") or ""),
        outline=_outline(document),
    )


def _outline(document: pymupdf.Document) -> tuple[OutlineItem, ...]:
    try:
        entries = document.get_toc(simple=True)
    except Exception:  # a damaged outline costs the outline only; MuPDF raises several unrelated classes
        return ()
    return tuple(
        OutlineItem(level, one_line(title), page - 1)
        for level, title, page in entries
        if 1 <= page <= document.page_count and title.strip()
    )


def parse_pdf_page(
    document: pymupdf.Document, page_index: int, settings: IngestSettings, read_words: WordReader | None
) -> Page:
    """One page as blocks in reading order. `read_words` None: no OCR. Trouble with OCR is an issue of the page."""
    page = document[page_index]
    frame = PageFrame(page.rect.width, page.rect.height)
    images = image_boxes(page)
    areas = picture_areas(page, images, settings.ocr_min_picture)
    sight = Sight(page, images)
    layer = part_layer(fragments_of(page, sight.lines), areas, sight)
    writing = sight.writing()
    plan = plan_page(layer.read, areas, abs(page.rect.get_area()), writing)
    reader = _AreaReader(page, frame, settings, read_words)
    readable = layer.read if plan.use else []
    reason = ""
    whole: list[Line] | None = None
    known = [] if plan.compare else readable
    if plan.read_page and reader.wants(page.rect, known):
        whole = reader.read(page.rect, known)
        reason = plan.reason
        if plan.compare and agrees(readable, whole):
            whole, reason = None, f"{reason}, and yet they are what the page shows"
        elif plan.compare:
            readable, reason = [], f"{reason}, and the page shows other words"
    elif not plan.use:
        reason = f"{plan.reason}; they were left out, and OCR is off" if read_words is None else plan.reason
    form = read_fields(page, replace(layer, read=readable))
    printed = mend_blanks(page, form.rest)
    notes = read_annotations(page, frame, readable)
    rulings = read_rulings(page)
    if whole is not None:
        blocks = [*lay_out(printed, frame, rulings=rulings), *lay_out_ocr(whole, frame)]
        for area in areas:  # one with words on it is a scan, and is what was read
            box = frame.box(area.x0, area.y0, area.x1, area.y1)
            if not any(line.box.intersection(box) for line in whole):
                blocks = _insert(blocks, Block(Kind.PICTURE, box, source=Source.OCR))
    else:
        if settings.layout == "model":
            from ingest.layout_model import lay_out_regions, read_regions

            blocks = lay_out_regions(printed, frame, read_regions(page), rulings)
        else:
            blocks = lay_out(printed, frame, rulings=rulings)
        for area in areas:
            if not is_read_already(area, readable, writing):
                blocks = _insert(blocks, reader.picture(area, readable))
    for block in [*(field_block(item, frame) for item in form.filled), *notes.blocks]:
        blocks = _insert(blocks, block)
    label = page_label(document, page_index) or str(page_index + 1)
    off = [HiddenText("on a layer that is switched off", text) for text in words_switched_off(page)]
    issues = hidden_text_issues(page_index, [*layer.hidden, *form.hidden, *notes.hidden, *off])
    issues += [PageIssue(page_index, "form", error) for error in form.errors]
    issues += [PageIssue(page_index, "annotations", error) for error in notes.errors]
    if sight.unchecked:
        issues.append(PageIssue(page_index, "visibility", f"the page cannot be drawn ({sight.unchecked})"))
    issues += reader.issues
    trust = trust_of(blocks, any(fragment.hidden for fragment in readable), reason)
    return Page(page_index, label, frame.width, frame.height, tuple(blocks), tuple(issues), trust)


class _AreaReader:
    """Reads areas of one page by OCR and collects what went wrong."""

    def __init__(
        self, page: pymupdf.Page, frame: PageFrame, settings: IngestSettings, read_words: WordReader | None
    ) -> None:
        self.issues: list[PageIssue] = []
        self._page = page
        self._frame = frame
        self._dpi = settings.ocr_dpi
        self._read_words = read_words

    def wants(self, area: pymupdf.Rect, fragments: Sequence[Fragment]) -> bool:
        """OCR is on, and the area shows strokes outside the fragments."""
        return self._read_words is not None and has_ink(self._page, area, fragments)

    def read(self, area: pymupdf.Rect, fragments: Sequence[Fragment]) -> list[Line]:
        """OCR of an area: lines in fractions of the page, without those that stand in the text layer."""
        if self._read_words is None:
            return []
        try:
            lines = self._read_words(render(self._page, area, self._dpi))
        except Exception as error:  # whatever the engine raises, the page's other words are worth keeping
            self.issues.append(PageIssue(self._page.number, "ocr", f"{type(error).__name__}: {error}".splitlines()[0]))
            return []
        outer = self._frame.box(area.x0, area.y0, area.x1, area.y1)
        known = [self._frame.box(f.x0, f.y0, f.x1, f.y1) for f in fragments]
        placed = [replace(line, box=_inside(line.box, outer)) for line in lines]
        return [line for line in placed if not _is_known(line.box, known)]

    def picture(self, area: pymupdf.Rect, fragments: Sequence[Fragment]) -> Block:
        """A picture area as a block, with its words where they are not in the text layer."""
        within = [f for f in fragments if area.intersects((f.x0, f.y0, f.x1, f.y1))]
        read = self.read(area, within) if self.wants(area, within) else []
        joined = join_neighbours(read, self._frame.width / self._frame.height)
        lines = tuple(replace(line, turn=0) for line in joined)
        return Block(Kind.PICTURE, self._frame.box(area.x0, area.y0, area.x1, area.y1), lines, Source.OCR)


def _inside(box: Box, outer: Box) -> Box:
    width, height = outer.x1 - outer.x0, outer.y1 - outer.y0
    return Box(
        outer.x0 + box.x0 * width, outer.y0 + box.y0 * height, outer.x0 + box.x1 * width, outer.y0 + box.y1 * height
    )


def _is_known(box: Box, known: Sequence[Box]) -> bool:
    return box.area > 0 and sum(box.intersection(other) for other in known) > 0.4 * box.area


def _insert(blocks: Sequence[Block], block: Block) -> list[Block]:
    """Puts a block after the last block that begins above it in its own columns, else first on the page."""
    place = 0
    for index, other in enumerate(blocks):
        shares_column = other.box.x0 < block.box.x1 and other.box.x1 > block.box.x0
        if shares_column and (other.box.y0, other.box.x0) <= (block.box.y0, block.box.x0):
            place = index + 1
    return [*blocks[:place], block, *blocks[place:]]
