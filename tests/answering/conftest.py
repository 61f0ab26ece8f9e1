"""Real parts for the answering tests: the default text model, and hits built from plain words."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from pipeline.config import EmbeddingSection
from pipeline.embedding.base import TextEmbedder


@pytest.fixture(scope="session")
def embedder() -> TextEmbedder:
    from pipeline.embedding.text import load_text_embedder

    return load_text_embedder(EmbeddingSection())


@pytest.fixture
def only_local_sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Any connection that leaves this machine fails, and is recorded even when the caller swallows the failure."""
    outside: list[object] = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX and not str(address[0]).startswith("127."):  # type: ignore[index]
            outside.append(address)
            raise OSError(f"a connection to the outside: {address}")
        connect(self, address)  # type: ignore[arg-type]

    def guarded_look_up(host: object, *args: object, **kwargs: object) -> object:
        if host not in ("127.0.0.1", "localhost", None):
            outside.append(host)
            raise OSError(f"a look-up to the outside: {host}")
        return look_up(host, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    yield outside
    assert outside == []
