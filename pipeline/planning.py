"""A question that asks for several things, taken apart: one part for each document named, or each question word.

Rules of writing only, checked against what the library holds; a question that they do not fit stays whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.followup import refers_back

MOST_PARTS = 4

_NAME = r"[A-Z][\w&.'’-]*(?: (?:of |the |for |de |von )?[A-Z0-9][\w&.'’-]*)*"
_LINK = r"(?:,? (?:and|or|versus|vs\.?|than|compared (?:to|with))|,)(?: (?:of|for|by|at|in|from|to|that of|the))*"
_NAMES = re.compile(rf"{_NAME}(?:{_LINK} {_NAME})+")
_ONE_NAME = re.compile(_NAME)
_PREPOSITION = re.compile(r"(?: (?:of|for|by|at|in|from|to|do|does|did))? (?:the )?$")
_CLAUSE = re.compile(r",? and (?=(?:how|what|when|who|whom|whose|where|which|why)\b)", re.IGNORECASE)
_ASKS = re.compile(
    r"^(?:in |on |at |by |for |from |to |of )?(?:how|what|when|who|whom|whose|where|which|why)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a question, and the documents it is about; None: any.

    sought: what their pages are searched for, the name that told the documents left out: said on all their pages, it
    would favour those that say it most.
    """

    question: str
    sought: str
    document_ids: frozenset[str] | None = None


def plan(question: str, documents_named: Callable[[str], Mapping[str, float]]) -> tuple[Part, ...]:
    """The parts in the order asked; the whole question when it does not come apart.

    `documents_named` gives the documents whose cards have every word of a name, with how well it fits them. Names are
    taken apart only when each fits some document best: "Halden and Brannoch" are two questions if they name two
    documents, "research and development" is one thing.
    """
    parts = _by_name(question, documents_named) or _by_clause(question)
    return parts if 1 < len(parts) <= MOST_PARTS else (Part(question, question),)


def _by_name(question: str, documents_named: Callable[[str], Mapping[str, float]]) -> tuple[Part, ...]:
    for run in _NAMES.finditer(question):
        names = [name[0] for name in _ONE_NAME.finditer(run[0])]
        found = [documents_named(name) for name in names]
        own = [_fitting_best(scores, found) for scores in found]
        if all(own):
            before, after = question[: run.start()], question[run.end() :]
            sought = _PREPOSITION.sub("", before) + after
            if not re.search(r"\w", sought):  # "Halden and Brannoch": nothing is asked of them
                return ()
            return tuple(Part(before + name + after, sought, ids) for name, ids in zip(names, own, strict=True))
    return ()


def _fitting_best(scores: Mapping[str, float], found: list[Mapping[str, float]]) -> frozenset[str]:
    """The documents that no other name fits as well."""
    others = [other for other in found if other is not scores]
    return frozenset(
        document_id
        for document_id, score in scores.items()
        if all(score > other.get(document_id, 0.0) for other in others)
    )


def _by_clause(question: str) -> tuple[Part, ...]:
    clauses = [clause.strip(" ,?") + "?" for clause in _CLAUSE.split(question)]
    # "and what was its profit": without the other clause nobody could tell whose.
    if len(clauses) < 2 or not _ASKS.match(clauses[0]) or any(map(refers_back, clauses[1:])):
        return ()
    return tuple(Part(clause, clause) for clause in clauses)
