"""What `Library` itself refuses, before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import Library
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
