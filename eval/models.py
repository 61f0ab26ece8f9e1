"""Page models on one's own pages and questions, before a library is made anew: recall, bytes a page, seconds a page.

Pages come parsed from an open library; each model embeds a sample of them in memory and exact MaxSim ranks them for
every question. Nothing is stored. What approximate search, words and fusion add or cost is not measured here.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ir_measures
import numpy as np

from eval.errors import EvaluationError
from eval.metrics.retrieval import measured, page_id
from eval.records import Question
from ingest.document import Page
from pipeline import Library
from pipeline.config import EmbeddingSection
from pipeline.embedding.base import PageEmbedder, PageInput
from pipeline.embedding.models import load_embedders
from pipeline.results import PageRef
from pipeline.retrieval.maxsim import maxsim

SEED = 0
BYTES_A_NUMBER, BYTES_A_BOX = 2, 16
"""As bags are stored."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One model on the sample. `recalls`: of each question, in their order; seconds and bytes are means over pages."""

    model: str
    dimension: int
    recalls: tuple[float, ...]
    vectors_a_page: float
    bytes_a_page: float
    seconds_a_page: float
    seconds_a_question: float


@dataclass(frozen=True, slots=True)
class Sample:
    """Pages with their titles, and the questions whose gold pages are all among them (`gold`, by question)."""

    pages: tuple[tuple[PageRef, Page, str], ...]
    questions: tuple[Question, ...]
    gold: tuple[frozenset[PageRef], ...]


def draw(library: Library, questions: Sequence[Question], pages: int) -> Sample:
    """All gold pages of the questions, and others at random (seeded) until there are `pages`.

    Raises `EvaluationError` when no question has a gold page, or gold is not in the library.
    """
    names = {row.info.name: row.info for row in library.documents()}
    gold = []
    for question in questions:
        missing = [item.document for item in question.gold if item.document not in names]
        if missing:
            raise EvaluationError(f"question {question.id}: its document {missing[0]} is not in the library")
        gold.append(frozenset(PageRef(names[one.document].document_id, one.page_index) for one in question.gold))
    asked = [(question, refs) for question, refs in zip(questions, gold, strict=True) if refs]
    if not asked:
        raise EvaluationError('no question says where its answer stands: give "gold" pages')
    titles = {info.document_id: info.title for info in names.values()}
    wanted = {ref for _, refs in asked for ref in refs}
    everything = [PageRef(info.document_id, at) for info in names.values() for at in range(info.page_count)]
    others = sorted(set(everything) - wanted)
    random.Random(SEED).shuffle(others)
    refs = sorted([*wanted, *others[: max(0, pages - len(wanted))]])
    parsed = [(ref, library.page(ref), titles[ref.document_id]) for ref in refs]
    kept = tuple((ref, page, title) for ref, page, title in parsed if page is not None)
    return Sample(kept, tuple(question for question, _ in asked), tuple(refs for _, refs in asked))


def measure(
    library: Library,
    sample: Sample,
    model: str,
    settings: EmbeddingSection,
    k: int,
    done: Callable[[int], None] = lambda pages: None,
) -> Measured:
    """`model` (as `embedding.page_model`) on the sample; `done` is told of every group of pages.

    Raises `ModelError`, `ConfigError` as loading it does.
    """
    embedder: PageEmbedder = load_embedders(settings.model_copy(update={"page_model": model})).pages
    inputs = [
        PageInput(page, title, lambda ref=ref: library.page_picture(ref))  # type: ignore[misc]
        for ref, page, title in sample.pages
    ]
    bags, seconds = [], 0.0
    for start in range(0, len(inputs), embedder.group_pages):
        group = inputs[start : start + embedder.group_pages]
        for ref, _, _ in sample.pages[start : start + embedder.group_pages]:
            library.page_picture(ref)  # drawing is the same for all models, and not what is timed
        started = time.perf_counter()
        bags += embedder.embed_pages(group)
        seconds += time.perf_counter() - started
        done(len(group))
    sizes = np.array([len(bag.vectors) for bag in bags], np.int64)
    vectors = np.concatenate([bag.vectors for bag in bags])
    keys = [page_id(ref.document_id, ref.page_index) for ref, _, _ in sample.pages]
    recalls, asking = [], 0.0
    for question, gold in zip(sample.questions, sample.gold, strict=True):
        started = time.perf_counter()
        asked = embedder.embed_question(question.text)
        asking += time.perf_counter() - started
        order = np.argsort(-maxsim(asked, vectors, sizes), kind="stable")[:k]
        grades = {page_id(ref.document_id, ref.page_index): 1 for ref in gold}
        recalls.append(measured(ir_measures.R @ k, grades, [keys[row] for row in order]) or 0.0)
    row_bytes = embedder.identity.dimension * BYTES_A_NUMBER + BYTES_A_BOX
    return Measured(
        model,
        embedder.identity.dimension,
        tuple(recalls),
        float(sizes.mean()),
        float(sizes.mean()) * row_bytes,
        seconds / len(bags),
        asking / len(sample.questions),
    )
