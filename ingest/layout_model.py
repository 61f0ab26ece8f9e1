"""The layout setting `model`: regions and their order from PyMuPDF's layout analysis, words and cells from our own.

The model (a graph network over the page's boxes, run by ONNX Runtime) says what is a table, a heading, a caption, a
header or footer, and what is read after what. Rows, cells, paragraphs and levels come from the same code as in `fast`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import pymupdf

from ingest.attached import attach
from ingest.columns import group_rows
from ingest.document import Block, Box, Kind, Source
from ingest.layout import blocks_of_rows, footnotes_last, lay_out, place_tables
from ingest.paragraphs import PageFrame, Style, body_style, paragraphs
from ingest.rows import make_row
from ingest.rulings import Ruling
from ingest.textlayer import Fragment

INSTALL = 'pip install "pymupdf>=2.0" onnxruntime'
"""What brings the model: it is a part of PyMuPDF since 2.0."""
_KINDS = {
    "title": Kind.HEADING,
    "section-header": Kind.HEADING,
    "caption": Kind.CAPTION,
    "list-item": Kind.LIST_ITEM,
    "footnote": Kind.FOOTNOTE,
    "page-header": Kind.PAGE_HEADER,
    "page-footer": Kind.PAGE_FOOTER,
}
_SLACK = 2.0
"""Points by which a word may stand outside its region."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the page and the model's name for it, in points of the displayed page."""

    name: str
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def area(self) -> float:
        return (self.x1 - self.x0) * (self.y1 - self.y0)

    def holds(self, fragment: Fragment) -> bool:
        x = (fragment.x0 + fragment.x1) / 2
        return self.x0 - _SLACK <= x <= self.x1 + _SLACK and self.y0 - _SLACK <= fragment.middle <= self.y1 + _SLACK


def is_installed() -> bool:
    """True when PyMuPDF's layout analysis can be loaded."""
    return find_spec("onnxruntime") is not None and find_spec("pymupdf.layout") is not None


def read_regions(page: pymupdf.Page) -> list[Region]:
    """The page's regions in reading order."""
    import pymupdf.layout

    pymupdf.layout.activate()
    page.get_layout()
    found: list[Any] = page.layout_information or []
    regions = [Region(str(item[4]), *(pymupdf.Rect(item[:4]) * page.rotation_matrix)) for item in found]
    return [region for region in regions if region.area > 0]


def lay_out_regions(
    fragments: Sequence[Fragment], frame: PageFrame, regions: Sequence[Region], rulings: Sequence[Ruling]
) -> list[Block]:
    """Blocks in the order of `regions`; words in none of them stand after the last block that ends above them."""
    upright = attach([fragment for fragment in fragments if fragment.turn == 0])
    body = body_style(upright, Source.TEXT_LAYER)
    inside: dict[int, list[Fragment]] = {}
    rest = [fragment for fragment in fragments if fragment.turn]
    for fragment in upright:
        holding = [number for number, region in enumerate(regions) if region.holds(fragment)]
        if holding:
            inside.setdefault(min(holding, key=lambda number: regions[number].area), []).append(fragment)
        else:
            rest.append(fragment)
    blocks: list[Block] = []
    for number, region in enumerate(regions):
        if number in inside:
            blocks += _blocks(region, inside[number], body, frame, rulings)
    for block in lay_out(rest, frame):
        blocks = _insert(blocks, block)
    return footnotes_last(blocks)


def _blocks(
    region: Region, fragments: Sequence[Fragment], body: Style, frame: PageFrame, rulings: Sequence[Ruling]
) -> list[Block]:
    if region.name == "table":
        own = [ruling for ruling in rulings if ruling.y1 >= region.y0 - 5 and ruling.y0 <= region.y1 + 5]
        rest, drawn = place_tables(fragments, own, body)
        rows = [make_row(row) for row in group_rows(rest)]
        return blocks_of_rows(rows, drawn, body, frame, Source.TEXT_LAYER)
    if region.name == "picture":
        return lay_out(fragments, frame)
    rows = [make_row(row) for row in group_rows(fragments)]
    blocks = paragraphs(rows, body, frame, Source.TEXT_LAYER)
    kind = _KINDS.get(region.name)
    if kind is None:
        # What the model calls text is none of those that it has names for.
        plain = {Kind.HEADING: Kind.TEXT, Kind.CAPTION: Kind.TEXT}
        return [replace(block, kind=plain.get(block.kind, block.kind), level=0) for block in blocks]
    lines = tuple(line for block in blocks for line in block.lines)
    level = (next((block.level for block in blocks if block.level), 3)) if kind is Kind.HEADING else 0
    return [Block(kind, Box.around(line.box for line in lines), lines, level=level)]


def _insert(blocks: Sequence[Block], block: Block) -> list[Block]:
    place = max((number + 1 for number, other in enumerate(blocks) if other.box.y1 <= block.box.y0), default=0)
    return [*blocks[:place], block, *blocks[place:]]
