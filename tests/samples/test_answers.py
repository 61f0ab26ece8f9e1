"""What `make demo` shows is right: every marked question is answered from its page, or not at all."""

import json
from typing import Any

import pytest

from pipeline import Library
from samples.demo import QUESTIONS

RECORDS = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
DEMO = [record for record in RECORDS if record.get("demo")]


@pytest.mark.parametrize("record", DEMO, ids=lambda record: record["id"])
def test_the_demo_is_answered_from_the_right_pages(library: Library, record: dict[str, Any]) -> None:
    answer = library.ask(record["question"])
    assert answer.abstained == (not record["answerable"])
    cited = [(place.name, place.ref.page_index) for claim in answer.claims for place in claim.citations]
    gold = {(page["doc"], page["page_index"]) for page in record["gold"]}
    assert gold <= set(cited)
    numbers = [word for said in record["answers"][:1] for word in said.split() if any(c.isdigit() for c in word)]
    assert all(number.strip(",%") in answer.text for number in numbers)


def test_every_kind_of_evidence_is_in_the_demo() -> None:
    kinds = {record["slices"]["kind"] for record in DEMO}
    assert {"text", "table", "scan", "chart", "photo", "form", "two_documents", "unanswerable"} <= kinds
