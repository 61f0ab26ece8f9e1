"""`recto eval`: run suites, compare runs, write reports. Imports what it needs only when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.errors import FAILED, say
from pipeline.cli.invocation import Invocation, command

if TYPE_CHECKING:
    from eval.compare import Compared
    from eval.runs.records import Run
    from pipeline.generation.base import Generator

COMMON = ("json", "debug")

SuiteArgument = Annotated[Path, typer.Argument(metavar="SUITE.yaml", help="Sets, configurations and metrics.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A folder that `recto eval run` wrote.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Where the run goes \\[runs/NAME OF THE SUITE].")
]
LibrariesOption = Annotated[
    Path, typer.Option("--libraries", metavar="DIR", help="Where libraries of data sets are made and kept.")
]
SlicesOption = Annotated[bool, typer.Option("--slices", help="By slice too (question type, document type, …).")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Measure retrieval and answers on questions with known pages.", no_args_is_help=True)
    command(group, "run", common=COMMON)(run)
    command(group, "compare", common=COMMON)(compare)
    command(group, "report", common=COMMON)(report)
    command(group, "fetch", common=COMMON)(fetch)
    command(group, "make-questions")(make_questions)
    command(group, "reword", common=("json", "config", "settings", "debug"))(reword)
    command(group, "make-needles", common=("json", "debug"))(make_needles)
    app.add_typer(group, name="eval")


def run(
    invocation: Invocation,
    suite: SuiteArgument,
    out: OutOption = None,
    libraries: LibrariesOption = Path("runs/libraries"),
    slices: SlicesOption = False,
) -> int:
    """Run a suite; run again, it goes on where it stopped. Shows means with 95 % intervals."""
    from eval.runs.records import read_run
    from eval.runs.running import run_suite
    from eval.runs.suite import load_suite

    wanted = load_suite(suite)
    folder = out or Path("runs") / wanted.name
    run_suite(wanted, folder, libraries)
    _show_figures(invocation, read_run(folder), slices)
    say(f"the run is in {folder}; `recto eval report {folder}` shows it")
    return 0


def _show_figures(invocation: Invocation, finished: Run, by_slice: bool) -> None:
    from rich.table import Table

    from eval.output import FigureLine
    from eval.summary import figures

    found = figures(finished.cells, finished.metrics, by_slice=by_slice)
    if invocation.as_json:
        for figure in found:
            invocation.write(FigureLine.of(figure))
        return
    table = Table("set", "slice", "metric", *finished.about["cells"], box=None, header_style="bold")
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for figure in found:
        key = (figure.set_name, figure.slice_name, figure.metric)
        mean = f"{figure.result.mean:.3f} [{figure.result.low:.3f}, {figure.result.high:.3f}]"
        rows.setdefault(key, {})[figure.configuration] = f"{mean} {figure.result.count}"
    for key, means in rows.items():
        table.add_row(*key, *(means.get(name, "") for name in finished.about["cells"]))
    invocation.console.print(table)


def compare(
    invocation: Invocation,
    a: Annotated[str, typer.Argument(metavar="A", help="RUN, or RUN:CONFIGURATION where it has several.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The same, of what may be better.")],
    gate: Annotated[
        bool,
        typer.Option(
            "--gate",
            help="Exit with 1 if B is significantly worse on a whole set, counting that many metrics are looked at "
            "(costs are not), or if one of the two has no score to compare.",
        ),
    ] = False,
    slices: SlicesOption = False,
) -> int:
    """Is B better than A, question by question, and is the difference real?"""
    from eval.compare import ALL, cells_named, not_compared
    from eval.compare import compare as compared_cells
    from eval.output import ComparedLine

    first, second = cells_named(a), cells_named(b)
    found = [one for one in compared_cells(first, second) if slices or one.slice_name == ALL]
    if invocation.as_json:
        for one in found:
            invocation.write(ComparedLine.of(one))
    else:
        _show_compared(invocation, found)
    losses = [one for one in found if one.is_loss]
    looked_at = sum(one.p_family is not None for one in found)
    for one in losses:
        say(
            f"{one.set_name}: {one.metric} is significantly worse, {one.result.difference:+.3f} "
            f"(p {one.p_family:.3f} among the {looked_at} compared)"
        )
    apart = not_compared(first, second)
    for set_name, name in apart:
        say(f"{set_name}: {name} is not compared: no question has a score of both")
    return FAILED if gate and (losses or apart) else 0


def _show_compared(invocation: Invocation, found: list[Compared]) -> None:
    from rich.table import Table

    names = ("set", "slice", "metric", "A", "B", "B - A", "95 % interval", "p", "won", "lost", "questions")
    table = Table(*names, box=None, header_style="bold")
    for one in found:
        result = one.result
        table.add_row(
            one.set_name,
            one.slice_name,
            one.metric,
            f"{result.mean_a:.3f}",
            f"{result.mean_b:.3f}",
            f"{result.difference:+.3f}{' *' if result.significant() else ''}",
            f"[{result.low:+.3f}, {result.high:+.3f}]",
            f"{result.p:.3f}",
            str(len(one.won)),
            str(len(one.lost)),
            str(result.count),
        )
    invocation.console.print(table)


def report(
    invocation: Invocation,
    folder: RunArgument,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.html", help="The file \\[RUN/report.html].")
    ] = None,
    pages: Annotated[int, typer.Option("--pages", min=0, max=10, help="Page pictures shown for a question.")] = 3,
) -> int:
    """Write one HTML file that shows a run: tables, plots, and every question with the pages found."""
    from eval.output import ReportLine
    from eval.report.writing import write_report
    from eval.runs.records import read_run

    file = out or folder / "report.html"
    size = write_report(read_run(folder), file, pages)
    if invocation.as_json:
        invocation.write(ReportLine(file=str(file), bytes=size))
    else:
        invocation.console.print(f"{file} ({size / 1e6:.1f} MB)", markup=False)
    return 0


def fetch(
    invocation: Invocation,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="As in a suite: vidore, visrag, mmdocir, …")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the set goes.")],
    name: Annotated[
        str | None, typer.Option("--set", metavar="NAME", help="Which set of the kind, or a repository OWNER/NAME.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option("--revision", metavar="COMMIT", help="Instead of the pinned one \\[or the newest].")
    ] = None,
) -> int:
    """Fetch a published data set from the Hugging Face hub, at a commit that runs record."""
    from eval.datasets.hub import fetch as fetch_set
    from eval.datasets.hub import hub_set
    from eval.output import FetchedLine

    fetched = fetch_set(hub_set(kind, name), folder, revision)
    if invocation.as_json:
        invocation.write(
            FetchedLine(
                kind=kind,
                repository=fetched.repository,
                revision=fetched.revision,
                folder=str(folder),
                files=fetched.files,
            )
        )
    else:
        invocation.console.print(f"{fetched.repository} at {fetched.revision} is in {folder}", markup=False)
    if fetched.then:
        say(fetched.then)
    return 0


def make_questions(
    invocation: Invocation,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.jsonl", help="Where questions are added, a line each.")],
    count: Annotated[int, typer.Option("--count", min=1, help="Questions that the file shall hold.")] = 50,
    seed: Annotated[int, typer.Option("--seed", help="Which pages are tried first.")] = 0,
) -> int:
    """Make a question set from the library by the configured model; every question is checked against its page."""
    from collections import Counter

    from eval.judge.judge import Judge
    from eval.making.questions import make_questions as made_questions
    from eval.output import MadeLine

    generator = _model(invocation, "makes the questions")
    judge = Judge(generator.llm, explain=generator.explain)
    became: Counter[str] = Counter()
    with invocation.open() as library:
        for made in made_questions(library, generator, judge, count, out, seed):
            became[made.rejected or "kept"] += 1
            if made.record is not None and invocation.as_json:
                invocation.write(MadeLine(**made.record))
            elif made.record is not None:
                invocation.console.print(made.record["question"], markup=False)
    say("; ".join(f"{number} {what}" for what, number in became.most_common()) or "no page was left to try")
    return 0 if became["kept"] else FAILED


def _model(invocation: Invocation, does: str) -> Generator:
    """The configured model, whatever answers questions."""
    from pipeline.errors import ConfigError
    from pipeline.generation.factory import make_generator

    answer = invocation.settings().answer
    if answer.answerer == "extractive" and not (answer.url and answer.model):
        raise ConfigError(f"a language model {does}: set answer.url and answer.model to one that is served")
    return make_generator(answer)


def reword(
    invocation: Invocation,
    folder: Annotated[Path, typer.Argument(metavar="SET-FOLDER", help="The set, as a suite names it.")],
    way: Annotated[
        str, typer.Option("--as", metavar="paraphrase|LANGUAGE", help="In other words, or translated (e.g. German).")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.jsonl", help="Where wordings are added, a line each.")],
    kind: Annotated[str, typer.Option("--kind", help="The kind of set, as in a suite.")] = "recto",
    libraries: LibrariesOption = Path("runs/libraries"),
) -> int:
    """Have the configured model say a set's questions in other words, numbers and names kept, to be read by hand."""
    from collections import Counter

    from eval.datasets.registry import load
    from eval.output import WordingLine
    from eval.robustness.wordings import reword as reworded

    generator = _model(invocation, "rewords the questions")
    corpus = load(kind, folder, libraries / "made-pages")
    became: Counter[str] = Counter()
    for wording in reworded(corpus.questions, generator, way, out):
        became[wording.rejected or "kept"] += 1
        if invocation.as_json:
            invocation.write(WordingLine.of(wording))
        elif wording.rejected:
            say(f"{wording.question.id}: {wording.rejected}: {wording.text}")
        else:
            invocation.console.print(wording.text, markup=False)
    say("; ".join(f"{number} {what}" for what, number in became.most_common()) or "every question is in the file")
    return FAILED if set(became) - {"kept"} else 0


def make_needles(
    invocation: Invocation,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the set goes: docs/ and questions.jsonl.")],
    seed: Annotated[int, typer.Option("--seed", help="Which needles, and which hay.")] = 0,
) -> int:
    """Make a set of needles: single sentences at known depths of long documents, as text and as pictures."""
    from eval.output import NeedlesLine
    from eval.robustness.needles import make_needles as write_needles

    questions = write_needles(folder, seed)
    if invocation.as_json:
        invocation.write(NeedlesLine(folder=str(folder), questions=questions))
    else:
        invocation.console.print(f"{questions} needles in {folder}", markup=False)
    return 0
