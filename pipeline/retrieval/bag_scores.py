"""Exact scores of bags on disk. Owns how many are read at once, and which are read in the better of two numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding.base import Vectors
from pipeline.retrieval.maxsim import maxsim
from pipeline.stores.bags import BagRef, BagStore

BLOCK_ROWS = 65_536
"""Page vectors read and multiplied at once: bounds memory at 65,536 × (dim + m) floats."""
RESCORED = 50
"""Bags that are scored in the better numbers where vectors are stored in two
(`eval/decisions/2026-11-21-late-interaction.md`)."""

Scores = NDArray[np.float32]


def score_bags(store: BagStore, questions: Sequence[Vectors], bags: Sequence[BagRef], device: str = "cpu") -> Scores:
    """(bags,) MaxSim of each bag with the best of the questions (m, dim), a mean over its vectors.

    0 where it is negative or the bag empty. Where vectors are stored in two numbers, the first score all bags and the
    last the `RESCORED` best by those; the others are brought to the scale of these (by least squares) and stay behind
    them, so that all scores are of one kind. Raises `StoreError` (damaged, missing).
    """
    if len(bags) <= RESCORED or not bags[0].form.two:
        return _scores(store, questions, bags, device)
    rough = _scores(store, questions, bags, device, first=True)
    best = np.argsort(-rough, kind="stable")[:RESCORED]
    exact = _scores(store, questions, [bags[place] for place in best], device)
    apart = rough - rough[best].mean()
    slope = max(0.0, float(apart[best] @ exact) / max(float(apart[best] @ apart[best]), 1e-12))
    behind = np.nextafter(exact.min(), np.float32(-1))
    scores = np.maximum(np.minimum(exact.mean() + np.float32(slope) * apart, behind), 0.0)
    scores[[place for place, bag in enumerate(bags) if not bag.rows]] = 0.0
    scores[best] = exact
    return scores


def _scores(
    store: BagStore, questions: Sequence[Vectors], bags: Sequence[BagRef], device: str, first: bool = False
) -> Scores:
    """The scores in one of the numbers, block by block."""
    scores: list[Scores] = []
    start = rows = 0
    for end, bag in enumerate(bags, start=1):
        rows += bag.rows
        if end == len(bags) or rows + bags[end].rows > BLOCK_ROWS:
            block = bags[start:end]
            sizes, vectors = np.array([one.rows for one in block], np.int64), store.vectors(block, first)
            of_each = [maxsim(question, vectors, sizes, device) / np.float32(len(question)) for question in questions]
            scores.append(np.max(of_each, axis=0))
            start, rows = end, 0
    return np.maximum(np.concatenate(scores), 0.0)
