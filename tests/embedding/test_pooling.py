"""Pooled bags: those of sentence-transformers, at unit length, each with a box of its own cluster."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sentence_transformers.multi_vector_encoder.modules.token_pooling import HierarchicalTokenPooling

from pipeline.embedding.base import PageVectors, unit_length
from pipeline.embedding.pooling import clusters, pooled


def bag(seed: int, rows: int) -> PageVectors:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((5, 24))
    vectors = centres[rng.integers(0, 5, rows)] + 0.3 * rng.standard_normal((rows, 24))
    boxes = np.repeat(np.arange(rows, dtype=np.float32)[:, None] / rows, 4, axis=1)
    return PageVectors(unit_length(vectors.astype(np.float32)), boxes)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 60), st.sampled_from([1.0, 1.5, 2.0, 3.0, 50.0]))
def test_fewer_unit_vectors_each_with_a_box_of_its_cluster(seed: int, rows: int, factor: float) -> None:
    whole = bag(seed, rows)
    small = pooled(whole, factor)
    wanted = max(1, int(rows // factor))
    assert 1 <= len(small.vectors) <= wanted and len(small.boxes) == len(small.vectors)
    assert np.allclose(np.linalg.norm(small.vectors, axis=1), 1, atol=1e-5)
    labels = clusters(whole.vectors, wanted) if wanted < rows else np.arange(rows)
    for number, box in enumerate(small.boxes):
        assert labels[round(float(box[0]) * rows)] == number


@pytest.mark.parametrize("factor", [2.0, 3.0])
def test_the_vectors_are_those_of_sentence_transformers(factor: float) -> None:
    whole = bag(7, 90)
    theirs = HierarchicalTokenPooling(factor, num_protected_tokens=0).pool_one(torch.from_numpy(whole.vectors)).numpy()
    ours = pooled(whole, factor).vectors
    assert ours.shape == theirs.shape
    # A mean of unit vectors and their sum have one direction.
    assert np.sort(ours @ theirs.T, axis=1)[:, -1] == pytest.approx(1, abs=1e-5)


def test_two_areas_keep_two_vectors() -> None:
    vectors = np.array([[1, 0], [1, 0.01], [0, 1], [0.01, 1]], np.float32)
    boxes = np.array([[0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [0, 0.5, 0.5, 1], [0.5, 0.5, 1, 1]], np.float32)
    small = pooled(PageVectors(unit_length(vectors), boxes), 2.0)
    assert {tuple(box) for box in small.boxes.tolist()} <= {tuple(box) for box in boxes.tolist()}
    assert abs(float(small.vectors[0] @ small.vectors[1])) < 0.1
