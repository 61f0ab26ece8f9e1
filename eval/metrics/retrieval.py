"""Ranked pages and ranked documents against gold, by `ir_measures` (trec_eval's own arithmetic).

Convention: the ranking is taken as it stands. Scores handed to trec_eval fall by one from rank to rank, because
trec_eval would sort by score and break ties by name. Questions without gold pages do not count; a question with gold
and an empty ranking scores 0. nDCG has linear gain (grade / log2(rank + 1)), its ideal taken over all gold pages.
"""

from __future__ import annotations

from collections.abc import Sequence

import ir_measures

from eval.metrics.base import Family, Metric
from eval.records import Outcome, Question

_WORDS = {
    "nDCG": "Discounted cumulative gain of the first {k}, grade / log2(rank + 1), over that of all gold {unit}s",
    "R": "Recall: share of the relevant {unit}s that are among the first {k}",
    "Success": "1 if a relevant {unit} is among the first {k}, else 0",
    "RR": "Reciprocal rank of the first relevant {unit}, 0 if it is not among the first {k}",
    "AP": "Average precision of the first {k}, divided by the number of relevant {unit}s",
    "P": "Precision: share of the first {k} places that hold a relevant {unit}",
}
_SHOWN = {"nDCG": "nDCG", "R": "recall", "Success": "success", "RR": "MRR", "AP": "MAP", "P": "precision"}


def page_id(document: str, page_index: int) -> str:
    """A page's name in qrels and runs."""
    return f"{document}#{page_index}"


def ranked_pages(outcome: Outcome) -> list[str]:
    """Page names, best first, each once."""
    return list(dict.fromkeys(page_id(page.document, page.page_index) for page in outcome.ranking))


def ranked_documents(outcome: Outcome) -> list[str]:
    """Documents in the order of their best pages."""
    return list(dict.fromkeys(page.document for page in outcome.ranking))


def gold_pages(question: Question) -> dict[str, int]:
    return {page_id(gold.document, gold.page_index): gold.grade for gold in question.gold}


def gold_documents(question: Question) -> dict[str, int]:
    """A document's grade is that of its best gold page; 1 where only the document is known."""
    grades = dict.fromkeys(question.documents, 1)
    for gold in question.gold:
        grades[gold.document] = max(gold.grade, grades.get(gold.document, 0))
    return grades


def measured(measure: ir_measures.measures.Measure, grades: dict[str, int], ranking: Sequence[str]) -> float | None:
    """The measure of one ranking; None when nothing is relevant."""
    if not any(grade > 0 for grade in grades.values()):
        return None
    qrels = [ir_measures.Qrel("q", name, grade) for name, grade in grades.items()]
    run = [ir_measures.ScoredDoc("q", name, float(-rank)) for rank, name in enumerate(ranking)]
    return float(next(iter(ir_measures.iter_calc([measure], qrels, run))).value) if run else 0.0


def page_metric(short: str, k: int) -> Metric:
    """One of `_WORDS` over pages, e.g. ("R", 10) is "recall@10"."""
    measure = ir_measures.parse_measure(f"{short}@{k}")
    return Metric(
        f"{_SHOWN[short]}@{k}",
        "retrieval",
        f"{_WORDS[short].format(k=k, unit='page')} (trec_eval).",
        lambda question, outcome: measured(measure, gold_pages(question), ranked_pages(outcome)),
    )


def document_metric(short: str, k: int) -> Metric:
    """The same over documents, e.g. "document recall@1"."""
    family: Family = "document"
    measure = ir_measures.parse_measure(f"{short}@{k}")
    return Metric(
        f"document {_SHOWN[short]}@{k}",
        family,
        f"{_WORDS[short].format(k=k, unit='document')} (trec_eval). A document stands where its best page stands.",
        lambda question, outcome: measured(measure, gold_documents(question), ranked_documents(outcome)),
    )


MEASURES = tuple(_WORDS)
CUTOFFS = (1, 3, 5, 10, 20, 50, 100)
METRICS = [page_metric(short, k) for short in MEASURES for k in CUTOFFS] + [
    document_metric(short, k) for short in ("R", "Success", "nDCG") for k in (1, 2, 3, 4, 5, 10)
]
