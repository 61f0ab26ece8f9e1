"""For all tests: tiny checkpoints, each made once a run; property tests are not timed, a busy machine is slow.

`pytest --write-golden` writes what golden tests compare with, instead of comparing.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-golden", action="store_true", help="write the golden files anew; look at the difference")


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
