"""The same questions, asked worse: typing errors, letter case, no punctuation. Seeded, so that runs can be repeated.

After BEIR-style robustness tests (Zhuang and Zuccon 2021 on typos). Numbers are never changed: a wrong number is
another question.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from eval.records import Question

_WORD = re.compile(r"[^\W\d_]{4,}")
TYPO_SHARE = 0.2
"""Share of the words of four letters or more that get one error; at least one word of a question does."""

_NEAR = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
"""Neighbours on a QWERTY keyboard."""


def with_typos(text: str, chance: random.Random) -> str:
    """One letter dropped, doubled, swapped with the next, or hit beside, in `TYPO_SHARE` of the longer words."""
    words = list(_WORD.finditer(text))
    hit = chance.sample(words, max(1, round(TYPO_SHARE * len(words)))) if words else []
    for word in sorted(hit, key=lambda match: -match.start()):
        text = text[: word.start()] + _mistyped(word[0], chance) + text[word.end() :]
    return text


def _mistyped(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word) - 1)
    kind = chance.choice(("drop", "double", "swap", "near"))
    if kind == "drop":
        return word[:at] + word[at + 1 :]
    if kind == "double":
        return word[:at] + word[at] + word[at:]
    if kind == "swap" and word[at] != word[at + 1]:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    near = _NEAR.get(word[at].lower(), "e")
    return word[:at] + chance.choice(near) + word[at + 1 :]


def _without_punctuation(text: str, chance: random.Random) -> str:
    """Marks between words go; those inside numbers and names (1,200; PP&E; 10-K) stay."""
    return " ".join(word.strip(".,;:!?()\"'“”‘’") for word in text.split())


WAYS: Mapping[str, Callable[[str, random.Random], str]] = {
    "as-asked": lambda text, chance: text,
    "typos": with_typos,
    "lower-case": lambda text, chance: text.lower(),
    "upper-case": lambda text, chance: text.upper(),
    "no-punctuation": _without_punctuation,
}


def asked(question: Question, way: str, seed: int) -> Question:
    """The question asked in one of `WAYS`; the same for the same seed and id, whatever else is in the set."""
    return replace(question, text=WAYS[way](question.text, random.Random(f"{seed}:{question.id}")))
