"""Puts a run into one self-contained HTML file. Takes every figure from `eval.summary`; computes none."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from eval.compare import ALL, SMALLEST_SLICE
from eval.errors import EvaluationError
from eval.metrics.registry import METRICS
from eval.records import CitedPlace, RankedPage
from eval.report.pictures import page_pictures
from eval.report.plots import interval_plot, line_plot
from eval.runs.costs import seconds_by_stage
from eval.runs.records import JUDGE, Cell, Result, Run
from eval.summary import RUN_LEVEL, Figure, figures, recall_by_channel, recall_by_depth, risk_by_coverage


def write_report(run: Run, file: Path, pages: int) -> int:
    """Writes the report, `pages` pictures for each question and configuration; returns its size in bytes."""
    pictures, left_out = page_pictures(run, pages)
    found = figures(run.cells, run.metrics, by_slice=True)
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        resources.files("eval.report").joinpath("template.html").read_text(encoding="utf-8")
    )
    text = template.render(
        about=run.about,
        counts=_counts,
        smallest_slice=SMALLEST_SLICE,
        sets=[_set(run, cells, found) for cells in _by_set(run)],
        metrics={**{name: METRICS[name].description for name in run.metrics if name in METRICS}, **RUN_LEVEL},
        questions=Markup(_json([one for cells in _by_set(run) for one in _questions(cells, pages)])),
        pictures=Markup(_json(pictures)),
        left_out=left_out,
        judge=_judge(run),
        configurations=list(run.about["cells"]),
    )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EvaluationError(f"{file} cannot be written ({error.strerror}): name another by --out") from None
    return file.stat().st_size


def _judge(run: Run) -> dict[str, Any] | None:
    """The judge's own rates, and how many scores it could not give."""
    file = run.folder / JUDGE
    if not file.is_file():
        return None
    unscored = sum(len(result.unscored) for cell in run.cells for result in cell.results.values())
    return {**json.loads(file.read_text(encoding="utf-8")), "unscored_here": unscored}


def _json(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _by_set(run: Run) -> list[list[Cell]]:
    """The cells of each set."""
    return [[cell for cell in run.cells if cell.set_name == name] for name in run.about["sets"]]


def _set(run: Run, cells: list[Cell], found: list[Figure]) -> dict[str, Any]:
    """A set's tables and plots."""
    name = cells[0].set_name
    own = [figure for figure in found if figure.set_name == name]
    plots = {}
    for metric in run.metrics:
        if metric in METRICS and METRICS[metric].family == "cost":
            continue  # the plots' axis is that of scores, 0 to 1
        rows = [figure for figure in own if figure.metric == metric and figure.slice_name == ALL]
        if rows:
            plots[metric] = Markup(
                interval_plot([(f.configuration, f.result.mean, f.result.low, f.result.high) for f in rows])
            )
    depth = {cell.configuration: points for cell in cells if (points := recall_by_depth(cell))}
    risk = {
        f"{cell.configuration}, {curve.area:.3f}": list(zip(curve.coverage, curve.risk, strict=True))
        for cell in cells
        if (curve := risk_by_coverage(cell))
    }
    return {
        "name": name,
        "about": run.about["sets"][name],
        "table": _table(own),
        "plots": plots,
        "depth": Markup(line_plot(depth, "k, pages looked at", "recall@k", by_rank=True)) if depth else "",
        "risk": Markup(line_plot(risk, "share of questions answered", "risk")) if risk else "",
        "channels": {cell.configuration: recall_by_channel(cell) for cell in cells},
        "searched": sorted({pages for cell in cells if (pages := cell.costs.get("pages"))}),
        "seconds": {cell.configuration: _seconds(cell) for cell in cells},
        "costs": _costs(cells),
    }


def _table(found: list[Figure]) -> dict[str, dict[str, dict[str, Figure]]]:
    """slice → metric → configuration → figure."""
    table: dict[str, dict[str, dict[str, Figure]]] = {}
    for figure in found:
        table.setdefault(figure.slice_name, {}).setdefault(figure.metric, {})[figure.configuration] = figure
    return table


def _counts(cells: dict[str, Figure], configurations: list[str]) -> str:
    """Of how many questions the means are, by configuration where it is not one number for all."""
    counts = [str(cells[name].result.count) if name in cells else "none" for name in configurations]
    return " / ".join(counts if len(set(counts)) > 1 else counts[:1])


def _costs(cells: list[Cell]) -> dict[str, dict[str, float]]:
    """What is shown of the costs: name → configuration → value."""
    rows: dict[str, dict[str, float]] = {}
    for cell in cells:
        pages, index = cell.costs.get("pages"), cell.costs.get("index_bytes", {})
        shown = {f"index on disk, kB a page: {part}": size / pages / 1e3 for part, size in index.items() if pages}
        if shown:
            shown = {"index on disk, kB a page": sum(shown.values()), **shown}
        stages = cell.costs.get("seconds", {})
        shown |= {f"median seconds: {stage}": seconds["p50"] for stage, seconds in stages.items()}
        for name, value in shown.items():
            rows.setdefault(name, {})[cell.configuration] = value
    return rows


def _seconds(cell: Cell) -> dict[str, float]:
    """Median and 95th percentile of the whole question, in seconds."""
    return seconds_by_stage({"question": sum(stages.values())} for stages in cell.seconds.values()).get("question", {})


def _questions(cells: list[Cell], pages: int) -> list[dict[str, Any]]:
    """What the list of questions shows of a set."""
    return [
        {
            "set": cells[0].set_name,
            "id": key,
            "text": question.text,
            "answers": list(question.answers),
            "answerable": question.answerable,
            "slices": [f"{name}: {value}" for name, values in question.slices.items() for value in values],
            "documents": list(question.documents),
            "gold": [
                {
                    "page": f"{gold.document}#{gold.page_index}",
                    "boxes": [
                        list(region.box)
                        for region in question.regions
                        if (region.document, region.page_index) == (gold.document, gold.page_index)
                    ],
                }
                for gold in question.gold
            ],
            "results": {cell.configuration: _shown(cell.results[key], pages) for cell in cells},
        }
        for key, question in cells[0].questions.items()
    ]


def _shown(result: Result, pages: int) -> dict[str, Any]:
    outcome = result.outcome
    cited: dict[str, list[list[float]]] = {}
    for place in (place for claim in outcome.claims for place in claim.citations):
        cited.setdefault(_page(place), []).append(list(place.box))
    return {
        "answer": outcome.answer,
        "abstained": outcome.abstained,
        "scores": dict(result.scores),
        "pages": [
            {
                "page": _page(page),
                "copies": [f"{copy}#{page.page_index}" for copy in page.copies],
                "boxes": cited.get(_page(page)) or [list(box) for box in page.boxes[:2]],
                "cited": _page(page) in cited,
                "trace": {name: place[0] for name, place in stages.items()},
            }
            for page, stages in zip(outcome.ranking[: max(pages, 3)], result.trace, strict=False)
        ],
    }


def _page(place: RankedPage | CitedPlace) -> str:
    return f"{place.document}#{place.page_index}"
