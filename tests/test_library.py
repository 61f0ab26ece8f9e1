"""What `Library` itself decides: which folder it opens, and what it refuses before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import Library
from pipeline.config import load_settings
from pipeline.errors import InputError


@pytest.mark.parametrize("k", [0, -1])
def test_no_pages_cannot_be_asked_for(tmp_path: Path, k: int) -> None:
    with Library(tmp_path / "library") as library:
        for call in (
            lambda: library.search("ferries", k=k),
            lambda: list(library.search_many([(1, "ferries")], k=k)),
            lambda: library.ask("How many ferries?", k=k),
            lambda: list(library.ask_many([(1, "How many ferries?")], k=k)),
            lambda: library.find("ferries", k=k),
            lambda: library.chat(k=k),
        ):
            with pytest.raises(InputError, match=f"^k must be at least 1, not {k}$"):
                call()


def test_the_path_given_is_opened_whatever_the_settings_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECTO_LIBRARY", str(tmp_path / "of the environment"))
    settings = load_settings({"library": tmp_path / "of the settings", "retrieval": {"k": 3}})
    for path, given, opened in (
        ("here", settings, "here"),
        ("here", None, "here"),
        (None, settings, "of the settings"),
        (None, None, "of the environment"),
    ):
        with Library(path, settings=given) as library:
            assert library.settings.library.resolve() == tmp_path / opened
            assert library.settings.retrieval.k == (3 if given else 5)
            assert (tmp_path / opened / "manifest.json").is_file()
    assert not (tmp_path / "library").exists()
