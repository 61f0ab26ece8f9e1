"""MaxSim against the definition and against sentence-transformers' own scoring."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.embedding.base import Vectors, unit_length
from pipeline.retrieval import maxsim as module
from pipeline.retrieval.maxsim import maxsim


def bags_of(rng: np.random.Generator, sizes: list[int], dim: int) -> list[Vectors]:
    return [unit_length(rng.standard_normal((rows, dim)).astype(np.float32)) for rows in sizes]


def scores_of(question: Vectors, bags: list[Vectors]) -> list[float]:
    vectors = np.concatenate([np.empty((0, question.shape[1]), np.float32), *bags])
    return maxsim(question, vectors, np.array([len(bag) for bag in bags], np.int64)).tolist()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 9), max_size=12), st.integers(1, 5))
def test_equals_the_definition_whatever_the_batch(seed: int, sizes: list[int], m: int) -> None:
    rng = np.random.default_rng(seed)
    bags = bags_of(rng, sizes, 8)
    question = unit_length(rng.standard_normal((m, 8)).astype(np.float32))
    scores = scores_of(question, bags)
    assert len(scores) == len(bags)
    for bag, score in zip(bags, scores, strict=True):
        if len(bag):
            assert score == pytest.approx((question @ bag.T).max(axis=1).sum(), abs=1e-5)
            assert scores_of(question, [bag])[0] == pytest.approx(score, abs=1e-5)
        else:
            assert score == float("-inf")


@pytest.mark.parametrize("block", [module.DEVICE_BLOCK, 64])
def test_another_device_gives_the_same(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch's name for the processor with a number takes the way of a graphics card."""
    monkeypatch.setattr(module, "DEVICE_BLOCK", block)
    rng = np.random.default_rng(5)
    bags, question = bags_of(rng, [3, 0, 40, 1, 7], 16), unit_length(rng.standard_normal((6, 16)).astype(np.float32))
    together, sizes = np.concatenate(bags).astype(np.float16), np.array([len(bag) for bag in bags], np.int64)
    here, there = maxsim(question, together, sizes), maxsim(question, together, sizes, "cpu:0")
    np.testing.assert_allclose(there, here, atol=1e-5)


def test_equals_sentence_transformers() -> None:
    import torch
    from sentence_transformers.util import similarity

    rng = np.random.default_rng(11)
    bags = bags_of(rng, [3, 170, 8, 1030, 862, 700], 128)
    for tokens in (1, 6, 20):
        question = unit_length(rng.standard_normal((tokens, 128)).astype(np.float32))
        theirs = similarity.maxsim([torch.from_numpy(question)], [torch.from_numpy(bag) for bag in bags])
        assert scores_of(question, bags) == pytest.approx(np.asarray(theirs).ravel().tolist(), abs=1e-4)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 9), max_size=12), st.sampled_from([1, 3]))
def test_blocks_of_any_size_and_stored_halves_give_the_same_scores(seed: int, sizes: list[int], m: int) -> None:
    rng = np.random.default_rng(seed)
    bags = [bag.astype(np.float16).astype(np.float32) for bag in bags_of(rng, sizes, 8)]
    question = unit_length(rng.standard_normal((m, 8)).astype(np.float32))
    whole = scores_of(question, bags)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", 8 * 4)
        patch.setattr(module, "SERIAL", 8 * 3)
        halves = np.concatenate([np.empty((0, 8), np.float16), *(bag.astype(np.float16) for bag in bags)])
        scores = maxsim(question, halves, np.array(sizes, np.int64)).tolist()
    assert scores == pytest.approx(whole, abs=1e-6)


def test_the_same_pages_get_the_same_scores_bit_by_bit() -> None:
    rng = np.random.default_rng(3)
    bags = bags_of(rng, [700, 1030, 40] * 3, 128)
    for tokens in (1, 20):
        question = unit_length(rng.standard_normal((tokens, 128)).astype(np.float32))
        assert scores_of(question, bags) == scores_of(question, bags)
