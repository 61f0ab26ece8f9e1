"""Tiny checkpoints, made once for all tests of generators."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generation.tiny_vlm import make_text_model, make_tiny_vlm


@pytest.fixture(scope="session")
def tiny_vlm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_vlm(tmp_path_factory.mktemp("tiny") / "vlm")


@pytest.fixture(scope="session")
def text_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_text_model(tmp_path_factory.mktemp("tiny") / "text")
