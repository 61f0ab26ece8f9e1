"""Libraries of every kind of page model: added, searched, and kept apart, on sample documents by the real libraries."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.document import Box
from pipeline import Library
from pipeline.config import Settings, load_settings
from pipeline.errors import ConfigError, StoreError
from pipeline.picture_questions import part_of
from pipeline.results import PageRef

DECK = Path(__file__).parents[1] / "samples" / "docs" / "halden-fleet-renewal-deck.pdf"
KINDS = ["clip", "vision_language_embedder", "colpali", "colqwen2", "colmodernvbert"]


def settings_of(folder: Path, **embedding: Any) -> Settings:
    """Without OCR, which is not what these tests are about."""
    embedding = {"precision": "float32", **embedding}
    return load_settings({"library": folder / "library", "ingest": {"ocr": "off"}, "embedding": embedding})


@pytest.mark.parametrize("kind", KINDS)
def test_a_library_of_each_kind(checkpoint: Callable[[str], Path], tmp_path: Path, kind: str) -> None:
    small = {"text_model": str(checkpoint("text_embedder")), "page_model": str(checkpoint(kind))}
    settings = settings_of(tmp_path, **small, page_pixels=40_000)
    with Library(settings=settings) as library:
        (report,) = library.add([DECK])
        assert report.status == "ready" and not report.pages_failed
        assert report.page_vectors == report.pages if kind in KINDS[:2] else report.page_vectors > 20 * report.pages
        for mode in ("image", "fusion"):
            hits = library.search("revenue by product", k=3, mode=mode).hits
            assert len(hits) == 3 and all(hit.regions and "visual" in hit.channels for hit in hits)
        page = PageRef(report.document_id, 1)
        picture = library.page_picture(page)
        found = library.search(picture=picture, k=100).hits
        own = next(hit for hit in found if hit.ref == page)
        # Nothing is nearer to a page than itself, but for what float16 rounds.
        assert own.channels["visual"].score > found[0].channels["visual"].score - 2e-3 and own.regions
        both = library.search("revenue", picture=picture, k=3)
        assert len(both.hits) == 3 and all("lexical" in hit.channels for hit in both.hits)
        assert library.search(picture=part_of(picture, Box(0.1, 0.1, 0.6, 0.5)), k=3).hits
        assert library.verify() == []
        with pytest.raises(ConfigError, match=r"joint.*embedding\.text_model"):
            library.search("revenue", mode="joint")
    with Library(settings=settings) as library:  # known again without loading a model
        assert "_embedders" not in vars(library) and library.documents()[0].page_vectors == report.page_vectors
    with pytest.raises(StoreError, match="page_embedder"):
        Library(settings=settings_of(tmp_path, text_model=small["text_model"]))
    with pytest.raises(StoreError, match=r"page_embedder\.revision"):
        Library(settings=settings_of(tmp_path, **small, page_pixels=50_000))


@pytest.mark.parametrize("kind", KINDS[:2])
def test_one_model_for_both_sides(checkpoint: Callable[[str], Path], tmp_path: Path, kind: str) -> None:
    model = str(checkpoint(kind))
    with Library(settings=settings_of(tmp_path, page_model=model, text_model=model, page_pixels=40_000)) as library:
        (report,) = library.add([DECK])
        assert report.status == "ready"
        for hit in library.search("revenue by product", k=3, mode="joint").hits:
            nearer = max(hit.channels["dense"].score, hit.channels["visual"].score)
            assert hit.channels["joint"].score == pytest.approx(nearer)
        assert vars(library)["_embedders"].text._model is vars(library)["_embedders"].pages._model.model


def test_any_text_model_with_its_instructions(checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    with Library(settings=settings_of(tmp_path, text_model=str(checkpoint("text_embedder")))) as library:
        (report,) = library.add([DECK])
        assert report.status == "ready" and report.chunks
        assert library.search("revenue by product", k=2, mode="text").hits
    text = vars(library)["_embedders"].text
    asked, kept = text.embed_question("net sales"), text.embed_texts(["net sales"])[0]
    assert abs(asked - kept).max() > 1e-3  # "query: " and "passage: "
    assert text.max_tokens == 1024 - len("passage: ")
