"""Screenshot embedders through the real libraries: vectors, places of patches, batches, and what is refused."""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ingest.document import Page, PageIssue
from pipeline.config import EmbeddingSection
from pipeline.embedding.base import PageInput
from pipeline.embedding.models import load_embedders
from pipeline.embedding.screenshots import ScreenshotEmbedder
from pipeline.embedding.visual_model import LONGEST, fitted
from pipeline.errors import ConfigError, InputError, ModelError
from pipeline.retrieval.maxsim import maxsim
from tests.tiny_models import TILE
from tests.tiny_pages import HEIGHT, WIDTH, noise, page_of

ONE = ["clip", "vision_language_embedder"]
MANY = ["colpali", "colqwen2", "colmodernvbert"]
Checkpoint = Callable[[str], Path]
Load = Callable[..., ScreenshotEmbedder]


@pytest.fixture(scope="module")
def load(checkpoint: Checkpoint) -> Load:
    @cache
    def of(name: str, **settings: Any) -> ScreenshotEmbedder:
        settings = {"precision": "float32", "device": "cpu", **settings}
        embedder = load_embedders(EmbeddingSection(page_model=str(checkpoint(name)), **settings)).pages
        assert isinstance(embedder, ScreenshotEmbedder)
        return embedder

    return of


@pytest.mark.parametrize("name", ONE + MANY)
def test_bags_are_unit_vectors_with_boxes_and_do_not_depend_on_the_batch(load: Load, name: str) -> None:
    embedder = load(name)
    pages = [page_of(noise(1)), page_of(noise(2, (HEIGHT, WIDTH))), page_of(noise(3)), page_of(noise(4, (64, 64)))]
    together = embedder.embed_pages(pages)
    for page, bag in zip(pages, together, strict=True):
        (alone,) = embedder.embed_pages([page])
        assert np.abs(alone.vectors - bag.vectors).max() < 1e-5 and np.array_equal(alone.boxes, bag.boxes)
        assert bag.vectors.shape == (len(bag.boxes), embedder.identity.dimension)
        assert np.allclose(np.linalg.norm(bag.vectors, axis=1), 1, atol=1e-5)
        assert bag.boxes.min() >= 0 and bag.boxes.max() <= 1 and (len(bag.boxes) == 1) == (name in ONE)
    question = embedder.embed_question("net sales in 2023")
    assert question.shape[1] == embedder.identity.dimension and (len(question) == 1) == (name in ONE)
    assert embedder.embed_picture(noise(1)) == pytest.approx(together[0].vectors, abs=1e-5)


@pytest.mark.parametrize("name", ["clip", "vision_language_embedder", "colpali", "colqwen2"])
def test_vectors_are_those_of_sentence_transformers(checkpoint: Checkpoint, load: Load, name: str) -> None:
    from sentence_transformers import MultiVectorEncoder, SentenceTransformer

    kind = MultiVectorEncoder if name in MANY else SentenceTransformer
    theirs = kind(str(checkpoint(name)), device="cpu")
    (bag,) = load(name).embed_pages([page_of(noise(5))])
    expected = np.atleast_2d(theirs.encode_document([noise(5)])[0])
    assert bag.vectors == pytest.approx(expected / np.linalg.norm(expected, axis=1, keepdims=True), abs=1e-4)
    asked = np.atleast_2d(theirs.encode_query(["a ferry"])[0])
    assert load(name).embed_question("a ferry") == pytest.approx(
        asked / np.linalg.norm(asked, axis=1, keepdims=True), abs=1e-4
    )


@pytest.mark.parametrize("name", ["colpali", "colqwen2"])
def test_scores_of_pages_of_any_shape_are_those_of_sentence_transformers(
    checkpoint: Checkpoint, load: Load, name: str
) -> None:
    """Theirs pads and masks bags of different sizes; ours scores them end to end, here as the store gives them back."""
    from sentence_transformers import MultiVectorEncoder

    pictures = [noise(1), noise(2, (HEIGHT, WIDTH)), noise(3, (64, 64)), noise(4, (WIDTH, 64))]
    bags = load(name).embed_pages([page_of(picture) for picture in pictures])
    sizes = np.array([len(bag.vectors) for bag in bags], np.int64)
    together = np.concatenate([bag.vectors for bag in bags])
    theirs = MultiVectorEncoder(str(checkpoint(name)), device="cpu")
    for words in ("a ferry", "net sales in 2023, and where they grew most"):
        expected = theirs.similarity(theirs.encode_query([words]), theirs.encode_document(pictures))[0].tolist()
        question = load(name).embed_question(words)
        assert maxsim(question, together, sizes).tolist() == pytest.approx(expected, abs=1e-4)
        halves = maxsim(question, together.astype(np.float16), sizes)
        assert halves.tolist() == pytest.approx(expected, abs=1e-3 * len(question))


def test_split_pages_are_those_of_transformers(checkpoint: Checkpoint, load: Load) -> None:
    """sentence-transformers hands this processor pictures without its prompt; ours are as transformers documents it."""
    import torch
    from transformers import AutoProcessor, ColModernVBertForRetrieval

    folder = checkpoint("colmodernvbert")
    model, processor = ColModernVBertForRetrieval.from_pretrained(folder).eval(), AutoProcessor.from_pretrained(folder)
    with torch.inference_mode():
        pages = model(**processor.process_images(images=[noise(6)])).embeddings
        questions = model(**processor.process_queries(text=["a ferry"])).embeddings
    (bag,) = load("colmodernvbert").embed_pages([page_of(noise(6))])
    assert bag.vectors == pytest.approx(pages[0].numpy(), abs=1e-4)
    assert load("colmodernvbert").embed_question("a ferry") == pytest.approx(questions[0].numpy(), abs=1e-4)


@pytest.mark.parametrize("spot", [(0, 0), (1, 2), (2, 3), (2, 0)])
@pytest.mark.parametrize("name", MANY)
def test_the_patch_that_changes_is_where_the_page_changed(load: Load, name: str, spot: tuple[int, int]) -> None:
    """Ink on one of 3 × 4 cells of a blank page moves the vectors whose boxes lie on it more than any others."""
    blank, inked = Image.new("RGB", (WIDTH, HEIGHT), "white"), Image.new("RGB", (WIDTH, HEIGHT), "white")
    inked.paste(noise(7, (TILE, TILE)), (spot[0] * TILE, spot[1] * TILE))
    before, after = load(name).embed_pages([page_of(blank), page_of(inked)])
    assert np.array_equal(before.boxes, after.boxes)
    moved = 1 - (before.vectors * after.vectors).sum(axis=1)
    x0, y0, x1, y1 = after.boxes[moved.argmax()]
    assert (x0 * 3 < spot[0] + 1) and (x1 * 3 > spot[0]) and (y0 * 4 < spot[1] + 1) and (y1 * 4 > spot[1])
    assert (x1 - x0) * (y1 - y0) <= 0.26


@pytest.mark.parametrize("name", MANY)
def test_patches_cover_the_page_and_the_prompt_stands_around_it(load: Load, name: str) -> None:
    (bag,) = load(name).embed_pages([page_of(noise(8))])
    whole = (bag.boxes == (0, 0, 1, 1)).all(axis=1)
    areas = (bag.boxes[:, 2] - bag.boxes[:, 0]) * (bag.boxes[:, 3] - bag.boxes[:, 1])
    # A page in tiles is covered twice: by the tiles, and by the whole page once more.
    assert areas[~whole].sum() == pytest.approx(2 if name == "colmodernvbert" else 1, abs=1e-4)
    assert whole.any() and not whole.all()


def test_a_sliver_is_padded_and_its_boxes_stay_on_the_page(load: Load) -> None:
    (bag,) = load("colqwen2").embed_pages([page_of(noise(9, (8, 4000)))])
    assert bag.trouble == "" and bag.boxes.max() <= 1 and len(bag.boxes) > 1


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1_024, 10_000))
def test_pictures_are_bounded_and_keep_their_shape(width: int, height: int, pixels: int) -> None:
    picture, shares = fitted(Image.new("L", (width, height)), pixels)
    assert picture.mode == "RGB" and picture.width * picture.height <= max(pixels, LONGEST * 4)
    assert 0 < shares[0] <= 1 and 0 < shares[1] <= 1 and 1 in shares


def test_first_numbers_of_a_vector_at_unit_length(load: Load) -> None:
    whole, short = load("clip"), load("clip", page_dimension=8)
    (long_bag,), (bag,) = (one.embed_pages([page_of(noise(10))]) for one in (whole, short))
    cut = long_bag.vectors[:, :8]
    assert bag.vectors == pytest.approx(cut / np.linalg.norm(cut), abs=1e-6)
    # A library of one must not open with the other, though only a loaded model says how many numbers it has.
    assert (short.identity.dimension, short.identity.revision) == (8, f"{whole.identity.revision}+8d")


def test_instructions_change_vectors_and_identity(load: Load) -> None:
    own, other = load("vision_language_embedder"), load("vision_language_embedder", page_question_prompt="Which chart?")
    assert np.abs(own.embed_question("sales") - other.embed_question("sales")).max() > 1e-3
    assert own.identity.revision != other.identity.revision
    assert np.array_equal(own.embed_picture(noise(1)), other.embed_picture(noise(1)))


def test_a_page_without_a_picture_says_why(load: Load) -> None:
    def broken() -> Image.Image:
        raise InputError("this page cannot be drawn")

    lost = page_of(noise(1), PageIssue(0, "parse", "a crash", lost=True))
    unseen = PageInput(Page(0, "1", 100, 100, (), ()), "", broken)
    bags = load("clip").embed_pages([lost, page_of(noise(1)), unseen])
    assert [len(bag.vectors) for bag in bags] == [0, 1, 0]
    assert bags[2].trouble == "this page cannot be drawn" and bags[0].trouble and not bags[1].trouble


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("clip", {"page_dimension": 25}, "page_dimension = 25.*24"),
        ("clip", {"page_vectors": "many"}, "page_model|page_vectors"),
        ("colpali", {"page_vectors": "one"}, "page_vectors = 'one'"),
        ("text_reranker", {}, "page_model.*a score for a question"),
        ("text_embedder", {}, "page_model.*does not take pictures"),
        ("vision_language_model", {}, "page_model.*it gives text"),
        ("clip", {"device": "abacus"}, r"embedding\.device 'abacus'"),
    ],
)
def test_what_cannot_be_is_refused_by_the_name_of_the_setting(
    load: Load, name: str, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises((ConfigError, ModelError), match=said):
        load(name, **settings)


def test_a_picture_too_large_for_the_model_names_the_setting(load: Load, checkpoint: Checkpoint) -> None:
    embedder = load("vision_language_embedder", page_prompt="x" * 3000)
    with pytest.raises(ConfigError, match=r"sees 2,048.*embedding\.page_pixels"):
        embedder.embed_pages([page_of(noise(1))])


@pytest.mark.skipif(find_spec("torchvision") is not None, reason="torchvision is installed")
def test_a_model_that_needs_torchvision_says_what_to_install(load: Load) -> None:
    with pytest.raises(ModelError, match=r"'qwen2-vl' cannot be loaded.*`pip install 'recto\[torchvision\]'`"):
        load("qwen2_vl")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("vidore/colqwen2-v1.0-hf", r"page_model.*`hf download vidore/colqwen2-v1\.0-hf`"),
        ("Qwen/Qwen3-VL-Embedding-2B@main", r"--revision main` fetches them \(about 4\.0 GB"),
        ("/no/such/model", "is no folder"),
    ],
)
def test_absent_weights_say_what_to_run(name: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        load_embedders(EmbeddingSection(page_model=name))
