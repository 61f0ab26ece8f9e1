"""Answers against gold answers, without a judge. Each metric takes the best over the alternative gold answers.

All are None for a question without gold answers, for an unanswerable one (abstention has its own metrics), and when
nothing was asked. An abstention on an answerable question scores 0.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable

import numpy as np
from rapidfuzz.distance import LCSseq, Levenshtein
from scipy.optimize import linear_sum_assignment

from eval.metrics.base import Metric
from eval.metrics.text import Quantity, quantities, squad_normalised, squad_tokens
from eval.records import Outcome, Question

ANLS_THRESHOLD = 0.5
RELAXED_TOLERANCE = 0.05
NUMERIC_TOLERANCE = 0.01
_SEPARATOR = re.compile(r";|\n| and |(?<!\d),|,(?!\d{3}(?!\d))")
"""Of the items of a list: a comma between a digit and three more is a thousands separator."""


def exact_match(answer: str, gold: str) -> float:
    """1 if equal after SQuAD normalisation."""
    return float(squad_normalised(answer) == squad_normalised(gold))


def token_f1(answer: str, gold: str) -> float:
    """Harmonic mean of token precision and recall after SQuAD normalisation; two empty answers agree."""
    mine, theirs = squad_tokens(answer), squad_tokens(gold)
    if not mine or not theirs:
        return float(mine == theirs)
    return _f1(sum((Counter(mine) & Counter(theirs)).values()), len(mine), len(theirs))


def token_recall(answer: str, gold: str) -> float:
    """Share of the gold answer's tokens that are in the answer: fair to answers that quote whole sentences."""
    mine, theirs = squad_tokens(answer), squad_tokens(gold)
    return sum((Counter(mine) & Counter(theirs)).values()) / len(theirs) if theirs else float(not mine)


def anls(answer: str, gold: str) -> float:
    """1 - Levenshtein distance / longer length, lower case and stripped; below 0.5 it is 0, 0.5 itself counts."""
    mine, theirs = answer.strip().lower(), gold.strip().lower()
    if not mine or mine == "none":
        return 0.0
    similarity = Levenshtein.normalized_similarity(mine, theirs)
    return similarity if similarity >= ANLS_THRESHOLD else 0.0


def relaxed_accuracy(answer: str, gold: str) -> float:
    """1 if both are one number within 5 % of the gold one (per cent signs ignored), else exact match."""
    mine, theirs = _one_number(answer), _one_number(gold)
    if mine is None or theirs is None:
        return exact_match(answer, gold)
    if theirs.value == 0:
        return float(mine.value == 0)
    return float(abs(mine.value - theirs.value) <= RELAXED_TOLERANCE * abs(theirs.value) * (1 + 1e-12))


def numeric_match(answer: str, gold: str) -> float | None:
    """1 if the gold answer's first number is among the answer's numbers; None if the gold answer has none.

    Units and scale are read ("1.5 billion" is 1,500 million); equal within 1 %, or when rounded to the gold answer's
    decimals. A bare number also matches one with a scale word (tables say "in millions" once, at the top), and a share
    one in per cent, which is not rounded to whole numbers: 12 % is no 0. A number in brackets is negative where a
    negative one is wanted, else an aside.
    """
    wanted = next(iter(quantities(gold)), None)
    if wanted is None:
        return None
    return float(any(_same_amount(found, wanted) for found in quantities(answer)))


def list_f1(answer: str, gold: str) -> float:
    """Items aligned one to one so that the sum of token F1 is largest, over the length of the longer list (DROP's F1).

    Items are split at commas, semicolons, line ends and " and ". An item with none of the numbers of a gold item does
    not match it.
    """
    mine, theirs = _items(answer), _items(gold)
    if not mine or not theirs:
        return float(mine == theirs)
    scores = np.array([[_item_f1(one, other) for other in theirs] for one in mine])
    rows, columns = linear_sum_assignment(-scores)
    return float(scores[rows, columns].sum()) / max(len(mine), len(theirs))


def rouge_l(answer: str, gold: str) -> float:
    """F1 of the longest common subsequence of tokens after SQuAD normalisation (Lin 2004, β = 1)."""
    mine, theirs = squad_tokens(answer), squad_tokens(gold)
    return _f1(LCSseq.similarity(mine, theirs), len(mine), len(theirs)) if mine and theirs else 0.0


def _f1(same: float, mine: int, theirs: int) -> float:
    return 2 * same / (mine + theirs) if same else 0.0


def _one_number(text: str) -> Quantity | None:
    found = quantities(text)
    alone = len(found) == 1 and not any(c.isalpha() for c in text)
    return found[0] if alone else None


def _same_amount(found: Quantity, wanted: Quantity) -> bool:
    found = found.beside(wanted)
    readings = [found.amount / wanted.scale]
    if 1.0 in (found.scale, wanted.scale):
        readings.append(found.value)
    rounded = list(readings)
    if found.percent != wanted.percent:
        shares = [found.value / 100, found.value * 100]
        readings += shares
        rounded += shares if wanted.decimals else []
    return any(math.isclose(mine, wanted.value, rel_tol=NUMERIC_TOLERANCE) for mine in readings) or any(
        round(mine, wanted.decimals) == wanted.value for mine in rounded
    )


def _items(text: str) -> list[str]:
    parts = (part.strip("[]'\" ") for part in _SEPARATOR.split(text))
    return [part for part in parts if part]


def _item_f1(one: str, other: str) -> float:
    mine, theirs = quantities(one), quantities(other)
    same = any(found.beside(wanted).amount == wanted.amount for found in mine for wanted in theirs)
    return token_f1(one, other) if same or not theirs else 0.0


def _metric(name: str, score: Callable[[str, str], float | None]) -> Metric:
    def best(question: Question, outcome: Outcome) -> float | None:
        if outcome.answer is None or not question.answerable or not question.answers:
            return None
        scores = [score(outcome.answer, gold) for gold in question.answers]
        best = max((one for one in scores if one is not None), default=None)
        return 0.0 if outcome.abstained and best is not None else best

    description = " ".join((score.__doc__ or "").split())
    return Metric(name, "answer", description, best)


METRICS = [
    _metric("exact match", exact_match),
    _metric("token F1", token_f1),
    _metric("token recall", token_recall),
    _metric("ANLS", anls),
    _metric("relaxed accuracy", relaxed_accuracy),
    _metric("numeric match", numeric_match),
    _metric("list F1", list_f1),
    _metric("ROUGE-L", rouge_l),
]
