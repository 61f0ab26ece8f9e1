"""The page-embedder protocol as other models will use it: one vector a screenshot, and a grid of patch vectors.

Small deterministic embedders of pixels, on real pages through the whole pipeline: nothing in it knows regions.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image

from pipeline import Library
from pipeline.config import EmbeddingSection, load_settings
from pipeline.embedding.base import BagEncoder, EmbedderIdentity, PageInput, PageVectors, Vectors, unit_length
from pipeline.embedding.fde import FixedDimensionalEncoder
from pipeline.embedding.models import Embedders
from pipeline.embedding.text import load_text_embedder
from pipeline.errors import StoreError
from pipeline.retrieval import bag_scores

COLOURS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}


def colour_vectors(pixels: np.ndarray) -> Vectors:
    """(…, 3) mean colours of areas → unit vectors of how far each channel is from white."""
    return unit_length(1.0 - pixels.reshape(-1, 3).astype(np.float32) / 255 + 1e-6)


class OneVector:
    """A screenshot as its mean colour."""

    identity = EmbedderIdentity("mean-colour", "1", 3)
    encoder: BagEncoder | None = None
    group_pages = 2

    def embed_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        boxes = np.array([[0, 0, 1, 1]], dtype=np.float32)
        return [PageVectors(colour_vectors(np.asarray(one.image()).mean(axis=(0, 1))), boxes) for one in pages]

    def embed_question(self, question: str) -> Vectors:
        wanted = [COLOURS[word] for word in question.lower().split() if word in COLOURS] or [(1, 1, 1)]
        return unit_length(1.0 - np.array(wanted, dtype=np.float32) + 1e-6)[:1]


class Patches(OneVector):
    """A screenshot as a 4 × 4 grid of patches, a question as one vector a colour word."""

    identity = EmbedderIdentity("patch-colours", "1", 3)
    encoder = FixedDimensionalEncoder(3)

    def embed_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        edges = np.arange(4) / 4
        boxes = np.array([[x, y, x + 0.25, y + 0.25] for y in edges for x in edges], dtype=np.float32)
        patches = [np.asarray(one.image().resize((4, 4), Image.Resampling.NEAREST)) for one in pages]
        return [PageVectors(colour_vectors(pixels), boxes) for pixels in patches]

    def embed_question(self, question: str) -> Vectors:
        wanted = [COLOURS[word] for word in question.lower().split() if word in COLOURS] or [(1, 1, 1)]
        return unit_length(1.0 - np.array(wanted, dtype=np.float32) + 1e-6)


@pytest.fixture(scope="module")
def coloured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pages of the same words; only the colour of their lower right quarter tells them apart."""
    file = tmp_path_factory.mktemp("coloured") / "squares.pdf"
    with pymupdf.open() as document:
        for colour in COLOURS.values():
            page = document.new_page(width=400, height=400)
            page.insert_text((40, 40), "A painted square.", fontsize=12)
            page.draw_rect((200, 200, 400, 400), color=None, fill=colour)
        document.save(file)
    return file


@pytest.mark.parametrize("reader", [OneVector(), Patches()], ids=["one vector", "patches"])
def test_pages_are_found_by_what_they_look_like(reader: OneVector, coloured: Path, tmp_path: Path) -> None:
    embedders = Embedders(load_text_embedder(EmbeddingSection()), reader)
    settings = load_settings({"library": tmp_path / "library"})
    with Library(settings=settings, embedders=embedders) as library:
        (report,) = library.add([coloured])
        assert (report.status, report.page_vectors) == ("ready", 3 if reader.encoder is None else 48)
        for place, colour in enumerate(COLOURS):
            (hit,) = library.search(f"the {colour} square", k=1, mode="image").hits
            assert hit.ref.page_index == place and hit.channels["visual"].rank == 1
            if reader.encoder is not None:
                assert hit.regions[0].box.x0 >= 0.5 and hit.regions[0].box.y0 >= 0.5
        assert library.verify() == []
    with pytest.raises(StoreError, match="page_embedder"):
        Library(settings=settings)


def test_the_blocks_in_which_bags_are_read_change_nothing(
    coloured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedders = Embedders(load_text_embedder(EmbeddingSection()), Patches())
    with Library(settings=load_settings({"library": tmp_path / "library"}), embedders=embedders) as library:
        list(library.add([coloured]))
        whole = library.search("the red and green square", mode="image").hits
        for rows in (1, 20, 32):  # a bag of a page has 16
            monkeypatch.setattr(bag_scores, "BLOCK_ROWS", rows)
            again = library.search("the red and green square", mode="image").hits
            assert [hit.ref for hit in again] == [hit.ref for hit in whole]
            assert [hit.score for hit in again] == pytest.approx([hit.score for hit in whole])
