"""Joining ranked lists of pages into one. Pure functions of ranks and scores; knows no store and no model."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

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
    scores: Mapping[str, NDArray[np.float32]], weights: Mapping[str, float] | None = None
) -> NDArray[np.float64]:
    """Σ over channels of weight × (score - mean) / deviation, both over the pool. Every array is (items of the pool,).

    Standardising by modality before adding is CMRAG's (2025), who normalise text and image similarities by their own
    distributions. A channel that scores all alike tells nothing apart and adds nothing.
    """
    total = np.zeros(len(next(iter(scores.values()))))
    for channel, found in scores.items():
        weight = 1.0 if weights is None else weights.get(channel, 1.0)
        own = found.astype(np.float64)
        total += weight * (own - own.mean()) / (own.std() or 1.0)
    return total
