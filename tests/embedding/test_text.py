"""The default text model, really loaded."""

from pathlib import Path

import numpy as np
import pytest

from pipeline import Library
from pipeline.config import EmbeddingSection, load_settings
from pipeline.embedding.models import identities
from pipeline.embedding.text import SentenceTransformerEmbedder, load_text_embedder
from pipeline.errors import ConfigError, ModelError, StoreError


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformerEmbedder:
    return load_text_embedder(EmbeddingSection())


def test_who_it_is_is_known_without_loading(embedder: SentenceTransformerEmbedder) -> None:
    text, pages = identities(EmbeddingSection())
    assert text == embedder.identity and text.dimension == 384
    assert pages.name == f"regions/{text.name}"


def test_vectors_are_unit_and_in_order_whatever_the_batch(embedder: SentenceTransformerEmbedder) -> None:
    texts = ["a ferry", "the harbour dues for cargo vessels " * 20, "tax", "a table of ticket prices " * 8]
    together = embedder.embed_texts(texts)
    assert together.dtype == np.float32 and together.shape == (4, 384)
    assert np.allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    alone = np.concatenate([embedder.embed_texts([text]) for text in texts])
    assert np.all((together * alone).sum(axis=1) > 0.999)


def test_meaning(embedder: SentenceTransformerEmbedder) -> None:
    question = embedder.embed_question("How much does a ticket for the boat cost?")
    near, far = embedder.embed_texts(["Fares: a single crossing is 12 euros.", "The committee elected a new chair."])
    assert near @ question > far @ question + 0.2


def test_tokens_are_counted_and_never_cut(embedder: SentenceTransformerEmbedder) -> None:
    assert embedder.count_tokens(["", "hello", "a " * 1000]) == [2, 3, 1002]
    with pytest.raises(ModelError, match="1002 tokens"):
        embedder.embed_texts(["a " * 1000])
    assert embedder.embed_texts([]).shape == (0, 384)


def test_a_long_question_counts_to_its_end(embedder: SentenceTransformerEmbedder) -> None:
    filler = "and so on " * 300
    ends_in_boats, ends_in_taxes = (embedder.embed_question(filler + end * 40) for end in (" boats", " taxes"))
    assert np.isclose(np.linalg.norm(ends_in_boats), 1.0, atol=1e-5)
    assert ends_in_boats @ ends_in_taxes < 0.999


def test_questions_together_are_the_questions_one_by_one(embedder: SentenceTransformerEmbedder) -> None:
    questions = ["What does the ferry cost?", "and so on " * 300 + "boats", "boats", "What does the ferry cost?"]
    together = embedder.embed_questions(questions)
    again = load_text_embedder(EmbeddingSection())
    assert np.allclose(together, [again.embed_question(question) for question in questions], atol=0.01)
    assert np.array_equal(together, [embedder.embed_question(question) for question in questions])


def test_a_library_opens_with_the_dimension_it_was_made_with_alone(tmp_path: Path) -> None:
    for made, other in ((0, 128), (128, 0), (128, 64)):
        folder = tmp_path / f"{made}-{other}"
        right, wrong = (
            load_settings({"library": folder, "embedding": {"text_dimension": dimension}})
            for dimension in (made, other)
        )
        Library(settings=right).close()
        with pytest.raises(StoreError, match=r"this library was made with text_embedder\.revision"):
            Library(settings=wrong)
        Library(settings=right).close()


def test_a_shortened_model_is_known_without_loading() -> None:
    section = EmbeddingSection(text_dimension=128)
    loaded = load_text_embedder(section)
    assert identities(section)[0] == loaded.identity and loaded.embed_texts(["a ferry"]).shape == (1, 128)


def test_no_name_is_not_the_working_folder() -> None:
    for empty in ("", " "):
        with pytest.raises(ConfigError, match=r"^embedding\.text_model is empty: give a model's folder"):
            load_text_embedder(EmbeddingSection(text_model=empty))


def test_an_absent_model_says_what_to_do() -> None:
    with pytest.raises(ModelError, match=r"embedding\.text_model"):
        load_text_embedder(EmbeddingSection(text_model="/no/such/model"))
