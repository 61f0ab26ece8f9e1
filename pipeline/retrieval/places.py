"""Places that a question names: "page 12", "the last page", "Figure 3", "unit 8", "the table of contents", a heading.

Owns how such words are read, which pages of which documents they mean, and what a named page is worth. English only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.results import PageRef
from pipeline.stores.opened import Stores

Scores = NDArray[np.float64]

MOST_PAGES = 20
"""Pages that a range may name."""
FRONT_PAGES = 20
"""Where a table of contents stands."""
PAGES_READ = 128
"""Pages that are read to see whether a name begins a line there; on others, of farther documents, it is mentioned."""
MENTION = 0.4
"""How much a page is meant that only mentions the figure or table asked for; one that shows it counts 1."""
NAMED_BONUS = 2.0
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
_ITEM = re.compile(
    r"\b(fig(?:ure|\.)?|table|chart|exhibit|diagram|box|appendix|annex|chapter|section|unit|lesson|module)[\s-]*"
    r"(\d{1,3}|[ivx]{1,4}|[a-k])\b(?!\.\d)",
    re.IGNORECASE,
)
_LETTERED = ("appendix", "annex")
_CONTENTS = re.compile(r"\btable of contents\b", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“]([^\"“”]{6,80})[\"”]")
_EXAMPLE = re.compile(r"\b(?:for example|for instance|such as|e\.g\.).*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Item:
    """What is called by one of `names`, lower case. in_front: its name fills a line of one of the first pages."""

    names: tuple[str, ...]
    in_front: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """What a question names. `numbers`: of pages, as people count."""

    numbers: frozenset[int] = frozenset()
    last: bool = False
    items: tuple[Item, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.numbers or self.last or self.items)


def named_places(question: str) -> Places:
    """The places that the question names; none is the usual case. Examples of an answer's form are none."""
    question = _EXAMPLE.sub("", question)
    numbers = {number for match in _PAGES.finditer(question) for number in _range(match[1])}
    numbers |= {_SAID[match[1].lower()] for match in _SAID_AFTER.finditer(question)}
    numbers |= {int(m[1]) if m[1] else _SAID[m[2].lower()] for m in _SAID_BEFORE.finditer(question)}
    if _COVER.search(question):
        numbers.add(1)
    items = [item for match in _ITEM.finditer(question) if (item := _item(match[1].lower(), match[2].lower()))]
    items += [Item((" ".join(re.findall(r"\w+", m[1].lower())),)) for m in _QUOTED.finditer(question)]
    if _CONTENTS.search(question):
        items.append(Item(("table of contents", "contents"), in_front=True))
    return Places(frozenset(numbers), bool(_LAST.search(question)), tuple(dict.fromkeys(items)))


def _item(kind: str, value: str) -> Item | None:
    kinds = ("figure", "fig") if kind.startswith("fig") else (kind,)
    values = [value]
    if value in _ROMAN:
        values.append(str(_ROMAN.index(value) + 1))
    elif value.isdigit() and 0 < int(value) <= len(_ROMAN):
        values.append(_ROMAN[int(value) - 1])
    elif not value.isdigit() and kind not in _LETTERED:
        return None  # "table a" is no name
    return Item(tuple(f"{one} {number}" for one in kinds for number in values))


def pages_meant(stores: Stores, places: Places, document_ids: Sequence[str]) -> dict[PageRef, float]:
    """Pages of the documents that the places can mean, with how surely (0-1). One-page documents have no places.

    `document_ids`: the nearest first.
    A document that has "Figure 1" but no "Figure 10" is hardly asked about both: its pages count by the share of the
    places that it has.
    """
    documents = sorted(document_ids)
    found = [
        dict.fromkeys(stores.catalog.numbered_pages(documents, [number], last=False), 1.0) for number in places.numbers
    ]
    if places.last:
        found.append(dict.fromkeys(stores.catalog.numbered_pages(documents, [], last=True), 1.0))
    found += [_showing(stores, item, document_ids) for item in places.items]
    has = Counter(document_id for pages in found for document_id in {ref.document_id for ref in pages})
    meant: dict[PageRef, float] = {}
    for pages in found:
        for ref, strength in pages.items():
            meant[ref] = max(strength * has[ref.document_id] / len(found), meant.get(ref, 0.0))
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


def _showing(stores: Stores, item: Item, document_ids: Sequence[str]) -> dict[PageRef, float]:
    """Pages that have the item's name on them: 1 where it begins a line, as a caption and a heading do.

    "Contents" elsewhere than in front and alone on its line is no mention of the table of contents.
    """
    from pipeline.retrieval.channels import ref_of

    names = [name.split() for name in item.names]
    called = "|".join(r"\W+".join(words) for words in names)
    begins = re.compile(
        rf"^\W*(?:{called})\b" + (r"\W*$" if item.in_front else r"(?!\.\d)"), re.IGNORECASE | re.MULTILINE
    )
    refs = [ref_of(key) for key in stores.lexical.with_phrase(names, document_ids)]
    refs = [ref for ref in refs if not item.in_front or ref.page_index < FRONT_PAGES]
    nearness = {document_id: place for place, document_id in enumerate(document_ids)}
    read = sorted(refs, key=lambda ref: (nearness[ref.document_id], ref.page_index))[:PAGES_READ]
    shown = {ref for ref, texts in stores.catalog.texts_of(read).items() if any(map(begins.search, texts))}
    return {ref: 1.0 if ref in shown else MENTION for ref in refs if ref in shown or not item.in_front}


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
