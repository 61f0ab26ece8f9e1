"""Libraries whose page vectors are stored in fewer bits: searched, verified, rebuilt, and never mixed with others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import Library
from pipeline.config import Settings, load_settings
from pipeline.errors import ConfigError, StoreError
from pipeline.retrieval import bag_scores

DECK = Path(__file__).parents[1] / "samples" / "docs" / "halden-fleet-renewal-deck.pdf"


def settings_of(folder: Path, **embedding: Any) -> Settings:
    embedding = {"precision": "float32", "page_pixels": 40_000, **embedding}
    return load_settings({"library": folder / "library", "ingest": {"ocr": "off"}, "embedding": embedding})


@pytest.mark.parametrize("storage", ["int8", "binary", "binary+int8", "binary+float16"])
def test_a_library_in_fewer_bits(
    checkpoint: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str
) -> None:
    monkeypatch.setattr(bag_scores, "RESCORED", 3)
    model = str(checkpoint("colqwen2"))
    settings = settings_of(tmp_path, page_model=model, page_storage=storage)
    with Library(settings=settings) as library:
        (report,) = library.add([DECK])
        assert report.status == "ready" and report.pages > 3
        found = library.search("revenue by product", k=report.pages, mode="image").hits
        assert len(found) == report.pages and all(hit.regions for hit in found)
        assert library.verify() == []
        before = sorted(library._stores.pages.ids())
        library._stores.vectors.rebuild()
        assert sorted(library._stores.pages.ids()) == before
        assert library.search("revenue by product", k=report.pages, mode="image").hits == found
    with Library(settings=settings) as library:
        assert library.search("revenue by product", k=report.pages, mode="image").hits == found
    with pytest.raises(StoreError, match=r"page_storage = '.*the settings in force say 'float16'"):
        Library(settings=settings_of(tmp_path, page_model=model))


def test_the_default_says_nothing_and_reads_libraries_of_before(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, page_pixels=1_310_720)
    with Library(settings=settings) as library:
        assert "page_storage" not in library._stores.paths.manifest.read_text()
    with Library(settings=settings) as library:
        assert library._stores.manifest.page_storage == "float16"
    with pytest.raises(ConfigError, match=r"embedding\.page_storage"):
        settings_of(tmp_path, page_storage="int4")
