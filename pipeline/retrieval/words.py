"""The words that pages and documents are found by. Owns the fields of both lexical indexes.

A page is found by what stands on it. A document's card says what the document is (which company, which year); it is
matched to the question as a prior on all pages of the document, because look-alike documents differ in little else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from ingest.document import FURNITURE, DocumentInfo, Kind, Page
from pipeline.results import PageRef
from pipeline.stores.lexical import LexicalRecord

PAGE_FIELDS = {"body": 1.0}
PAGE_PAIRS = 1.0
"""Weight of two words that follow one another in question and text, beside 1 for a word
(`eval/decisions/2026-11-21-latency.md`)."""
CARD_FIELDS = {"name": 2.0, "title": 1.0, "names": 1.0, "opening": 0.5}
"""Fields with their weights (`eval/decisions/2026-11-21-fusion.md`)."""

OPENING_PAGES = 3
OPENING_CHARACTERS = 6_000
"""A document says what it is on its first pages: names, period, kind."""

NAMES = 40
"""Names that most of its pages speak of say what a document is about, whatever its file is called
(`eval/decisions/2026-11-21-question.md`)."""

_NAME = re.compile(r"\b[A-Z][^\W\d_]{2,}(?: [A-Z][^\W\d_]+)?")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_]+")


class PageWords:
    """Records of the two lexical indexes (`pipeline.stores.words.Words`)."""

    page_fields: Mapping[str, float] = PAGE_FIELDS
    page_pairs: float = PAGE_PAIRS
    card_fields: Mapping[str, float] = CARD_FIELDS

    def page_record(self, info: DocumentInfo, page: Page) -> LexicalRecord:
        """What stands on the page, running headers and footers left out."""
        ref = PageRef(info.document_id, page.page_index)
        body = "\n".join(block.text for block in page.blocks if block.kind not in FURNITURE)
        return LexicalRecord(page_key(ref), ref, {"body": body})

    def card_record(self, info: DocumentInfo, pages: Sequence[Page]) -> LexicalRecord:
        """What the document is."""
        return LexicalRecord(info.document_id, PageRef(info.document_id, 0), card_texts(info, pages))


def page_key(ref: PageRef) -> str:
    """A page's id in Chroma and in the lexical index."""
    return f"{ref.document_id}:{ref.page_index}"


def card_texts(info: DocumentInfo, pages: Sequence[Page]) -> dict[str, str]:
    """The card's fields. `pages`: all pages or at least the first few, in order.

    A document of one page is found by the words on it; said again by its card they would count twice.
    """
    if info.page_count == 1:
        return {"name": name_words(info.name), "title": info.author, "names": "", "opening": ""}
    headings = [b.text for page in pages for b in page.blocks if b.kind is Kind.HEADING and b.level == 1]
    opening = "\n".join(block.text for page in pages[:OPENING_PAGES] for block in page.blocks)
    return {
        "name": name_words(info.name),
        "title": " ".join([info.title, info.author, info.created[:4], *headings[:20]]),
        "names": " ".join(spoken_of(pages)),
        "opening": opening[:OPENING_CHARACTERS],
    }


def spoken_of(pages: Sequence[Page]) -> list[str]:
    """The `NAMES` capitalised words and pairs of words that stand on most pages, and the year that does.

    On at least two pages and one in fifty. A report says its period more often than any other year.
    """
    names, years = Counter[str](), Counter[str]()
    for page in pages:
        text = "\n".join(block.text for block in page.blocks)
        found = set(_NAME.findall(text))
        names.update(found | {word for name in found for word in name.split()})
        years.update(set(_YEAR.findall(text)))
    fewest = max(2, len(pages) / 50)
    often = [name for name, count in names.items() if count >= fewest]
    best = sorted(often, key=lambda name: (-names[name], name))[:NAMES]
    return best + sorted(years, key=lambda year: (-years[year], year))[:1]


def name_words(name: str) -> str:
    """The words of a file name, apart and as they are run together ("AcmeCorp_2022_10K.pdf" → "Acme Corp 2022 10 K
    AcmeCorp 10K")."""
    stem = PurePath(name).stem
    runs = re.findall(r"[^\W_]+", stem)
    parts = [part for run in runs for part in _PARTS.findall(run)]
    return " ".join([*parts, *(run for run in runs if run not in parts)])
