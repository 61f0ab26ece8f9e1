"""What the pipeline asks of an embedder. Single-vector, late-interaction and region readers all fit these.

A page is a bag of `(n, dim)` vectors with `(n, 4)` boxes; a question is `(m, dim)` vectors; the score
is MaxSim: the sum over question vectors of the best dot product with a page vector. With n = m = 1 that
is the cosine of two single vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ingest.document import Page

Vectors = NDArray[np.float32]


def unit_length(vectors: Vectors) -> Vectors:
    """Rows (or the one vector) scaled to length 1; a zero vector stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(norms, 1e-12)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class EmbedderIdentity:
    """What the manifest records, so that vectors of different embedders never meet."""

    name: str
    revision: str
    dimension: int
    normalised: bool = True


@dataclass(frozen=True, slots=True)
class PageInput:
    """A page as an embedder may want it: parsed, or as a picture (rendered when called)."""

    page: Page
    context: str
    image: Callable[[], Image.Image]


@dataclass(frozen=True, slots=True)
class PageVectors:
    """`vectors` (n, dim) float32, unit length; `boxes` (n, 4) float32, fractions of the page; n may be 0.

    `trouble`: why a page that has something to embed has no vectors.
    """

    vectors: Vectors
    boxes: NDArray[np.float32]
    trouble: str = ""


class TextEmbedder(Protocol):
    """Texts to one unit vector each."""

    identity: EmbedderIdentity
    max_tokens: int

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as the model sees it, special tokens counted, nothing cut."""

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim) float32, unit length, in the order given."""

    def embed_question(self, question: str) -> Vectors:
        """(dim,) float32, unit length."""

    def embed_questions(self, questions: Sequence[str]) -> Vectors:
        """(len(questions), dim) float32, unit length, in the order given."""


class BagEncoder(Protocol):
    """Bags and questions as single vectors whose dot product approximates MaxSim."""

    def encode_question(self, vectors: Vectors) -> Vectors:
        """(m, dim) → (encoded dim,)."""

    def encode_page(self, vectors: Vectors) -> Vectors:
        """(n, dim) → (encoded dim,), n ≥ 1."""


class PageEmbedder(Protocol):
    """Pages to bags of vectors with boxes.

    `encoder` makes of a bag what Chroma searches, to pick the pages that MaxSim then scores exactly. None means that
    every page and every question has one vector, which is searched itself. `group_pages`: pages that are embedded and
    committed together.
    """

    identity: EmbedderIdentity
    encoder: BagEncoder | None
    group_pages: int

    def embed_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        """One bag a page, in the order given. A bag does not depend on its batch mates."""

    def embed_question(self, question: str) -> Vectors:
        """(m, dim) float32, unit length."""


def candidate_vector(encoder: BagEncoder | None, page_vectors: Vectors) -> Vectors:
    """What is searched of a page to find candidates: its one vector, or the encoding of its bag `(n, dim)`, n ≥ 1."""
    return page_vectors[0] if encoder is None else encoder.encode_page(page_vectors)


@runtime_checkable
class PictureEmbedder(PageEmbedder, Protocol):
    """A page embedder whose questions may be pictures too."""

    def embed_picture(self, picture: Image.Image) -> Vectors:
        """(m, dim) float32, unit length."""
