"""What a question's terms stand for on a page: "working capital" is on none, "total current assets" is.

Owns the glossary (`terms.toml`). Query expansion by a thesaurus, the oldest there is (Voorhees 1994); the glossary is
general knowledge of a trade, never words of a single document.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

from pipeline.errors import ConfigError

Facets = tuple[str, ...]


class Glossary:
    """Terms with the words that stand for them on a page, page by page."""

    def __init__(self, terms: Mapping[str, Facets]) -> None:
        self.all_facets: Facets = tuple(dict.fromkeys(facet for facets in terms.values() for facet in facets))
        longest_first = sorted(terms.items(), key=lambda term: -len(term[0]))
        self._terms = [(_pattern(name), facets) for name, facets in longest_first]

    def facets(self, question: str) -> Facets:
        """What the terms of the question stand for: one text for each page that is wanted, each once; () for no terms.

        Of terms that overlap the longest counts: "fixed asset turnover" is not a fixed asset.
        """
        found: list[tuple[int, Facets]] = []
        for pattern, facets in self._terms:
            for match in pattern.finditer(question):
                found.append((match.start(), facets))
            question = pattern.sub(lambda match: "\0" * len(match[0]), question)
        return tuple(dict.fromkeys(facet for _, facets in sorted(found) for facet in facets))


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


def _read(text: str) -> dict[str, Facets]:
    table = tomllib.loads(text)["terms"]
    if not isinstance(table, dict):
        raise TypeError("terms is no table")
    terms = {name: [words] if isinstance(words, str) else words for name, words in table.items()}
    if not all(
        isinstance(facets, list) and all(isinstance(facet, str) for facet in facets) for facets in terms.values()
    ):
        raise TypeError("every term is text or a list of texts")
    return {name: tuple(facets) for name, facets in terms.items()}


def _pattern(name: str) -> re.Pattern[str]:
    """The name as a word, its plural too, in any case; two capitals are matched as they are ("AP" is no "ap")."""
    words = r"[\s-]+".join(map(re.escape, re.split(r"[\s-]+", name)))
    as_it_is = len(name) == 2 and name.isupper()
    return re.compile(rf"(?<![\w&]){words}(?:s|es)?(?![\w&])", 0 if as_it_is else re.IGNORECASE)
