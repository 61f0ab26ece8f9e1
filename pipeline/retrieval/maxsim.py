"""Late-interaction scoring: MaxSim of a question's vectors against bags of page vectors. Exact, deterministic.

score(question, page) = Σ over question vectors of the best dot product with a vector of the page (Khattab and
Zaharia, "ColBERT", 2020). Bags lie end to end and are reduced by their own bounds: no padding, so a score never
depends on which pages are scored together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding.base import Vectors


def maxsim(question: Vectors, vectors: Vectors, sizes: NDArray[np.int64]) -> NDArray[np.float32]:
    """(bags,) scores: `question` (m, dim) against bags of `sizes` (bags,) rows, end to end in `vectors` (rows, dim).

    An empty bag scores -inf.
    """
    scores = np.full(len(sizes), -np.inf, np.float32)
    filled = np.flatnonzero(sizes)
    if len(filled):
        starts = np.cumsum(sizes)[filled] - sizes[filled]
        scores[filled] = np.maximum.reduceat(vectors @ question.T, starts, axis=0).sum(axis=1)
    return scores
