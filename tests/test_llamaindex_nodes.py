"""Recto driven from plain LlamaIndex code, over hits and answers that need no stores."""

from __future__ import annotations

import asyncio
import base64
import io

import pytest
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import ImageNode, MetadataMode, TextNode
from PIL import Image

from ingest.document import Box
from pipeline.answering.extractive import ExtractiveAnswerer
from pipeline.config import EmbeddingSection
from pipeline.errors import InputError
from pipeline.llamaindex import RectoQueryEngine, RectoRetriever
from pipeline.results import Answer, PageRef, SearchResult
from tests.answering.pages import document_id, hit, line_box

HITS = (
    hit(["The ferry to Mell sails at nine.", "Dogs travel free."], document="mell.pdf", page_index=4, title="Mell"),
    hit(["Bicycles cost three euros."], document="fares.pdf", score=0.5),
)


class SmallLibrary:
    """Real answers over fixed hits."""

    def __init__(self) -> None:
        from pipeline.embedding.text import load_text_embedder

        self.answerer = ExtractiveAnswerer(load_text_embedder(EmbeddingSection()))

    def search(self, question: str, *, k: int | None = None) -> SearchResult:
        return SearchResult(question, HITS[:k])

    def ask(self, question: str) -> Answer:
        return self.answerer.answer(question, HITS)

    def page_picture(self, ref: PageRef) -> Image.Image:
        return Image.new("RGB", (30, 40), (ref.page_index, 0, 0))


@pytest.fixture(scope="module")
def library() -> SmallLibrary:
    return SmallLibrary()


def test_pages_come_in_rank_order_pieces_first_then_the_picture(library: SmallLibrary) -> None:
    retriever = RectoRetriever(library)
    assert isinstance(retriever, BaseRetriever)
    nodes = retriever.retrieve("When does the ferry sail?")
    mell, fares = document_id("mell.pdf"), document_id("fares.pdf")
    assert [found.node.node_id for found in nodes] == [
        f"{mell}:4:0",
        f"{mell}:4:1",
        f"{mell}:4",
        f"{fares}:0:0",
        f"{fares}:0",
    ]
    assert [type(found.node) for found in nodes] == [TextNode, TextNode, ImageNode, TextNode, ImageNode]
    assert [found.score for found in nodes if isinstance(found.node, ImageNode)] == [1.0, 0.5]


def test_a_text_node_says_where_it_stands(library: SmallLibrary) -> None:
    node = RectoRetriever(library).retrieve("ferry")[0].node
    assert node.get_content() == "The ferry to Mell sails at nine."
    assert node.metadata["name"] == "mell.pdf"
    assert (node.metadata["page_index"], node.metadata["page_label"]) == (4, "5")
    assert [Box(*box) for box in node.metadata["boxes"]] == [line_box(0)]
    assert "boxes" not in node.get_content(MetadataMode.LLM) and "mell.pdf" in node.get_content(MetadataMode.LLM)


def test_an_image_node_holds_the_picture_of_its_page(library: SmallLibrary) -> None:
    node = RectoRetriever(library).retrieve("ferry")[2].node
    assert isinstance(node, ImageNode) and node.image is not None
    picture = Image.open(io.BytesIO(base64.b64decode(node.image)))
    assert (picture.size, picture.getpixel((0, 0))) == ((30, 40), (4, 0, 0))
    assert node.image_mimetype == "image/png"


def test_k_and_images_are_the_callers_choice(library: SmallLibrary) -> None:
    nodes = RectoRetriever(library, k=1, images=False).retrieve("ferry")
    assert [type(found.node) for found in nodes] == [TextNode, TextNode]


def test_a_response_has_the_answer_its_sources_and_claims(library: SmallLibrary) -> None:
    response = RectoQueryEngine(library).query("When does the ferry to Mell sail?")
    assert "sails at nine" in str(response)
    (source,) = response.source_nodes
    assert source.node.get_content() == "The ferry to Mell sails at nine."
    assert source.node.metadata["page_index"] == 4
    assert response.metadata is not None and response.metadata["abstained"] is False
    assert response.metadata["claims"][0]["supported"] is True


def test_an_abstention_has_no_sources(library: SmallLibrary) -> None:
    response = RectoQueryEngine(library).query("Who wrote the anthem of Brazil?")
    assert response.metadata is not None and response.metadata["abstained"] is True
    assert response.source_nodes == []


def test_the_asynchronous_calls_give_the_same(library: SmallLibrary) -> None:
    async def both() -> tuple[list[str], str]:
        nodes = await RectoRetriever(library).aretrieve("ferry")
        response = await RectoQueryEngine(library).aquery("When does the ferry to Mell sail?")
        return [found.node.node_id for found in nodes], str(response)

    ids, text = asyncio.run(both())
    assert ids == [found.node.node_id for found in RectoRetriever(library).retrieve("ferry")]
    assert text == str(RectoQueryEngine(library).query("When does the ferry to Mell sail?"))


def test_a_page_that_cannot_be_drawn_comes_without_its_picture(library: SmallLibrary) -> None:
    class Damaged(SmallLibrary):
        def page_picture(self, ref: PageRef) -> Image.Image:
            if ref.page_index == 4:
                raise InputError("the page is damaged")
            return super().page_picture(ref)

    nodes = RectoRetriever(Damaged()).retrieve("ferry")
    assert [type(found.node) for found in nodes] == [TextNode, TextNode, TextNode, ImageNode]
