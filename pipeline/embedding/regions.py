"""The default page reader: one vector per visible region of a page, with its box. Needs no download.

A region is a few neighbouring lines of a text block, a few rows of a table with its header, or a few lines read
inside a picture. What is embedded carries the page's heading in front, because a row of numbers alone says nothing
(decision: `eval/decisions/2026-11-20-regions.md`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.document import FURNITURE, Block, Box, Kind, Line, Page
from pipeline.embedding.base import EmbedderIdentity, PageInput, PageVectors, TextEmbedder, Vectors

REGION_LINES = 6
REGION_STRIDE = 3
HEADING_LINES = 4
HEADING_TOKENS = 64
_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Region:
    """Lines that are embedded together, and the box around them."""

    text: str
    box: Box


class RegionPageEmbedder:
    """Reads regions with the text embedder; a bag of `(regions, dim)` vectors a page, empty for a blank page."""

    single_vector = False

    def __init__(self, text_embedder: TextEmbedder) -> None:
        self._text = text_embedder
        text = text_embedder.identity
        self.identity = EmbedderIdentity(
            name=f"regions/{text.name}", revision=f"{_VERSION}/{text.revision}", dimension=text.dimension
        )

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
        heading = self._heading(page, context)
        room = self._text.max_tokens - self._text.count_tokens([heading])[0]
        regions = []
        for lines, header in _line_groups(page):
            for part in self._fitting(lines, header, room):
                body = "\n".join(line.text for line in (*header, *part))
                regions.append(Region(f"{heading}\n{body}" if heading else body, Box.around(x.box for x in part)))
        return regions

    def _heading(self, page: Page, context: str) -> str:
        """Document title and the first lines of the page, headers included, at most `HEADING_TOKENS`."""
        first = [line.text for block in page.blocks for line in block.lines][:HEADING_LINES]
        words = " ".join(part for part in (context, *first) if part).split()
        counts = self._text.count_tokens([" ".join(words[:end]) for end in range(1, len(words) + 1)])
        fitting = sum(count <= HEADING_TOKENS for count in counts)
        return " ".join(words[:fitting])

    def _fitting(self, lines: tuple[Line, ...], header: tuple[Line, ...], room: int) -> Iterator[tuple[Line, ...]]:
        """`lines`, or halves of it, small enough for the model; a single line too long is cut between words."""
        body = "\n".join(line.text for line in (*header, *lines))
        if self._text.count_tokens([body])[0] <= room:
            yield lines
        elif len(lines) > 1:
            middle = len(lines) // 2
            yield from self._fitting(lines[:middle], header, room)
            yield from self._fitting(lines[middle:], header, room)
        elif header:
            yield from self._fitting(lines, (), room)
        else:
            for half in _halves(lines[0]):
                yield from self._fitting((half,), (), room)


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
        if block.kind in (Kind.TABLE, Kind.PICTURE):
            yield from ((lines, ()) for lines in _windows(tuple(run)))
            run = []
            yield from _alone(block)
        elif block.kind is Kind.HEADING and len(run) >= REGION_LINES:
            yield from ((lines, ()) for lines in _windows(tuple(run)))
            run = list(block.lines)
        else:
            run.extend(block.lines)
    yield from ((lines, ()) for lines in _windows(tuple(run)))


def _alone(block: Block) -> Iterator[tuple[tuple[Line, ...], tuple[Line, ...]]]:
    header = block.lines[: block.header_rows]
    rows = block.lines[block.header_rows :] or header
    yield from ((lines, header if rows is not header else ()) for lines in _windows(rows))


def _windows(lines: tuple[Line, ...]) -> Iterator[tuple[Line, ...]]:
    """Runs of `REGION_LINES` lines, one every `REGION_STRIDE`; the last reaches the end."""
    if not lines:
        return
    for start in range(0, max(1, len(lines) - REGION_LINES + REGION_STRIDE), REGION_STRIDE):
        yield lines[start : start + REGION_LINES]
