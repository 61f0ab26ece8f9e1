"""Reading answers: normalisation, tokens, numbers with units. Shared by the answer metrics; scores nothing."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass

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
    r"(?P<open>\()?\s*(?P<sign>[-\u2212\u2013])?\s*(?P<currency>[$\u20ac\u00a3\u00a5])?\s*(?P<sign2>[-\u2212])?"
    r"(?P<digits>\d[\d,]*(?:\.\d+)?|\.\d+)\s*(?P<percent>%|percent\b|per cent\b)?"
    r"(?:\s*(?P<scale>thousands?|millions?|billions?|trillions?|mn|bn|k|m|b)\b)?(?P<close>\))?",
    re.IGNORECASE,
)


def squad_normalised(text: str) -> str:
    """Lower case, no punctuation, no articles, single spaces (SQuAD 1.1's evaluation script)."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def squad_tokens(text: str) -> list[str]:
    return squad_normalised(text).split()


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as written: `value` times `scale`, whether a per cent sign follows, digits after the point."""

    value: float
    scale: float
    percent: bool
    decimals: int

    @property
    def amount(self) -> float:
        return self.value * self.scale


def quantities(text: str) -> list[Quantity]:
    """The numbers of a text in order: thousands separators, minus signs, accountants' brackets, scale words read."""
    found = []
    for match in _NUMBER.finditer(text):
        before = text[match.start("digits") - 1 : match.start("digits")]
        if before.isalpha():  # the 10 of "v10" or the 4 of "Q4" is a name's, not an amount
            continue
        digits = match["digits"].replace(",", "")
        negative = bool(match["sign"] or match["sign2"] or (match["open"] and match["close"]))
        if match["sign"] and text[: match.start("sign")].rstrip()[-1:].isdigit():
            negative = bool(match["sign2"])  # the dash of a range ("2019-2020") is no minus
        value = -float(digits) if negative else float(digits)
        scale = _SCALES.get((match["scale"] or "").lower(), 1.0)
        found.append(Quantity(value, scale, bool(match["percent"]), len(digits.partition(".")[2])))
    return found
