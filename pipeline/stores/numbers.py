"""In which numbers the vectors of a bag are written, and how they are read back as float32. Pure; opens no file.

float16  2 bytes a number
int8     1 byte a number and a scale a vector
binary   1 bit a number, its sign (the question stays in floats: only the page's side is rounded)

A storage of two, as `binary+int8`, writes each vector twice: the first, small one scores every candidate, and only the
best of them are read in the second (measured in `eval/decisions/2026-11-21-late-interaction.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding.base import Vectors

Storage = Literal["float16", "int8", "binary", "binary+int8", "binary+float16"]
FLOAT16: Storage = "float16"


class Numbers(Protocol):
    """One way to write the vectors of a bag."""

    def size(self, rows: int, dim: int) -> int:
        """Bytes of `(rows, dim)` vectors."""

    def write(self, vectors: Vectors) -> bytes:
        """The vectors (rows, dim)."""

    def read(self, data: memoryview, rows: int, dim: int) -> Vectors:
        """(rows, dim) float32, from `size` bytes."""


class Float16:
    def size(self, rows: int, dim: int) -> int:
        return rows * dim * 2

    def write(self, vectors: Vectors) -> bytes:
        return np.ascontiguousarray(vectors, np.float16).tobytes()

    def read(self, data: memoryview, rows: int, dim: int) -> Vectors:
        return np.frombuffer(data, np.float16).reshape(rows, dim).astype(np.float32)


class Int8:
    """A vector's largest number is ±127. Its scale (float32) gives it the length back that it had."""

    def size(self, rows: int, dim: int) -> int:
        return rows * (dim + 4)

    def write(self, vectors: Vectors) -> bytes:
        largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
        whole = np.rint(vectors * (127 / np.maximum(largest, 1e-12)))
        lengths = np.linalg.norm(whole, axis=1)
        scales = np.linalg.norm(vectors, axis=1) / np.maximum(lengths, 1)
        return scales.astype(np.float32).tobytes() + whole.astype(np.int8).tobytes()

    def read(self, data: memoryview, rows: int, dim: int) -> Vectors:
        scales = np.frombuffer(data, np.float32, rows)
        whole = np.frombuffer(data, np.int8, rows * dim, 4 * rows).reshape(rows, dim)
        return whole.astype(np.float32) * scales[:, None]


class Binary:
    """The signs of a unit vector, read as ±1/√dim: at unit length again. Rows are filled up to whole bytes."""

    def size(self, rows: int, dim: int) -> int:
        return rows * -(-dim // 8)

    def write(self, vectors: Vectors) -> bytes:
        return np.packbits(vectors > 0, axis=1).tobytes()

    def read(self, data: memoryview, rows: int, dim: int) -> Vectors:
        packed = np.frombuffer(data, np.uint8).reshape(rows, -(-dim // 8))
        signs = _signs()[packed].reshape(rows, packed.shape[1] * 8)[:, :dim]
        return signs * np.float32(1 / np.sqrt(dim))


@cache
def _signs() -> NDArray[np.float32]:
    """(256, 8): the ±1 of each byte."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    return bits.astype(np.float32) * 2 - 1


@dataclass(frozen=True, slots=True)
class Form:
    """How a storage writes a bag: `first` scores every candidate, `last` the best of them; often they are the same."""

    first: Numbers
    last: Numbers

    @property
    def two(self) -> bool:
        """Whether vectors are written twice."""
        return self.first is not self.last

    def size(self, rows: int, dim: int) -> int:
        """Bytes of `(rows, dim)` vectors, all of them."""
        return self.before(rows, dim) + self.last.size(rows, dim)

    def before(self, rows: int, dim: int) -> int:
        """Bytes before the last numbers."""
        return self.first.size(rows, dim) if self.two else 0

    def write(self, vectors: Vectors) -> bytes:
        """The vectors (rows, dim), as often as they are written."""
        return (self.first.write(vectors) if self.two else b"") + self.last.write(vectors)


_FLOAT16, _INT8, _BINARY = Float16(), Int8(), Binary()
FORMS: dict[Storage, Form] = {
    "float16": Form(_FLOAT16, _FLOAT16),
    "int8": Form(_INT8, _INT8),
    "binary": Form(_BINARY, _BINARY),
    "binary+int8": Form(_BINARY, _INT8),
    "binary+float16": Form(_BINARY, _FLOAT16),
}
