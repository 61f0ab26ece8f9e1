"""SlideVQA's measures of evidence: the pages an answer cites against the gold pages, alone and jointly with the answer.

After nttmdlab-nlp/SlideVQA's `evaluate.py`, which cannot run as published. Three of its slips are not kept: words are
dropped and replaced as whole words (there "and" is also taken out of "brand"), "How many" counts as "how many", and
"minutes" is spelled so.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

from eval.metrics.base import Metric
from eval.metrics.citations import cited_pages, relevant_pages
from eval.records import Outcome, Question

_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_DIGITS = {word: str(number) for number, word in enumerate(_NUMBERS.split())}
_DROPPED = re.compile(r"\b(?:this is|it is|because of|because|due to|and|percent)\b")
_SAME = {"organisation": "organization", "hours": "hrs", "minutes": "min"}
_ARTICLES = frozenset({"a", "an", "the"})
_UNIT = re.compile(r"\b(?:how many|which)\s+(\w+)")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalised(answer: str, question: str) -> list[str]:
    """Words in lower case, without punctuation, articles and the unit that the question names ("how many *people*").

    Without "it is", "because of" and the like too. Number words up to nineteen become digits; what follows yes or no is
    cut off.
    """
    left_out = {_SAME.get(unit, unit) for unit in _UNIT.findall(question.lower())} | _ARTICLES
    words = [word.translate(_PUNCTUATION) for word in _DROPPED.sub(" ", answer.lower()).split()]
    words = [_SAME.get(word, word) for word in words if word]
    words = [_DIGITS.get(word, word) for word in words if word not in left_out]
    return words[:1] if words[:1] in (["yes"], ["no"]) else words


def _shares(same: int, said: int, wanted: int) -> tuple[float, float]:
    """Precision and recall, both 0 when nothing is the same."""
    return (same / said, same / wanted) if same else (0.0, 0.0)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _evidence(question: Question, outcome: Outcome) -> tuple[float, float] | None:
    """Precision and recall of the cited pages; None where there are no gold pages or no answer was asked for."""
    gold = relevant_pages(question)
    if outcome.answer is None or not gold:
        return None
    cited = cited_pages(outcome)
    return _shares(len(cited & gold), len(cited), len(gold))


def evidence_exact_match(question: Question, outcome: Outcome) -> float | None:
    """1 if the cited pages are exactly the gold pages; an abstention cites none."""
    shares = _evidence(question, outcome)
    return None if shares is None else float(shares == (1.0, 1.0))


def evidence_f1(question: Question, outcome: Outcome) -> float | None:
    """Harmonic mean of precision and recall of the cited pages against the gold pages."""
    shares = _evidence(question, outcome)
    return None if shares is None else _f1(*shares)


def joint_exact_match(question: Question, outcome: Outcome) -> float | None:
    """1 if the answer equals a gold answer after SlideVQA's normalisation and the cited pages are exactly the gold."""
    evidence, answers = evidence_exact_match(question, outcome), _answers(question, outcome)
    if evidence is None or answers is None:
        return None
    said, golds = answers
    return evidence * float(said in golds)


def joint_f1(question: Question, outcome: Outcome) -> float | None:
    """Precisions of answer tokens and cited pages multiplied, recalls likewise, and the F1 of the products (HotpotQA).

    Answers are normalised as in SlideVQA; of several gold answers the best counts.
    """
    evidence, answers = _evidence(question, outcome), _answers(question, outcome)
    if evidence is None or answers is None:
        return None
    said, golds = answers
    scores = []
    for gold in golds:
        precision, recall = _shares(sum((Counter(said) & Counter(gold)).values()), len(said), len(gold))
        scores.append(_f1(precision * evidence[0], recall * evidence[1]))
    return max(scores)


def _answers(question: Question, outcome: Outcome) -> tuple[list[str], Sequence[list[str]]] | None:
    """What was said and the gold answers, as words; None where there is no gold answer."""
    if not question.answerable or not question.answers:
        return None
    said = "" if outcome.abstained else outcome.answer or ""
    return normalised(said, question.text), [normalised(gold, question.text) for gold in question.answers]


METRICS = [
    Metric(name, "citation", " ".join((score.__doc__ or "").split()), score)
    for name, score in (
        ("evidence exact match", evidence_exact_match),
        ("evidence F1", evidence_f1),
        ("joint exact match", joint_exact_match),
        ("joint F1", joint_f1),
    )
]
