"""Words of questions and evidence: stems, stop words, and the terms that tell one thing from another.

Owns the word-level view that ranking, abstention and citation share. Never scores anything itself.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import snowballstemmer  # type: ignore[import-untyped]

_STEMMER = snowballstemmer.stemmer("english")
_STEMMING = Lock()
"""The stemmer keeps the word that it works on: two threads at once get wrong stems, or an IndexError."""
_TOKEN = re.compile(r"\d+(?:,\d{3}(?!\d)|\.\d+)*|[^\W\d_]+(?:['\u2019][^\W\d_]+)?|[^\W_]+")
_POSSESSIVE = re.compile(r"['\u2019]s?$")

STOP_WORDS = frozenset(
    re.findall(
        r"\S+",
        """
        a about above after again all also am an and any are as at be because been before being below
        between both but by can could did do does doing down during each end few for from further get give given
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
    with _STEMMING:
        return str(_STEMMER.stemWord(_POSSESSIVE.sub("", word)))


_ONE_WAY = (
    (re.compile(r"\b(?:fy|cy|fiscal(?: year)?)\s?['\u2019]?(?=(?:19|20)\d\d\b)"), ""),
    (re.compile(r"\b(?:fy|cy)\s?['\u2019]?(?=\d\d\b)"), "20"),
    (re.compile(r"\bq([1-4])\s?['\u2019]?(?=(?:19|20)\d\d\b)"), r"q\1 "),
    (re.compile(r"\b(?:first|1st) quarter\b"), "q1"),
    (re.compile(r"\b(?:second|2nd) quarter\b"), "q2"),
    (re.compile(r"\b(?:third|3rd) quarter\b"), "q3"),
    (re.compile(r"\b(?:fourth|4th|last) quarter\b"), "q4"),
    (re.compile(r"\bfirst half\b"), "h1"),
    (re.compile(r"\bsecond half\b"), "h2"),
)
"""Spellings of fiscal years, quarters and halves, made one."""


def normalise(text: str) -> str:
    """NFKC, lower case, accents off: the form in which words are compared."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFKC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def stems(text: str) -> list[str]:
    """Stems of all words of `text` in order, stop words included."""
    return [stem(word) for word in _words(text)]


def content_stems(text: str) -> frozenset[str]:
    """Stems of the words of `text` that carry meaning."""
    return frozenset(stem(word) for word in _words(text) if word not in STOP_WORDS)


def _words(text: str) -> list[str]:
    plain = normalise(text)
    for pattern, spelling in _ONE_WAY:
        plain = pattern.sub(spelling, plain)
    return _TOKEN.findall(plain)


NUMBER_WORDS = frozenset(
    stem(word)
    for word in re.findall(
        r"\w+",
        """
        two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand
        million billion dozen twice none half third quarter january february march april june july august
        september october november december
        """,
    )
)
"""Stems of words that answer how many, how much or when."""


@dataclass(frozen=True, slots=True)
class QuestionTerms:
    """What a question asks about.

    terms: stems of its content words. specific: those that name one thing among many: numbers, years, proper names,
    acronyms. topic: the other terms, or all when there are no others. wants_number: it asks how much, how many or
    when; wants_money: an amount of it. wants_person: it asks who. wants_reason: it asks why or how, which one sentence
    seldom says.
    """

    terms: frozenset[str]
    specific: frozenset[str]
    wants_number: bool
    wants_money: bool
    wants_person: bool
    wants_reason: bool

    @property
    def topic(self) -> frozenset[str]:
        return (self.terms - self.specific) or self.terms


_MONEY_ASKED = re.compile(
    r"\bhow much (?:money|does|did|is|was|will|do)\b|\b(?:at|for) (?:what|which) price\b|"
    r"\bwhat (?:is|was|are|were|did|does|do|will|may|must|should)\b.*\b"
    r"(?:earn|spend|pay|paid|costs?|charge|owe|price|fee)\b",
    re.IGNORECASE,
)
_NUMBER_ASKED = re.compile(
    r"\bhow (?:many|much|long|old|large|big|high|far|often|tall)\b|^when\b|"
    r"\b(?:on|by|at|in|since|until) (?:what|which) (?:date|day|year|time)\b|"
    r"\bwhat (?:is|was|are|were) the (?:\w+ ){0,3}?"
    r"(?:number|amount|total|percentage|share|rate|year|date|price|cost|value|size|revenue|sum|deadline)\b|"
    r"\b(?:which|what) (?:year|date|day|percent|percentage|share|amount|number|price)\b",
    re.IGNORECASE,
)
_PERSON_ASKED = re.compile(r"^(?:by |to |for |with )?who(?:m|se)?\b", re.IGNORECASE)
_REASON_ASKED = re.compile(
    r"^(?:why\b|how (?:do|does|did|is|are|was|were|can|will)\b|explain\b|describe\b)", re.IGNORECASE
)
_CURRENCY_WANTED = re.compile(
    r"\b(?:(?:answer|say|give)\b.{0,12}\bin (?:units of )?(?:USD|EUR|GBP|CHF|JPY|INR|US dollars)|"
    r"in (?:USD|EUR|GBP|CHF|JPY|INR|US dollars) (?:thousand|million|billion)s?)\b",
    re.IGNORECASE,
)
_HOW_MUCH = re.compile(r"\bhow (?:long|old|large|big|high|far|often|tall)\b", re.IGNORECASE)


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
        if named and len(word) > 1 and not all_capitals:
            specific |= content_stems(word)
    for wanted in _CURRENCY_WANTED.findall(question):  # a form of the answer: reports print the sign, or nothing
        specific -= content_stems(wanted)
    content = content_stems(question)  # as a whole: "FY" and "22" are no words of "FY22"
    asked = question.strip()
    wants_money = bool(_MONEY_ASKED.search(asked))
    return QuestionTerms(
        content_stems(_HOW_MUCH.sub(" ", question)),
        frozenset(term for term in content if term in specific or any(map(str.isdigit, term))),
        wants_money or bool(_NUMBER_ASKED.search(asked)),
        wants_money,
        bool(_PERSON_ASKED.search(asked)),
        bool(_REASON_ASKED.search(asked)),
    )
