"""Golden vectors: every kind of tiny checkpoint gives what is stored beside this file, so nothing changes unnoticed.

A library keeps vectors for years: what another version of a library, a processor or a prompt does to them must be seen.
Written anew by `pytest --write-golden tests/embedding/test_golden.py`.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.config import EmbeddingSection, load_settings
from pipeline.embedding.models import load_embedders
from pipeline.retrieval.reranking import make_chain
from tests.retrieval.test_reranking import HITS, QUESTION, picture
from tests.tiny_pages import noise, page_of

FOLDER = Path(__file__).parent / "golden"
PRECISELY = {"precision": "float32", "device": "cpu"}
PAGES = ("clip", "colmodernvbert", "colpali", "colqwen2", "vision_language_embedder")
RERANKERS = {"text_reranker": "text", "vision_language_reranker": "page", "vision_language_model": "yes_no"}


def of_pages(checkpoint: Path) -> dict[str, Any]:
    embedder = load_embedders(EmbeddingSection(page_model=str(checkpoint), **PRECISELY)).pages
    (bag,) = embedder.embed_pages([page_of(noise(20))])
    return {"page": bag.vectors, "boxes": bag.boxes, "question": embedder.embed_question("net sales in 2023")}


def of_texts(checkpoint: Path) -> dict[str, Any]:
    embedder = load_embedders(EmbeddingSection(text_model=str(checkpoint), **PRECISELY)).text
    return {"texts": embedder.embed_texts(["net sales", "a ferry"]), "question": embedder.embed_question("net sales")}


def of_reranker(checkpoint: Path, kind: str) -> dict[str, Any]:
    stage = {"kind": kind, "model": str(checkpoint)}
    (made,) = make_chain(load_settings({"retrieval": {"rerank": [stage]}, "embedding": PRECISELY}), picture)
    ranked = sorted(made(QUESTION, HITS), key=lambda hit: hit.ref.page_index)
    return {"scores": [hit.score for hit in ranked if made.name in hit.channels]}


@pytest.mark.parametrize("name", [*PAGES, "text_embedder", *RERANKERS])
def test_what_a_model_gives_is_what_it_gave(
    checkpoint: Callable[[str], Path], request: pytest.FixtureRequest, name: str
) -> None:
    folder = checkpoint(name)
    if name in RERANKERS:
        given = of_reranker(folder, RERANKERS[name])
    else:
        given = of_texts(folder) if name == "text_embedder" else of_pages(folder)
    given = {part: np.round(np.asarray(values, np.float64), 6) for part, values in given.items()}
    file = FOLDER / f"{name}.json"
    if request.config.getoption("--write-golden"):
        FOLDER.mkdir(exist_ok=True)
        file.write_text(json.dumps({part: values.tolist() for part, values in given.items()}) + "\n")
        pytest.skip(f"{file} is written")
    golden = {part: np.array(values) for part, values in json.loads(file.read_text()).items()}
    assert given.keys() == golden.keys()
    for part, values in golden.items():
        assert given[part].shape == values.shape and values.size, part
        assert np.abs(given[part] - values).max() < 1e-4, part
