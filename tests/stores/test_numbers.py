"""The numbers that vectors are written in: how near they are read back, and that writing them again changes nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.embedding.base import Vectors, unit_length
from pipeline.stores.numbers import FORMS, Numbers, Storage

FLOAT16, INT8, BINARY = (FORMS[name].last for name in ("float16", "int8", "binary"))


def units(seed: int, rows: int, dim: int) -> Vectors:
    return unit_length(np.random.default_rng(seed).standard_normal((rows, dim)).astype(np.float32))


def again(numbers: Numbers, vectors: Vectors) -> Vectors:
    data = numbers.write(vectors)
    assert len(data) == numbers.size(*vectors.shape)
    return numbers.read(memoryview(data), *vectors.shape).astype(np.float32)


@given(st.integers(0, 2**32 - 1), st.integers(0, 9), st.integers(1, 40))
def test_read_back_near_by_and_the_same_when_written_again(seed: int, rows: int, dim: int) -> None:
    vectors = units(seed, rows, dim)
    for numbers, apart in ((FLOAT16, 5e-4), (INT8, 1 / 127), (BINARY, 1.0)):
        read = again(numbers, vectors)
        assert read.shape == vectors.shape and np.abs(read - vectors).max(initial=0) <= apart
        assert np.linalg.norm(read, axis=1) == pytest.approx(np.ones(rows), abs=2e-3)
        assert np.allclose(again(numbers, read), read, atol=1e-7)
    assert np.array_equal(np.sign(again(BINARY, vectors)), np.where(vectors > 0, 1, -1))


def test_int8_keeps_lengths_and_a_vector_of_zeros() -> None:
    vectors = np.array([[0, 0, 0], [3, 0, -4], [1e-6, 0, 0]], np.float32)
    assert again(INT8, vectors) == pytest.approx(vectors, abs=0.02)
    assert np.linalg.norm(again(INT8, vectors), axis=1) == pytest.approx([0, 5, 1e-6])


@pytest.mark.parametrize(
    ("storage", "size"),
    [("float16", 256), ("int8", 132), ("binary", 16), ("binary+int8", 148), ("binary+float16", 272)],
)
def test_bytes_of_a_vector_of_128_numbers(storage: Storage, size: int) -> None:
    form = FORMS[storage]
    assert form.size(1, 128) == size == len(form.write(units(1, 1, 128)))
    assert form.two == ("+" in storage) and form.before(1, 128) == (16 if form.two else 0)
