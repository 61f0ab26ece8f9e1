"""Writes a picture of a page with one inked cell beside where a tiny ColQwen2 with random weights sees it.

python bench/heat_map.py samples/heat_map.png
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from ingest.document import Page
from pipeline.config import EmbeddingSection
from pipeline.embedding.base import PageInput, unit_length
from pipeline.embedding.models import load_embedders
from pipeline.heat_map import draw_heat
from tests.tiny_models import colqwen2

SIZE, INK = (384, 512), (256, 128, 384, 256)


def main(out: Path) -> None:
    blank, inked = Image.new("RGB", SIZE, "white"), Image.new("RGB", SIZE, "white")
    inked.paste("navy", INK)
    pages = [PageInput(Page(0, "1", *SIZE, (), ()), "", lambda one=one: one) for one in (blank, inked)]
    with tempfile.TemporaryDirectory() as folder:
        settings = EmbeddingSection(page_model=str(colqwen2(Path(folder))), precision="float32", device="cpu")
        before, after = load_embedders(settings).pages.embed_pages(pages)
    # The question is what the ink added to the vector that it moved most.
    added = after.vectors - before.vectors
    question = unit_length(added[[np.linalg.norm(added, axis=1).argmax()]])
    both = Image.new("RGB", (2 * SIZE[0] + 16, SIZE[1]), "grey")
    both.paste(inked, (0, 0))
    both.paste(draw_heat(blank, after, question), (SIZE[0] + 16, 0))
    both.save(out)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
