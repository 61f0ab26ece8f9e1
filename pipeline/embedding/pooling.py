"""Fewer vectors for a page: patches that say nearly the same become one. Pure; runs no model.

Ward clustering on cosine distance, as ColPali's authors pool ("Reducing the Footprint of Multi-Vector Retrieval with
Minimal Performance Impact via Token Pooling", Clavié, Chaffin and Adams, 2024, arXiv 2409.14683).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding.base import PageVectors, Vectors, unit_length


def pooled(bag: PageVectors, factor: float) -> PageVectors:
    """About 1 / `factor` of the vectors (at least one): cluster means at unit length.

    The box is that of the cluster's vector nearest to the mean: alike patches may lie anywhere, and a box around them
    all would point nowhere.
    """
    rows = len(bag.vectors)
    wanted = max(1, int(rows // factor))
    if wanted >= rows:
        return bag
    labels = clusters(bag.vectors, wanted)
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    means = unit_length(np.add.reduceat(bag.vectors[order], starts, axis=0))
    nearness = (bag.vectors * means[labels]).sum(axis=1)
    best = [group[nearness[group].argmax()] for group in np.split(order, starts[1:])]
    return PageVectors(means, bag.boxes[best])


def clusters(vectors: Vectors, count: int) -> NDArray[np.int64]:
    """(n,) cluster numbers from 0, at most `count` of them; n ≥ 2."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    distances = np.clip(1 - vectors @ vectors.T, 0, 2)
    joined = linkage(squareform(distances, checks=False), method="ward")
    return np.unique(fcluster(joined, t=count, criterion="maxclust"), return_inverse=True)[1].astype(np.int64)
