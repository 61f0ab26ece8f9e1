"""Late interaction: candidates by encodings, bags in fewer bits, the speed of exact scoring, and search at scale.

    python bench/late_interaction.py [--pages 1000] [--questions 50] [--library LIBRARY] [--scale 0]

Pages are synthetic bags of 700 to 1,030 vectors of 128 numbers around topics that pages share; a question is 20 vectors
near to one another on a page, with noise. `--library` measures the bags of a library too (vectors of its chunks are
the questions). `--scale N` puts N encodings into Chroma and times the two steps of a search. Asserts nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from pipeline.embedding.base import BagEncoder, PageVectors, Vectors, unit_length
from pipeline.embedding.fde import FixedDimensionalEncoder, MeanEncoder
from pipeline.embedding.pooling import pooled
from pipeline.retrieval.bag_scores import score_bags
from pipeline.retrieval.maxsim import maxsim
from pipeline.stores.bags import BagStore
from pipeline.stores.numbers import FORMS, Storage

DIM, ROWS, TOKENS = 128, (700, 1031), 20
CANDIDATES = (20, 50, 100, 200)
TOP = 10
POOL = 100
"""Bags that are scored for a question, of as many candidates."""
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


def precisions(bags: Sequence[Vectors], questions: Sequence[Vectors], truth: np.ndarray, encoder: BagEncoder) -> None:
    """What a bag loses in fewer bits, by the code that searches: scored from disk, and as what Chroma searches."""
    ways: list[tuple[Storage, float]] = [(name, 1) for name in FORMS] + [("float16", 3), ("int8", 3)]
    for storage, pooling in ways:
        kept = [pooled(one, pooling) for one in map(boxed, bags)] if pooling > 1 else [boxed(bag) for bag in bags]
        with tempfile.TemporaryDirectory() as folder:
            store = BagStore(Path(folder), storage)
            refs = store.append_pages("d" * 16, [(kept[0], bag) for bag in kept])
            found = np.stack([score_bags(store, [question], refs) for question in questions])
            clocks, works = [], []
            some = refs[:POOL]
            for question in questions[:10]:
                started, worked = time.perf_counter(), time.process_time()
                score_bags(store, [question], some)
                clocks.append(time.perf_counter() - started)
                works.append(time.process_time() - worked)
            encoded = np.stack([encoder.encode_page(store.as_stored(bag, storage).vectors) for bag in kept])
            store.close()
        first = np.stack([encoder.encode_question(question) for question in questions]) @ encoded.T
        size = statistics.fmean(FORMS[storage].size(*bag.vectors.shape) for bag in kept) / 1000
        print(
            f"  {storage + (f', pooled by {pooling:g}' if pooling > 1 else ''):24} {size:7.1f} kB a page   "
            f"recall@{TOP} {recall(truth, found, TOP):.3f}   candidates among 100: {recall(truth, first, 100):.3f}   "
            f"{len(some)} bags: {1000 * min(clocks):.0f} ms, processor {1000 * min(works):.0f} ms"
        )


def boxed(vectors: Vectors) -> PageVectors:
    return PageVectors(vectors, np.zeros((len(vectors), 4), np.float32))


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
        refs = stores.catalog.page_refs([row.info.document_id for row in opened.documents()])
        places = stores.catalog.bag_refs(refs, stores.manifest.text_embedder.dimension).values()
        bags = [bag.vectors for bag in stores.bags.read([pair.page for pair in places if pair.page.rows])]
        of_chunks = [pair.chunks for pair in places if pair.chunks.rows]
        chunks = np.concatenate([bag.vectors for bag in stores.bags.read(of_chunks)])
    rows = np.random.default_rng(2).integers(0, len(chunks), questions)
    return bags, [chunks[row][None] for row in rows]


def scale(count: int) -> None:
    """`count` encodings in Chroma; a search is a query of them and the scores of the bags found, read from disk."""
    from pipeline.results import PageRef
    from pipeline.stores.chroma import Chroma
    from pipeline.stores.vectors import VectorCollection

    encoder = FixedDimensionalEncoder(DIM)
    bags = synthetic(min(count, 2000))
    base = np.stack([encoder.encode_page(bag) for bag in bags])
    questions = asked(bags, 60)
    rng = np.random.default_rng(3)
    with tempfile.TemporaryDirectory() as folder:
        stores = {name: BagStore(Path(folder) / name, name) for name in ("float16", "int8", "binary+int8")}
        places = {
            name: store.append_pages("d" * 16, [(boxed(bag[:0]), boxed(bag)) for bag in bags])
            for name, store in stores.items()
        }
        del bags
        chroma = Chroma(Path(folder) / "chroma", {"pages": "ip"})
        chroma.connect()
        collection = VectorCollection(chroma, "pages")
        started = time.perf_counter()
        for start in range(0, count, 2000):
            rows = np.arange(start, min(start + 2000, count))
            vectors = base[rows % len(base)] + 0.05 * rng.standard_normal((len(rows), base.shape[1]))
            refs = [PageRef(f"{row // 100:016x}", int(row % 100)) for row in rows]
            collection.upsert([str(row) for row in rows], vectors.astype(np.float32), refs)
            print(f"\r  {rows[-1] + 1:,}", end="", file=sys.stderr, flush=True)
        taken = time.perf_counter() - started
        print(f"  {count:,} encodings of {base.shape[1]:,} numbers put into Chroma in {taken:.0f} s")
        taken_by: dict[str, list[tuple[float, float]]] = {}
        for question in questions:
            with timed(taken_by, f"query of {POOL}"):
                found = [int(key) % len(base) for key, _ in collection.query(encoder.encode_question(question), POOL)]
            more = found + rng.integers(0, len(base), 3 * POOL).tolist()  # all four channels propose so many at most
            for name, store in stores.items():
                for some in (found, more):
                    with timed(taken_by, f"{len(some)} bags, {name}"):
                        score_bags(store, [question], [places[name][place] for place in some])
        for name, times in taken_by.items():
            clock, processor = (percentiles(some) for some in zip(*times, strict=True))
            print(f"  {name:24} clock {clock}, processor {processor}")
        for store in stores.values():
            store.close()
        chroma.close()


@contextmanager
def timed(taken_by: dict[str, list[tuple[float, float]]], name: str) -> Iterator[None]:
    """Adds (clock, processor) seconds of what is done inside."""
    started, worked = time.perf_counter(), time.process_time()
    yield
    taken_by.setdefault(name, []).append((time.perf_counter() - started, time.process_time() - worked))


def percentiles(seconds: Sequence[float]) -> str:
    """Of all but the first ten, in milliseconds."""
    warm = [1000 * one for one in seconds[10:]]
    return f"p50 {statistics.median(warm):.0f} p95 {statistics.quantiles(warm, n=20)[18]:.0f} ms"


def report(name: str, bags: list[Vectors], questions: list[Vectors]) -> None:
    print(f"{name}: {len(bags):,} pages of {statistics.fmean(map(len, bags)):.0f} vectors, {len(questions)} questions")
    truth = scores_of(bags, questions)
    print(f" candidates {', '.join(map(str, CANDIDATES))}")
    encodings("mean", MeanEncoder(), bags, questions, truth)
    for repetitions, planes, projection in ENCODERS:
        encoder = FixedDimensionalEncoder(bags[0].shape[1], repetitions, planes, projection)
        encodings(f"MUVERA {repetitions} x 2^{planes} x {projection}", encoder, bags, questions, truth)
    print(" stored in")
    precisions(bags, questions, truth, MeanEncoder() if len(questions[0]) == 1 else FixedDimensionalEncoder(DIM))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1000, help="synthetic ones; 0: none")
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--scale", type=int, default=0)
    wanted = parser.parse_args()
    if wanted.pages:
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
