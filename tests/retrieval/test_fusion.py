"""Fusion: what any caller may rely on, for all rankings."""

import math

from hypothesis import given
from hypothesis import strategies as st

from pipeline.retrieval.fusion import RANK_CONSTANT, reciprocal_rank_fusion, standardised_sum

rankings = st.dictionaries(st.sampled_from("abcd"), st.lists(st.integers(0, 30), unique=True), min_size=1)
scores = st.dictionaries(
    st.sampled_from("abcd"),
    st.dictionaries(st.integers(0, 30), st.floats(-10, 10), min_size=1),
    min_size=1,
)


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
    total = standardised_sum({"dense": {"x": 0.9, "y": 0.7}, "lexical": {"x": 4.0}}, ["x", "y", "z"])
    assert math.isclose(total["x"], 1.0)  # one deviation above the mean in dense; lexical has only one score
    assert math.isclose(total["y"], -1.0)
    assert total["z"] == total["y"]  # not scored by a channel: as low as its lowest


@given(scores, st.floats(0.5, 3), st.floats(-5, 5))
def test_scale_and_shift_of_a_channel_do_not_matter(
    found: dict[str, dict[int, float]], factor: float, shift: float
) -> None:
    pool = {item for channel in found.values() for item in channel}
    moved = {name: {item: score * factor + shift for item, score in own.items()} for name, own in found.items()}
    before, after = standardised_sum(found, pool), standardised_sum(moved, pool)
    # Nearly equal scores have a deviation of the order of rounding; what they say is nothing either way.
    if all(max(own.values()) - min(own.values()) > 1e-3 or len(set(own.values())) == 1 for own in found.values()):
        flat = any(len(set(own.values())) == 1 for own in found.values())
        assert flat or all(math.isclose(before[item], after[item], abs_tol=1e-6) for item in pool)


@given(scores)
def test_better_in_every_channel_is_better_in_sum(found: dict[str, dict[int, float]]) -> None:
    with_best = {name: {**own, 99: max(own.values()) + 1.0} for name, own in found.items()}
    pool = {item for own in with_best.values() for item in own}
    total = standardised_sum(with_best, pool)
    assert max(total.values()) == total[99]
