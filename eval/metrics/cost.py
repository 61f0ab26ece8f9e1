"""What an answer cost: tokens of text and of pictures that a model was shown. Less is better; quoting has none."""

from __future__ import annotations

from eval.metrics.base import Metric
from eval.records import Outcome, Question

TEXT, IMAGE = "context text tokens", "context image tokens"
"""Names in `Outcome.usage`."""


def _metric(name: str, counted: str, description: str) -> Metric:
    def score(question: Question, outcome: Outcome) -> float | None:
        return None if outcome.answer is None or counted not in outcome.usage else float(outcome.usage[counted])

    return Metric(name, "cost", description, score, higher_is_better=False)


METRICS = [
    _metric("text tokens", TEXT, "Tokens of text in the context of an answer, counted by Recto before it is sent."),
    _metric("image tokens", IMAGE, "Tokens of page pictures in the context of an answer, counted before it is sent."),
]
