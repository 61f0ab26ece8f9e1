"""MaxSim against the definition and against sentence-transformers' own scoring."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.embedding.base import PageVectors, unit_length
from pipeline.retrieval import maxsim as module
from pipeline.retrieval.maxsim import maxsim


def bag(rng: np.random.Generator, rows: int, dim: int) -> PageVectors:
    vectors = unit_length(rng.standard_normal((rows, dim)).astype(np.float32))
    return PageVectors(vectors, rng.random((rows, 4)).astype(np.float32))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 9), max_size=12), st.integers(1, 5))
def test_equals_the_definition_whatever_the_batch(seed: int, sizes: list[int], m: int) -> None:
    rng = np.random.default_rng(seed)
    bags = [bag(rng, rows, 8) for rows in sizes]
    question = unit_length(rng.standard_normal((m, 8)).astype(np.float32))
    matches = maxsim(question, bags)
    assert len(matches) == len(bags)
    for one, match in zip(bags, matches, strict=True):
        if len(one.vectors):
            expected = (question @ one.vectors.T).max(axis=1).sum()
            assert match.score == pytest.approx(expected, abs=1e-5)
            assert maxsim(question, [one])[0].score == pytest.approx(match.score, abs=1e-5)
            assert [int(row) for row in match.best_rows] == (question @ one.vectors.T).argmax(axis=1).tolist()
        else:
            assert match.score == float("-inf")


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    bags = [bag(rng, rows, 16) for rows in (5, 0, 40, 1, 13)]
    question = unit_length(rng.standard_normal((3, 16)).astype(np.float32))
    whole = [match.score for match in maxsim(question, bags)]
    monkeypatch.setattr(module, "_BLOCK_ROWS", 16)
    assert [match.score for match in maxsim(question, bags)] == pytest.approx(whole, abs=1e-5)


def test_equals_sentence_transformers() -> None:
    import torch
    from sentence_transformers.util import similarity

    rng = np.random.default_rng(11)
    bags = [bag(rng, rows, 32) for rows in (3, 17, 8)]
    question = unit_length(rng.standard_normal((6, 32)).astype(np.float32))
    theirs = similarity.maxsim([torch.from_numpy(question)], [torch.from_numpy(one.vectors) for one in bags])
    ours = [match.score for match in maxsim(question, bags)]
    assert ours == pytest.approx(np.asarray(theirs).ravel().tolist(), abs=1e-4)
