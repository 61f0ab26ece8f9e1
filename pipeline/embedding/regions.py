"""The default page reader: one vector per visible region of a page, with its box. Needs no download.

A region is a few neighbouring lines of a text block, a few rows of a table with its header, or a few lines read
inside a picture. What is embedded carries the page's heading in front, because a row of numbers alone says nothing
(decision: `eval/decisions/2026-11-20-regions.md`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.chunk_context import plain
from ingest.document import FURNITURE, Block, Box, Kind, Line, Page
from pipeline.embedding.base import BagEncoder, EmbedderIdentity, PageInput, PageVectors, TextEmbedder, Vectors
from pipeline.embedding.fde import MeanEncoder

TEXT_LINES = 8
"""Lines of running text in a region; regions of text do not overlap, because chunks cover text already."""
ROWS, ROW_STRIDE = 6, 4
"""Rows of a table (or lines in a picture) in a region, and where the next one begins."""
HEADING_LINES = 4
HEADING_TOKENS = 48
_VERSION = "2"
GROUP_PAGES = 256
"""Pages embedded and committed together: larger groups fill batches better, smaller ones lose less to a kill."""


@dataclass(frozen=True, slots=True)
class Region:
    """Lines that are embedded together, and the box around them."""

    text: str
    box: Box


class RegionPageEmbedder:
    """Reads regions with the text embedder; a bag of `(regions, dim)` vectors a page, empty for a blank page."""

    group_pages = GROUP_PAGES

    def __init__(self, text_embedder: TextEmbedder) -> None:
        self._text = text_embedder
        self.identity = region_identity(text_embedder.identity)
        self.encoder: BagEncoder | None = MeanEncoder()

    def embed_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        """One bag a page, in the order given; all regions of all pages share the batches."""
        regions = [self.regions(item.page, item.context) for item in pages]
        vectors = self._text.embed_texts([region.text for bag in regions for region in bag])
        bags, start = [], 0
        for bag in regions:
            boxes = np.array([region.box for region in bag], dtype=np.float32).reshape(len(bag), 4)
            bags.append(PageVectors(vectors[start : start + len(bag)], boxes))
            start += len(bag)
        return bags

    def embed_question(self, question: str) -> Vectors:
        """(1, dim) float32, unit length."""
        return self._text.embed_question(question)[None, :]

    def regions(self, page: Page, context: str) -> list[Region]:
        """The page's regions in reading order, each with the text that is embedded for it."""
        first = [line for block in page.blocks for line in block.lines][:HEADING_LINES]
        said = " ".join(line.text for line in first)
        title = "" if plain(context) in plain(said) else context
        heading, opening = self._shortened(f"{title} {said}"), self._shortened(title)
        groups = list(_line_groups(page))
        bodies = [_joined(header, lines) for lines, header in groups]
        lengths = self._text.count_tokens([heading, *bodies])
        room = self._text.max_tokens - lengths[0]
        regions = []
        for (lines, header), body, length in zip(groups, bodies, lengths[1:], strict=True):
            parts = [(lines, body)] if length <= room else self._fitting(lines, header, room)
            for part, text in parts:
                # What begins the page says the page's heading itself.
                above = opening if part[0] is first[0] else heading
                regions.append(Region(_under(above, text), Box.around(line.box for line in part)))
        return regions + (self._whole(page, opening) if len(regions) > 1 else [])

    def _whole(self, page: Page, opening: str) -> list[Region]:
        """The whole page as one more region, where the model sees it whole: a chart is found by all its words."""
        lines = tuple(line for block in page.blocks if block.kind not in FURNITURE for line in block.lines)
        text = _under(opening, _joined((), lines))
        fits = self._text.count_tokens([text])[0] <= self._text.max_tokens
        return [Region(text, Box.around(line.box for line in lines))] if fits else []

    def _shortened(self, heading: str) -> str:
        """The first words of a heading, at most `HEADING_TOKENS`."""
        words = heading.split()[:HEADING_TOKENS]
        counts = self._text.count_tokens([" ".join(words[:end]) for end in range(1, len(words) + 1)])
        return " ".join(words[: sum(count <= HEADING_TOKENS for count in counts)])

    def _fitting(
        self, lines: tuple[Line, ...], header: tuple[Line, ...], room: int
    ) -> Iterator[tuple[tuple[Line, ...], str]]:
        """`lines`, or halves of it, small enough for the model; a single line too long is cut between words."""
        text = _joined(header, lines)
        if self._text.count_tokens([text])[0] <= room:
            yield lines, text
        elif len(lines) > 1:
            middle = len(lines) // 2
            yield from self._fitting(lines[:middle], header, room)
            yield from self._fitting(lines[middle:], header, room)
        elif header:
            yield from self._fitting(lines, (), room)
        else:
            for half in _halves(lines[0]):
                yield from self._fitting((half,), (), room)


def region_identity(text: EmbedderIdentity) -> EmbedderIdentity:
    """The page reader's identity: the way of reading and the text model under it."""
    return EmbedderIdentity(f"regions/{text.name}", f"{_VERSION}/{text.revision}", text.dimension)


def _under(heading: str, text: str) -> str:
    return f"{heading}\n{text}" if heading else text


def _joined(header: tuple[Line, ...], lines: tuple[Line, ...]) -> str:
    return "\n".join(line.text for line in (*header, *lines))


def _halves(line: Line) -> tuple[Line, Line]:
    """The line's two halves at the space nearest its middle (at the middle if it has none); both keep its box."""
    middle = len(line.text) // 2
    cut = line.text.rfind(" ", 1, middle + 1)
    cut = cut if cut > 0 else max(1, middle)
    return Line(line.text[:cut].strip(), line.box), Line(line.text[cut:].strip(), line.box)


def _line_groups(page: Page) -> Iterator[tuple[tuple[Line, ...], tuple[Line, ...]]]:
    """(lines, header rows) of each region. Small neighbouring blocks are read together, tables and pictures alone."""
    run: list[Line] = []
    for block in page.blocks:
        if block.kind in FURNITURE or not block.lines:
            continue
        alone = block.kind in (Kind.TABLE, Kind.PICTURE)
        if alone or (block.kind is Kind.HEADING and len(run) >= TEXT_LINES):
            yield from _text_groups(run)
            run = []
        if alone:
            yield from _row_groups(block)
        else:
            run.extend(block.lines)
    yield from _text_groups(run)


def _text_groups(lines: list[Line]) -> Iterator[tuple[tuple[Line, ...], tuple[Line, ...]]]:
    for window in _windows(tuple(lines), TEXT_LINES, TEXT_LINES):
        yield window, ()


def _row_groups(block: Block) -> Iterator[tuple[tuple[Line, ...], tuple[Line, ...]]]:
    """The first region holds the header rows themselves; the others repeat them, or those of the page before."""
    header = block.lines[: block.header_rows]
    carried = tuple(Line(text, block.box) for text in block.carried)
    for number, window in enumerate(_windows(block.lines, ROWS, ROW_STRIDE)):
        yield window, carried or (header if number else ())


def _windows(lines: tuple[Line, ...], size: int, stride: int) -> Iterator[tuple[Line, ...]]:
    """Runs of `size` lines, one every `stride`; the last reaches the end."""
    for start in range(0, max(1, len(lines) - size + stride) if lines else 0, stride):
        yield lines[start : start + size]
