"""What a question's terms stand for on a page: "working capital" is on none, "total current assets" is.

Owns the glossary (`terms.toml`) and how an expanded question becomes a vector. Query expansion by a thesaurus, the
oldest there is (Voorhees 1994); the glossary holds general knowledge of a trade, never words of a single document.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from pipeline.embedding.base import Vectors
from pipeline.errors import ConfigError

SHARE = 0.5
"""Of the expanded vector: how much the expansion counts (`eval/decisions/2026-11-21-question.md`)."""


class Glossary:
    """Terms with the words that stand for them on a page."""

    def __init__(self, terms: Mapping[str, str]) -> None:
        self._terms = [(_pattern(name), words) for name, words in terms.items()]

    def words(self, question: str) -> str:
        """What the terms of the question stand for, each once, in the glossary's order; "" if it uses none."""
        found = [words for pattern, words in self._terms if pattern.search(question)]
        return ", ".join(dict.fromkeys(part.strip() for words in found for part in words.split(", ")))


@cache
def glossary(own: Path | None = None) -> Glossary:
    """The glossary that comes with Recto and the user's own file, whose words win. Raises `ConfigError`."""
    terms = _read(resources.files(__package__).joinpath("terms.toml").read_text(encoding="utf-8"))
    if own is not None:
        try:
            terms |= _read(own.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError, KeyError) as error:
            raise ConfigError(
                f'retrieval.terms: {own} cannot be read as a table [terms] of "name" = "words" ({error})'
            ) from None
    return Glossary(terms)


def mixed(question: Vectors, expansion: Vectors) -> Vectors:
    """The unit vector between a question's vector and its expansion's, both `(dim,)` and of unit length."""
    vector = (1 - SHARE) * question + SHARE * expansion
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def _read(text: str) -> dict[str, str]:
    terms = tomllib.loads(text)["terms"]
    if not all(isinstance(words, str) for words in terms.values()):
        raise TypeError("every term is text")
    return dict(terms)


def _pattern(name: str) -> re.Pattern[str]:
    """The name as a word, its plural too; a name in capitals is an abbreviation and is matched as it is."""
    words = r"[\s-]+".join(map(re.escape, re.split(r"[\s-]+", name)))
    any_case = name != name.upper() and not re.search(r"[a-z][A-Z]", name)
    return re.compile(rf"(?<![\w&]){words}(?:s|es)?(?![\w&])", re.IGNORECASE if any_case else 0)
