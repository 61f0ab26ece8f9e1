"""Encodings of a bag of vectors as one vector whose dot product approximates MaxSim: what Chroma searches of a page.

For questions of one vector the bag's mean does best (measured in `eval/decisions/2026-11-21-page-candidates.md`); for
questions of many vectors (late interaction) MUVERA's fixed-dimensional encodings are made.


Dhulipala et al., "MUVERA: Multi-Vector Retrieval via Fixed Dimensional Encodings", 2024 (arXiv 2405.19504).
Space is cut by random hyperplanes (SimHash) into 2^planes buckets, `repetitions` times. Per bucket a question takes
the sum of its vectors and a page their mean; an empty bucket of a page takes the page's vector nearest in Hamming
distance. Each bucket is projected to `projection` dimensions by a random sign matrix. Seeded: equal on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding.base import Vectors, unit_length


class MeanEncoder:
    """The mean of the vectors at unit length, for models whose question is one vector."""

    def encode_question(self, vectors: Vectors) -> Vectors:
        """(m, dimension) → (dimension,)."""
        return unit_length(vectors.mean(axis=0))

    def encode_page(self, vectors: Vectors) -> Vectors:
        """(n, dimension) → (dimension,), n ≥ 1."""
        return unit_length(vectors.mean(axis=0))


@dataclass(frozen=True)
class FixedDimensionalEncoder:
    """MUVERA for bags of `dimension`-d vectors."""

    dimension: int
    repetitions: int = 10
    planes: int = 4
    projection: int = 16
    seed: int = 20_240_529

    def encode_question(self, vectors: Vectors) -> Vectors:
        """(m, dimension) → (repetitions × buckets × projection,): per bucket the sum."""
        buckets = self._buckets(vectors)
        projected = self._project(vectors)
        out = np.zeros((self.repetitions, 2**self.planes, self.projection), dtype=np.float32)
        for repetition in range(self.repetitions):
            np.add.at(out[repetition], buckets[:, repetition], projected[:, repetition])
        return out.reshape(-1)

    def encode_page(self, vectors: Vectors) -> Vectors:
        """(n, dimension) → (repetitions × buckets × projection,): per bucket the mean, empty buckets filled. n ≥ 1."""
        buckets = self._buckets(vectors)
        projected = self._project(vectors)
        count = 2**self.planes
        out = np.zeros((self.repetitions, count, self.projection), dtype=np.float32)
        for repetition in range(self.repetitions):
            own = buckets[:, repetition]
            members = (own[None, :] == np.arange(count)[:, None]).astype(np.float32)
            sums = members @ projected[:, repetition]
            sizes = np.bincount(own, minlength=count)
            filled = sizes > 0
            out[repetition, filled] = sums[filled] / sizes[filled, None]
            nearest = self._hamming[:, own].argmin(axis=1)
            out[repetition, ~filled] = projected[nearest[~filled], repetition]
        return out.reshape(-1)

    @cached_property
    def _hyperplanes(self) -> NDArray[np.float32]:
        shape = (self.dimension, self.repetitions * self.planes)
        return np.random.default_rng(self.seed).standard_normal(shape).astype(np.float32)

    @cached_property
    def _signs(self) -> NDArray[np.float32]:
        """(dimension, repetitions × projection) of ±1/√projection."""
        shape = (self.dimension, self.repetitions * self.projection)
        signs = np.random.default_rng(self.seed + 1).integers(0, 2, shape) * 2 - 1
        return (signs / np.sqrt(self.projection)).astype(np.float32)

    @cached_property
    def _hamming(self) -> NDArray[np.int64]:
        """(buckets, buckets): in how many planes two buckets differ."""
        codes = np.arange(2**self.planes)
        return np.bitwise_count(codes[:, None] ^ codes[None, :]).astype(np.int64)

    def _buckets(self, vectors: Vectors) -> NDArray[np.int64]:
        """(n, repetitions) bucket numbers."""
        sides = (vectors @ self._hyperplanes > 0).reshape(len(vectors), self.repetitions, self.planes)
        return sides @ (1 << np.arange(self.planes))

    def _project(self, vectors: Vectors) -> Vectors:
        return (vectors @ self._signs).reshape(len(vectors), self.repetitions, self.projection)
