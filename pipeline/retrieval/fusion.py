"""Joining ranked lists of pages into one. Pure functions of ranks and scores; knows no store and no model."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from statistics import fmean, pstdev
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)

RANK_CONSTANT = 60


def reciprocal_rank_fusion(
    rankings: Mapping[str, Sequence[Item]],
    weights: Mapping[str, float] | None = None,
    constant: int = RANK_CONSTANT,
) -> dict[Item, float]:
    """Σ over channels of weight / (constant + rank), rank from 1; an item absent from a channel gets nothing there.

    Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet", SIGIR 2009.
    """
    scores: dict[Item, float] = {}
    for channel, ranking in rankings.items():
        weight = 1.0 if weights is None else weights.get(channel, 1.0)
        for rank, item in enumerate(ranking, start=1):
            scores[item] = scores.get(item, 0.0) + weight / (constant + rank)
    return scores


def standardised_sum(
    scores: Mapping[str, Mapping[Item, float]], pool: Collection[Item], weights: Mapping[str, float] | None = None
) -> dict[Item, float]:
    """Σ over channels of weight × standard score ((score - mean) / deviation over what the channel scored).

    An item of the pool that a channel did not score takes the channel's lowest. Standardising per modality before
    adding follows CMRAG (2025), which normalises text and image similarities by their own distributions.
    """
    total = dict.fromkeys(pool, 0.0)
    for channel, found in scores.items():
        if not found:
            continue
        weight = 1.0 if weights is None else weights.get(channel, 1.0)
        mean, deviation = fmean(found.values()), pstdev(found.values()) or 1.0
        lowest = min(found.values())
        for item in total:
            total[item] += weight * (found.get(item, lowest) - mean) / deviation
    return total
