"""Pages as pictures: one vector a screenshot, or many with the place on the page that each stands for.

`ScreenshotEmbedder` runs any `SentenceTransformer` that takes pictures (CLIP, SigLIP 2, GME, Qwen3-VL-Embedding, …),
`LateInteractionEmbedder` any `MultiVectorEncoder` (ColPali, ColQwen2, ColModernVBERT, …).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from pipeline.embedding.base import BagEncoder, EmbedderIdentity, PageInput, PageVectors, Vectors, unit_length
from pipeline.embedding.batching import Batches
from pipeline.embedding.fde import FixedDimensionalEncoder
from pipeline.embedding.patches import WHOLE, patch_boxes
from pipeline.embedding.pooling import pooled
from pipeline.embedding.visual_model import VisualModel, fitted
from pipeline.errors import ConfigError, RectoError

log = logging.getLogger(__name__)

GROUP_PAGES = 32
"""Pages embedded and committed together: what a kill can cost, at seconds a page on a processor."""

_OF_PAGES = ("input_ids", "image_grid_thw")
"""What a processor says of each picture's patches."""

Fitted = tuple[Image.Image, tuple[float, float]]


class ScreenshotEmbedder:
    """One unit vector a page, and a box around it. `dimension` numbers of it are kept (Matryoshka)."""

    encoder: BagEncoder | None = None
    group_pages = GROUP_PAGES

    def __init__(self, model: VisualModel, batches: Batches, dimension: int = 0, options: str = "") -> None:
        self._model = model
        self._batches = batches
        self.identity = _identity(model, dimension, options)

    def embed_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        """One bag a page, in the order given. A page whose picture cannot be had has an empty bag that says why."""
        pictures = [_picture(page, self._model.pixels) for page in pages]
        seen = [picture for picture in pictures if not isinstance(picture, str)]
        # Pictures of one size make inputs of one length: no padding, so no page depends on its batch mates.
        bags = iter(self._batches.run(seen, self._bags, alike=lambda one: one[0].size))
        empty = np.empty((0, self.identity.dimension), np.float32), np.empty((0, 4), np.float32)
        return [PageVectors(*empty, trouble=one) if isinstance(one, str) else next(bags) for one in pictures]

    def embed_question(self, question: str) -> Vectors:
        """(m, dim) float32, unit length; m is 1 here, and the number of tokens in late interaction."""
        return self._vectors([question], "query")[0]

    def embed_picture(self, picture: Image.Image) -> Vectors:
        """(m, dim) float32, unit length: a picture as a question."""
        ((bag),) = self._bags([fitted(picture, self._model.pixels)])
        return bag.vectors

    def _bags(self, pictures: list[Fitted]) -> list[PageVectors]:
        vectors = self._vectors([picture for picture, _ in pictures], "document")
        return [PageVectors(own, np.array([WHOLE], np.float32)) for own in vectors]

    def _vectors(self, inputs: list[Any], side: Any) -> list[Vectors]:
        """Of each input (1, dim)."""
        features = self._model.run(inputs, side)
        whole = features["sentence_embedding"].float().cpu().numpy()
        return [unit_length(row[None, : self.identity.dimension]) for row in whole]


class LateInteractionEmbedder(ScreenshotEmbedder):
    """A unit vector for each patch of the page (and each token of the model's own prompt, around the whole page).

    `pooling`: alike vectors of a page become one, until 1 / `pooling` of them are left.
    """

    def __init__(
        self, model: VisualModel, batches: Batches, dimension: int = 0, options: str = "", *, pooling: float = 1.0
    ) -> None:
        super().__init__(model, batches, dimension, options)
        self._pooling = pooling
        self.encoder = FixedDimensionalEncoder(self.identity.dimension)

    def _bags(self, pictures: list[Fitted]) -> list[PageVectors]:
        features = self._model.run([picture for picture, _ in pictures], "document")
        bags = []
        for row, (_, shares) in enumerate(pictures):
            own = {name: features[name][row].cpu() for name in _OF_PAGES if name in features}
            scored = features["attention_mask"][row].bool().cpu()
            image = (own["input_ids"] == self._image_token) & scored
            boxes = np.tile(np.array(WHOLE, np.float32), (int(scored.sum()), 1))
            places = patch_boxes(self._model.processor, own, int(image.sum()))
            if places is None:
                log.warning("where the patches of %s look is not known: hits point at pages", self.identity.name)
            else:
                boxes[image[scored].numpy()] = _on_page(places, shares)
            bags.append(pooled(PageVectors(self._rows(features, row), boxes), self._pooling))
        return bags

    def _vectors(self, inputs: list[Any], side: Any) -> list[Vectors]:
        """Of each input (tokens, dim)."""
        features = self._model.run(inputs, side)
        return [self._rows(features, row) for row in range(len(inputs))]

    def _rows(self, features: dict[str, Any], row: int) -> Vectors:
        """The scored vectors of one input."""
        scored = features["attention_mask"][row].bool()
        vectors = features["token_embeddings"][row][scored][:, : self.identity.dimension].float().cpu().numpy()
        return unit_length(vectors)

    @property
    def _image_token(self) -> int:
        processor = self._model.processor
        return int(processor.tokenizer.convert_tokens_to_ids(processor.image_token))


def _identity(model: VisualModel, dimension: int, options: str) -> EmbedderIdentity:
    """Who the embedder is. Raises `ConfigError` for a Matryoshka dimension that the model does not have."""
    whole = model.model.get_embedding_dimension()
    setting, name = model.source.setting, model.source.name
    if whole is None:
        whole = model.run([Image.new("RGB", (64, 64), "white")], "document")["sentence_embedding"].shape[-1]
    section = setting.removesuffix("_model")
    config = getattr(model.model[0], "config", None)
    trained = getattr(config, "matryoshka_dims", None) or getattr(config, "matryoshka_dimensions", None)
    if dimension > whole or (trained and dimension and dimension not in {*trained, whole}):
        have = f"{', '.join(map(str, trained))}" if trained else f"at most {whole}"
        raise ConfigError(f"{section}_dimension = {dimension}: {name} has {have}; 0 keeps all of its {whole} numbers")
    return EmbedderIdentity(name, model.source.revision + options, dimension or whole)


def _picture(page: PageInput, pixels: int) -> Fitted | str:
    """The page's picture, or why there is none."""
    if any(issue.lost for issue in page.page.issues):
        return "the page could not be read"
    try:
        return fitted(page.image(), pixels)
    except RectoError as error:
        return str(error)


def _on_page(boxes: np.ndarray, shares: tuple[float, float]) -> np.ndarray:
    """Boxes of a picture that was made wider or higher, as fractions of the page alone."""
    return np.clip(boxes / np.array([shares[0], shares[1]] * 2, np.float32), 0.0, 1.0)
