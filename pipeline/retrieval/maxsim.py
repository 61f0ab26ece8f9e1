"""Late-interaction scoring: MaxSim of a question's vectors against bags of page vectors. Exact, deterministic.

score(question, page) = Σ over question vectors of the best dot product with a vector of the page (Khattab and
Zaharia, "ColBERT", 2020). Bags lie end to end and are reduced by their own bounds: no padding, so no mask is needed
and no score depends on which pages are scored together.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding.base import Vectors

BLOCK = 1 << 19
"""Numbers multiplied at once, 2 MiB as float32: they stay in the processor's cache."""
DEVICE_BLOCK = 1 << 26
"""The same on a graphics card, 256 MiB: few transfers, and little of its memory."""
SERIAL = 1 << 15
"""Numbers that neither torch nor BLAS wakes its threads for. One product a vector is bound by memory: where the cores
are busy, waiting for threads takes longer than the whole sum (tens of milliseconds against half of one)."""

Stored = NDArray[np.float16] | NDArray[np.float32]


def maxsim(question: Vectors, vectors: Stored, sizes: NDArray[np.int64], device: str = "cpu") -> NDArray[np.float32]:
    """(bags,) scores: `question` (m, dim) against bags of `sizes` (bags,) rows, end to end in `vectors` (rows, dim).

    Computed in float32, whatever the vectors are; for several question vectors on the torch `device`. An empty bag
    scores -inf. Memory: two blocks and a number a vector, or the largest bag and its products.
    """
    scores = np.full(len(sizes), -np.inf, np.float32)
    filled = np.flatnonzero(sizes)
    if not len(filled):
        return scores
    ends = np.cumsum(sizes)[filled]
    starts = ends - sizes[filled]
    if len(question) == 1:
        scores[filled] = np.maximum.reduceat(_similarities(question[0], vectors), starts)
        return scores
    block = BLOCK if device == "cpu" else DEVICE_BLOCK
    for first, last in _runs(ends, block // max(question.shape)):
        start = int(starts[first])
        products = _products(question, vectors[start : int(ends[last - 1])], device)
        # Along the rows, which lie side by side: over the m columns of the transpose it takes longer than the product.
        scores[filled[first:last]] = np.maximum.reduceat(products, starts[first:last] - start, axis=1).sum(axis=0)
    return scores


def _similarities(question: Vectors, vectors: Stored) -> NDArray[np.float32]:
    """(rows,): `question` (dim,) times every vector, on one core."""
    import torch  # is there, embedders run in it; converts float16 eight times as fast as NumPy

    similarities = np.empty(len(vectors), np.float32)
    rows = max(1, SERIAL // len(question))
    scratch, stored = torch.empty(rows, len(question)), torch.from_numpy(vectors)
    floats = scratch.numpy()
    for start in range(0, len(vectors), rows):
        found = similarities[start : start + rows]
        scratch[: len(found)].copy_(stored[start : start + rows])
        np.matmul(floats[: len(found)], question, out=found)
    return similarities


def _products(question: Vectors, vectors: Stored, device: str) -> NDArray[np.float32]:
    """(m, rows), on all cores or on the device, which is sent the vectors as they are stored."""
    import torch

    stored = torch.from_numpy(vectors)
    floats = stored.to(device).float()
    return (torch.from_numpy(question).to(device) @ floats.T).cpu().numpy()


def _runs(ends: NDArray[np.int64], rows: int) -> Iterator[tuple[int, int]]:
    """Bounds of runs of bags with at most `rows` rows together; a larger bag is a run of its own."""
    first = start = 0
    while first < len(ends):
        last = max(first + 1, int(np.searchsorted(ends, start + rows, side="right")))
        yield first, last
        first, start = last, int(ends[last - 1])
