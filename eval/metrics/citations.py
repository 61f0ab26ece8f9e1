"""What an answer cites, against gold pages: are cited pages right, are right pages cited, are claims supported."""

from __future__ import annotations

from eval.metrics.base import Metric
from eval.metrics.retrieval import gold_pages, page_id
from eval.records import Outcome, Question


def cited_pages(outcome: Outcome) -> set[str]:
    return {page_id(place.document, place.page_index) for claim in outcome.claims for place in claim.citations}


def relevant_pages(question: Question) -> set[str]:
    """Gold pages with a grade above 0."""
    return {page for page, grade in gold_pages(question).items() if grade > 0}


def citation_precision(question: Question, outcome: Outcome) -> float | None:
    """Share of the cited pages that are gold; None for an abstention, 0 for an answer that cites nothing."""
    gold = relevant_pages(question)
    if outcome.answer is None or outcome.abstained or not gold:
        return None
    cited = cited_pages(outcome)
    return len(cited & gold) / len(cited) if cited else 0.0


def citation_recall(question: Question, outcome: Outcome) -> float | None:
    """Share of the gold pages that are cited; an abstention cites none."""
    gold = relevant_pages(question)
    return None if outcome.answer is None or not gold else len(cited_pages(outcome) & gold) / len(gold)


def supported_claims(question: Question, outcome: Outcome) -> float | None:
    """Share of the claims whose numbers and names stand in what they cite, by the system's own check."""
    return sum(claim.supported for claim in outcome.claims) / len(outcome.claims) if outcome.claims else None


METRICS = [
    Metric("citation precision", "citation", " ".join((citation_precision.__doc__ or "").split()), citation_precision),
    Metric("citation recall", "citation", " ".join((citation_recall.__doc__ or "").split()), citation_recall),
    Metric("supported claims", "citation", " ".join((supported_claims.__doc__ or "").split()), supported_claims),
]
