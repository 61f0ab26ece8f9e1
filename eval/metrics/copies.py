"""Copies of a document under one name, so that a page shown under its copy is as right as the page itself.

Recto folds them: what it finds in one copy stands for the others (`pipeline/retrieval/copies.py`), and gold names one.
"""

from __future__ import annotations

from dataclasses import replace

from eval.records import Outcome, Question


def with_one_name(question: Question, outcome: Outcome) -> tuple[Question, Outcome]:
    """Both with every document that shares a place of the ranking under the name of the first of them."""
    names: dict[str, str] = {}
    for page in outcome.ranking:
        for copy in page.copies:
            first, other = names.get(page.document, page.document), names.get(copy, copy)
            names |= {name: first for name, known in names.items() if known == other} | {other: first, copy: first}
    if not names:
        return question, outcome
    ranking = tuple(replace(page, document=names.get(page.document, page.document)) for page in outcome.ranking)
    claims = tuple(
        replace(
            claim,
            citations=tuple(replace(one, document=names.get(one.document, one.document)) for one in claim.citations),
        )
        for claim in outcome.claims
    )
    return question.renamed(names), replace(outcome, ranking=ranking, claims=claims)
