"""Rerankers that run here, by sentence-transformers' `CrossEncoder`: over passages, over page pictures, and yes or no.

Owns what of a page is scored and how its scores become one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PIL import Image

from pipeline.embedding.batching import Batches
from pipeline.embedding.sources import Kind, ModelSource, load, locate
from pipeline.embedding.visual_model import fitted
from pipeline.errors import ConfigError, ModelError, first_line
from pipeline.results import PageHit, PageRef
from pipeline.retrieval.reranking import PictureSource, shown_pages
from prompts.loader import load as load_prompt

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

    from pipeline.config import EmbeddingSection

PASSAGES = 3
"""Of a page that a text reranker reads: those nearest to the question; the page has the score of the best."""
PROMPT = "page_relevance"


class TextReranker:
    """Any `CrossEncoder` over a page's passages."""

    def __init__(self, model: CrossEncoder, batches: Batches) -> None:
        self._model, self._batches = model, batches

    def scores(self, question: str, hits: Sequence[PageHit]) -> Mapping[PageRef, float]:
        """The best passage's score, as the model's own activation gives it. Pages without text are left out."""
        passages = [(hit.ref, scored.chunk.embedded_text) for hit in hits for scored in hit.chunks[:PASSAGES]]
        found = self._batches.run(
            [(question, text) for _, text in passages],
            lambda pairs: _predicted(self._model, pairs),
            alike=lambda pair: len(pair[1]) // 256,
        )
        best: dict[PageRef, float] = {}
        for (ref, _), score in zip(passages, found, strict=True):
            best[ref] = max(score, best.get(ref, score))
        return best


class PageReranker:
    """A `CrossEncoder` that takes pictures (Qwen3-VL-Reranker, jina-reranker-m0, …) over page screenshots."""

    def __init__(self, model: CrossEncoder, batches: Batches, pictures: PictureSource, pixels: int) -> None:
        self._model, self._batches, self._pictures, self._pixels = model, batches, pictures, pixels

    def scores(self, question: str, hits: Sequence[PageHit]) -> Mapping[PageRef, float]:
        """The model's score of each page's picture. Pages that cannot be drawn are left out."""
        pages = shown_pages(hits, self._pictures)
        seen = [fitted(picture, self._pixels)[0] for picture in pages.values()]
        # Pictures of one size make inputs of one length, so that no score depends on what is scored beside it.
        found = self._batches.run(seen, lambda batch: self._scored(question, batch), alike=lambda one: one.size)
        return dict(zip(pages, found, strict=True))

    def _scored(self, question: str, pictures: list[Image.Image]) -> list[float]:
        return _predicted(self._model, [(question, picture) for picture in pictures])


class YesNoReranker(PageReranker):
    """A vision-language model asked whether the page helps: the probability of "yes" against "no"."""

    def _scored(self, question: str, pictures: list[Image.Image]) -> list[float]:
        import torch
        from sentence_transformers.util import batch_to_device

        asked = {"type": "text", "text": load_prompt(PROMPT).render(question=question)}
        messages = [[{"role": "user", "content": [{"type": "image", "image": picture}, asked]}] for picture in pictures]
        ready = self._model.preprocess(messages, processing_kwargs={"chat_template": {"add_generation_prompt": True}})
        with torch.inference_mode():
            features = self._model.eval()(batch_to_device(ready, self._model.device))
        return [float(score) for score in torch.sigmoid(features["scores"].float()).reshape(-1)]


def load_text_reranker(name: str, setting: str, settings: EmbeddingSection, pictures: PictureSource) -> TextReranker:
    """Raises `ModelError` (weights absent), `ConfigError` (no reranker, several labels)."""
    # Rerankers made of a causal language model (Qwen3-Reranker) look like generators: their yes and no are read.
    model, _ = _cross_encoder(name, setting, settings, "reranker", "generator")
    return TextReranker(model, _batches(model, settings))


def load_page_reranker(name: str, setting: str, settings: EmbeddingSection, pictures: PictureSource) -> PageReranker:
    """Raises `ModelError` (weights absent), `ConfigError` (no reranker, or none that takes pictures)."""
    model, source = _cross_encoder(name, setting, settings, "reranker")
    _require_pictures(model, source)
    return PageReranker(model, _batches(model, settings), pictures, settings.page_pixels)


def load_yes_no(name: str, setting: str, settings: EmbeddingSection, pictures: PictureSource) -> YesNoReranker:
    """A generator's own weights, read at its next token. Raises `ModelError`, `ConfigError` (no generator)."""
    source = locate(name, setting, download=settings.download)
    source.require("generator")
    model = load(_yes_no_model, source, settings)
    _require_pictures(model, source)
    return YesNoReranker(model, _batches(model, settings), pictures, settings.page_pixels)


def _yes_no_model(folder: str, *, device: str, model_kwargs: dict[str, Any], **shared: Any) -> CrossEncoder:
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.cross_encoder.modules import LogitScore

    body = Transformer(folder, transformer_task="any-to-any", model_kwargs={**shared, **model_kwargs})
    known = body.tokenizer.get_vocab()
    pairs = [pair for pair in (("yes", "no"), ("Yes", "No"), ("▁yes", "▁no")) if pair[0] in known and pair[1] in known]
    if not pairs:
        raise ValueError('its vocabulary has no single tokens for "yes" and "no"')
    yes, no = (known[word] for word in pairs[0])
    return CrossEncoder(modules=[body, LogitScore(yes, no)], device=device)


def _cross_encoder(
    name: str, setting: str, settings: EmbeddingSection, *kinds: Kind
) -> tuple[CrossEncoder, ModelSource]:
    from sentence_transformers import CrossEncoder

    source = locate(name, setting, download=settings.download)
    source.require(*kinds)
    model = load(CrossEncoder, source, settings)
    if model.num_labels != 1:
        raise ConfigError(f"{setting} {source.name!r} gives {model.num_labels} labels, not one score")
    return model, source


def _require_pictures(model: CrossEncoder, source: ModelSource) -> None:
    if not model.supports("image"):
        raise ConfigError(f"{source.setting} {source.name!r} is of the wrong kind: it does not take pictures")


def _batches(model: CrossEncoder, settings: EmbeddingSection) -> Batches:
    return Batches(settings.page_batch, str(model.device), "embedding.page_pixels")


def _predicted(model: CrossEncoder, pairs: list[Any]) -> list[float]:
    try:
        found = model.predict(pairs, batch_size=len(pairs), show_progress_bar=False)
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise ModelError(f"a reranker does not take what it was given ({first_line(error)})") from error
    return [float(score) for score in found]
