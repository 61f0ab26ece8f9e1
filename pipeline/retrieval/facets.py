"""A question as the channels are asked: once, or once for each thing that its terms stand for.

"Return on assets" is net income over total assets, which stand on two pages. A vector between both is near to neither,
so each is a facet of the question with vectors and words of its own, and a page is as good as its best facet (the
facets of a need as sub-queries, joined by their maximum: CombMAX of Fox and Shaw, TREC-2, 1994).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.embedding.base import PictureEmbedder, Vectors, unit_length
from pipeline.embedding.models import Embedders
from pipeline.retrieval.terms import Glossary

if TYPE_CHECKING:
    from PIL import Image

SHARE = 0.5
"""Of a facet's vector: how much its words count beside the question (`eval/decisions/2026-11-21-question.md`)."""


@dataclass(frozen=True, slots=True)
class Facet:
    """`text` (dim,) for chunks, `pages` (m, dim) for page vectors, both of unit length, and what its terms stand for.

    `words` is "" for a question without terms.
    """

    text: Vectors
    pages: Vectors
    words: str = ""


class FacetEmbedder:
    """Embeds questions. What terms stand for is embedded once, all of them with the first that a question uses: in one
    batch they take as long as a few one by one. Not for several threads."""

    def __init__(self, embedders: Embedders, terms: Glossary) -> None:
        self._text, self._pages = embedders.text, embedders.pages
        self._terms = terms
        self._known: dict[str, Vectors] = {}
        self._known_pages: dict[str, Vectors] = {}

    def facets(self, question: str, picture: Image.Image | None = None) -> tuple[Facet, ...]:
        """The facets of the question, at least one.

        A question of many vectors has one for each of its tokens; what its terms stand for is not among them. Of words
        and a picture each weighs half, whatever the number of its vectors.
        """
        if not question:
            assert isinstance(self._pages, PictureEmbedder) and picture is not None
            return (Facet(np.zeros(self._text.identity.dimension, np.float32), self._pages.embed_picture(picture)),)
        text, pages = self._text.embed_question(question), self._pages.embed_question(question)
        facets = tuple(self._towards(text, pages, words) for words in self._terms.facets(question))
        facets = facets or (Facet(text, pages),)
        if picture is None or not isinstance(self._pages, PictureEmbedder):
            return facets
        seen = self._pages.embed_picture(picture)
        return tuple(Facet(facet.text, self._beside(seen, facet.pages), facet.words) for facet in facets)

    def _towards(self, text: Vectors, pages: Vectors, words: str) -> Facet:
        if not self._known:
            facets = self._terms.all_facets
            self._known = dict(zip(facets, self._text.embed_questions(facets), strict=True))
        if len(pages) == 1:
            if words not in self._known_pages:
                self._known_pages[words] = self._pages.embed_question(words)
            meant = self._known_pages[words]
            pages = mixed(pages, meant) if len(meant) == 1 else pages
        return Facet(mixed(text, self._known[words]), pages, words)

    def _beside(self, seen: Vectors, asked: Vectors) -> Vectors:
        if self._pages.encoder is None:
            return unit_length(seen + asked)
        return np.concatenate([seen, asked * np.float32(len(seen) / len(asked))])


def mixed(question: Vectors, words: Vectors) -> Vectors:
    """The unit vectors between the question's and the words' (…, dim), both of unit length."""
    return unit_length((1 - SHARE) * question + SHARE * words)


def centre(vectors: Sequence[Vectors]) -> Vectors:
    """The unit vectors between all of one shape (…, dim): what candidates are looked for by, once for all facets."""
    return unit_length(np.mean(vectors, axis=0)) if len(vectors) > 1 else vectors[0]
