"""Looks for every number and every name of a claim in the evidence it cites.

Conservative: a number that was rounded, converted or counted is not found, because nobody wrote it there. Never judges
whether the statement follows from the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.answering.quantities import numbers, stands_in, without_numbers
from pipeline.answering.words import STOP_WORDS, normalise


@dataclass(frozen=True, slots=True)
class Check:
    """What of a claim was not found in its evidence. `supported` when nothing is missing."""

    missing: tuple[str, ...]

    @property
    def supported(self) -> bool:
        return not self.missing


def check(claim: str, evidence: Sequence[str]) -> Check:
    """Look for each number and name of `claim` in the texts of `evidence`. No evidence: everything is missing."""
    missing = [number.text for number in numbers(claim) if not any(stands_in(number, claim, text) for text in evidence)]
    names_text = "\n".join(evidence)
    missing += [name for name in names(without_numbers(claim)) if not _name_found(name, names_text)]
    return Check(tuple(dict.fromkeys(missing)))


_WORD = re.compile(r"[^\W_][\w&'\u2019.-]*[^\W_]|[^\W_]")
_MONTHS = frozenset(
    ["january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december"]
)
_WINDOW = 12


def names(text: str) -> list[str]:
    """Names of `text`: runs of capitalised words that do not begin a sentence, and acronyms and codes anywhere."""
    found: list[str] = []
    run: list[str] = []
    last_end = 0
    for match in _WORD.finditer(text):
        word = match.group()
        between = text[last_end : match.start()]
        opens = last_end == 0 or bool(re.search(r"[.!?:\n|]|[\u2022\u201c\"]", between))
        if run and (between.strip() or opens):
            found.append(" ".join(run))
            run = []
        last_end = match.end()
        letters = [c for c in word if c.isalpha()]
        code = len(letters) > 0 and (
            sum(c.isupper() for c in letters) >= 2 or (any(c.isdigit() for c in word) and letters[0].isupper())
        )
        capitalised = word[0].isupper() and len(letters) > 1 and not opens
        plain = normalise(word) in STOP_WORDS and not code
        if (code or capitalised) and not plain:
            run.append(word)
        elif run:
            found.append(" ".join(run))
            run = []
    if run:
        found.append(" ".join(run))
    return [name for name in found if not re.fullmatch(r"(?:FY|CY)\d{0,4}|\d+(?:st|nd|rd|th)", name)]


def _tokens(text: str) -> list[str]:
    return [re.sub(r"['\u2019]s?$", "", word).replace(".", "") for word in _WORD.findall(normalise(text))]


def _name_found(name: str, evidence: str) -> bool:
    """Whether the words of the name stand close together in the evidence, or the acronym spells out a name there."""
    wanted, words = _tokens(name), _tokens(evidence)
    places = [[i for i, word in enumerate(words) if _same_word(w, word)] for w in wanted]
    if all(places):
        return any(all(any(abs(i - j) <= _WINDOW for j in others) for others in places) for i in places[0])
    return len(wanted) == 1 and name.isupper() and _spelled(name, evidence)


def _same_word(wanted: str, word: str) -> bool:
    if wanted == word or wanted + "s" == word or wanted == word + "s":
        return True
    if wanted in _MONTHS and len(word) >= 3 and wanted.startswith(word):
        return True
    return "-" in word and wanted in word.split("-")


def _spelled(acronym: str, evidence: str) -> bool:
    """Whether capitalised words in a row begin with the letters of the acronym (small words between them aside)."""
    words = [word for word in _WORD.findall(evidence) if normalise(word) not in STOP_WORDS]
    initials = "".join(word[0] if word[0].isupper() else " " for word in words)
    return acronym in initials
