"""Any LlamaIndex `BaseNodePostprocessor` as a reranker: pages go in as text nodes, its order and choice come out."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from pipeline.errors import ConfigError, ModelError, first_line
from pipeline.results import PageHit, PageRef


class Postprocessor:
    """The class at `path` (`package.module.Class`), made with `options`. Raises `ConfigError`."""

    def __init__(self, path: str, options: Mapping[str, Any], setting: str) -> None:
        from llama_index.core.postprocessor.types import BaseNodePostprocessor

        module, _, name = path.rpartition(".")
        try:
            kind = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise ConfigError(f"{setting} {path!r} cannot be imported ({error}): write package.module.Class") from None
        if not (isinstance(kind, type) and issubclass(kind, BaseNodePostprocessor)):
            raise ConfigError(f"{setting} {path!r} is no LlamaIndex BaseNodePostprocessor")
        try:
            self._made = kind(**options)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{setting} {path!r} does not take these options: {first_line(error)}") from None
        self._path = path

    def scores(self, question: str, hits: Sequence[PageHit]) -> Mapping[PageRef, float]:
        """Its scores of the pages that it keeps; one over its rank where its own order is not that of its scores."""
        from llama_index.core.schema import NodeWithScore, TextNode

        refs = {f"{hit.ref.document_id}:{hit.ref.page_index}": hit.ref for hit in hits}
        nodes = [
            NodeWithScore(
                node=TextNode(
                    id_=key,
                    text="\n\n".join(scored.chunk.text for scored in sorted(hit.chunks, key=_place)),
                    metadata={"name": hit.name, "title": hit.title, "page_label": hit.page_label},
                ),
                score=hit.score,
            )
            for key, hit in zip(refs, hits, strict=True)
        ]
        try:
            kept = self._made.postprocess_nodes(nodes, query_str=question)
        except Exception as error:  # every integration raises the errors of its own library
            said = (str(error).splitlines() or [type(error).__name__])[0]
            raise ModelError(f"{self._path} failed: {said}") from error
        order = [(refs[one.node.node_id], one.score) for one in kept if one.node.node_id in refs]
        scores = [score for _, score in order if score is not None]
        if len(scores) == len(order) and all(one > two for one, two in pairwise(scores)):
            return {ref: float(score) for ref, score in order if score is not None}
        return {ref: 1.0 / rank for rank, (ref, _) in enumerate(order, start=1)}


def _place(scored: Any) -> int:
    return int(scored.chunk.ordinal)
