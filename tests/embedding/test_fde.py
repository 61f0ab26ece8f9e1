"""Fixed-dimensional encodings: the dot product stands for MaxSim well enough to pick candidates."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from pipeline import Library
from pipeline.config import load_settings
from pipeline.embedding.base import BagEncoder, Vectors, unit_length
from pipeline.embedding.fde import FixedDimensionalEncoder, MeanEncoder
from pipeline.retrieval.maxsim import maxsim

SAMPLES = Path(__file__).parents[2] / "samples" / "docs"


def bags(rng: np.random.Generator, count: int, dim: int) -> list[np.ndarray]:
    """Pages whose vectors share a topic, as regions of one page do."""
    topics = rng.standard_normal((count, dim))
    return [
        unit_length((topics[i] + rng.standard_normal((int(rng.integers(3, 20)), dim))).astype(np.float32))
        for i in range(count)
    ]


def test_shapes_and_seed() -> None:
    encoder = FixedDimensionalEncoder(32)
    page = np.eye(32, dtype=np.float32)[:5]
    encoded = encoder.encode_page(page)
    assert encoded.shape == (10 * 2**4 * 16,) and encoded.dtype == np.float32
    assert np.array_equal(encoded, FixedDimensionalEncoder(32).encode_page(page))


@tried(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_order_of_a_bag_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    (page,) = bags(rng, 1, 16)
    encoder = FixedDimensionalEncoder(16)
    shuffled = page[rng.permutation(len(page))]
    same_bucket_ties = np.allclose(encoder.encode_page(page), encoder.encode_page(shuffled), atol=1e-5)
    question = page[:1]
    close = abs(float(encoder.encode_question(question) @ (encoder.encode_page(page) - encoder.encode_page(shuffled))))
    assert same_bucket_ties or close < 0.5  # an empty bucket may take either of two equally near vectors


def test_finds_what_exact_search_finds() -> None:
    rng = np.random.default_rng(3)
    pages = bags(rng, 400, 64)
    encoder = FixedDimensionalEncoder(64)
    encoded = np.stack([encoder.encode_page(page) for page in pages])
    found = []
    for _ in range(30):
        question = unit_length((pages[int(rng.integers(400))][0] + 0.3 * rng.standard_normal(64)).astype(np.float32))
        exact = np.argsort([-(page @ question).max() for page in pages])[:10]
        approximate = np.argsort(-(encoded @ encoder.encode_question(question[None])))[:100]
        found.append(len(set(exact) & set(approximate)) / 10)
    assert np.mean(found) > 0.7


def recalls(
    pages: Sequence[Vectors], questions: Sequence[Vectors], encoder: BagEncoder, counts: Sequence[int], top: int = 10
) -> list[float]:
    """The share of the `top` best pages by exact MaxSim that are best by it among so many candidates too."""
    sizes, together = np.array([len(page) for page in pages], np.int64), np.concatenate(pages)
    encoded = np.stack([encoder.encode_page(page) for page in pages])
    shares = []
    for question in questions:
        exact = maxsim(question, together, sizes)
        best, found = set(np.argsort(-exact)[:top]), np.argsort(-(encoded @ encoder.encode_question(question)))
        rescored = [candidates[np.argsort(-exact[candidates])[:top]] for candidates in (found[:n] for n in counts)]
        shares.append([len(best & set(some)) / top for some in rescored])
    return np.mean(shares, axis=0).tolist()


def test_candidates_then_exact_scores_on_bags_of_patches() -> None:
    """Bags of the shape of ColPali's and ColQwen2's: 700 to 1,030 × 128, around contents that pages share."""
    rng = np.random.default_rng(5)
    contents = rng.standard_normal((150, 128))
    pages = []
    for _ in range(200):
        own = contents[rng.integers(0, len(contents), 12)] + 0.5 * rng.standard_normal((12, 128))
        rows = own[rng.integers(0, 12, rng.integers(700, 1031))]
        pages.append(unit_length((rows + 0.7 * rng.standard_normal(rows.shape)).astype(np.float32)))
    questions = []
    for row in range(10):
        near = np.argsort(-(pages[row] @ pages[row][0]))[:60]
        noisy = pages[row][rng.choice(near, 20)] + 0.08 * rng.standard_normal((20, 128))
        questions.append(unit_length(noisy.astype(np.float32)))
    few, many, all_of_them = recalls(pages, questions, FixedDimensionalEncoder(128), (20, 100, 200))
    assert 0.5 < few <= many and many > 0.85 and all_of_them == 1


def test_candidates_then_exact_scores_on_bags_of_the_default_reader(tmp_path: Path) -> None:
    settings = load_settings({"library": tmp_path / "library", "ingest": {"ocr": "off"}})
    with Library(settings=settings) as library:
        documents = [report.document_id for report in library.add(sorted(SAMPLES.glob("*.pdf")))]
        stores = library._stores
        refs = [page for one in documents for page in stores.catalog.indexed_pages(one)]
        pages = [bag.vectors for bag in stores.bags.read([bag for _, bag in refs if bag.rows])]
        embedder = library._embedders.pages
        questions = [embedder.embed_question(words) for words in ("revenue by product", "crew costs", "a new ferry")]
    assert len(pages) > 20 and embedder.encoder is not None
    few, many, all_of_them = recalls(pages, questions, embedder.encoder, (10, 20, len(pages)), top=5)
    assert isinstance(embedder.encoder, MeanEncoder) and 0.5 < few <= many and many > 0.8 and all_of_them == 1
