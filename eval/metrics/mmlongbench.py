"""MMLongBench-Doc's rules for short answers (arXiv 2407.01523) and its generalised F1.

As published, with three faults of the public script mended: model output is never evaluated as code
(`ast.literal_eval`), an answer that is no list where a list is asked is one item, and a number that cannot be read
scores 0 instead of raising.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable

from rapidfuzz.distance import Levenshtein

from eval.errors import EvaluationError
from eval.metrics.base import Metric
from eval.records import Outcome, Question

NOT_ANSWERABLE = "Not answerable"
_EXACT = (
    re.compile(r"https?://"),
    re.compile(r"\.(?:py|ipynb)$"),
    re.compile(r"^page\b"),
    re.compile(r"^\+?\d+(?:-\d+)+$"),
    re.compile(r"\b[ap]\.?m\.?$"),
    re.compile(r"^\d{4}[-\s]\d{2}(?:[-\s]\d{2})?$"),
    re.compile(r"^[\w.+-]+@[\w-]+\.[\w.]+$"),
)


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
        return _list_score(_as_list(answer), _as_list(gold))
    raise EvaluationError(f"MMLongBench-Doc has no answer format {answer_format!r}: Int, Float, Str, List or None")


def generalised_f1(scored: Iterable[tuple[Question, Outcome]]) -> float:
    """Harmonic mean of Σ score / answerable questions and Σ score / answers that are no abstention.

    A set-level figure: over answerable gold only is the score summed. Raises `EvaluationError` without questions.
    """
    pairs = [(question, outcome, _rule(question, outcome)) for question, outcome in scored]
    known = [(question, outcome, score) for question, outcome, score in pairs if score is not None]
    if not known:
        raise EvaluationError("generalised F1 applies to no question here: none has an answer format")
    total = sum(score for question, _, score in known if question.answerable)
    asked = sum(question.answerable for question, _, _ in known)
    answered = sum(not outcome.abstained for _, outcome, _ in known)
    recall = total / asked if asked else 0.0
    precision = total / answered if answered else 0.0
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


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
    digits = max(2, min(_decimals(mine), _decimals(theirs)))
    return any(
        abs(mine - other) <= 0.01 * abs(other) or round(mine, digits) == round(other, digits)
        for other in (theirs / 100, theirs, theirs * 100)
    )


def _decimals(number: float) -> int:
    return len(f"{number:.10f}".rstrip("0").partition(".")[2])


def _cleaned(text: str) -> str:
    text = re.sub(r"\s*\([^)]*\)", "", text.lower().strip())
    text = re.sub(r"^(['\"])(.*)\1$", r"\2", text.strip())
    return text.strip().lstrip("$").rstrip("%").strip()


def _is_exact(text: str) -> bool:
    return any(pattern.search(text) for pattern in _EXACT)


def _string_score(mine: str, theirs: str) -> float:
    if _is_exact(theirs):
        return float(mine == theirs)
    return _strict_anls(mine, theirs)


def _strict_anls(mine: str, theirs: str) -> float:
    """ANLS where 0.5 itself is 0, unlike DocVQA's."""
    similarity = Levenshtein.normalized_similarity(mine, theirs)
    return similarity if similarity > 0.5 else 0.0


def _as_list(text: str) -> list[str]:
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        value = text
    items = value if isinstance(value, list | tuple) else [value]
    return sorted(_cleaned(str(item)) for item in items)


def _list_score(mine: list[str], theirs: list[str]) -> float:
    if len(mine) != len(theirs) or not theirs:
        return 0.0
    if _number(theirs[0]) is not None or _is_exact(theirs[0]):
        return float("-".join(mine) == "-".join(theirs))
    return min(_strict_anls(one, other) for one, other in zip(mine, theirs, strict=True))


METRICS = [
    Metric(
        "MMLongBench score",
        "answer",
        "MMLongBench-Doc's rule score by answer format; unanswerable questions want an abstention. Their mean is Acc.",
        _rule,
    )
]
