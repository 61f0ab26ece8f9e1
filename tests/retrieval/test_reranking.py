"""Rerankers through the real libraries: their scores, their order, and how they explain themselves in a hit."""

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ingest.document import Chunk, Kind
from pipeline.config import Settings, load_settings
from pipeline.errors import ConfigError, InputError, ModelError
from pipeline.results import ChannelScore, PageHit, PageRef, ScoredChunk
from pipeline.retrieval.reranking import Stage, make_chain
from pipeline.retrieval.yes_no import probability_of_yes
from tests.answering.fake_server import serving

QUESTION = "What were net sales?"
TEXTS = ["Net sales were 12 million.", "The committee met in May.", "", "yes yes yes"]
SIZES = [(96, 128), (128, 96), (96, 128), (64, 64)]


def hit(place: int, text: str) -> PageHit:
    chunks = (ScoredChunk(Chunk("d", place, 0, Kind.TEXT, text, "", 9, ()), 0.5),) if text else ()
    channels = {"fusion": ChannelScore(place + 1, 1 - place / 10)}
    return PageHit(PageRef("d", place), "a.pdf", "A", str(place), 1 - place / 10, chunks, (), channels)


HITS = [hit(place, text) for place, text in enumerate(TEXTS)]


def picture(ref: PageRef) -> Image.Image:
    width, height = SIZES[ref.page_index]
    pixels = np.random.default_rng(ref.page_index).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.NEAREST)


def settings(*stages: dict[str, Any], **answer: Any) -> Settings:
    embedding = {"precision": "float32", "device": "cpu"}
    return load_settings({"retrieval": {"rerank": stages}, "embedding": embedding, "answer": answer})


@pytest.mark.parametrize(
    ("kind", "name"),
    [("text", "text_reranker"), ("page", "vision_language_reranker"), ("yes_no", "vision_language_model")],
)
def test_scores_order_the_pages_and_do_not_depend_on_the_batch(
    checkpoint: Callable[[str], Path], kind: str, name: str
) -> None:
    (stage,) = make_chain(settings({"kind": kind, "model": str(checkpoint(name))}), picture)
    ranked = stage(QUESTION, HITS)
    scored = [one for one in ranked if stage.name in one.channels]
    assert stage.name == f"rerank:{kind}" and {one.ref for one in ranked} == {one.ref for one in HITS}
    assert len(scored) == (3 if kind == "text" else 4)  # a page without text is not scored, and not lost
    scores = [one.channels[stage.name].score for one in scored]
    assert scores == sorted(scores, reverse=True) == [one.score for one in scored]
    assert [one.channels[stage.name].rank for one in scored] == list(range(1, len(scored) + 1))
    assert all(0 < score < 1 for score in scores) and "fusion" in ranked[0].channels
    for one in scored:
        (alone,) = stage(QUESTION, [next(hit for hit in HITS if hit.ref == one.ref)])
        assert alone.score == pytest.approx(one.score, abs=1e-5)


def test_scores_are_those_of_the_library(checkpoint: Callable[[str], Path]) -> None:
    from sentence_transformers import CrossEncoder

    text, page = checkpoint("text_reranker"), checkpoint("vision_language_reranker")
    chain = make_chain(settings({"kind": "text", "model": str(text)}, {"kind": "page", "model": str(page)}), picture)
    assert [stage.name for stage in chain] == ["rerank:text", "rerank:page#2"]
    expected = CrossEncoder(str(text), device="cpu").predict([(QUESTION, TEXTS[0])])[0]
    assert chain[0](QUESTION, HITS[:1])[0].score == pytest.approx(expected, abs=1e-4)
    expected = CrossEncoder(str(page), device="cpu").predict([(QUESTION, picture(HITS[0].ref))])[0]
    assert chain[1](QUESTION, HITS[:1])[0].score == pytest.approx(expected, abs=1e-4)


def test_pages_behind_keep_their_order() -> None:
    backwards = SimpleNamespace(scores=lambda question, hits: {hit.ref: float(hit.ref.page_index) for hit in hits})
    assert [one.ref.page_index for one in Stage("x", backwards, 2)(QUESTION, HITS)] == [1, 0, 2, 3]
    assert Stage("x", backwards, 2)(QUESTION, []) == []


def lost_page(ref: PageRef) -> Image.Image:
    """Pictures of all pages but one, as of a TIFF with a damaged frame."""
    if ref.page_index == 1:
        raise InputError("page_index 1 cannot be drawn")
    return picture(ref)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("page", "vision_language_reranker"), ("yes_no", "vision_language_model"), ("yes_no", "endpoint")],
)
def test_a_page_that_cannot_be_drawn_follows_unscored(checkpoint: Callable[[str], Path], kind: str, name: str) -> None:
    with serving() as server:
        server.reply = "yes"
        server.logprobs = [{"token": "Yes", "logprob": math.log(0.6), "bytes": None}]
        stage = {"kind": kind, "model": name if name == "endpoint" else str(checkpoint(name))}
        answer = {"url": server.url, "model": "seer"} if name == "endpoint" else {}
        (made,) = make_chain(settings(stage, **answer), lost_page)
        ranked = made(QUESTION, HITS)
        assert [one.ref.page_index for one in ranked if made.name not in one.channels] == [1]
        assert ranked[-1].ref.page_index == 1 and ranked[-1].score == HITS[1].score and len(ranked) == len(HITS)
        assert made(QUESTION, [HITS[1]]) == [HITS[1]]


def test_a_postprocessor_of_llama_index_keeps_and_orders() -> None:
    path = "llama_index.core.postprocessor.SimilarityPostprocessor"
    stage = {"kind": "llama_index", "model": path, "options": {"similarity_cutoff": 0.85}}
    (made,) = make_chain(settings(stage), picture)
    assert [one.ref.page_index for one in made(QUESTION, HITS)] == [0, 1]
    reorder = {"kind": "llama_index", "model": "llama_index.core.postprocessor.LongContextReorder"}
    (made,) = make_chain(settings(reorder), picture)
    assert sorted(one.ref.page_index for one in made(QUESTION, HITS)) == [0, 1, 2, 3]
    assert [one.ref.page_index for one in made(QUESTION, HITS)] != [0, 1, 2, 3]


def test_a_served_model_is_asked_yes_or_no() -> None:
    tokens = [("Yes", 0.6), (" yes", 0.2), ("No", 0.1), ("Perhaps", 0.1)]
    found = [SimpleNamespace(token=token, logprob=math.log(share)) for token, share in tokens]
    assert probability_of_yes(found) == pytest.approx(0.8 / 0.9)
    assert probability_of_yes(found[3:]) == 0.5
    with serving() as server:
        server.reply = "yes"
        chain = make_chain(settings({"kind": "yes_no", "model": "endpoint"}, url=server.url, model="seer"), picture)
        with pytest.raises(ModelError, match="log-probabilities"):
            chain[0](QUESTION, HITS[:1])
        server.logprobs = [{"token": token, "logprob": math.log(share), "bytes": None} for token, share in tokens]
        (one,) = chain[0](QUESTION, HITS[:1])
        assert one.score == pytest.approx(0.8 / 0.9)
        assert server.blocks[0]["type"] == "image_url" and QUESTION in server.blocks[1]["text"]
        assert server.requests[-1]["max_tokens"] == 1 and server.requests[-1]["top_logprobs"] == 20


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ({"kind": "text", "model": "text_embedder"}, r"rerank\[0\]\.model.*wrong kind.*one vector"),
        ({"kind": "page", "model": "text_reranker"}, "does not take pictures"),
        ({"kind": "yes_no", "model": "text_reranker"}, "it gives a score"),
        ({"kind": "text", "model": "/no/such/folder"}, "is no folder"),
        ({"kind": "llama_index", "model": "no.such.Class"}, "cannot be imported"),
        ({"kind": "llama_index", "model": "pathlib.Path"}, "no LlamaIndex BaseNodePostprocessor"),
        ({"kind": "yes_no", "model": "endpoint"}, r"answer\.model"),
    ],
)
def test_what_cannot_rerank_is_refused(checkpoint: Callable[[str], Path], stage: dict[str, Any], said: str) -> None:
    if stage["model"].startswith("text_"):
        stage = {**stage, "model": str(checkpoint(stage["model"]))}
    with pytest.raises((ConfigError, ModelError), match=said):
        make_chain(settings(stage), picture)


def test_stages_come_from_a_flag_as_json() -> None:
    made = load_settings({"retrieval": {"rerank": '[{"kind": "text", "model": "a/b", "pages": 7}]'}})
    assert [(one.kind, one.pages) for one in made.retrieval.rerank] == [("text", 7)]
    for wrong in ("[{", '[{"kind": "colour", "model": "x"}]'):
        with pytest.raises(ConfigError, match=r"retrieval\.rerank"):
            load_settings({"retrieval": {"rerank": wrong}})
