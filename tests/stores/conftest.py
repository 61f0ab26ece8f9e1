"""Fixtures: the library of one test, and a Chroma server."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.stores.opened import Stores
from tests.stores.small_library import Opener, PlainWords, add_document, manifest, page_vector, write_file


@pytest.fixture
def open_stores(tmp_path: Path) -> Iterator[Opener]:
    """Opens (again) the one library of the test; closes it at the end."""
    opened: list[Stores] = []

    def open_again(chroma_url: str = "", **changes: object) -> Stores:
        for stores in opened:
            stores.close()
        words = PlainWords()
        root = tmp_path / "library"
        opened.append(Stores.open(root, manifest(**changes), words, page_vector, chroma_url=chroma_url))
        return opened[-1]

    yield open_again
    for stores in opened:
        stores.close()


@pytest.fixture
def stores(open_stores: Opener) -> Stores:
    return open_stores()


@pytest.fixture
def two_documents(stores: Stores, tmp_path: Path) -> tuple[str, str]:
    """Two documents in `stores`; the second alone has the word "zanzibarite"."""
    first = write_file(tmp_path, "harvest.pdf", ["The harvest was good\nand the barns are full", "Rain came late"])
    second = write_file(
        tmp_path, "minerals.pdf", ["A vein of zanzibarite\nwas found", "Zanzibarite is rare", "The end"]
    )
    return add_document(stores, first), add_document(stores, second)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Chroma server of this test."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("server")
    program = "import sys; from chromadb.cli.cli import app; sys.argv[0] = 'chroma'; app()"
    arguments = [
        sys.executable,
        "-c",
        program,
        "run",
        "--path",
        str(folder),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/api/v2/heartbeat", timeout=1).read()
            break
        except OSError:
            time.sleep(0.1)
    yield url
    process.terminate()
    process.wait()
