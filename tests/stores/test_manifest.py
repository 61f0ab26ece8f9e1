"""A library is only opened with the settings it was made with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.settings import ChunkSettings, IngestSettings
from pipeline.embedding.base import EmbedderIdentity
from pipeline.errors import StoreError
from pipeline.stores.manifest import Manifest
from tests.stores.small_library import DIM, Opener, manifest

OTHERS = {
    "text_embedder.name": {"text_embedder": EmbedderIdentity("other", "1", DIM)},
    "text_embedder.revision": {"text_embedder": EmbedderIdentity("words", "2", DIM)},
    "page_embedder.dimension": {"page_embedder": EmbedderIdentity("regions", "1", 128)},
    "page_embedder.normalised": {"page_embedder": EmbedderIdentity("regions", "1", DIM, False)},
    "format_version": {"format_version": 99},
    "page_convention": {"page_convention": "page_index 1-based"},
    "ingest.ocr_dpi": {"ingest": IngestSettings(ocr_dpi=72)},
    "chunks.max_tokens": {"chunks": ChunkSettings(max_tokens=64)},
}


def test_it_is_read_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    assert Manifest.load(path) is None
    manifest().save(path)
    assert Manifest.load(path) == manifest()
    assert [one.name for one in tmp_path.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize("field", OTHERS)
def test_other_settings_are_refused_with_both_values(field: str) -> None:
    expected = manifest(**OTHERS[field])
    with pytest.raises(StoreError) as refused:
        manifest().check(expected)
    section, _, name = field.partition(".")
    values = [getattr(one, section) for one in (manifest(), expected)]
    here, wanted = [getattr(value, name) if name else value for value in values]
    assert f"{field} = {here!r}" in str(refused.value) and repr(wanted) in str(refused.value)


def test_a_library_read_by_another_parser_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    manifest(parser_version=3).save(path)
    older = json.loads(path.read_text("utf-8"))
    del older["parser_version"]  # as libraries were written before there was the field
    path.write_text(json.dumps(older), "utf-8")
    for made_with, here in ((Manifest.load(path), 1), (manifest(parser_version=2), 2)):
        assert made_with is not None
        with pytest.raises(StoreError, match=rf"read by version {here} of the parser.*version 3.*new library"):
            made_with.check(manifest(parser_version=3))


def test_opening_with_another_embedder_is_refused_and_harms_nothing(open_stores: Opener) -> None:
    open_stores().close()
    with pytest.raises(StoreError, match=r"text_embedder\.dimension = 32, the settings in force say 64"):
        open_stores(text_embedder=EmbedderIdentity("words", "1", 64))
    open_stores()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format_version": 1}', "\x00\xff"])
def test_a_damaged_manifest_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(StoreError, match=r"manifest\.json .*(restore|new library)"):
        Manifest.load(path)


def test_a_folder_with_other_things_is_refused_and_left_alone(open_stores: Opener, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match=r"not a library and not empty \(it holds thesis\.txt\)"):
        open_stores()
    assert [one.name for one in library.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_place_of_the_library_is_refused(open_stores: Opener, tmp_path: Path) -> None:
    (tmp_path / "library").write_text("")
    with pytest.raises(StoreError, match="is a file"):
        open_stores()


def test_an_empty_folder_becomes_a_library(open_stores: Opener, tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "manifest.json.new").write_text("{")  # a run was killed while making it
    assert open_stores().catalog.documents() == []
