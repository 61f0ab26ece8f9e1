"""Joining ranked lists of pages into one. Pure functions of ranks and scores; knows no store and no model."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
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
    scores: Mapping[str, Mapping[Item, float]], weights: Mapping[str, float] | None = None
) -> dict[Item, float]:
    """Σ over channels of weight × (score - mean) / deviation, both over the items that the channel scored.

    Every channel must score every item of the pool: a missing score has no standard score. Standardising by modality
    before adding is CMRAG's (2025), who normalise text and image similarities by their own distributions.
    """
    total: dict[Item, float] = {}
    for channel, found in scores.items():
        weight = 1.0 if weights is None else weights.get(channel, 1.0)
        mean, deviation = fmean(found.values()), pstdev(found.values()) or 1.0
        for item, score in found.items():
            total[item] = total.get(item, 0.0) + weight * (score - mean) / deviation
    return total
