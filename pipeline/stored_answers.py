"""Answers as they are kept in the question log and in conversations: JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ingest.document import Box
from pipeline.results import Answer, Citation, Claim, ContextUsed, PageRef


def to_json(answer: Answer, **more: Any) -> str:
    """The whole answer, evidence included; `more` is kept beside it."""
    return json.dumps(asdict(answer) | more, ensure_ascii=False)


def from_json(stored: str) -> Answer:
    """The answer that `to_json` wrote."""
    values = json.loads(stored)
    used = values["context"]
    return Answer(
        values["question"],
        values["text"],
        values["abstained"],
        tuple(_claim(claim) for claim in values["claims"]),
        ContextUsed(tuple(_ref(ref) for ref in used["pages"]), used["text_tokens"], used["image_tokens"]),
        values["usage"],
        values["seconds"],
        values["confidence"],
        values.get("unparsed", False),
        values.get("cut_off", False),
    )


def _claim(values: Mapping[str, Any]) -> Claim:
    citations = tuple(
        Citation(_ref(place["ref"]), place["name"], place["page_label"], Box(*place["box"]), place["quote"])
        for place in values["citations"]
    )
    return Claim(values["text"], values["supported"], citations)


def _ref(values: Mapping[str, Any]) -> PageRef:
    return PageRef(values["document_id"], values["page_index"])
