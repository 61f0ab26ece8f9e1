"""Mixed contexts for tests of generators: pages of words, and a picture of each page in a colour of its own."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from pipeline.config import AnswerSection
from pipeline.results import PageHit, PageRef
from tests.answering.pages import hit

COLOURS = ((200, 30, 30), (30, 160, 30), (30, 30, 200), (230, 200, 20))
QUESTION = "How many ferries does Norrhavn own?"
HITS: list[PageHit] = [
    hit(["Norrhavn owns nine ferries."], page_index=0),
    hit(["The line was founded in 1962."], page_index=1),
    hit(["The captain is Anna Lee."], page_index=2),
]


def page_picture(ref: PageRef) -> Image.Image:
    """A page of its own colour, with a stripe so that no two tiles of it are the same."""
    picture = Image.new("RGB", (170, 220), COLOURS[ref.page_index % len(COLOURS)])
    picture.paste((255, 255, 255), (10, 20, 120, 40))
    return picture


def section(model: Path, answerer: str = "transformers", **changes: object) -> AnswerSection:
    values = {"context_tokens": 1_200, "output_tokens": 24, "image_tokens": 40, "dtype": "float32", "device": "cpu"}
    return AnswerSection(answerer=answerer, model=str(model), **{**values, **changes})  # type: ignore[arg-type]
