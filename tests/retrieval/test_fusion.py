"""Fusion: what any caller may rely on, for all rankings."""

import math

from hypothesis import given
from hypothesis import strategies as st

from pipeline.retrieval.fusion import RANK_CONSTANT, reciprocal_rank_fusion

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
