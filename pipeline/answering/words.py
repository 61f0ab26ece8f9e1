"""Words of questions and evidence: stems, stop words, and the terms that tell one thing from another.

Owns the word-level view that ranking, abstention and citation share. Never scores anything itself.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer  # type: ignore[import-untyped]

_STEMMER = snowballstemmer.stemmer("english")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['\u2019][^\W\d_]+)?|[^\W_]+")
_POSSESSIVE = re.compile(r"['\u2019]s?$")

STOP_WORDS = frozenset(
    re.findall(
        r"\S+",
        """
        a about above after again all also am an and any are as at be because been before being below
        between both but by can could did do does doing down during each few for from further get give given
        had has have having he her here hers him his how i if in into is it its itself just let list many
        may me might more most much must my name no nor not of off on once one only or other our out over
        own per please same say says shall she should show shown so some state stated such tell than that
        the their them then there these they this those through to too under until up upon us use used using
        very was we were what when where whether which while who whom whose why will with would you your
        according answer document documents file page pages question report reports
        """,
    )
)
"""Words of a question that say nothing about what is asked."""


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Snowball stem of a lower-case word; numbers lose their thousands separators ("1,234.50" is "1234.5")."""
    if word[0].isdigit():
        number = word.replace(",", "")
        return number.rstrip("0").rstrip(".") if "." in number else number
    return str(_STEMMER.stemWord(_POSSESSIVE.sub("", word)))


def normalise(text: str) -> str:
    """NFKC, lower case, accents off: the form in which words are compared."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFKC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def stems(text: str) -> list[str]:
    """Stems of all words of `text` in order, stop words included."""
    return [stem(word) for word in _TOKEN.findall(normalise(text))]


def content_stems(text: str) -> frozenset[str]:
    """Stems of the words of `text` that carry meaning."""
    return frozenset(stem(word) for word in _TOKEN.findall(normalise(text)) if word not in STOP_WORDS)


@dataclass(frozen=True, slots=True)
class QuestionTerms:
    """What a question asks about.

    terms: stems of its content words. specific: those that name one thing among many: numbers, years, proper names,
    acronyms. wants_number: it asks how much, how many or when. wants_person: it asks who.
    """

    terms: frozenset[str]
    specific: frozenset[str]
    wants_number: bool
    wants_person: bool


_NUMBER_ASKED = re.compile(
    r"\bhow (?:many|much|long|old|large|big|high|far|often|tall)\b|\bwhen\b|\bwhat (?:is|was|are|were) "
    r"the (?:\w+ ){0,3}?(?:number|amount|total|percentage|share|rate|year|date|price|cost|value|size|"
    r"revenue|sum|deadline)\b|"
    r"\b(?:which|what) (?:year|date|day|percent|percentage|share|amount|number|price)\b",
    re.IGNORECASE,
)
_PERSON_ASKED = re.compile(r"\bwho(?:m|se)?\b", re.IGNORECASE)


def question_terms(question: str) -> QuestionTerms:
    """Read a question. A proper name is a capitalised word that does not begin a sentence, or has two capitals."""
    specific: set[str] = set()
    all_capitals = question.isupper()
    for match in _TOKEN.finditer(question):
        word = match.group()
        before = question[: match.start()].rstrip(" \"'(\u201c\u2018")
        first = not before or before[-1] in ".?!:"
        capitals = sum(letter.isupper() for letter in word)
        named = capitals >= 2 or (capitals == 1 and word[0].isupper() and not first)
        if any(c.isdigit() for c in word) or (named and len(word) > 1 and not all_capitals):
            lowered = normalise(word)
            if lowered not in STOP_WORDS:
                specific.add(stem(lowered))
    return QuestionTerms(
        content_stems(question),
        frozenset(specific),
        bool(_NUMBER_ASKED.search(question)),
        bool(_PERSON_ASKED.search(question)),
    )
