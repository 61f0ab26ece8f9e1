"""Exact scores of bags on disk: rescoring finds what exact scoring finds, and leaves scores of one kind."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.embedding.base import PageVectors, Vectors, unit_length
from pipeline.retrieval.bag_scores import RESCORED, score_bags
from pipeline.stores.bags import BagRef, BagStore
from pipeline.stores.numbers import Storage

DIM, TOKENS, PAGES = 128, 20, 150


@pytest.fixture(scope="module")
def pages() -> list[Vectors]:
    """Bags around topics that pages share, of the shape of late interaction, and an empty one."""
    rng = np.random.default_rng(5)
    topics = rng.standard_normal((60, DIM))
    bags = []
    for _ in range(PAGES):
        own = topics[rng.integers(0, 60, 6)] + 0.5 * rng.standard_normal((6, DIM))
        rows = own[rng.integers(0, 6, rng.integers(150, 250))]
        bags.append(unit_length((rows + 0.7 * rng.standard_normal(rows.shape)).astype(np.float32)))
    return [np.empty((0, DIM), np.float32), *bags]


def stored(folder: Path, pages: list[Vectors], storage: Storage) -> tuple[BagStore, list[BagRef]]:
    store = BagStore(folder, storage)
    none = PageVectors(np.empty((0, DIM), np.float32), np.empty((0, 4), np.float32))
    bags = [PageVectors(page, np.zeros((len(page), 4), np.float32)) for page in pages]
    return store, store.append_pages("ab" * 8, [(none, bag) for bag in bags])


def asked(pages: list[Vectors], seed: int) -> Vectors:
    rng = np.random.default_rng(seed)
    page = pages[1 + int(rng.integers(PAGES))]
    near = np.argsort(-(page @ page[0]))[: 3 * TOKENS]
    some = page[rng.choice(near, TOKENS)]
    return unit_length((some + 0.08 * rng.standard_normal(some.shape)).astype(np.float32))


@pytest.mark.parametrize(
    ("storage", "least"), [("float16", 1.0), ("int8", 0.95), ("binary", 0.6), ("binary+int8", 0.95)]
)
def test_the_best_pages_are_found(tmp_path: Path, pages: list[Vectors], storage: Storage, least: float) -> None:
    store, refs = stored(tmp_path, pages, storage)
    shares = []
    for seed in range(8):
        question = asked(pages, seed)
        exact = np.array([(question @ page.T).max(axis=1).mean() if len(page) else 0.0 for page in pages])
        found = score_bags(store, [question], refs)
        shares.append(len({*np.argsort(-exact)[:10]} & {*np.argsort(-found)[:10]}) / 10)
        assert found[0] == 0 and found.dtype == np.float32
    assert np.mean(shares) >= least


def test_the_rescored_are_exact_and_the_others_stay_behind_on_their_scale(tmp_path: Path, pages: list[Vectors]) -> None:
    store, refs = stored(tmp_path / "two", pages, "binary+int8")
    better, theirs = stored(tmp_path / "one", pages, "int8")
    question = asked(pages, 3)
    found, exact = score_bags(store, [question], refs), score_bags(better, [question], theirs)
    order = np.argsort(-found, kind="stable")
    assert found[order[:RESCORED]] == pytest.approx(exact[order[:RESCORED]], abs=1e-6)
    behind = order[RESCORED:-1]
    assert found[behind].max() <= found[order[:RESCORED]].min() and found[behind].min() > 0
    assert np.abs(found[behind] - exact[behind]).mean() < 0.05
    few = score_bags(store, [question], refs[:RESCORED])
    assert few == pytest.approx(exact[:RESCORED], abs=1e-6)  # so few are all read in the better numbers


def test_the_best_of_several_questions(tmp_path: Path, pages: list[Vectors]) -> None:
    store, refs = stored(tmp_path, pages[:30], "float16")
    one, two = asked(pages, 1), asked(pages, 2)[:5]
    each = [score_bags(store, [question], refs) for question in (one, two)]
    assert np.array_equal(score_bags(store, [one, two], refs), np.maximum(*each))
