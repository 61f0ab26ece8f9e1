"""Page models on one's own pages and questions, before a library is made anew: recall, bytes a page, seconds a page.

Pages come parsed from an open library; each model embeds a sample of them in memory and exact MaxSim ranks them for
every question. Nothing is stored. What approximate search, words and fusion add or cost is not measured here.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
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
from pipeline.stores.numbers import FORMS

SEED = 0
BYTES_A_BOX = 16
"""As bags are stored; their vectors as `embedding.page_storage` says."""


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
    """Pages with their titles, and the questions whose gold pages are all among them (`gold`, by question).

    left_out: ids of questions with a gold page that the library could not read.
    """

    pages: tuple[tuple[PageRef, Page, str], ...]
    questions: tuple[Question, ...]
    gold: tuple[frozenset[PageRef], ...]
    left_out: tuple[str, ...]


def draw(library: Library, questions: Sequence[Question], pages: int) -> Sample:
    """All gold pages of the questions, and others at random (seeded) until there are `pages`.

    Raises `EvaluationError` when no question has a gold page, or gold is not in the library, or of a name that two
    documents there have.
    """
    documents = [row.info for row in library.documents()]
    names: dict[str, list[str]] = {}
    for info in documents:
        names.setdefault(info.name, []).append(info.document_id)
    asked = []
    for question in questions:
        useful = [item for item in question.gold if item.grade > 0]
        for item in useful:
            ids = names.get(item.document, [])
            if len(ids) != 1:
                what = f"stands for {len(ids)} documents of" if ids else "is not in"
                raise EvaluationError(f"question {question.id}: its document {item.document} {what} the library")
        if useful:
            asked.append((question, frozenset(PageRef(names[one.document][0], one.page_index) for one in useful)))
    if not asked:
        raise EvaluationError('no question says where its answer stands: give "gold" pages')
    titles = {info.document_id: info.title for info in documents}
    wanted = {ref for _, refs in asked for ref in refs}
    everything = [PageRef(info.document_id, at) for info in documents for at in range(info.page_count)]
    others = sorted(set(everything) - wanted)
    random.Random(SEED).shuffle(others)
    refs = sorted([*wanted, *others[: max(0, pages - len(wanted))]])
    parsed = [(ref, library.page(ref), titles[ref.document_id]) for ref in refs]
    kept = tuple((ref, page, title) for ref, page, title in parsed if page is not None)
    readable = {ref for ref, _, _ in kept}
    whole = [(question, refs) for question, refs in asked if refs <= readable]
    if not whole:
        raise EvaluationError(
            "no question has gold pages that the library could read: `recto documents` shows its state"
        )
    left_out = tuple(question.id for question, refs in asked if not refs <= readable)
    return Sample(kept, tuple(question for question, _ in whole), tuple(refs for _, refs in whole), left_out)


def measure(library: Library, sample: Sample, model: str, settings: EmbeddingSection, k: int) -> Measured:
    """`model` (as `embedding.page_model`) on the sample. Raises `ModelError`, `ConfigError` as loading it does."""
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
    rows, storage = int(sizes.sum()), FORMS[settings.page_storage]
    bytes_stored = storage.size(rows, embedder.identity.dimension) + rows * BYTES_A_BOX
    return Measured(
        model,
        embedder.identity.dimension,
        tuple(recalls),
        float(sizes.mean()),
        bytes_stored / len(bags),
        seconds / len(bags),
        asking / len(sample.questions),
    )
