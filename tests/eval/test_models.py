"""Page models compared on a library's own pages, through the command."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.errors import EvaluationError
from eval.models import Sample, draw, measure
from eval.records import GoldPage, Question
from eval.runs.system import document_id
from pipeline import Library
from pipeline.cli.main import run
from pipeline.config import load_settings
from tests.cli.conftest import ROOT
from tests.eval.sets import pdf

DECK = ROOT / "samples/docs/halden-fleet-renewal-deck.pdf"


def test_recall_bytes_and_seconds_of_each_model(
    checkpoint: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = str(checkpoint("text_embedder"))
    flags = {"library": tmp_path / "library", "ingest": {"ocr": "off"}, "embedding": {"text_model": text}}
    with Library(settings=load_settings(flags)) as library:
        (report,) = library.add([DECK])
        gold = (GoldPage(DECK.name, 1),)
        sample = draw(library, [Question("1", "Which ships?", gold=gold), Question("2", "No gold")], 2)
        assert [ref.page_index for ref, _, _ in sample.pages].count(1) == 1 and len(sample.pages) == 2
        assert [question.id for question in sample.questions] == ["1"]
        graded = (GoldPage(DECK.name, 1, 2), GoldPage(DECK.name, 0, 0))
        sample = draw(
            library,
            [
                Question("1", "?", gold=graded),
                Question("2", "?", gold=graded[1:]),
                Question("3", "?", gold=(*gold, GoldPage(DECK.name, 999))),
            ],
            2,
        )
        assert [{ref.page_index for ref in refs} for refs in sample.gold] == [{1}], "grade 0 is judged and useless"
        assert [question.id for question in sample.questions] == ["1"] and sample.left_out == ("3",)
        with pytest.raises(EvaluationError, match="could read"):
            draw(library, [Question("3", "?", gold=(GoldPage(DECK.name, 999),))], 2)
        with pytest.raises(EvaluationError, match=r"other\.pdf is not in the library"):
            draw(library, [Question("1", "?", gold=(GoldPage("other.pdf", 0),))], 2)
        with pytest.raises(EvaluationError, match="no question says"):
            draw(library, [Question("2", "No gold")], 2)
        twin = tmp_path / "twin" / DECK.name
        pdf(twin, 1)
        assert len(list(library.add([twin]))) == 1
        with pytest.raises(EvaluationError, match="stands for 2 documents"):
            draw(library, [Question("1", "?", gold=gold)], 2)
        library.remove(document_id(twin))
    asked = tmp_path / "questions.jsonl"
    asked.write_text(
        "".join(
            json.dumps({"id": at, "question": f"ship {at}", "gold": [{"doc": DECK.name, "page_index": at}]}) + "\n"
            for at in range(report.pages)
        )
    )
    settings = [
        "--set",
        "ingest.ocr=off",
        "--set",
        f"embedding.text_model={text}",
        "--library",
        str(tmp_path / "library"),
    ]
    command = ["model", "compare", "regions", str(checkpoint("clip")), "--questions", str(asked), *settings]
    assert run([*command, "--json", "-k", str(report.pages)]) == 0
    regions, clip = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert regions["recall"] == clip["recall"] == 1.0 and (clip["difference"], clip["p"]) == (0.0, 1.0)
    assert (clip["vectors_a_page"], clip["bytes_a_page"]) == (1.0, 24 * 2 + 16)
    assert regions["difference"] is None and regions["seconds_a_page"] > 0 and clip["pages"] == report.pages
    with asked.open("a") as file:
        file.write(json.dumps({"id": "gone", "question": "?", "gold": [{"doc": DECK.name, "page_index": 999}]}) + "\n")
    command = ["model", "compare", str(checkpoint("clip")), "--questions", str(asked), *settings]
    assert run(command) == 0
    told = capsys.readouterr()
    assert "recall@5" in told.out and "could not be read: gone" in told.err
    with Library(settings=load_settings(flags)) as library:
        (page,) = draw(library, [Question("1", "?", gold=gold)], 1).pages
        section = load_settings({**flags, "embedding": {**flags["embedding"], "page_storage": "int8"}}).embedding
        sample = Sample((page,), (Question("1", "?"),), (frozenset({page[0]}),), ())
        assert measure(library, sample, str(checkpoint("clip")), section, 1).bytes_a_page == 24 + 4 + 16
