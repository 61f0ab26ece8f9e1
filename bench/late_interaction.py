"""Late interaction: candidates by encodings, bags in fewer bits, the speed of exact scoring, and search at scale.

    python bench/late_interaction.py [--pages 1000] [--questions 50] [--library LIBRARY] [--scale 0]

Pages are synthetic bags of 700 to 1,030 vectors of 128 numbers around topics that pages share; a question is 20 vectors
near to one another on a page, with noise. `--library` measures the bags of a library too (vectors of its chunks are
the questions). `--scale N` puts N encodings into Chroma and times the two steps of a search. Asserts nothing.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from pipeline.embedding.base import BagEncoder, PageVectors, Vectors, unit_length
from pipeline.embedding.fde import FixedDimensionalEncoder, MeanEncoder
from pipeline.embedding.pooling import pooled
from pipeline.retrieval.maxsim import maxsim

DIM, ROWS, TOKENS = 128, (700, 1031), 20
CANDIDATES = (20, 50, 100, 200)
TOP = 10
ENCODERS = ((10, 4, 16), (20, 3, 16), (20, 4, 16), (20, 5, 8), (20, 5, 16))
"""Repetitions, planes, projection of MUVERA."""


def synthetic(pages: int, seed: int = 0) -> list[Vectors]:
    """Bags whose vectors gather around 12 of 400 topics a page, as patches of one page gather around its contents."""
    rng = np.random.default_rng(seed)
    topics = rng.standard_normal((400, DIM))
    bags = []
    for _ in range(pages):
        own = topics[rng.integers(0, len(topics), 12)] + 0.5 * rng.standard_normal((12, DIM))
        rows = own[rng.integers(0, 12, rng.integers(*ROWS))]
        bags.append(unit_length((rows + 0.7 * rng.standard_normal(rows.shape)).astype(np.float32)))
    return bags


def asked(bags: Sequence[Vectors], questions: int, seed: int = 1) -> list[Vectors]:
    """Questions about one place: vectors of a page that are near to one another, moved away from it."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(questions):
        bag = bags[rng.integers(len(bags))]
        near = np.argsort(-(bag @ bag[rng.integers(len(bag))]))[: 3 * TOKENS]
        some = bag[rng.choice(near, TOKENS)]
        found.append(unit_length((some + 0.08 * rng.standard_normal(some.shape)).astype(np.float32)))
    return found


def scores_of(bags: Sequence[Vectors], questions: Sequence[Vectors]) -> np.ndarray:
    """(questions, pages) exact MaxSim."""
    sizes = np.array([len(bag) for bag in bags], np.int64)
    together = np.concatenate(bags)
    return np.stack([maxsim(question, together, sizes) for question in questions])


def recall(truth: np.ndarray, found: np.ndarray, candidates: int) -> float:
    """Share of the `TOP` best pages by `truth` that are among the first `candidates` by `found`."""
    best, first = np.argsort(-truth, axis=1)[:, :TOP], np.argsort(-found, axis=1)[:, :candidates]
    return statistics.fmean(len(set(a) & set(b)) / TOP for a, b in zip(best, first, strict=True))


def encodings(
    name: str, encoder: BagEncoder, bags: Sequence[Vectors], questions: Sequence[Vectors], truth: np.ndarray
) -> None:
    started = time.process_time()
    pages = np.stack([encoder.encode_page(bag) for bag in bags])
    seconds = (time.process_time() - started) / len(bags)
    found = np.stack([encoder.encode_question(question) for question in questions]) @ pages.T
    shares = "  ".join(f"{recall(truth, found, count):.3f}" for count in CANDIDATES)
    print(f"  {name:28} {pages.shape[1]:6,} numbers  {1000 * seconds:6.1f} ms a page   recall@{TOP}: {shares}")


def as_int8(vectors: Vectors) -> Vectors:
    scale = np.abs(vectors).max(axis=1, keepdims=True) / 127
    return (np.round(vectors / scale).astype(np.int8) * scale).astype(np.float32)


def as_bits(vectors: Vectors) -> Vectors:
    return np.where(vectors > 0, 1.0, -1.0).astype(np.float32) / np.float32(np.sqrt(vectors.shape[1]))


def precisions(bags: Sequence[Vectors], questions: Sequence[Vectors], truth: np.ndarray) -> None:
    """What a bag loses in fewer bits: recall of the best by the smaller bag alone, and rescored among its first 50."""
    dim, rows = bags[0].shape[1], statistics.fmean(len(bag) for bag in bags)
    boxes = np.zeros((len(bags[0]), 4), np.float32)
    changes: dict[str, tuple[Callable[[Vectors], Vectors], float]] = {
        "float16": (lambda bag: bag.astype(np.float16).astype(np.float32), 2 * dim),
        "int8": (as_int8, dim + 2),
        "binary": (as_bits, dim / 8),
        "float16, pooled by 3": (
            lambda bag: pooled(PageVectors(bag, np.resize(boxes, (len(bag), 4))), 3).vectors,
            2 * dim / 3,
        ),
    }
    for name, (change, row_bytes) in changes.items():
        found = scores_of([change(bag) for bag in bags], questions)
        alone, rescored = recall(truth, found, TOP), recall(truth, found, 50)
        size = f"{rows * row_bytes / 1000:7.1f} kB a page"
        print(f"  {name:28} {size}   recall@{TOP}: {alone:.3f}  rescored: {rescored:.3f}")


def speed(bags: Sequence[Vectors], question: Vectors) -> None:
    import torch
    from sentence_transformers.util.similarity import maxsim as theirs

    sizes, together = np.array([len(bag) for bag in bags], np.int64), np.concatenate(bags)
    tensors, asked_by = [torch.from_numpy(bag) for bag in bags], torch.from_numpy(question)

    def loop() -> list[float]:
        return [float((asked_by @ bag.T).max(dim=1).values.sum()) for bag in tensors]

    ways: dict[str, Callable[[], object]] = {
        "pipeline.retrieval.maxsim": lambda: maxsim(question, together, sizes),
        "a torch loop over pages": loop,
        "sentence-transformers maxsim": lambda: theirs([asked_by], tensors),
    }
    expected = np.array(loop())
    for name, way in ways.items():
        apart = np.abs(np.asarray(way()).ravel() - expected).max()
        clocks, works = [], []
        for _ in range(5):
            started, worked = time.perf_counter(), time.process_time()
            way()
            clocks.append(time.perf_counter() - started)
            works.append(time.process_time() - worked)
        clock, work = (1e6 / len(bags) * statistics.median(taken) for taken in (clocks, works))
        print(f"  {name:30} {clock:8.1f} ms, processor {work:8.1f} ms for 1,000 pages; differs by {apart:.1e}")


def regions(library: Path, questions: int) -> tuple[list[Vectors], list[Vectors]]:
    """The page bags of a library, and vectors of its chunks as questions."""
    from pipeline import Library

    with Library(library) as opened:
        stores = opened._stores
        refs = [item for row in opened.documents() for item in stores.catalog.indexed_pages(row.info.document_id)]
        bags = [bag.vectors for bag in stores.bags.read([bag for _, bag in refs if bag.rows])]
        places = stores.catalog.chunk_bag_refs([ref for ref, _ in refs], stores.manifest.text_embedder.dimension)
        chunks = np.concatenate([bag.vectors for bag in stores.bags.read([one for one in places.values() if one.rows])])
    rows = np.random.default_rng(2).integers(0, len(chunks), questions)
    return bags, [chunks[row][None] for row in rows]


def scale(count: int, pool: int = 100) -> None:
    """`count` encodings in Chroma; a search is a query of them and exact MaxSim of `pool` bags read from disk."""
    from pipeline.results import PageRef
    from pipeline.stores.bags import BagStore
    from pipeline.stores.chroma import Chroma
    from pipeline.stores.vectors import VectorCollection

    encoder = FixedDimensionalEncoder(DIM)
    bags = synthetic(min(count, 2000))
    base = np.stack([encoder.encode_page(bag) for bag in bags])
    rng = np.random.default_rng(3)
    with tempfile.TemporaryDirectory() as folder:
        store = BagStore(Path(folder) / "bags")
        places = store.append("d" * 16, [PageVectors(bag, np.zeros((len(bag), 4), np.float32)) for bag in bags])
        chroma = Chroma(Path(folder) / "chroma", {"pages": "ip"})
        chroma.connect()
        collection = VectorCollection(chroma, "pages")
        started = time.perf_counter()
        for start in range(0, count, 2000):
            rows = np.arange(start, min(start + 2000, count))
            vectors = base[rows % len(base)] + 0.05 * rng.standard_normal((len(rows), base.shape[1]))
            refs = [PageRef(f"{row // 100:016x}", int(row % 100)) for row in rows]
            collection.upsert([str(row) for row in rows], vectors.astype(np.float32), refs)
        taken = time.perf_counter() - started
        print(f"  {count:,} encodings of {base.shape[1]:,} numbers put into Chroma in {taken:.0f} s")
        clocks = []
        for question in asked(bags, 60):
            started = time.perf_counter()
            found = collection.query(encoder.encode_question(question), pool)
            chosen = [places[int(key) % len(places)] for key, _ in found]
            maxsim(question, store.vectors(chosen), np.array([one.rows for one in chosen], np.int64))
            clocks.append(time.perf_counter() - started)
        clocks = clocks[10:]
        p95 = statistics.quantiles(clocks, n=20)[18]
        print(f"  search, {pool} bags scored: p50 {1000 * statistics.median(clocks):.0f} ms, p95 {1000 * p95:.0f} ms")
        store.close()
        chroma.close()


def report(name: str, bags: list[Vectors], questions: list[Vectors]) -> None:
    print(f"{name}: {len(bags):,} pages of {statistics.fmean(map(len, bags)):.0f} vectors, {len(questions)} questions")
    truth = scores_of(bags, questions)
    print(f" candidates {', '.join(map(str, CANDIDATES))}")
    encodings("mean", MeanEncoder(), bags, questions, truth)
    for repetitions, planes, projection in ENCODERS:
        encoder = FixedDimensionalEncoder(bags[0].shape[1], repetitions, planes, projection)
        encodings(f"MUVERA {repetitions} x 2^{planes} x {projection}", encoder, bags, questions, truth)
    print(" precision")
    precisions(bags, questions, truth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--scale", type=int, default=0)
    wanted = parser.parse_args()
    bags = synthetic(wanted.pages)
    questions = asked(bags, wanted.questions)
    report("synthetic patches", bags, questions)
    print("exact scoring")
    speed(bags, questions[0])
    if wanted.library:
        report(f"regions of {wanted.library.name}", *regions(wanted.library, wanted.questions))
    if wanted.scale:
        print("scale")
        scale(wanted.scale)


if __name__ == "__main__":
    main()
