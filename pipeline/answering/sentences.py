"""Where sentences end. Owns the rule; knows nothing of documents or models."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        """
        mr mrs ms dr prof st sr jr inc ltd co corp llc plc vs etc e.g i.e al fig figs eq no nos vol pp ed
        eds dept approx est u.s u.k u.n a.m p.m jan feb mar apr jun jul aug sep sept oct nov dec sec art ca
        cf
        """,
    )
)
_END = re.compile(r"[.!?\u3002\uff01\uff1f]+[\"'\u201d\u2019)\]]*")
_LAST_WORD = re.compile(r"[\w.]+$")


def sentence_ends(text: str) -> Iterator[int]:
    """Offsets just after each sentence of `text`, the last one included when words follow the last full stop.

    A full stop ends no sentence inside a number, after an abbreviation or a single capital letter, or when the next
    word begins in lower case.
    """
    last = 0
    for match in _END.finditer(text):
        end = match.end()
        rest = text[end:]
        if rest and not rest[0].isspace() and match.group()[0] in ".!?":
            continue
        if match.group() == "." and rest.strip():
            word = _LAST_WORD.search(text[: match.start()])
            last_word = word.group().casefold() if word else ""
            if last_word in _ABBREVIATIONS or (len(last_word) == 1 and last_word.isalpha()):
                continue
            if rest.lstrip()[0].islower():
                continue
        yield end
        last = end
    if text[last:].strip():
        yield len(text)
