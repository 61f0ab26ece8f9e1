"""Places that a question names: "on page 12", "pages 3-5", "the last page", "Figure 3", "table II".

Owns how such words are read, which pages of which documents they mean, and what a named page is worth. English only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.results import PageRef
from pipeline.stores.opened import Stores

Scores = NDArray[np.float64]

MOST_PAGES = 20
"""Pages that a range may name."""
MENTION = 0.4
"""How much a page is meant that only mentions the figure or table asked for; one that shows it counts 1."""
NAMED_BONUS = 0.3
"""What a page that is asked for gets over the best of its document, in deviations of the scores."""

OWN_LEFT = 0.99
"""The hundredth of its own score that a named page keeps puts pages named alike in order."""

_UNITS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
_WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_ROMAN = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"]
_SAID = {word: at for words in (_UNITS, _WORDS) for at, word in enumerate(words, start=1)}

_MORE = r"(?:\s*(?:-|–|to|through|and|,|&)\s*\d{1,4})*"
_PAGES = re.compile(rf"\b(?:pages?|slides?|pp?\.)\s*\(?(\d{{1,4}}{_MORE})\b", re.IGNORECASE)
_NEXT = re.compile(r"(-|–|to|through|and|,|&)\s*(\d+)", re.IGNORECASE)
_SAID_AFTER = re.compile(rf"\b(?:page|slide)\s+({'|'.join(_WORDS)})\b", re.IGNORECASE)
_SAID_BEFORE = re.compile(rf"\b(?:(\d{{1,3}})(?:st|nd|rd|th)|({'|'.join(_UNITS)}))\s+(?:page|slide)\b", re.IGNORECASE)
_COVER = re.compile(r"\b(?:the (?:front )?cover|(?:cover|title|front)[ -](?:page|slide))\b", re.IGNORECASE)
_LAST = re.compile(r"\b(?:last|final|back) (?:page|slide)\b", re.IGNORECASE)
_ITEM = re.compile(r"\b(fig(?:ure|\.)?|table|chart|exhibit|diagram|box)\s*(\d{1,3}|[ivx]{1,4})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Places:
    """What a question names. `numbers`: of pages, as people count; `items`: ("figure", 3), ("table", 2)."""

    numbers: frozenset[int] = frozenset()
    last: bool = False
    items: tuple[tuple[str, int], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.numbers or self.last or self.items)


def named_places(question: str) -> Places:
    """The places that the question names; none is the usual case."""
    numbers = {number for match in _PAGES.finditer(question) for number in _range(match[1])}
    numbers |= {_SAID[match[1].lower()] for match in _SAID_AFTER.finditer(question)}
    numbers |= {int(m[1]) if m[1] else _SAID[m[2].lower()] for m in _SAID_BEFORE.finditer(question)}
    if _COVER.search(question):
        numbers.add(1)
    items = [
        ("figure" if m[1].lower().startswith("fig") else m[1].lower(), _number(m[2])) for m in _ITEM.finditer(question)
    ]
    known = tuple(dict.fromkeys((kind, number) for kind, number in items if number))
    return Places(frozenset(numbers), bool(_LAST.search(question)), known)


def pages_meant(stores: Stores, places: Places, document_ids: Collection[str]) -> dict[PageRef, float]:
    """Pages of the documents that the places can mean, with how surely (0-1). One-page documents have no places."""
    rows = stores.catalog.numbered_pages(sorted(document_ids), places.numbers, last=places.last)
    meant = dict.fromkeys(rows, 1.0)
    for kind, number in places.items:
        for ref, strength in _showing(stores, kind, number, document_ids).items():
            meant[ref] = max(strength, meant.get(ref, 0.0))
    return meant


def raised(scores: Scores, documents: Sequence[str], meant: Scores) -> Scores:
    """The scores, a named page's lifted to the best of its document and `NAMED_BONUS` more, by how surely it is meant.

    All three (pages of the pool,): scores, documents of the pages, and 0 to 1. What the other pages say tells which
    document is asked about; the name tells which page of it.
    """
    _, of_page = np.unique(np.asarray(documents), return_inverse=True)
    best = np.full(of_page.max() + 1, -np.inf)
    np.maximum.at(best, of_page, scores)
    return scores + OWN_LEFT * meant * (best[of_page] - scores + NAMED_BONUS * scores.std())


def _showing(stores: Stores, kind: str, number: int, document_ids: Collection[str]) -> dict[PageRef, float]:
    """Pages that have "Figure 3" on them: 1 where it begins a line, as a caption does."""
    from pipeline.retrieval.channels import ref_of

    names = ("figure", "fig") if kind == "figure" else (kind,)
    numbers = [str(number), *_ROMAN[number - 1 : number]]
    keys = stores.lexical.with_phrase([(name, value) for name in names for value in numbers], document_ids)
    refs = [ref_of(key) for key in keys]
    caption = re.compile(
        rf"^\W*(?:{'|'.join(names)})\.?\s*(?:{'|'.join(numbers)})\b(?!\.\d)", re.IGNORECASE | re.MULTILINE
    )
    chunks = stores.catalog.chunks_of(refs)
    return {ref: 1.0 if any(caption.search(chunk.text) for chunk in chunks[ref]) else MENTION for ref in refs}


def _range(text: str) -> list[int]:
    """The numbers of "3", "3-5", "3, 7 and 9"."""
    first = re.match(r"\d+", text)
    assert first is not None
    numbers = [int(first[0])]
    for link, digits in _NEXT.findall(text[first.end() :]):
        number = int(digits)
        if link.lower() in ("-", "–", "to", "through") and 0 < number - numbers[-1] <= MOST_PAGES:
            numbers += range(numbers[-1] + 1, number + 1)
        else:
            numbers.append(number)
    return numbers[:MOST_PAGES]


def _number(text: str) -> int:
    """3 for "3" and "iii"; 0 for a word that is no number."""
    if text.isdigit():
        return int(text)
    return _ROMAN.index(text.lower()) + 1 if text.lower() in _ROMAN else 0
