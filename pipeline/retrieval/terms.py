"""What a question's terms stand for on a page: "working capital" is on none, "total current assets" is.

Owns the glossary (`terms.toml`). Query expansion by a thesaurus, the oldest there is (Voorhees 1994); the glossary is
general knowledge of a trade, never words of a single document.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from pipeline.errors import ConfigError

Facets = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a term stands for on one page: `words` to search by, the `line_items` that its rows say, the page's name."""

    words: str
    line_items: tuple[str, ...] = ()
    statement: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """The terms of a question, as it says them and in its order, with what they stand for; `rest` is what it says
    beside them."""

    terms: tuple[tuple[str, tuple[Meaning, ...]], ...]
    rest: str


class Glossary:
    """Terms with what stands for them, page by page, and line items with their other names."""

    def __init__(self, terms: Mapping[str, Sequence[Meaning]], same: Iterable[Sequence[str]] = ()) -> None:
        self.all_facets: Facets = tuple(dict.fromkeys(one.words for meanings in terms.values() for one in meanings))
        self.same = tuple(map(tuple, same))
        longest_first = sorted(terms.items(), key=lambda term: -len(term[0]))
        self._terms = [(_pattern(name), tuple(meanings)) for name, meanings in longest_first]

    def read(self, question: str) -> Reading:
        """Of terms that overlap the longest counts: "fixed asset turnover" is not a fixed asset."""
        found: list[tuple[int, str, tuple[Meaning, ...]]] = []
        for pattern, meanings in self._terms:
            found += [(match.start(), match[0], meanings) for match in pattern.finditer(question)]
            question = pattern.sub(lambda match: "\0" * len(match[0]), question)
        found.sort(key=lambda term: term[0])
        return Reading(tuple((said, meanings) for _, said, meanings in found), question.replace("\0", " "))

    def facets(self, question: str) -> Facets:
        """What the question's terms stand for: one text for each page that is wanted, each once; () for no terms."""
        return tuple(dict.fromkeys(one.words for _, meanings in self.read(question).terms for one in meanings))


@cache
def glossary(own: Path | None = None) -> Glossary:
    """The glossary that comes with Recto and the user's own file, whose words win. Raises `ConfigError`."""
    terms, same = _read(resources.files(__package__).joinpath("terms.toml").read_text(encoding="utf-8"))
    if own is not None:
        try:
            own_terms, own_same = _read(own.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError, KeyError) as error:
            raise ConfigError(
                f'retrieval.terms: {own} cannot be read as a table [terms] of "name" = "words" ({error})'
            ) from None
        taken = {name.casefold() for name in own_terms}
        terms = {name: words for name, words in terms.items() if name.casefold() not in taken} | own_terms
        same = [*own_same, *same]
    return Glossary(terms, same)


def _read(text: str) -> tuple[dict[str, list[Meaning]], list[list[str]]]:
    tables = tomllib.loads(text)
    if not {"terms", "line_items"} & tables.keys():
        raise KeyError("terms")
    terms, lines = tables.get("terms", {}), tables.get("line_items", {})
    if not isinstance(terms, dict) or not isinstance(lines, dict):
        raise TypeError("terms, or line_items, is no table")
    same = lines.get("same", [])
    listed = {name: [words] if isinstance(words, str) else words for name, words in terms.items()}
    if not all(_texts(facets) for facets in listed.values()):
        raise TypeError("every term is text or a list of texts")
    if not isinstance(same, list) or not all(map(_texts, same)):
        raise TypeError("line_items.same is a list of lists of texts")
    return {name: list(map(_meaning, facets)) for name, facets in listed.items()}, same


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _meaning(facet: str) -> Meaning:
    """Line items stand before a bar, semicolons between them; all of it is searched by."""
    before, bar, statement = facet.partition("|")
    items = tuple(filter(None, map(str.strip, before.split(";")))) if bar else ()
    return Meaning(", ".join(filter(None, map(str.strip, re.split("[;|]", facet)))), items, statement.strip())


def _pattern(name: str) -> re.Pattern[str]:
    """The name as a word, its plural too, in any case; two capitals are matched as they are ("AP" is no "ap")."""
    words = r"[\s-]+".join(map(re.escape, re.split(r"[\s-]+", name)))
    as_it_is = len(name) == 2 and name.isupper()
    return re.compile(rf"(?<![\w&]){words}(?:s|es)?(?![\w&])", 0 if as_it_is else re.IGNORECASE)
