"""Does a text look like a language at all? Told by its letters alone, for every alphabet with vowels; no word lists.

Sukhotin's algorithm (1962) finds the vowels of an unknown script: vowels stand beside consonants more often than beside
each other. Where a font's table of characters is wrong, the signs that behave like vowels are not the vowels.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import pairwise

FEWEST_LETTERS = 200
"""With fewer letters nothing can be said."""
_GREEK, _CYRILLIC = range(0x03B1, 0x03CA), range(0x0430, 0x0460)
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzæœøßðþł") | frozenset(map(chr, [*_GREEK, *_CYRILLIC]))
_VOWELS = (
    frozenset("aeiouyæœø")
    | frozenset("\u03b1\u03b5\u03b7\u03b9\u03bf\u03c5\u03c9")
    | frozenset("\u0430\u0435\u0438\u043e\u0443\u044b\u044d\u044e\u044f\u0454\u0456")
)
_LEAST_AGREEMENT = 0.7
_WORD = re.compile(r"[^\W\d_]+")


def looks_like_language(text: str) -> bool:
    """False when signs that behave like vowels are not vowels. True where too few letters allow no judgement."""
    agreement = vowel_agreement(text)
    return agreement is None or agreement >= _LEAST_AGREEMENT


def vowel_agreement(text: str) -> float | None:
    """How well the found vowels are the alphabets' own: the lesser of precision and recall, weighted by frequency.

    None below `FEWEST_LETTERS` Latin, Greek or Cyrillic letters in different words, or where these are less than half
    of all letters.
    """
    signs = unicodedata.normalize("NFD", text.lower())
    bare = "".join(sign for sign in signs if not unicodedata.combining(sign))
    plain = " ".join(sorted(set(_WORD.findall(bare))))  # what a page repeats says nothing new
    counts = Counter(plain)
    known = {letter: count for letter, count in counts.items() if letter in _LETTERS}
    total = sum(known.values())
    if total < FEWEST_LETTERS or total < 0.5 * sum(count for sign, count in counts.items() if sign.isalpha()):
        return None
    found = _sukhotin(plain, known)
    of_found = sum(known[letter] for letter in found)
    of_vowels = sum(count for letter, count in known.items() if letter in _VOWELS)
    both = sum(known[letter] for letter in found if letter in _VOWELS)
    return min(both / of_found, both / of_vowels) if of_found and of_vowels else 0.0


def _sukhotin(text: str, letters: dict[str, int]) -> set[str]:
    """The letters that stand beside others, not beside each other."""
    beside: dict[str, Counter[str]] = {letter: Counter() for letter in letters}
    for (one, other), count in Counter(pairwise(text)).items():
        if one != other and one in letters and other in letters:
            beside[one][other] += count
            beside[other][one] += count
    sums = {letter: beside[letter].total() for letter in letters}
    vowels: set[str] = set()
    while sums:
        letter = max(sums, key=lambda letter: (sums[letter], letter))
        if sums.pop(letter) <= 0:
            break
        vowels.add(letter)
        for other in sums:
            sums[other] -= 2 * beside[letter][other]
    return vowels
