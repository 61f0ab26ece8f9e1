"""The sample documents in a library, read once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import Library
from samples.demo import DOCUMENTS


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library(tmp_path_factory.mktemp("samples") / "library") as library:
        assert {report.status for report in library.add([Path(DOCUMENTS)])} == {"ready"}
        yield library
