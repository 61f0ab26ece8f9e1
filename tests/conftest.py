"""Tiny checkpoints for all tests, each made once a run."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model by the name of its maker in `tests/tiny_models.py`."""
    made: dict[str, Path] = {}

    def of(name: str) -> Path:
        if name not in made:
            from tests.tiny_models import MAKERS

            made[name] = MAKERS[name](tmp_path_factory.mktemp("models") / name.replace("_", "-"))
        return made[name]

    return of
