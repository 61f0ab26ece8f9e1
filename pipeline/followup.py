"""Follow-up questions made to stand alone, by rules: no model, English only, and always shown to the user.

Retrieval sees one question at a time, so "And in 2022?" must carry what it is about. Rules never reword: they put a
year or a name into the previous question, or append the previous question's subject in brackets.
"""

from __future__ import annotations

import re

from pipeline.answering.words import STOP_WORDS

_REFERENCE = re.compile(
    r"\b(it|its|they|them|their|theirs|he|him|his|she|her|hers|this|these|those|there|the same|the latter|the former)\b"
    r"|\b(that|one)\W*$",
    re.IGNORECASE,
)
_LEAD = re.compile(r"^\W*((and|but|or|so|also|then)\b[\s,]*)?((what|how)\s+about\b)?\s*", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:FY ?['’]?)?(?:19|20)\d\d\b|\bFY ?['’]?\d\d\b", re.IGNORECASE)
_PERIOD = re.compile(r"\b(?:Q[1-4]|H[12])\b", re.IGNORECASE)
"""Quarters and halves of a year."""
_NAME = re.compile(r"\"[^\"]+\"|“[^”]+”|\b[A-Z][\w&'’.-]*(?:\s+(?:of\s+|de\s+|&\s+)?[A-Z][\w&’.-]*)*")


def refers_back(text: str) -> bool:
    """Whether a word of the text stands for something said before it ("its", "there")."""
    return bool(_REFERENCE.search(text))


def standalone_question(question: str, previous: str | None) -> str:
    """`question` so that it can be understood without `previous`, the question before it (itself standing alone).

    A question that refers to nothing is returned as it is.
    """
    if not previous:
        return question
    lead = _LEAD.match(question)
    rest = question[lead.end() :] if lead else question
    opens_as_follow_up = len(rest) < len(question.lstrip())
    words = _content(rest)
    if opens_as_follow_up or len(question.split()) <= 2:
        if all(map(_is_time, words)) or _only_name(rest):
            return _put_into(previous, rest)
        return _with_subject(rest or question, previous)
    return _with_subject(question, previous) if refers_back(question) else question


def _put_into(previous: str, rest: str) -> str:
    """The previous question asked of another time or name; with nothing to exchange, `rest` is added to it."""
    changed, added = previous, rest.strip(" ?.!")
    for time in (_YEAR, _PERIOD):
        new, old = time.findall(rest), set(time.findall(previous))
        if len(new) == 1 and len(old) == 1:
            changed = time.sub(new[0], changed)
    names, old_names = _names(rest), _names(previous)
    if len(names) == 1 and len(old_names) == 1:
        changed = changed.replace(old_names[0], names[0])
    if changed != previous:
        added = ", ".join(period for period in _PERIOD.findall(rest) if period not in changed)
    return f"{changed.rstrip(' ?.!')} ({added})?" if added else changed


def _with_subject(question: str, previous: str) -> str:
    """`question` with the subject of `previous` in brackets: its names and years, else its content words."""
    has_own_year = bool(_YEAR.search(question))
    names = [name for name in _names(previous) if name.lower() not in question.lower()]
    years = [] if has_own_year else list(dict.fromkeys(_YEAR.findall(previous)))
    subject = [*names, *years] if names else _content(previous)
    if not names and has_own_year:
        subject = [word for word in subject if not _YEAR.fullmatch(word)]
    if not names and not _content(question):
        subject = _content(previous)
    if not subject:
        return question
    joined = ", ".join(subject) if names else " ".join(subject)
    return f"{question.rstrip(' ?.!')} ({joined})?"


def _is_time(word: str) -> bool:
    return bool(_YEAR.fullmatch(word) or _PERIOD.fullmatch(word))


def _names(text: str) -> list[str]:
    """Capitalised runs and quotations, without the word a sentence begins with unless it is written in capitals.

    Years, quarters and halves ("FY24", "Q3") are no names.
    """
    found = []
    for match in _NAME.finditer(text):
        name = match.group()
        if match.start() == len(text) - len(text.lstrip()) and name.split()[0].lower().rstrip("'s’") in STOP_WORDS:
            name = " ".join(name.split()[1:])
        name = re.sub(r"['’]s?$", "", name).strip('"“”.,')
        if len(name) > 1 and name.lower() not in STOP_WORDS and not _is_time(name) and name not in found:
            found.append(name)
    return found


def _content(text: str) -> list[str]:
    return [word for word in re.findall(r"[\w&'’.-]*\w", text) if word.lower() not in STOP_WORDS]


def _only_name(rest: str) -> bool:
    """Nothing but one name, and perhaps a time: "And Brannoch in 2023?"."""
    names = _names(rest)
    if len(names) != 1:
        return False
    left = _content(rest.replace(names[0], ""))
    return not [word for word in left if word.strip("'’s") and not _is_time(word)]
