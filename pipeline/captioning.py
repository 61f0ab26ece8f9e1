"""Figures described at ingest by the configured model, as text that can be searched and cited as what it is.

Owns which pictures are described, and what of a description is believed: a sentence with a number or name that is not
among the words on the figure (or its caption) is left out, and the page says so. Off unless `captions = "model"`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PIL import Image

from ingest.document import CAPTIONS, Block, Box, DocumentInfo, Kind, Line, Page, PageIssue, Source
from ingest.figures import find_figures
from pipeline.answering.checking import check
from pipeline.answering.sentences import sentence_ends
from pipeline.answering.tokens import fit_picture
from pipeline.config import AnswerSection
from pipeline.errors import ModelError
from pipeline.results import PageRef
from pipeline.screenshots import crop, png_bytes
from prompts.loader import load

if TYPE_CHECKING:
    from pipeline.generation.base import Generator

SMALLEST = 0.03
"""Part of the page that a picture without a caption must take."""
MOST = 6
"""Pictures of one page."""
_FAILURES = 3
"""In a row: then it is not the picture that is at fault."""


def identity(settings: AnswerSection) -> str:
    """What descriptions depend on, for the manifest: the model and the hash of the prompt."""
    return f"{settings.model or settings.llm} {load('describe_figure').hash}"


@dataclass(frozen=True, slots=True)
class _Picture:
    box: Box
    caption: str
    words: str


class Captioner:
    """Describes the pictures of pages, one at a time."""

    def __init__(
        self, generator: Callable[[], Generator], settings: AnswerSection, page_image: Callable[[PageRef], Image.Image]
    ) -> None:
        self._make, self._settings, self._page_image = generator, settings, page_image
        self._failed = 0

    def describe(self, info: DocumentInfo, page: Page) -> Page:
        """The page with a block for every picture described. Raises `ModelError` when the model cannot be used."""
        blocks: list[Block] = []
        issues: list[PageIssue] = []
        for picture in pictures_of(page):
            try:
                said = self._ask(PageRef(info.document_id, page.page_index), picture)
                self._failed = 0
            except ModelError as error:
                self._failed += 1
                if self._failed >= _FAILURES:
                    raise
                issues.append(PageIssue(page.page_index, CAPTIONS, f"a picture is not described: {error}"))
                continue
            kept, left_out = believed(said, [picture.words, picture.caption])
            if left_out:
                what = f"part of a description is left out: {', '.join(left_out)} not among the words on the figure"
                issues.append(PageIssue(page.page_index, CAPTIONS, what))
            if kept:
                text = load("figure_description").render(model=self._settings.model, description=" ".join(kept))
                blocks.append(Block(Kind.PICTURE, picture.box, (Line(text, picture.box),), Source.MODEL))
        return replace(page, blocks=(*page.blocks, *blocks), issues=(*page.issues, *issues))

    def _ask(self, ref: PageRef, picture: _Picture) -> str:
        from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock

        generator = self._make()
        shown = crop(self._page_image(ref), picture.box).convert("RGB")
        shown = fit_picture(shown, max(1, self._settings.image_tokens), self._settings.image_patch)
        prompt = load("describe_figure").render(caption=picture.caption or "(none)", words=picture.words or "(none)")
        blocks = [ImageBlock(image=png_bytes(shown), image_mimetype="image/png"), TextBlock(text=prompt)]
        return " ".join(generator.reply(ChatMessage(role="user", blocks=blocks)).split())


def pictures_of(page: Page) -> list[_Picture]:
    """Captioned figures of the page, then other pictures that are large enough; none that is described already."""
    if any(block.source is Source.MODEL for block in page.blocks):
        return []
    figures = [figure for figure in find_figures([page]) if not figure.label.lower().startswith("table")]
    found = [_Picture(figure.box, figure.caption, _words_in(page, figure.box)) for figure in figures]
    for block in page.blocks:
        box = block.box
        large = (box.x1 - box.x0) * (box.y1 - box.y0) >= SMALLEST
        if block.kind is Kind.PICTURE and large and not any(_overlap(box, other.box) for other in found):
            found.append(_Picture(box, "", _words_in(page, box)))
    return found[:MOST]


def believed(description: str, evidence: Sequence[str]) -> tuple[list[str], list[str]]:
    """The sentences whose numbers and names stand in `evidence`, and the numbers and names that do not."""
    kept: list[str] = []
    missing: list[str] = []
    for sentence in _sentences(description):
        result = check(sentence, evidence)
        if result.supported:
            kept.append(sentence)
        else:
            missing += result.missing
    return kept, list(dict.fromkeys(missing))


def _sentences(text: str) -> Iterator[str]:
    start = 0
    for end in sentence_ends(text):
        if sentence := text[start:end].strip():
            yield sentence
        start = end
    if rest := text[start:].strip():
        yield rest


def _words_in(page: Page, box: Box) -> str:
    """Everything written inside the box, by whatever block it is in."""
    lines = [line for block in page.blocks for line in block.lines if _inside(line.box, box)]
    return "\n".join(line.text for line in lines)


def _inside(line: Box, box: Box) -> bool:
    x, y = (line.x0 + line.x1) / 2, (line.y0 + line.y1) / 2
    return box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1


def _overlap(one: Box, other: Box) -> bool:
    return min(one.x1, other.x1) > max(one.x0, other.x0) and min(one.y1, other.y1) > max(one.y0, other.y0)
