"""Numbers as people write them, and when two of them are the same. Owns separators, signs, scales, percent, currency.

Conservative: rounded, converted or counted is not the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_SCALES = {
    "thousand": 10**3,
    "thousands": 10**3,
    "k": 10**3,
    "million": 10**6,
    "millions": 10**6,
    "mn": 10**6,
    "mio": 10**6,
    "m": 10**6,
    "billion": 10**9,
    "billions": 10**9,
    "bn": 10**9,
    "b": 10**9,
    "trillion": 10**12,
    "trillions": 10**12,
    "tn": 10**12,
}
_WORD_NUMBERS = {
    word: value
    for value, word in enumerate(
        ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=2
    )
}
_CURRENCIES = {
    "$": "usd",
    "usd": "usd",
    "us$": "usd",
    "dollars": "usd",
    "\u20ac": "eur",
    "eur": "eur",
    "euro": "eur",
    "euros": "eur",
    "\u00a3": "gbp",
    "gbp": "gbp",
    "pounds": "gbp",
    "\u00a5": "jpy",
    "jpy": "jpy",
    "yen": "jpy",
    "chf": "chf",
}
_NUMBER = re.compile(
    r"""
    (?P<open>\()?
    (?P<currency>us\$|[$\u20ac\u00a3\u00a5]|\b(?:usd|eur|gbp|jpy|chf)\s?)?\s?
    (?P<sign>(?<![\w.,)])[-\u2212\u2013](?=[$\u20ac\u00a3]?\d)|(?<=[$\u20ac\u00a3])[-\u2212])?
    (?P<currency2>[$\u20ac\u00a3\u00a5])?
    (?P<digits>(?<![\w])\d+(?:[.,\u00a0\u202f]\d+)*|(?<=fy)\d{4}|(?<=fy)\d{2}|(?<![\w])\.\d+)
    (?P<ordinal>st|nd|rd|th)?(?![\d])
    \s?(?P<percent>%|per\s?cent\b|pct\b|percentage\spoints?\b|pp\b)?
    \s?(?P<scale>(?:thousands?|millions?|billions?|trillions?|mio|mn|bn|tn|k|m|b)\b)?
    \s?(?P<currency3>(?:usd|eur|euros?|gbp|jpy|yen|chf|dollars|pounds)\b|[\u20ac])?
    (?P<close>\))?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DECLARED_SCALE = re.compile(
    r"(?:\bin|\(|[$\u20ac\u00a3]|\b(?:usd|eur|gbp|chf|jpy|euros?|dollars)\b)\s*(?:(?:us)?[$\u20ac\u00a3]|usd|eur|gbp|chf)?\s*"
    r"(?P<scale>thousands?|millions?|billions?|mn|bn|m|k)\b|(?P<zeros>\(?(?:in\s)?[$\u20ac\u00a3]?\s?['\u2019]?000s?\)?)",
    re.IGNORECASE,
)
_DECLARED_PERCENT = re.compile(
    r"(?<!\d)(?<!\d )%|\b(?:in|as)\s(?:a\s)?per\s?cent(?:age)?\b|\bpercentage\b", re.IGNORECASE
)
_LESS = re.compile(
    r"\b(?:fell|fall(?:s|en)?|decreas\w+|declin\w+|drop\w*|loss(?:es)?|lost|negative|minus|down|deficit|reduc\w+|lower|"
    r"shr[aiu]nk\w*|outflow|used|cut|short\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written: its value with the scale applied, and what its unit was said to be.

    kind: "plain", "percent" or "points". either_sign: brackets in running text may or may not mean a minus.
    """

    text: str
    value: Decimal
    kind: str = "plain"
    currency: str = ""
    scaled: bool = False
    either_sign: bool = False


def numbers(text: str) -> list[Number]:
    """All numbers of `text`: digits with separators, sign, percent, scale and currency, and the words two to twelve."""
    found = [number for match in _NUMBER.finditer(text) if (number := _read(match, text)) is not None]
    for match in re.finditer(r"[A-Za-z]+", text):
        if (value := _WORD_NUMBERS.get(match.group().casefold())) is not None:
            following = re.match(r"[\s-](thousand|million|billion|trillion)\b", text[match.end() :], re.IGNORECASE)
            scale = _SCALES[following.group(1).casefold()] if following else 1
            found.append(Number(match.group(), Decimal(value) * scale, scaled=scale > 1))
    return found


def _read(match: re.Match[str], text: str) -> Number | None:
    value = _decimal(match["digits"])
    if value is None:
        return None
    scale = match["scale"]
    if (
        scale
        and len(scale) == 1
        and match["currency"] is None
        and match["currency2"] is None
        and text[match.end("digits")] == " "
    ):
        scale = None  # "5 m" is five metres as likely as five million
    value *= _SCALES[scale.casefold()] if scale else 1
    bracketed = bool(match["open"] and match["close"])
    in_row = bracketed and " | " in text
    if match["sign"] or in_row:
        value = -value
    percent = (match["percent"] or "").casefold()
    kind = "points" if percent.startswith(("percentage", "pp")) else "percent" if percent else "plain"
    currency = next((match[g] for g in ("currency", "currency2", "currency3") if match[g]), "").strip().casefold()
    written = match.group().strip().strip("()") if not bracketed else match.group().strip()
    return Number(
        written, value, kind, _CURRENCIES.get(currency, ""), bool(scale), either_sign=bracketed and not in_row
    )


def _decimal(digits: str) -> Decimal | None:
    """Value of a run of digits; a comma or a point is a thousands separator or a decimal mark by its place."""
    digits = re.sub(r"[\u00a0\u202f]", "", digits)
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        decimal_mark = max(".", ",", key=digits.rfind)
        other = "," if decimal_mark == "." else "."
        if digits.count(decimal_mark) > 1:
            return None  # "1.2,2.4" is a list
        digits = digits.replace(other, "").replace(decimal_mark, ".")
    elif commas:
        groups = digits.split(",")
        grouped = all(len(group) == 3 for group in groups[1:]) and len(groups[0]) <= 3
        if not grouped and commas > 1:
            return None
        digits = digits.replace(",", "" if grouped else ".")
    elif points > 1:
        groups = digits.split(".")
        if not all(len(group) == 3 for group in groups[1:]):
            return None  # a section number or a date, not a quantity
        digits = digits.replace(".", "")
    return Decimal(digits)


def without_numbers(text: str) -> str:
    """`text` with a nought for each number, its scale and its currency; ordinals stay."""
    return _NUMBER.sub(lambda match: match[0] if match["ordinal"] else " 0 ", text)


def stands_in(wanted: Number, claim: str, text: str) -> bool:
    """Whether the number of `claim` stands in `text`, which may declare a scale or percent for its bare numbers."""
    scales = _scales(text)
    return any(_same(wanted, found, claim, text, scales) for found in numbers(text))


def _scales(text: str) -> set[int]:
    """Scales that the evidence declares for its bare numbers, as in "in millions of EUR" or "($000)"."""
    declared = {1}
    for match in _DECLARED_SCALE.finditer(text):
        declared.add(_SCALES[match["scale"].casefold()] if match["scale"] else 1000)
    return declared


def _same(wanted: Number, found: Number, claim: str, text: str, scales: set[int]) -> bool:
    if wanted.currency and found.currency and wanted.currency != found.currency:
        return False
    if wanted.kind != found.kind:
        declared = wanted.kind == "percent" and found.kind == "plain" and _DECLARED_PERCENT.search(text)
        if not declared:
            return False
    values = {found.value} if found.scaled else {found.value * scale for scale in scales}
    if wanted.value in values:
        return True
    if found.either_sign or wanted.either_sign:
        return -wanted.value in values
    return wanted.value > 0 and -wanted.value in values and bool(_LESS.search(claim))
