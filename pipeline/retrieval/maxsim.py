"""Late-interaction scoring: MaxSim of a question's vectors against bags of page vectors. Exact, deterministic.

score(question, page) = Σ over question vectors of the best dot product with a vector of the page (Khattab and
Zaharia, "ColBERT", 2020). Bags are laid end to end and reduced by their own bounds: no padding, so a score never
depends on which pages are scored together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding.base import PageVectors, Vectors

_BLOCK_ROWS = 65_536
"""Page vectors multiplied at once: bounds memory at 65,536 × (dim + m) floats."""


@dataclass(frozen=True, slots=True)
class PageMatch:
    """`score`: MaxSim; `best_rows` (m,): the row of the bag that each question vector matched best."""

    score: float
    best_rows: NDArray[np.int64]


def maxsim(question: Vectors, bags: Sequence[PageVectors]) -> list[PageMatch]:
    """One match a bag, in order. `question` is (m, dim). An empty bag scores -inf and has no best rows."""
    matches: list[PageMatch] = []
    for block in _blocks(bags):
        filled = [bag.vectors for bag in block if len(bag.vectors)]
        similarities = np.concatenate(filled) @ question.T if filled else np.empty((0, len(question)))
        start = 0
        for bag in block:
            rows = similarities[start : start + len(bag.vectors)]
            start += len(bag.vectors)
            if len(rows):
                matches.append(PageMatch(float(rows.max(axis=0).sum()), rows.argmax(axis=0)))
            else:
                matches.append(PageMatch(float("-inf"), np.empty(0, dtype=np.int64)))
    return matches


def _blocks(bags: Sequence[PageVectors]) -> Iterator[list[PageVectors]]:
    block: list[PageVectors] = []
    rows = 0
    for bag in bags:
        if block and rows + len(bag.vectors) > _BLOCK_ROWS:
            yield block
            block, rows = [], 0
        block.append(bag)
        rows += len(bag.vectors)
    if block:
        yield block
