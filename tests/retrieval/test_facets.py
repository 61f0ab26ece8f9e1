"""Facets of a question: their vectors, and that both pages of a question about two statements are found."""

from pathlib import Path

import numpy as np
import pymupdf
import pytest

from pipeline import Library
from pipeline.config import EmbeddingSection
from pipeline.embedding.models import Embedders, load_embedders
from pipeline.retrieval.facets import FacetEmbedder, centre, mixed
from pipeline.retrieval.terms import Glossary, Meaning

QUESTION = "What was Halden's return on assets in 2021?"


@pytest.fixture(scope="module")
def embedders() -> Embedders:
    return load_embedders(EmbeddingSection())


def test_a_question_without_terms_is_its_own_only_facet(embedders: Embedders) -> None:
    (facet,) = FacetEmbedder(embedders, Glossary({})).facets(QUESTION)
    assert facet.words == ""
    np.testing.assert_array_equal(facet.text, embedders.text.embed_question(QUESTION))
    np.testing.assert_array_equal(facet.pages, embedders.pages.embed_question(QUESTION))


def test_every_facet_lies_between_the_question_and_its_words(embedders: Embedders) -> None:
    terms = Glossary({"return on assets": (Meaning("total assets"), Meaning("net income"))})
    facets = FacetEmbedder(embedders, terms).facets(QUESTION)
    assert [facet.words for facet in facets] == ["total assets", "net income"]
    asked = embedders.text.embed_question(QUESTION)
    for facet in facets:
        assert np.linalg.norm(facet.text) == pytest.approx(1)
        words = embedders.text.embed_question(facet.words)
        assert facet.text @ asked == pytest.approx(facet.text @ words, abs=1e-5)


def test_mixed_and_centre_lie_between() -> None:
    one, other, third = np.eye(3, dtype=np.float32)
    assert mixed(one, other) @ one == pytest.approx(mixed(one, other) @ other)
    middle = centre([one, other, third])
    assert middle.dtype == np.float32 and np.linalg.norm(middle) == pytest.approx(1)
    assert middle @ one == pytest.approx(middle @ third)
    assert centre([one]) is one


def test_the_pages_of_both_statements_lead(tmp_path: Path) -> None:
    """Beside many pages that speak of Halden, the year, and returns of another kind."""
    pages = [f"In 2021 guest {n} of Halden asked for the return of a deposit on the boat." for n in range(12)]
    pages[3] = "Consolidated balance sheets\nCash 1,204\nInventories 3,310\nTotal assets 9,871\nTotal liabilities 4,020"
    pages[8] = (
        "Consolidated statements of income\nNet sales 7,001\nCost of sales 4,100\nIncome taxes 201\nNet income 640"
    )
    with pymupdf.open() as report:
        for text in pages:
            report.new_page().insert_text((72, 72), text)
        report.save(tmp_path / "halden.pdf")
    with Library(tmp_path / "library") as library:
        assert [added.status for added in library.add([tmp_path / "halden.pdf"])] == ["ready"]
        hits = library.search(QUESTION, k=4).hits
        assert {3, 8} <= {hit.ref.page_index for hit in hits}
        assert all("terms" in hit.channels for hit in hits)
        assert "terms" not in library.search("Who asked for a deposit?", k=1).hits[0].channels
