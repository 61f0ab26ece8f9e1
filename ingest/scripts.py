"""Raised characters as text: exponents and footnote marks, so that they never run into the number before them.

Raised digits and letters become Unicode's own (`10⁶`, `sales¹`); what has no such character is written `^(…)`.
Lowered ones need no mark and stay plain (`H2O`). Knows spans of text, not where they stand on the page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

MARKS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ"
"""Every raised character that is written."""
SMALL = 0.85
"""A raised character is at most this part of its line's size."""
_RAISED = str.maketrans("0123456789+-=abcdefghijklmnoprstuvwxyz", MARKS) | str.maketrans({"−": "⁻", "–": "⁻"})
_PLAIN = re.compile(r"(st|nd|rd|th|tm|sm|[^\W\d_]{3,})$", re.IGNORECASE)
_LONGEST = 8
_MOST_LETTERS = 2
"""More raised letters are a word of noisy type, and would be lost to search."""


def join_spans(spans: Sequence[dict[str, Any]]) -> str:
    """The text of a line's spans (as in `get_text("dict")`), raised ones marked."""
    if len(spans) == 1 or len({span["size"] for span in spans}) == 1:
        return "".join(span["text"] for span in spans)
    # A mark is often longer than the letter it stands on, but never larger.
    main = max(spans, key=lambda span: (any(map(str.isalnum, span["text"])), span["size"]))
    size, baseline = main["size"], main["origin"][1]
    text = ""
    for span in spans:
        is_raised = span["size"] <= SMALL * size and 0.15 * size < baseline - span["origin"][1] < size
        text += raised(span["text"], text) if is_raised else span["text"]
    return text


def raised(text: str, before: str) -> str:
    """`text` as it is written when it stands raised after `before`; unchanged when it is no exponent or mark."""
    core = text.strip()
    if len(core) > _LONGEST or not any(map(str.isalnum, core)) or _PLAIN.match(core):
        return text
    last = before.rstrip()[-1:]
    if core.isalpha() and last.isdigit() and core.isascii() and len(core) > 1:
        return text
    marked = core.translate(_RAISED)
    if sum(map(str.isalpha, core)) > _MOST_LETTERS and core.isascii() and not core.startswith("("):
        return text
    if not any(character.isalnum() and character not in MARKS for character in marked):
        return text.replace(core, marked)
    if not last.isalnum() and last not in ")]}|":
        return text
    return text.replace(core, f"^{core}" if len(core) == 1 else f"^({core})")
