"""Suites run for real on small libraries: results, resumption, comparison, and the report in a real browser."""

import json
import re
import shutil
import subprocess
from contextlib import nullcontext
from pathlib import Path

import pymupdf
import pytest
from typer.testing import CliRunner

from eval.compare import cells_named, compare
from eval.errors import EvaluationError
from eval.runs.records import NOT_REPEATED, read_run
from eval.runs.running import run_suite
from eval.runs.suite import load_suite
from pipeline.cli.main import app, run

TOPICS = {
    "lighthouse.pdf": ["The lighthouse at Skarne was built in 1884.", "Its lamp is seen for 21 miles."],
    "bakery.pdf": ["The bakery sells 340 loaves a day.", "Its oven burns birch wood."],
    "copy-of-bakery.pdf": [],
}
QUESTIONS = [
    ("built", "When was the lighthouse at Skarne built?", ["1884"], [("lighthouse.pdf", 0)], "number"),
    ("seen", "How far is the lamp of the lighthouse seen?", ["21 miles"], [("lighthouse.pdf", 1)], "number"),
    ("loaves", "How many loaves does the bakery sell?", ["340"], [("copy-of-bakery.pdf", 0)], "number"),
    ("wood", "Which wood burns in the oven?", ["birch"], [("bakery.pdf", 1)], "name"),
    ("mayor", "Who is the mayor of Skarne?", [], [], "none"),
]


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite file with its set: two documents, one of them under two names, and five questions."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "set" / "docs").mkdir(parents=True)
    for name, pages in TOPICS.items():
        if pages:
            with pymupdf.open() as pdf:
                for text in pages:
                    page = pdf.new_page()
                    page.insert_text((72, 80), Path(name).stem.title(), fontsize=20)
                    page.insert_text((72, 130), text)
                pdf.save(folder / "set" / "docs" / name)
    shutil.copy(folder / "set" / "docs" / "bakery.pdf", folder / "set" / "docs" / "copy-of-bakery.pdf")
    records = [
        {
            "id": key,
            "question": text,
            "answers": answers,
            "answerable": bool(answers),
            "gold": [{"doc": doc, "page_index": page} for doc, page in gold],
            "regions": [{"doc": doc, "page_index": page, "box": [0.1, 0.1, 0.9, 0.2]} for doc, page in gold],
            "slices": {"asks": kind},
        }
        for key, text, answers, gold, kind in QUESTIONS
    ]
    (folder / "set" / "questions.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    (folder / "suite.yaml").write_text(
        "name: small\nask: true\ndepth: 5\nsets: [{name: small, folder: set}]\n"
        "configurations: [{name: fusion}, {name: oracle, pages: oracle}, "
        "{name: one page, settings: {answer: {pages: 1}}}]\n".replace("one page", "one-page")
    )
    return folder / "suite.yaml"


@pytest.fixture(scope="module")
def finished(suite: Path) -> Path:
    folder = suite.parent / "run"
    run_suite(load_suite(suite), folder, suite.parent / "libraries")
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.suffix in (".jsonl", ".json", ".trec") and file.name not in NOT_REPEATED
    }


def test_questions_are_scored_and_traced(finished: Path) -> None:
    done = read_run(finished)
    fusion, oracle, _ = done.cells
    assert [fusion.configuration, oracle.configuration] == ["fusion", "oracle"]
    assert list(fusion.results) == [key for key, *_ in QUESTIONS]
    loaves = fusion.results["loaves"]
    assert loaves.scores["recall@5"] == 1, "gold under the second name of the same bytes is the same document"
    assert fusion.questions["loaves"].gold[0].document == "bakery.pdf"
    assert loaves.outcome.answer and "340" in loaves.outcome.answer and loaves.outcome.confidence
    assert len(loaves.trace) == len(loaves.outcome.ranking) == 4
    assert {"dense", "lexical", "visual"} <= set(loaves.trace[0])
    assert fusion.results["mayor"].scores["recall@5"] is None
    assert fusion.results["mayor"].scores["right abstention"] is not None
    assert oracle.results["mayor"].outcome.answer is None, "there is no gold page to answer it from"
    assert "recall@10" not in done.metrics, "rankings are not recorded as deep"
    assert set(fusion.seconds) == set(fusion.results)
    assert fusion.costs["pages"] == 4 and {"page_vectors", "chroma", "lexical"} <= set(fusion.costs["index_bytes"])
    assert not {"originals", "cache", "catalog.sqlite-wal"} & set(fusion.costs["index_bytes"])
    assert loaves.scores["text tokens"] is None, "no model was shown anything"
    assert {"search embed", "answer"} <= set(fusion.costs["seconds"])
    cited = {
        (place.document, place.page_index)
        for claim in oracle.results["wood"].outcome.claims
        for place in claim.citations
    }
    assert cited == {("bakery.pdf", 1)}


def test_trec_files_hold_the_rankings(finished: Path) -> None:
    lines = [line.split() for line in (finished / "small" / "fusion" / "run.trec").read_text().splitlines()]
    built = [(line[2], int(line[3]), float(line[4])) for line in lines if line[0] == "built"]
    assert built[0][0] == "lighthouse.pdf#0" and [rank for _, rank, _ in built] == [1, 2, 3, 4]
    assert [score for *_, score in built] == sorted((score for *_, score in built), reverse=True)
    assert "built 0 lighthouse.pdf#0 1" in (finished / "small" / "qrels.trec").read_text()


def test_a_run_broken_off_goes_on_and_ends_the_same(finished: Path, suite: Path) -> None:
    before = files_of(finished)
    results = finished / "small" / "fusion" / "results.jsonl"
    lines = results.read_bytes().splitlines(keepends=True)
    results.write_bytes(b"".join(lines[:2]) + lines[2][:40])
    timings = results.with_name("timings.jsonl")
    timings.write_bytes(timings.read_bytes()[:-9])
    torn = files_of(finished)
    with pytest.raises(EvaluationError, match="not finished"):
        read_run(finished)
    assert files_of(finished) == torn, "the line may be another process's, and not be finished yet"
    run_suite(load_suite(suite), finished, suite.parent / "libraries")
    assert files_of(finished) == before


def test_a_repetition_gives_the_same_files(finished: Path, suite: Path) -> None:
    again = suite.parent / "again"
    run_suite(load_suite(suite), again, suite.parent / "libraries")
    assert files_of(again) == files_of(finished)


def test_replaced_files_are_not_searched_beside_those_that_replaced_them(tmp_path: Path) -> None:
    """The revision of this kind of set is of its questions only."""
    row = {"doc_name": "law/mill", "ID": "x", "questions": "Who owns it?", "answers": "Ann", "evidence_page_no": 0}
    (tmp_path / "set" / "data").mkdir(parents=True)
    (tmp_path / "set" / "data" / "qas_v2.json").write_text(json.dumps([row]))
    (tmp_path / "suite.yaml").write_text(
        "name: mill\nsets: [{name: mill, folder: set, kind: ohrbench}]\nconfigurations: [{name: fusion}]\n"
    )
    file = tmp_path / "set" / "data" / "pdfs" / "law" / "mill.pdf"
    file.parent.mkdir(parents=True)
    for owner in ("Ann Thule", "Ben Orr"):
        with pymupdf.open() as document:
            document.new_page().insert_text((72, 130), f"The mill of Arden is owned by {owner} and grinds all year.")
            document.save(file)
        run_suite(load_suite(tmp_path / "suite.yaml"), tmp_path / owner, tmp_path / "libraries")
        (cell,) = read_run(tmp_path / owner).cells
        assert [page.document for page in cell.results["x"].outcome.ranking] == ["mill.pdf"]


def test_a_run_does_not_go_on_with_other_documents_of_the_same_revision(tmp_path: Path) -> None:
    row = {"doc_name": "law/mill", "ID": "x", "questions": "Who owns it?", "answers": "Ann", "evidence_page_no": 0}
    (tmp_path / "set" / "data" / "pdfs" / "law").mkdir(parents=True)
    (tmp_path / "set" / "data" / "qas_v2.json").write_text(json.dumps([row]))
    (tmp_path / "suite.yaml").write_text(
        "name: mill\nsets: [{name: mill, folder: set, kind: ohrbench}]\nconfigurations: [{name: fusion}]\n"
    )
    for owner, refused in (("Ann Thule", False), ("Ben Orr", True)):
        with pymupdf.open() as document:
            document.new_page().insert_text((72, 130), f"The mill of Arden is owned by {owner} and grinds all year.")
            document.save(tmp_path / "set" / "data" / "pdfs" / "law" / "mill.pdf")
        with pytest.raises(EvaluationError, match="data set") if refused else nullcontext():
            run_suite(load_suite(tmp_path / "suite.yaml"), tmp_path / "run", tmp_path / "libraries")


def test_a_page_shown_under_its_copy_is_found(tmp_path: Path) -> None:
    """Folding copies must cost no recall: whichever copy is gold, and where all of them are."""
    (tmp_path / "set" / "docs").mkdir(parents=True)
    for number, name in enumerate(("one", "two", "six")):
        with pymupdf.open() as document:
            for text in ("The mill of Arden is owned by Ann Thule and grinds all year.", "The ferry leaves at noon."):
                document.new_page().insert_text((72, 130), text)
            document.set_metadata({"producer": str(number)})
            document.save(tmp_path / "set" / "docs" / f"{name}.pdf")
    gold = {name: [f"{name}.pdf"] for name in ("one", "two", "six")} | {"all": ["one.pdf", "two.pdf", "six.pdf"]}
    questions = [
        {"id": key, "question": "Who owns the mill?", "answers": ["Ann Thule"], "answerable": True}
        | {"gold": [{"doc": name, "page_index": 0} for name in names]}
        for key, names in gold.items()
    ]
    (tmp_path / "set" / "questions.jsonl").write_text("".join(json.dumps(one) + "\n" for one in questions))
    (tmp_path / "suite.yaml").write_text(
        "name: mill\nask: true\nsets: [{name: mill, folder: set}]\nconfigurations: [{name: folded}]\n"
    )
    run_suite(load_suite(tmp_path / "suite.yaml"), tmp_path / "run", tmp_path / "libraries")
    (cell,) = read_run(tmp_path / "run").cells
    assert len(cell.results["one"].outcome.ranking[0].copies) == 2, "they are folded"
    for result in cell.results.values():
        assert result.scores["recall@1"] == result.scores["document recall@1"] == 1
        assert result.scores["citation precision"] == result.scores["citation recall"] == 1
    runs = [line.split() for line in (tmp_path / "run" / "mill" / "folded" / "run.trec").read_text().splitlines()]
    assert {line[0]: line[2] for line in runs if line[3] == "1"}.items() >= {
        ("one", "one.pdf#0"),
        ("two", "two.pdf#0"),
        ("six", "six.pdf#0"),
    }


def test_another_suite_is_not_mixed_in(finished: Path, suite: Path, tmp_path: Path) -> None:
    other = suite.parent / "other.yaml"
    other.write_text(suite.read_text().replace("depth: 5", "depth: 6"))
    with pytest.raises(EvaluationError, match="another suite"):
        run_suite(load_suite(other), finished, suite.parent / "libraries")


def test_comparison_names_what_was_won_and_lost(finished: Path) -> None:
    found = compare(cells_named(f"{finished}:fusion"), cells_named(f"{finished}:one-page"))
    recall = next(one for one in found if one.metric == "recall@5" and one.slice_name == "all")
    assert recall.result.difference == 0 and recall.result.p == 1 and not recall.is_loss
    assert not any(one.slice_name != "all" for one in found), "four questions are too few for a slice"
    with pytest.raises(EvaluationError, match="several configurations"):
        cells_named(str(finished))
    with pytest.raises(EvaluationError, match="has no configuration"):
        cells_named(f"{finished}:nothing")


def test_the_gate_closes_on_a_significant_loss(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """A run of the same questions ten times over, with every answer of one configuration spoiled."""
    copy = tmp_path / "run"
    shutil.copytree(finished, copy)
    for file in copy.rglob("*.jsonl"):
        if file.name == "timings.jsonl":
            continue
        lines = file.read_text().splitlines()
        if file.name == "results.jsonl" and file.parent.name == "one-page":
            lines = [re.sub(r'"recall@1":1.0', '"recall@1":0.0', line) for line in lines]
        numbered = [
            line.replace(f'"{key}"', f'"{key}{n}"', 1)
            for n in range(10)
            for key, line in zip(ids(), lines, strict=True)
        ]
        file.write_text("\n".join(numbered) + "\n")
    assert run(["eval", "compare", f"{copy}:one-page", f"{copy}:fusion", "--gate"]) == 0
    assert run(["eval", "compare", f"{copy}:fusion", f"{copy}:one-page", "--gate"]) == 1
    assert "recall@1 is significantly worse" in capsys.readouterr().err
    assert run(["eval", "compare", f"{finished}:fusion", f"{copy}:one-page"]) == 2
    assert "different questions" in capsys.readouterr().err


def ids() -> list[str]:
    return [key for key, *_ in QUESTIONS]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("depth: 5", "deep: 4"), "deep"),
        (("depth: 5", "depth: 5\nmetrics: [recall@10]"), "recall@10 needs 10 pages of each ranking: set depth to that"),
        (("ask: true", "metrics: [ndcg@10]"), "nDCG@10"),
        (("folder: set", "folder: nowhere"), "nowhere"),
        (("name: oracle", "name: fusion"), "named 'fusion'"),
        (("[{name: small", "[{name: [small"), "no YAML"),
    ],
)
def test_a_wrong_suite_is_one_line(
    suite: Path, tmp_path: Path, change: tuple[str, str], message: str, capsys: pytest.CaptureFixture
) -> None:
    wrong = suite.parent / "wrong.yaml"
    wrong.write_text(suite.read_text().replace(*change))
    assert run(["eval", "run", str(wrong), "--out", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_json_lines(finished: Path) -> None:
    result = CliRunner().invoke(app, ["eval", "compare", f"{finished}:fusion", f"{finished}:oracle", "--json"])
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert records[0]["set"] == "small" and {"metric", "difference", "p", "won", "lost"} <= set(records[0])


@pytest.fixture(scope="module")
def report(finished: Path) -> Path:
    assert run(["eval", "report", str(finished), "--out", str(finished / "report.html")]) == 0
    return finished / "report.html"


def test_the_report_needs_no_network(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", text)
    assert "default-src 'none'" in text
    assert text.count("data:image/jpeg;base64,") == 4, "each page once"
    assert "index on disk, kB a page: page_vectors" in text and "median seconds: search embed" in text
    assert "abstention nAUC by top score" in text


@pytest.mark.parametrize("place", [None, "empty"])
def test_a_report_makes_no_library(
    finished: Path, tmp_path: Path, place: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(finished, copy)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    (copy / "places.json").unlink()
    if place:
        places = {"small": dict.fromkeys(read_run(copy).about["cells"], str(tmp_path / place))}
        (copy / "places.json").write_text(json.dumps(places))
    assert run(["eval", "report", str(copy), "--out", str(copy / "report.html")]) == 0
    assert not list((tmp_path / "empty").iterdir())


BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
PROBE = """<script>
window.addEventListener("load", () => {
  const seen = { questions: at("list").childElementCount };
  at("words").value = "lighthouse"; list(); seen.words = at("list").childElementCount;
  at("words").value = ""; at("slice").value = "asks: name"; list(); seen.slice = at("list").childElementCount;
  at("slice").value = ""; list();
  const first = at("list").firstElementChild; first.open = true;
  setTimeout(() => {
    seen.pictures = [...first.querySelectorAll("img")].filter(i => i.complete && i.naturalWidth > 100).length;
    seen.boxes = first.querySelectorAll("i").length;
    seen.errors = window.failures;
    const told = Object.assign(document.createElement("pre"), { id: "probe", textContent: JSON.stringify(seen) });
    document.body.append(told);
  }, 500);
});
</script>"""


@pytest.mark.skipif(not BROWSER, reason="there is no Chromium on this machine")
def test_the_report_works_in_a_browser(report: Path, tmp_path: Path) -> None:
    text = report.read_text(encoding="utf-8").replace("</body>", PROBE + "</body>")
    watch = "<script>window.failures = []; window.onerror = m => window.failures.push(String(m));</script>"
    probed = tmp_path / "probed.html"
    probed.write_text(
        text.replace("<body>", "<body>" + watch, 1).replace("</body>", PROBE + "</body>"), encoding="utf-8"
    )
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000", "--dump-dom"]
    shown = subprocess.run([*command, probed.as_uri()], capture_output=True, text=True, timeout=120, check=True).stdout
    seen = json.loads(re.search(r'<pre id="probe">(.*?)</pre>', shown)[1])  # type: ignore[index]
    assert seen["questions"] == 5 and seen["words"] == 2 and seen["slice"] == 1
    assert seen["pictures"] >= 1 + 3 * 3 and seen["boxes"] >= 4
    assert seen["errors"] == []
