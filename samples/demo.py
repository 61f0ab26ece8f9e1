"""`make demo`: adds the sample documents to a fresh library, asks about them, and shows the pages that answer.

Uses only what any program can, the `Library` object, and prints as the command line does. Owns the folder `demo/`;
changes nothing else.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pipeline import Library
from pipeline.cli.human import page_name
from pipeline.cli.watching import watcher
from pipeline.config import load_settings
from pipeline.errors import RectoError
from pipeline.results import Answer, Citation, PageRef
from pipeline.screenshots import draw_boxes, save_picture

SAMPLES = Path(__file__).parent
DOCUMENTS = SAMPLES / "docs"
QUESTIONS = SAMPLES / "questions.jsonl"
DEMO = Path("demo")


@dataclass(frozen=True, slots=True)
class DemoQuestion:
    """A question of `questions.jsonl` that is marked for the demo. `kind` says what it takes to answer it."""

    id: str
    question: str
    kind: str


def demo_questions(file: Path = QUESTIONS) -> list[DemoQuestion]:
    """The marked questions, in the order of the file."""
    records = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [DemoQuestion(str(one["id"]), one["question"], one["slices"]["kind"]) for one in records if one.get("demo")]


def main() -> int:
    """Runs the demo; 1 when a sample document could not be read."""
    console = Console(highlight=False, soft_wrap=True)
    shutil.rmtree(DEMO, ignore_errors=True)
    pages = DEMO / "pages"
    pages.mkdir(parents=True)
    with Library.open(load_settings({"library": DEMO / "library"})) as library:
        complete = add_samples(console, library)
        for number, asked in enumerate(demo_questions(), start=1):
            console.print(Text(f"\n{number}. {asked.question}", style="bold"), Text(f"({asked.kind})", style="dim"))
            started = time.perf_counter()
            answer = library.ask(asked.question)
            seconds = time.perf_counter() - started
            show_answer(console, answer, seconds)
            show_pages(console, library, answer, pages, number)
    console.print(f"\nThe pictures lie in {pages}/. Ask your own: .venv/bin/recto ask --library {DEMO / 'library'} '…'")
    return 0 if complete else 1


def add_samples(console: Console, library: Library) -> bool:
    """Adds the sample documents; whether all of them could be read whole."""
    started = time.perf_counter()
    with watcher() as progress:
        reports = list(library.add([DOCUMENTS], progress=progress))
    seconds = time.perf_counter() - started
    for report in sorted(reports, key=lambda report: report.path):
        name = Path(report.path).name
        console.print(f"{report.status:8} {name:32} {report.pages:3} pages {report.chunks:4} chunks", report.error)
    count = sum(report.pages for report in reports)
    console.print(f"{len(reports)} documents, {count} pages in {seconds:.1f} s ({count / seconds:.1f} pages/s)")
    return all(report.status == "ready" for report in reports)


def citations_of(answer: Answer) -> list[Citation]:
    """Each place the answer rests on once, in order: the first is [1]."""
    return list(dict.fromkeys(citation for claim in answer.claims for citation in claim.citations))


def show_answer(console: Console, answer: Answer, seconds: float) -> None:
    """The claims with their citations' numbers, or that the documents do not say."""
    citations = citations_of(answer)
    if answer.abstained:
        console.print(Text(f"   {answer.text}", style="yellow"), Text(f"({seconds:.2f} s)", style="dim"))
    for claim in answer.claims:
        marks = "".join(f"[{citations.index(one) + 1}]" for one in dict.fromkeys(claim.citations))
        doubt = "" if claim.supported else " (not found in the cited evidence)"
        text = Text.assemble(f"   {claim.text} ", (marks, "cyan"), (doubt, "yellow"), (f" ({seconds:.2f} s)", "dim"))
        console.print(text)
    for number, one in enumerate(citations, start=1):
        place = Text.assemble(
            (f"   [{number}] ", "cyan"),
            f"{one.name}, {page_name(one.page_label, one.ref.page_index)}: ",
            (f"“{one.quote}”", "dim"),
        )
        console.print(place)


def show_pages(console: Console, library: Library, answer: Answer, folder: Path, question: int) -> None:
    """Writes each cited page once, with its evidence boxed and numbered as in the answer."""
    marks: dict[PageRef, list[tuple[Citation, str]]] = {}
    for number, citation in enumerate(citations_of(answer), start=1):
        marks.setdefault(citation.ref, []).append((citation, str(number)))
    for ref, cited in marks.items():
        picture = draw_boxes(library.page_picture(ref), [one.box for one, _ in cited], [label for _, label in cited])
        file = folder / f"{question}-{Path(cited[0][0].name).stem}-page-{ref.page_index + 1}.png"
        save_picture(picture, file)
        console.print(Text(f"   picture: {file}", style="green"))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RectoError as error:
        sys.exit(f"demo: {error}")
