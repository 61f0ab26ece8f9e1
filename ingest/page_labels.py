"""What a PDF calls its pages: the number tree `PageLabels` of its catalog. Reads no page.

Read through MuPDF's objects: PyMuPDF's own labels come from parting the written rules at signs that may stand in them.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import Any, NamedTuple

import pymupdf
from pymupdf import mupdf

_LONGEST = 100
"""Characters of a label."""
_LONGEST_LETTERS = 10
_LARGEST_ROMAN = 3999
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


class _Rule(NamedTuple):
    """How pages are called from `start` on: `prefix`, then their number, the first one's `first`, written by `style`.

    `style`: as in the file ("D", "R", "r", "A", "a"); anything else is no number.
    """

    start: int
    prefix: str
    style: str
    first: int


def page_label(document: pymupdf.Document, page_index: int) -> str:
    """What is printed on the page, as the file says; "" where it says nothing or is damaged."""
    rules = _rules(document)
    found = bisect_right(rules, page_index, key=lambda rule: rule.start) - 1
    if found < 0:
        return ""
    start, prefix, style, first = rules[found]
    written = prefix + _number(first + page_index - start, style)
    return " ".join("".join(sign if sign.isprintable() else " " for sign in written[:_LONGEST]).split())


@lru_cache(maxsize=1)
def _rules(document: pymupdf.Document) -> tuple[_Rule, ...]:
    """By their start; the first of those with the same one. Kept for the document asked last, whose pages all ask."""
    rules: dict[int, _Rule] = {}
    try:
        catalog = mupdf.pdf_dict_gets(mupdf.pdf_trailer(mupdf.pdf_document_from_fz_document(document.this)), "Root")
        nodes, seen = [mupdf.pdf_dict_gets(catalog, "PageLabels")], set[int]()
        while nodes:
            node = nodes.pop()
            number = mupdf.pdf_to_num(node)  # 0 for what stands in its parent itself, and so cannot hold it
            if number in seen:
                continue
            seen |= {number} - {0}
            ranges, kids = mupdf.pdf_dict_gets(node, "Nums"), mupdf.pdf_dict_gets(node, "Kids")
            for index in range(0, mupdf.pdf_array_len(ranges) - 1, 2):
                start = mupdf.pdf_to_int(mupdf.pdf_array_get(ranges, index))
                if start not in rules:
                    rules[start] = _rule(start, mupdf.pdf_array_get(ranges, index + 1))
            nodes += [mupdf.pdf_array_get(kids, index) for index in reversed(range(mupdf.pdf_array_len(kids)))]
    except Exception:  # damage costs the labels that were not read yet; MuPDF raises several unrelated classes
        pass
    return tuple(sorted(rules.values()))


def _rule(start: int, written: Any) -> _Rule:
    prefix = mupdf.pdf_to_text_string(mupdf.pdf_dict_gets(written, "P"))
    style = mupdf.pdf_to_name(mupdf.pdf_dict_gets(written, "S"))
    first = mupdf.pdf_to_int_default(mupdf.pdf_dict_gets(written, "St"), 1)
    return _Rule(start, prefix, style, max(1, first))


def _number(number: int, style: str) -> str:
    """Written out: xiv, N, bb (after z). Too long for that, in digits: the file's claim may be any number."""
    if style in ("R", "r") and number <= _LARGEST_ROMAN:
        roman = ""
        for value, sign in _ROMAN:
            roman += sign * (number // value)
            number %= value
        return roman.upper() if style == "R" else roman
    if style in ("A", "a") and number <= 26 * _LONGEST_LETTERS:
        times, letter = divmod(number - 1, 26)
        return chr(ord(style) + letter) * (times + 1)
    return str(number) if style in ("D", "R", "r", "A", "a") else ""
