"""Fusion: what any caller may rely on, for all rankings."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.retrieval.fusion import RANK_CONSTANT, reciprocal_rank_fusion, standardised_sum

rankings = st.dictionaries(st.sampled_from("abcd"), st.lists(st.integers(0, 30), unique=True), min_size=1)


def test_reciprocal_rank_by_hand() -> None:
    fused = reciprocal_rank_fusion({"dense": ["x", "y"], "lexical": ["y", "z"]})
    assert math.isclose(fused["y"], 1 / (RANK_CONSTANT + 2) + 1 / (RANK_CONSTANT + 1))
    assert max(fused, key=fused.__getitem__) == "y"


@given(rankings)
def test_reciprocal_rank_keeps_exactly_what_was_ranked(ranked: dict[str, list[int]]) -> None:
    fused = reciprocal_rank_fusion(ranked)
    assert set(fused) == {item for ranking in ranked.values() for item in ranking}


@given(st.lists(st.integers(), unique=True))
def test_one_channel_keeps_its_order(ranking: list[int]) -> None:
    fused = reciprocal_rank_fusion({"only": ranking})
    assert sorted(fused, key=lambda item: -fused[item]) == ranking


@given(rankings)
def test_a_channel_of_weight_zero_changes_nothing(ranked: dict[str, list[int]]) -> None:
    silent = {**ranked, "silent": [99]}
    fused = reciprocal_rank_fusion(silent, {"silent": 0.0})
    assert {item: score for item, score in fused.items() if item != 99} == reciprocal_rank_fusion(ranked)


def test_standard_scores_by_hand() -> None:
    total = standardised_sum({"dense": np.array([0.9, 0.7], np.float32), "lexical": np.array([4, 4], np.float32)})
    assert total.tolist() == pytest.approx([1.0, -1.0])  # a deviation above the mean in dense; lexical tells nothing


pool = st.lists(st.tuples(st.integers(-100, 100), st.integers(-100, 100)), min_size=2, max_size=30)


@given(pool, st.integers(1, 50), st.integers(-50, 50))
def test_scale_and_shift_of_a_channel_do_not_matter(scored: list[tuple[int, int]], factor: int, shift: int) -> None:
    dense, lexical = np.array(scored, np.float32).T
    before = standardised_sum({"dense": dense, "lexical": lexical})
    after = standardised_sum({"dense": dense * factor + shift, "lexical": lexical})
    assert np.allclose(before, after, atol=1e-9)


@given(pool)
def test_better_in_every_channel_is_better_in_sum(scored: list[tuple[int, int]]) -> None:
    channels = np.array([*scored, (101, 101)], np.float32).T
    total = standardised_sum({"dense": channels[0], "lexical": channels[1]})
    assert total.max() == total[-1]
