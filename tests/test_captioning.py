"""Figures described at ingest: by a model behind a real server, checked, searched, cited, and part of the manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest

from pipeline import Library
from pipeline.captioning import believed
from pipeline.config import Settings, load_settings
from pipeline.errors import ConfigError, ModelError, StoreError
from tests.answering.fake_server import ChatServer, picture_of, serving

SAID = "A drawing of a lighthouse keeper with a lantern beside a rowing boat. It was drawn for 950 euros."


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with serving() as chat:
        yield chat


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A page with a captioned picture that holds no words but "Ardvane 1887"."""
    with pymupdf.open() as made:
        page = made.new_page(width=400, height=500)
        page.insert_textbox((40, 30, 360, 80), "The coast has always had its keepers, as old prints show.", fontsize=11)
        picture = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 300, 200), False)
        picture.clear_with(200)
        page.insert_image((50, 100, 350, 300), pixmap=picture)
        page.insert_textbox((50, 308, 350, 330), "Figure 1: Ardvane in 1887", fontsize=10)
        made.save(tmp_path / "coast.pdf")
    return tmp_path / "coast.pdf"


def settings(server: ChatServer, folder: Path, **changes: object) -> Settings:
    answer = {"answerer": "endpoint", "url": server.url, "model": "seer-2b", "retries": 0}
    return load_settings({"library": folder / "library", "captions": "model", "answer": answer, **changes})


def test_a_description_is_found_and_cited_as_what_it_is(server: ChatServer, document: Path) -> None:
    server.reply = SAID
    with Library(settings=settings(server, document.parent)) as library:
        (report,) = library.add([document])
        assert report.status == "ready" and report.pages_failed == ()
        (notice,) = report.notices
        assert notice.stage == "captions" and "950" in notice.error
        shown = picture_of(server.requests[0]["messages"][-1]["content"][0])
        assert shown.width > shown.height  # the figure, not the page
        assert "Figure 1: Ardvane in 1887" in server.requests[0]["messages"][-1]["content"][1]["text"]
        hits = library.search("lighthouse keeper with a lantern").hits
        text = " ".join(scored.chunk.text for scored in hits[0].chunks)
        assert "Picture as described by seer-2b: A drawing of a lighthouse keeper" in text and "950" not in text
        assert library.verify() == []
    with Library(settings=settings(server, document.parent)) as library:
        (again,) = library.add([document])
        assert again.status == "unchanged" and len(server.requests) == 1


def test_descriptions_are_part_of_what_a_library_is(server: ChatServer, document: Path) -> None:
    server.reply = SAID
    with Library(settings=settings(server, document.parent)) as library:
        list(library.add([document]))
    manifest = json.loads((document.parent / "library" / "manifest.json").read_text())
    assert manifest["captions"].startswith("seer-2b ")
    with pytest.raises(StoreError, match="captions"):
        Library(settings=settings(server, document.parent, captions="off"))


def test_without_the_setting_the_manifest_says_nothing(document: Path) -> None:
    with Library(document.parent / "library") as library:
        list(library.add([document]))
    assert "captions" not in json.loads((document.parent / "library" / "manifest.json").read_text())


def test_a_model_that_fails_once_costs_one_description_and_one_that_is_down_stops(
    server: ChatServer, document: Path
) -> None:
    server.reply, server.failures = SAID, [400]
    with Library(settings=settings(server, document.parent)) as library:
        (report,) = library.add([document])
        assert report.status == "ready" and "is not described" in report.notices[0].error
    with pymupdf.open(document) as made:
        for _ in range(3):
            made.fullcopy_page(0)
        made.save(document.parent / "long.pdf")
    server.failures = [500] * 9
    with Library(settings=settings(server, document.parent)) as library:
        with pytest.raises(ModelError, match="status 500"):
            list(library.add([document.parent / "long.pdf"]))
        server.failures = []
        (report,) = library.add([document.parent / "long.pdf"])
        assert report.status == "ready" and report.pages == 4


def test_only_sentences_that_the_figure_bears_out_are_kept() -> None:
    kept, missing = believed(
        "The chart shows fuel costs. They rose to 40.2 in 2023. Brannoch paid 7 million.",
        ["Fuel 40.2 2023", "Figure 2"],
    )
    assert kept == ["The chart shows fuel costs.", "They rose to 40.2 in 2023."]
    assert "7 million" in " ".join(missing) or "7" in missing


def test_captions_need_a_model() -> None:
    with pytest.raises(ConfigError, match="captions = 'model' needs a model"):
        load_settings({"captions": "model"})
