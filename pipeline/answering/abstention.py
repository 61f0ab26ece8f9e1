"""When the answer is "The documents do not say." Owns the rule for weak evidence and the model's agreed sentence.

The rule for weak evidence is for quoting, where nothing else judges it. A model that reads the pages judges for itself
and says the agreed sentence. Thresholds and what they do: `eval/decisions/2026-11-20-abstention.md`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.results import Answer, ContextUsed
from prompts.loader import load

_NO_CONTEXT = ContextUsed()

W_COVERAGE, W_NAMED = 0.5, 0.1
ENOUGH = 0.65
"""Similarity (on MiniLM-L6's scale), weighted coverage and names together, below which the best unit speaks of
something else."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How well the quotable units fit the question.

    similarity: cosine of the best unit and the question. coverage: idf-weighted share (0-1) of the question's topic
    that it has, in itself or in what stands around it. fits: it can be what is asked, for instance has a number.
    missing: names, numbers and years of the question that are nowhere near the units to be quoted. named: the question
    has such, and none is missing.
    """

    similarity: float
    coverage: float
    fits: bool = True
    missing: frozenset[str] = frozenset()
    named: bool = False


def is_weak(strength: Strength) -> bool:
    """Whether to abstain: a name or year asked about is missing, no unit is of the kind asked, or too little fits."""
    return confidence(strength) < ENOUGH


def confidence(strength: Strength) -> float:
    """How well the units fit; 0 for what would not answer however well it fits."""
    if strength.missing or not strength.fits:
        return 0.0
    return strength.similarity + W_COVERAGE * strength.coverage + W_NAMED * strength.named


def is_abstention(reply: str) -> bool:
    """Whether a model's reply begins as the agreed sentence does (marks, quotes, case and spacing aside)."""
    return _plain(reply).startswith(_plain(load("unanswerable").text))


def is_agreed_sentence(statement: str) -> bool:
    """Whether a statement is the agreed sentence and nothing else."""
    return _plain(statement) == _plain(load("unanswerable").text)


def abstention(question: str, context: ContextUsed = _NO_CONTEXT) -> Answer:
    """The answer that the documents do not say."""
    return Answer(question, load("unanswerable").text, abstained=True, context=context)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"\[[\d,\s]+\]", " ", text).casefold()))
