"""MMLongBench-Doc's rules for short answers (arXiv 2407.01523) and its generalised F1.

As the public script has it (mayubo2333/MMLongBench-Doc, `eval/eval_score.py`), but for these: model output is never
evaluated as code (`ast.literal_eval`), a list that cannot be read is one item and a number that cannot be read scores 0
instead of raising, and a number may carry thousands separators and signs of currencies.
"""

from __future__ import annotations

import ast
import math
import re
from contextlib import suppress

import numpy as np
from rapidfuzz.distance import Levenshtein

from eval.errors import EvaluationError
from eval.metrics.base import Metric
from eval.records import Outcome, Question

NOT_ANSWERABLE = "Not answerable"
_EXACT = re.compile(
    r"https://|\.py$|ipynb$|^page|[ap]\.m\.|^\d+(?:[-\s]\d+)?$|^\d{4}[-\s]\d{2}[-\s]\d{2}$|^[\w.%+-]+@[a-z\d.-]+\.[a-z]{2,}$"
)
"""Gold that must be matched to the letter: addresses, files, pages, times of day, numbers and dates."""


def rule_score(answer: str, gold: str, answer_format: str) -> float:
    """0 to 1 by the rules of `answer_format`: Int, Float, Str, List or None. Raises `EvaluationError` for others."""
    if answer_format == "Int":
        mine, theirs = _number(answer), _number(gold)
        return float(mine is not None and theirs is not None and int(mine) == int(theirs))
    if answer_format == "Float":
        mine, theirs = _number(answer), _number(gold)
        return float(mine is not None and theirs is not None and _close(mine, theirs))
    if answer_format in ("Str", "None"):
        return _string_score(_cleaned(answer), _cleaned(gold))
    if answer_format == "List":
        return _list_score(_as_list(answer.strip()), _as_list(gold.strip()))
    raise EvaluationError(f"MMLongBench-Doc has no answer format {answer_format!r}: Int, Float, Str, List or None")


def generalised_f1(rows: np.ndarray) -> float:
    """Harmonic mean of Σ score / answerable questions and Σ score / answers that are no abstention. A set's figure.

    `rows`: `(n, 3)`, of each question its score, whether it can be answered, and whether it was. The score is summed
    over answerable questions only.
    """
    score, answerable, answered = rows.T
    total = float(score @ answerable)
    recall, precision = total / max(answerable.sum(), 1), total / max(answered.sum(), 1)
    return float(2 * recall * precision / (recall + precision)) if total else 0.0


def _rule(question: Question, outcome: Outcome) -> float | None:
    if outcome.answer is None or question.answer_format is None:
        return None
    golds = question.answers if question.answerable else (NOT_ANSWERABLE,)
    said = NOT_ANSWERABLE if outcome.abstained else outcome.answer
    return max((rule_score(said, gold, question.answer_format) for gold in golds), default=None)


def _number(text: str) -> float | None:
    try:
        number = float(re.sub(r"[,$%\u20ac\u00a3\s()\[\]]", "", text))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _close(mine: float, theirs: float) -> bool:
    """Within 1 % of the gold number, a hundredth or a hundred times it, or equal when rounded."""
    return any(
        math.isclose(other, mine, rel_tol=0.01)
        or round(mine, digits := max(2, min(_decimals(mine), _decimals(other)))) == round(other, digits)
        for other in (theirs / 100, theirs, theirs * 100)
    )


def _decimals(number: float) -> int:
    return len(str(number).partition(".")[2])


def _cleaned(text: str) -> str:
    text = re.sub(r"\s*\([^)]*\)", "", text.lower().strip())
    text = re.sub(r"^['\"]|['\"]$", "", text.strip())
    return text.strip().lstrip("$").rstrip("%").strip()


def _string_score(mine: str, theirs: str) -> float:
    if _EXACT.search(theirs):
        return float(mine == theirs)
    return _strict_anls(mine, theirs)


def _strict_anls(mine: str, theirs: str) -> float:
    """ANLS where 0.5 itself is 0, unlike DocVQA's."""
    similarity = Levenshtein.normalized_similarity(mine, theirs)
    return similarity if similarity > 0.5 else 0.0


def _as_list(text: str) -> list[str]:
    value: object = text
    if text.startswith("["):
        with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            value = ast.literal_eval(text)
    items = value if isinstance(value, list) else [value]
    return sorted(_cleaned(str(item)) for item in items)


def _list_score(mine: list[str], theirs: list[str]) -> float:
    if len(mine) != len(theirs) or not theirs:
        return 0.0
    if _is_float(theirs[0]) or _EXACT.search(theirs[0]):
        return float("-".join(mine) == "-".join(theirs))
    return min(_strict_anls(one, other) for one, other in zip(mine, theirs, strict=True))


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


SCORE = "MMLongBench score"
METRICS = [
    Metric(
        SCORE,
        "answer",
        "MMLongBench-Doc's rule score by answer format; unanswerable questions want an abstention. Their mean is Acc.",
        _rule,
    )
]
