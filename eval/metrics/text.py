"""Reading answers: normalisation, tokens, numbers with units. Shared by the answer metrics; scores nothing."""

from __future__ import annotations

import math
import re
import string
from dataclasses import dataclass, replace

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SCALES = {
    "thousand": 1e3,
    "thousands": 1e3,
    "k": 1e3,
    "million": 1e6,
    "millions": 1e6,
    "mn": 1e6,
    "m": 1e6,
    "billion": 1e9,
    "billions": 1e9,
    "bn": 1e9,
    "b": 1e9,
    "trillion": 1e12,
    "trillions": 1e12,
}
_NUMBER = re.compile(
    # A dash is a minus directly before a number only, and not after a letter (a hyphen) or another number (a range).
    r"(?P<open>\()?\s*(?P<sign>(?<![\w%)\]])[-\u2212\u2013])?(?:[$\u20ac\u00a3\u00a5]\s*(?P<sign2>[-\u2212])?)?"
    r"(?P<digits>(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)\s*(?P<percent>%|percent\b|per cent\b)?"
    r"(?:\s*(?P<scale>thousands?|millions?|billions?|trillions?|mn|bn|k|m|b)\b)?(?P<close>\))?",
    re.IGNORECASE,
)


def squad_normalised(text: str) -> str:
    """Lower case, no punctuation, no articles, single spaces (SQuAD 1.1's evaluation script).

    Unlike there a text of articles alone is kept: "A" may be the letter of an option.
    """
    words = " ".join(text.lower().translate(_PUNCTUATION).split())
    return " ".join(_ARTICLES.sub(" ", words).split()) or words


def squad_tokens(text: str) -> list[str]:
    return squad_normalised(text).split()


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as written: `value` times `scale`, whether a per cent sign follows, digits after the point.

    bracketed: it stands alone in brackets, which is a minus among accountants (as `value` has it), or an aside.
    """

    value: float
    scale: float
    percent: bool
    decimals: int
    bracketed: bool = False

    @property
    def amount(self) -> float:
        return self.value * self.scale

    def beside(self, wanted: Quantity) -> Quantity:
        """This number where `wanted` is expected: brackets are a minus only if that one is negative."""
        return replace(self, value=math.copysign(self.value, wanted.value)) if self.bracketed else self


def quantities(text: str) -> list[Quantity]:
    """The numbers of a text in order: thousands separators, minus signs, accountants' brackets, scale words read."""
    found = []
    for match in _NUMBER.finditer(text):
        before = text[match.start("digits") - 1 : match.start("digits")]
        if before.isalpha():  # the 10 of "v10" or the 4 of "Q4" is a name's, not an amount
            continue
        digits = match["digits"].replace(",", "")
        signed = bool(match["sign"] or match["sign2"])
        bracketed = bool(match["open"] and match["close"]) and not signed
        value = -float(digits) if signed or bracketed else float(digits)
        scale = _SCALES.get((match["scale"] or "").lower(), 1.0)
        found.append(Quantity(value, scale, bool(match["percent"]), len(digits.partition(".")[2]), bracketed))
    return found
