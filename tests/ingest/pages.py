"""The words of a page made in a test, taken from its text layer as the product takes them."""

from __future__ import annotations

import pymupdf

from ingest.hidden_text import part_layer
from ingest.textlayer import Fragment, fragments_of
from ingest.visibility import Sight


def read_fragments(page: pymupdf.Page) -> list[Fragment]:
    """Every fragment that is read of a page without pictures, in the file's order."""
    sight = Sight(page, ())
    return part_layer(fragments_of(page, sight.lines), (), sight).read
