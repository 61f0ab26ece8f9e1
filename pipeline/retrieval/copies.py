"""Copies of one document in a library: a scan beside the file it was printed from, a report saved twice.

Owns when two documents are copies, and how a copied page takes one place of a ranking. Pages that merely look alike
(the same form for two years) stay apart: copies have as many pages, and page for page nearly the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from statistics import median

from pipeline.results import PageRef
from pipeline.stores.opened import Stores

SAMPLE = 4
"""Pages that are compared, spread over the document."""
DOCUMENTS = 256
"""Whose words are remembered, a few thousand each."""
ALIKE = 0.75
"""Words of both pages over words of either (Jaccard), median of the sample (`eval/decisions/2026-11-21-copies.md`)."""

_WORD = re.compile(r"\w+")


class Copies:
    """Compares documents by their stored words; each pair once. Not for several threads."""

    def __init__(self, stores: Stores) -> None:
        self._catalog = stores.catalog
        self._known: dict[tuple[str, str], bool] = {}
        self._words = lru_cache(DOCUMENTS)(self._sample)

    def folded(self, refs: Iterable[PageRef], wanted: int) -> dict[PageRef, list[PageRef]]:
        """The first `wanted` different pages, in order, each with the copies of it that came after it.

        One-page documents are never folded: the same picture in two reports is two findings.
        """
        kept: dict[PageRef, list[PageRef]] = {}
        at: dict[tuple[int, int], list[PageRef]] = {}
        refs = list(refs)
        counts = self._catalog.page_counts(sorted({ref.document_id for ref in refs}))
        for ref in refs:
            alike = at.setdefault((counts[ref.document_id], ref.page_index), [])
            first = next((one for one in alike if self.same(one.document_id, ref.document_id, counts)), None)
            if first is not None:
                kept[first].append(ref)
            elif len(kept) < wanted:
                kept[ref] = []
                alike.append(ref)
            else:
                break
        return kept

    def same(self, one: str, other: str, counts: dict[str, int]) -> bool:
        """Whether the documents, of `counts` pages, are copies."""
        if one == other or counts[one] != counts[other] or counts[one] == 1:
            return False
        pair = (min(one, other), max(one, other))
        if pair not in self._known:
            self._known[pair] = self._compared(*pair, counts[one])
        return self._known[pair]

    def _compared(self, one: str, other: str, count: int) -> bool:
        words = [self._words(document_id, count) for document_id in (one, other)]
        shares = [
            len(first & second) / len(first | second) for first, second in zip(*words, strict=True) if first or second
        ]
        return bool(shares) and median(shares) >= ALIKE

    def _sample(self, document_id: str, count: int) -> list[set[str]]:
        """The different words of each page of the document's sample."""
        indices = sorted({number * count // SAMPLE for number in range(SAMPLE)})
        texts = self._catalog.texts_of([PageRef(document_id, index) for index in indices])
        return [set(_WORD.findall(" ".join(page).lower())) for page in texts.values()]
