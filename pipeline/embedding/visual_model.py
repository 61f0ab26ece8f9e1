"""A sentence-transformers model that takes pictures and text: preparing inputs, running it, naming what goes wrong.

The one place that knows how `SentenceTransformer` and `MultiVectorEncoder` are fed; gives back raw features.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image

from pipeline.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from sentence_transformers import MultiVectorEncoder, SentenceTransformer

    from pipeline.embedding.sources import ModelSource

Side = Literal["query", "document"]
DOCUMENT_PROMPTS = ("document", "passage", "corpus")
"""Names under which models keep the instruction for what is searched, the first there is."""
LONGEST = 16
"""A picture's longer side is at most so many times its shorter one; models refuse slivers. White is added."""


class VisualModel:
    """`model` with its prompts. `pixels` bounds a picture's size before the model's own processor sees it."""

    def __init__(
        self,
        model: SentenceTransformer | MultiVectorEncoder,
        source: ModelSource,
        *,
        pixels: int,
        question_prompt: str | None = None,
        page_prompt: str | None = None,
    ) -> None:
        self.model = model
        self.source = source
        self.pixels = pixels
        self._prompts: dict[Side, str | None] = {
            "query": model.prompts.get("query") if question_prompt is None else question_prompt,
            "document": _first(model.prompts, DOCUMENT_PROMPTS) if page_prompt is None else page_prompt,
        }
        if not model.supports("image"):
            raise ConfigError(
                f"{source.setting} {source.name!r} is of the wrong kind: it does not take pictures "
                f"(it takes {', '.join(map(str, model.modalities))})"
            )
        # Retrieval checkpoints of transformers carry their prompts in the processor, by side.
        self._own_sides = getattr(model[0], "transformer_task", "") == "retrieval" and hasattr(
            model.processor, "process_queries"
        )

    @property
    def processor(self) -> Any:
        return self.model.processor

    def run(self, inputs: list[Any], side: Side) -> dict[str, Any]:
        """Features of pictures or texts: the processor's and the model's.

        Raises `ModelError` for what the model does not take, `ConfigError` for more tokens than it sees.
        """
        import torch
        from sentence_transformers.util import batch_to_device

        try:
            features = batch_to_device(self._prepared(inputs, side), self.model.device)
            self._check_length(features, inputs)
            with torch.inference_mode():
                return dict(self.model.eval()(features, task=side))
        except (ValueError, IndexError, KeyError, TypeError) as error:
            raise ModelError(
                f"{self.source.setting} {self.source.name!r} does not take {_described(inputs)} "
                f"({(str(error).splitlines() or [type(error).__name__])[0]}); if it is too large, lower "
                f"embedding.page_pixels (now {self.pixels:,})"
            ) from error

    def _prepared(self, inputs: list[Any], side: Side) -> dict[str, Any]:
        if self._own_sides and isinstance(inputs[0], Image.Image):
            return {**self.processor.process_images(images=inputs), "modality": "image"}
        if self._own_sides and isinstance(inputs[0], str):
            return {**self.processor.process_queries(text=inputs), "modality": "text"}
        return dict(self.model.preprocess(inputs, prompt=self._prompts[side], task=side))

    def _check_length(self, features: dict[str, Any], inputs: list[Any]) -> None:
        """Raise `ConfigError` for more tokens than the model has places for."""
        tokens = features["input_ids"].shape[-1] if "input_ids" in features else 0
        places = text_places(self.model)
        if places is not None and tokens > places:
            raise ConfigError(
                f"{_described(inputs)} makes {tokens:,} tokens and {self.source.name} sees {places:,}: "
                f"lower embedding.page_pixels (now {self.pixels:,})"
            )


def text_places(model: SentenceTransformer | MultiVectorEncoder) -> int | None:
    """Tokens that a model has places for, by its configuration; None where that names no bound."""
    config: Any = getattr(model[0], "config", None)
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    return getattr(text, "max_position_embeddings", None)


def fitted(picture: Image.Image, pixels: int) -> tuple[Image.Image, tuple[float, float]]:
    """The picture in RGB, of at most `pixels` and no sliver; and what share of its width and height is the page's."""
    picture = picture.convert("RGB")
    width, height = picture.size
    padded = (max(width, math.ceil(height / LONGEST)), max(height, math.ceil(width / LONGEST)))
    if padded != picture.size:
        wider = Image.new("RGB", padded, "white")
        wider.paste(picture)
        picture = wider
    if padded[0] * padded[1] > pixels:
        scale = math.sqrt(pixels / (padded[0] * padded[1]))
        smaller = (max(1, int(padded[0] * scale)), max(1, int(padded[1] * scale)))
        picture = picture.resize(smaller, Image.Resampling.LANCZOS)
    return picture, (width / padded[0], height / padded[1])


def _first(prompts: Mapping[str, str | None], names: tuple[str, ...]) -> str | None:
    return next((prompts[name] for name in names if prompts.get(name)), None)


def _described(inputs: list[Any]) -> str:
    first = inputs[0]["image"] if isinstance(inputs[0], dict) else inputs[0]
    return f"a picture of {first.width} x {first.height} pixels" if isinstance(first, Image.Image) else "a text"
