"""The JSON contract, key by key and in order: other programs read these lines."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.document import Box, Chunk, DocumentInfo, Kind, PageIssue, Span
from pipeline.cli.output import AddLine, DocumentLine, Line, SyncLine, VerifyLine, printable
from pipeline.cli.question_output import AskLine, SearchLine
from pipeline.indexing import AddReport
from pipeline.results import (
    Answer,
    ChannelScore,
    Citation,
    Claim,
    ContextUsed,
    PageCopy,
    PageHit,
    PageRef,
    ScoredChunk,
    SearchResult,
)
from pipeline.stores.rows import DocumentRow

DOCUMENT = "0123456789abcdef"
REF = PageRef(DOCUMENT, 3)
BOX = Box(0.1, 0.2, 0.3, 0.4)


def shape(value: Any) -> Any:
    """Keys and nesting of a JSON value; a list is shown by its first item."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None


def written(line: Line) -> Any:
    text = line.model_dump_json()
    assert "\n" not in text
    return json.loads(text)


REPORT = AddReport(
    "docs/a.pdf", DOCUMENT, "partial", 12, (PageIssue(3, "ocr", "no", lost=True),), 40, 90, 1.5, "one page", "changed"
)
ISSUE = {"page_index": None, "stage": None, "error": None}
ADD_SHAPE = {
    "path": None,
    "document_id": None,
    "status": None,
    "pages": None,
    "pages_failed": [ISSUE],
    "chunks": None,
    "page_vectors": None,
    "seconds": None,
    "error": None,
}


def test_add_and_sync() -> None:
    line = written(AddLine.of(REPORT))
    assert shape(line) == ADD_SHAPE and list(line) == list(ADD_SHAPE)
    assert (line["pages"], line["chunks"], line["page_vectors"], line["seconds"]) == (12, 40, 90, 1.5)
    assert line["pages_failed"] == [{"page_index": 3, "stage": "ocr", "error": "no"}]
    assert written(SyncLine.of(REPORT)) == line | {"change": "changed"}


def test_a_file_without_trouble_has_null_as_error() -> None:
    line = written(AddLine.of(AddReport("a.pdf", "", "failed", error="")))
    assert line["error"] is None and line["document_id"] is None


def test_documents() -> None:
    info = DocumentInfo(DOCUMENT, "a.pdf", "application/pdf", 1000, 12)
    row = DocumentRow(info, "docs/a.pdf", "ready", "", 12, 0, 40, 90, "2026-01-01T00:00:00+00:00")
    line = written(DocumentLine.of(row, [PageIssue(3, "ocr", "no")]))
    assert shape(line) == {
        "document_id": None,
        "name": None,
        "path": None,
        "pages": None,
        "chunks": None,
        "page_vectors": None,
        "status": None,
        "error": None,
        "issues": [ISSUE],
    }
    assert (line["pages"], line["chunks"], line["page_vectors"]) == (12, 40, 90)


def test_search() -> None:
    chunk = Chunk(DOCUMENT, 3, 2, Kind.TEXT, "one\ntwo", "", 9, (Span(0, 3, BOX), Span(4, 7, BOX)))
    channels = {"dense": ChannelScore(1, 0.5), "rrf": ChannelScore(2, 0.03)}
    copies = (PageCopy(PageRef("f" * 16, 3), "b.pdf"),)
    hit = PageHit(REF, "a.pdf", "A", "iv", 0.125, (ScoredChunk(chunk, 0.5),), (), channels, copies)
    line = written(SearchLine.of("q1", SearchResult("Who?", (hit,), {"dense": 0.25, "lexical": 0.5})))
    assert shape(line) == {
        "id": None,
        "hits": [
            {
                "document_id": None,
                "name": None,
                "page_index": None,
                "page_label": None,
                "score": None,
                "chunks": [{"chunk_id": None, "text": None, "boxes": [[None]]}],
                "channels": {"dense": {"rank": None, "score": None}, "rrf": {"rank": None, "score": None}},
                "copies": [{"document_id": None, "name": None, "page_index": None}],
            }
        ],
        "seconds": None,
    }
    assert line["hits"][0]["copies"][0] == {"document_id": "f" * 16, "name": "b.pdf", "page_index": 3}
    assert line["id"] == "q1" and line["seconds"] == 0.75
    assert line["hits"][0]["page_index"] == 3 and line["hits"][0]["page_label"] == "iv"
    assert line["hits"][0]["chunks"][0]["chunk_id"] == f"{DOCUMENT}:3:2"
    assert line["hits"][0]["chunks"][0]["boxes"] == [[0.1, 0.2, 0.3, 0.4]] * 2


def test_ask() -> None:
    citation = Citation(REF, "a.pdf", "iv", BOX, "one two")
    answer = Answer(
        "Who?",
        "One.",
        False,
        (Claim("One.", True, (citation,)),),
        ContextUsed((REF,), 100, 20),
        {"prompt_tokens": 7},
        {"dense": 0.5, "answer": 1.5},
    )
    line = written(AskLine.of(7, answer))
    assert shape(line) == {
        "id": None,
        "answer": None,
        "abstained": None,
        "unparsed": None,
        "cut_off": None,
        "claims": [
            {
                "text": None,
                "supported": None,
                "citations": [
                    {
                        "document_id": None,
                        "name": None,
                        "page_index": None,
                        "page_label": None,
                        "box": [None],
                        "quote": None,
                    }
                ],
            }
        ],
        "context": {
            "pages": [{"document_id": None, "page_index": None}],
            "text_tokens": None,
            "image_tokens": None,
        },
        "usage": {"prompt_tokens": None},
        "seconds": None,
    }
    assert line["id"] == 7 and line["seconds"] == 2.0 and line["abstained"] is False
    assert line["unparsed"] is False and line["cut_off"] is False
    assert line["claims"][0]["citations"][0]["box"] == [0.1, 0.2, 0.3, 0.4]


def test_verify() -> None:
    assert written(VerifyLine(ok=False, differences=["x"])) == {"ok": False, "differences": ["x"]}


def test_a_question_of_the_command_line_has_no_id() -> None:
    assert written(SearchLine.of(None, SearchResult("Who?", ()))) == {"id": None, "hits": [], "seconds": 0.0}


@pytest.mark.parametrize("name", ["a.pdf", "Jahresübersicht 年.pdf"])
def test_names_are_kept(name: str) -> None:
    assert printable(Path(name)) == name


def test_names_that_are_not_utf8_can_be_written() -> None:
    line = AddLine.of(AddReport("caf\udce9.pdf", DOCUMENT, "ready"))
    assert written(line)["path"] == "caf\\xe9.pdf"
