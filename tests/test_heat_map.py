"""Heat maps: a tiny late-interaction model's hot patch is where it must be."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ingest.document import Page
from pipeline.config import EmbeddingSection
from pipeline.embedding.base import PageInput, PageVectors, unit_length
from pipeline.embedding.models import load_embedders
from pipeline.heat_map import draw_heat, heat

SPOT = (2, 1)


def grid_bag(hot: int) -> PageVectors:
    boxes = np.array([[x, y, x + 0.25, y + 0.25] for y in np.arange(4) / 4 for x in np.arange(4) / 4], np.float32)
    vectors = np.tile(np.array([[1, 0]], np.float32), (16, 1))
    vectors[hot] = (0, 1)
    whole = np.array([[0, 0, 1, 1]], np.float32)
    return PageVectors(np.concatenate([vectors, [[0, 1]]]).astype(np.float32), np.concatenate([boxes, whole]))


@pytest.mark.parametrize("hot", [0, 6, 15])
def test_heat_is_in_the_box_that_answers_and_the_prompt_is_left_out(hot: int) -> None:
    found = heat(grid_bag(hot), np.array([[0, 1]], np.float32), 40, 80)
    row, column = divmod(hot, 4)
    expected = np.zeros((80, 40), np.float32)
    expected[row * 20 : row * 20 + 20, column * 10 : column * 10 + 10] = 1
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("name", ["colpali", "colqwen2", "colmodernvbert"])
def test_what_changed_on_the_page_is_hot(checkpoint: Callable[[str], Path], name: str) -> None:
    settings = EmbeddingSection(page_model=str(checkpoint(name)), precision="float32", device="cpu")
    embedder = load_embedders(settings).pages
    blank, inked = Image.new("RGB", (96, 128), "white"), Image.new("RGB", (96, 128), "white")
    inked.paste("navy", (SPOT[0] * 32, SPOT[1] * 32, SPOT[0] * 32 + 32, SPOT[1] * 32 + 32))
    pages = [PageInput(Page(0, "1", 96, 128, (), ()), "", lambda one=one: one) for one in (blank, inked)]
    before, after = embedder.embed_pages(pages)
    # The question is what the ink added to the vectors that it moved most.
    moved = np.linalg.norm(after.vectors - before.vectors, axis=1)
    question = unit_length((after.vectors - before.vectors)[[moved.argmax()]])
    shown = heat(after, question, 96, 128)
    y, x = np.unravel_index(shown.argmax(), shown.shape)
    assert (x // 32, y // 32) == SPOT
    drawn = np.asarray(draw_heat(blank, after, question))
    assert drawn.shape == (128, 96, 3) and drawn[48, 80].tolist() != [255, 255, 255]
