"""Recto inside LlamaIndex: a `BaseRetriever` and a query engine over an open library.

Owns the translation of hits and answers into nodes and responses. Never searches or answers itself.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from dataclasses import asdict
from typing import Any, Protocol

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import Response
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import ImageNode, NodeWithScore, QueryBundle, TextNode
from PIL import Image

from ingest.document import Box
from pipeline.errors import InputError
from pipeline.results import Answer, Citation, Claim, PageHit, PageRef, ScoredChunk, SearchResult
from pipeline.screenshots import png_bytes

log = logging.getLogger(__name__)

_HIDDEN = ["document_id", "page_index", "boxes"]
"""Metadata that neither an embedder nor a language model should be shown."""


class OpenLibrary(Protocol):
    """What of a `Library` is needed here."""

    def search(self, question: str, *, k: int | None = None) -> SearchResult:
        """The `k` best pages."""

    def ask(self, question: str) -> Answer:
        """The answer."""

    def page_picture(self, ref: PageRef) -> Image.Image:
        """The screenshot of a page. Raises `InputError` for one that cannot be drawn."""


class RectoRetriever(BaseRetriever):
    """Pages as nodes, best page first: a page's pieces as `TextNode`s, then its screenshot as an `ImageNode`.

    Piece nodes have the similarity of the piece as score, page nodes the score of the page. `images=False` leaves the
    screenshots out; a page that was lost has none.
    """

    def __init__(self, library: OpenLibrary, k: int | None = None, images: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._library, self._k, self._images = library, k, images

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        result = self._library.search(query_bundle.query_str, k=self._k)
        return [node for hit in result.hits for node in self._nodes(hit)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)

    def _nodes(self, hit: PageHit) -> list[NodeWithScore]:
        nodes = [_text_node(hit, scored) for scored in hit.chunks]
        picture = self._picture(hit) if self._images else None
        return nodes if picture is None else [*nodes, _page_node(hit, picture)]

    def _picture(self, hit: PageHit) -> Image.Image | None:
        try:
            return self._library.page_picture(hit.ref)
        except InputError as error:
            log.warning("%s, page_index %d comes without its picture: %s", hit.name, hit.ref.page_index, error)
            return None


class RectoQueryEngine(BaseQueryEngine):
    """Answers of the library as LlamaIndex responses: one source node a citation, claims and abstention as metadata."""

    def __init__(self, library: OpenLibrary, **kwargs: Any) -> None:
        super().__init__(callback_manager=kwargs.pop("callback_manager", None), **kwargs)
        self._library = library

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _query(self, query_bundle: QueryBundle) -> Response:
        answer = self._library.ask(query_bundle.query_str)
        cited = dict.fromkeys((citation, claim) for claim in answer.claims for citation in claim.citations)
        return Response(
            response=answer.text,
            source_nodes=[_citation_node(citation, claim) for citation, claim in cited],
            metadata={
                "abstained": answer.abstained,
                "claims": [asdict(claim) for claim in answer.claims],
                "usage": dict(answer.usage),
            },
        )

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return await asyncio.to_thread(self._query, query_bundle)


def _metadata(ref: PageRef, name: str, page_label: str, boxes: list[Box]) -> dict[str, Any]:
    return {
        "document_id": ref.document_id,
        "name": name,
        "page_index": ref.page_index,
        "page_label": page_label,
        "boxes": [list(box) for box in boxes],
    }


def _text_node(hit: PageHit, scored: ScoredChunk) -> NodeWithScore:
    chunk = scored.chunk
    metadata = _metadata(hit.ref, hit.name, hit.page_label, list(chunk.boxes()))
    node = TextNode(
        id_=chunk.chunk_id,
        text=chunk.text,
        metadata={**metadata, "title": hit.title},
        excluded_embed_metadata_keys=_HIDDEN,
        excluded_llm_metadata_keys=_HIDDEN,
    )
    return NodeWithScore(node=node, score=scored.score)


def _page_node(hit: PageHit, picture: Image.Image) -> NodeWithScore:
    metadata = _metadata(hit.ref, hit.name, hit.page_label, [region.box for region in hit.regions])
    node = ImageNode(
        id_=f"{hit.ref.document_id}:{hit.ref.page_index}",
        image=base64.b64encode(png_bytes(picture)).decode("ascii"),
        image_mimetype="image/png",
        metadata={**metadata, "title": hit.title},
        excluded_embed_metadata_keys=_HIDDEN,
        excluded_llm_metadata_keys=_HIDDEN,
    )
    return NodeWithScore(node=node, score=hit.score)


def _citation_node(citation: Citation, claim: Claim) -> NodeWithScore:
    metadata = _metadata(citation.ref, citation.name, citation.page_label, [citation.box])
    node = TextNode(
        text=citation.quote,
        metadata={**metadata, "claim": claim.text, "supported": claim.supported},
        excluded_embed_metadata_keys=_HIDDEN,
        excluded_llm_metadata_keys=_HIDDEN,
    )
    return NodeWithScore(node=node, score=None)
