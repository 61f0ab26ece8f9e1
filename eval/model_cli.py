"""`recto model`: page models compared on one's own pages. Imports what it needs only when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.errors import say
from pipeline.cli.invocation import Invocation, command

if TYPE_CHECKING:
    from eval.output import ModelLine


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Compare page models before a library is made with one.", no_args_is_help=True)
    command(group, "compare")(compare)
    app.add_typer(group, name="model")


def compare(
    invocation: Invocation,
    models: Annotated[list[str], typer.Argument(metavar="MODEL...", help="As in embedding.page_model; regions too.")],
    questions: Annotated[
        Path,
        typer.Option("--questions", metavar="FILE", help="Questions with gold pages, one JSON object a line."),
    ],
    pages: Annotated[int, typer.Option("--pages", min=1, help="Gold pages, and others up to so many.")] = 200,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Recall among the first k pages.")] = 5,
) -> int:
    """Your own pages and questions: recall, bytes and seconds a page of each model, before anything is indexed anew."""
    from eval.datasets.reading import json_lines
    from eval.datasets.recto import question as read_question
    from eval.models import draw, measure
    from eval.output import ModelLine
    from eval.statistics import interval, paired

    asked = [read_question(record, place) for place, record in json_lines(questions)]
    with invocation.open() as library:
        sample = draw(library, asked, pages)
        if sample.left_out:
            say(f"questions left out, as a gold page of theirs could not be read: {', '.join(sample.left_out)}")
        settings = invocation.settings().embedding
        found = []
        for model in models:
            say(f"{model}: embedding {len(sample.pages)} pages")
            found.append(measure(library, sample, model, settings, k))
    lines = []
    for one in found:
        change = None if one is found[0] else paired(found[0].recalls, one.recalls)
        lines.append(ModelLine.of(one, interval(one.recalls), change, k, len(sample.pages)))
    if invocation.as_json:
        for line in lines:
            invocation.write(line)
    else:
        _show_models(invocation, lines, k)
    return 0


def _show_models(invocation: Invocation, lines: list[ModelLine], k: int) -> None:
    from rich.table import Table

    names = (
        "model",
        f"recall@{k}",
        "95 % interval",
        "vs first",
        "p",
        "vectors/page",
        "kB/page",
        "s/page",
        "s/question",
    )
    table = Table(*names, box=None, header_style="bold")
    for line in lines:
        table.add_row(
            line.model,
            f"{line.recall:.3f}",
            f"[{line.low:.3f}, {line.high:.3f}]",
            "" if line.difference is None else f"{line.difference:+.3f}",
            "" if line.p is None else f"{line.p:.3f}",
            f"{line.vectors_a_page:,.1f}",
            f"{line.bytes_a_page / 1000:,.1f}",
            f"{line.seconds_a_page:.3f}",
            f"{line.seconds_a_question:.3f}",
        )
    invocation.console.print(table)
    said = f"{lines[0].questions} questions, {lines[0].pages} pages; exact MaxSim of page vectors alone"
    invocation.console.print(said, style="dim", markup=False)
