"""Fixed-dimensional encodings: the dot product stands for MaxSim well enough to pick candidates."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.embedding.base import unit_length
from pipeline.embedding.fde import FixedDimensionalEncoder


def bags(rng: np.random.Generator, count: int, dim: int) -> list[np.ndarray]:
    """Pages whose vectors share a topic, as regions of one page do."""
    topics = rng.standard_normal((count, dim))
    return [
        unit_length((topics[i] + rng.standard_normal((int(rng.integers(3, 20)), dim))).astype(np.float32))
        for i in range(count)
    ]


def test_shapes_and_seed() -> None:
    encoder = FixedDimensionalEncoder(32)
    page = np.eye(32, dtype=np.float32)[:5]
    encoded = encoder.encode_page(page)
    assert encoded.shape == (encoder.encoded_dimension,) and encoded.dtype == np.float32
    assert np.array_equal(encoded, FixedDimensionalEncoder(32).encode_page(page))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_order_of_a_bag_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    (page,) = bags(rng, 1, 16)
    encoder = FixedDimensionalEncoder(16)
    shuffled = page[rng.permutation(len(page))]
    same_bucket_ties = np.allclose(encoder.encode_page(page), encoder.encode_page(shuffled), atol=1e-5)
    question = page[:1]
    close = abs(float(encoder.encode_question(question) @ (encoder.encode_page(page) - encoder.encode_page(shuffled))))
    assert same_bucket_ties or close < 0.5  # an empty bucket may take either of two equally near vectors


def test_finds_what_exact_search_finds() -> None:
    rng = np.random.default_rng(3)
    pages = bags(rng, 400, 64)
    encoder = FixedDimensionalEncoder(64)
    encoded = np.stack([encoder.encode_page(page) for page in pages])
    found = []
    for _ in range(30):
        question = unit_length((pages[int(rng.integers(400))][0] + 0.3 * rng.standard_normal(64)).astype(np.float32))
        exact = np.argsort([-(page @ question).max() for page in pages])[:10]
        approximate = np.argsort(-(encoded @ encoder.encode_question(question[None])))[:100]
        found.append(len(set(exact) & set(approximate)) / 10)
    assert np.mean(found) > 0.7
