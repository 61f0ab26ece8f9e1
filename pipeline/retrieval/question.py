"""A question as the word channels should read it: fiscal years spelled out, run-together names offered.

General rules of writing only; nothing here knows a document, a company or a data set.
"""

from __future__ import annotations

import re
from itertools import pairwise

_FISCAL_YEAR = re.compile(r"\b(?:FY|fiscal(?: year)?)\s?['’]?(\d{4}|\d{2})\b", re.IGNORECASE)
_QUARTER = re.compile(r"\b(?:Q([1-4])|([1-4])Q)\s?(?:of\s)?(?:FY\s?)?['’]?(\d{4}|\d{2})?\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’.&-][^\W_]+)*")


def spelled_out(question: str) -> str:
    """The question with "FY22" also as "2022" and "Q2 2023" also as "2023Q2" and "second quarter"."""
    extra = [_full_year(match[1]) for match in _FISCAL_YEAR.finditer(question)]
    for match in _QUARTER.finditer(question):
        quarter = match[1] or match[2]
        extra.append(f"Q{quarter} {('first', 'second', 'third', 'fourth')[int(quarter) - 1]} quarter")
        if match[3]:
            year = _full_year(match[3])
            extra.append(f"{year} {year}Q{quarter}")
    return " ".join([question, *extra])


def lexical_words(question: str) -> str:
    """What the page index is asked."""
    return spelled_out(question)


def card_words(question: str) -> str:
    """What the document cards are asked."""
    return " ".join([spelled_out(question), *joined_names(question)])


def joined_names(question: str) -> list[str]:
    """Neighbouring capitalised words run together ("General Mills" → "generalmills"), as file names have them."""
    words = _WORD.findall(question)
    named = [re.sub(r"\W", "", word).lower() if word[0].isupper() or word[0].isdigit() else "" for word in words]
    pairs = [first + second for first, second in pairwise(named) if first and second]
    triples = [a + b + c for a, b, c in zip(named, named[1:], named[2:], strict=False) if a and b and c]
    return pairs + triples


def _full_year(digits: str) -> str:
    """ "22" → "2022", "98" → "1998"."""
    if len(digits) == 4:
        return digits
    return ("19" if int(digits) > 69 else "20") + digits
