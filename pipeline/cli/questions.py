"""`search`, `ask`, `page`, `figures`: questions to the library, and the pages behind the answers."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.errors import FAILED, say
from pipeline.cli.invocation import Invocation, command
from pipeline.errors import InputError, RectoError

if TYPE_CHECKING:
    from PIL import Image

    from pipeline import Library
    from pipeline.results import Answer

Mode = Literal["text", "image", "fusion", "joint"]

LONGEST_PREFIX = 80
"""Characters of a question's id in the names of its files."""

QuestionArgument = Annotated[str | None, typer.Argument(metavar="QUESTION", help="The question.", show_default=False)]
QuestionsOption = Annotated[
    str | None,
    typer.Option("--questions", metavar="FILE", help='Many questions: {"id", "question"} a line; - is stdin.'),
]
KOption = Annotated[int | None, typer.Option("-k", min=1, max=1000, help="Pages wanted \\[retrieval.k].")]
ModeOption = Annotated[Mode | None, typer.Option("--mode", help="What is searched \\[retrieval.mode].")]
FilterOption = Annotated[
    list[str] | None,
    typer.Option("--filter", metavar="KEY=VALUE", help="Only documents that fit, e.g. name=report.pdf; repeatable."),
]

ImageOption = Annotated[
    Path | None,
    typer.Option("--image", metavar="FILE", help="Ask by a picture or a page of a PDF, with or without words."),
]
ImagePageOption = Annotated[int, typer.Option("--page", min=0, help="Of --image: 0 is its first page.")]
BoxOption = Annotated[
    str | None, typer.Option("--box", metavar="X0,Y0,X1,Y1", help="Of --image: a part, fractions of the page.")
]
ShowOption = Annotated[
    Path | None,
    typer.Option("--show", metavar="DIR", help="Write the cited places as pictures here, and the answer with them."),
]


def register(app: typer.Typer) -> None:
    command(app, "search")(search)
    command(app, "ask")(ask)
    command(app, "page")(page)
    command(app, "figures")(figures)


def search(
    invocation: Invocation,
    question: QuestionArgument = None,
    questions: QuestionsOption = None,
    k: KOption = None,
    mode: ModeOption = None,
    filters: FilterOption = None,
    image: ImageOption = None,
    page_index: ImagePageOption = 0,
    box: BoxOption = None,
) -> int:
    """Rank the pages of the library by how well they fit a question, a picture, or both."""
    from pipeline.cli.human import show_hits
    from pipeline.cli.question_output import SearchLine

    wanted, picture = parsed_filters(filters), given_picture(invocation, image, page_index, box)
    asked = asked_questions(question, questions, picture)
    with invocation.open() as library:
        if picture is not None:
            result = library.search(asked[0][1], picture=picture, k=k, mode=mode, filters=wanted)
            if invocation.as_json:
                invocation.write(SearchLine.of(None, result))
            else:
                show_hits(invocation.console, result)
            return 0
        for question_id, result in library.search_many(asked, k=k, mode=mode, filters=wanted):
            if invocation.as_json:
                invocation.write(SearchLine.of(question_id, result))
            else:
                if questions:
                    invocation.console.print(f"\n{question_id}: {result.question}", style="bold", markup=False)
                show_hits(invocation.console, result)
    return 0


def ask(
    invocation: Invocation,
    question: QuestionArgument = None,
    questions: QuestionsOption = None,
    k: KOption = None,
    mode: ModeOption = None,
    filters: FilterOption = None,
    show: ShowOption = None,
    image: ImageOption = None,
    page_index: ImagePageOption = 0,
    box: BoxOption = None,
) -> int:
    """Answer a question from the library, each claim with the place it rests on."""
    from pipeline.cli.human import AnswerPrinter
    from pipeline.cli.question_output import AskLine, FailedQuestionLine

    wanted, picture = parsed_filters(filters), given_picture(invocation, image, page_index, box)
    asked = asked_questions(question, questions, picture)
    failures = 0
    with invocation.open() as library:
        if not questions:
            only = _answer_one(invocation, library, asked[0][1], picture, k, mode, wanted)
            if show is not None:
                _show(library, only, show)
            return 0
        texts, prefixes = dict(asked), _prefixes(question_id for question_id, _ in asked)
        for question_id, answer in library.ask_many(asked, k=k, mode=mode, filters=wanted):
            if not invocation.as_json:
                invocation.console.print(f"\n{question_id}: {texts[question_id]}", style="bold", markup=False)
            if isinstance(answer, RectoError):
                failures += 1
                say(f"{question_id}: {answer}")
                if invocation.as_json:
                    invocation.write(FailedQuestionLine(id=question_id, error=str(answer)))
                continue
            if invocation.as_json:
                invocation.write(AskLine.of(question_id, answer))
            else:
                AnswerPrinter(invocation.console, invocation.settings().answer.answerer).show_whole(answer)
            if show is not None:
                _show(library, answer, show, prefixes[question_id])
    if failures:
        say(f"{failures} of {len(asked)} questions failed")
    return FAILED if failures else 0


def _prefixes(ids: Iterable[str | int | None]) -> dict[str | int | None, str]:
    """What the files of each question begin with: its id as far as file names take it, no two alike."""
    prefixes: dict[str | int | None, str] = {}
    used: set[str] = set()
    for number, one in enumerate(ids, start=1):
        name = re.sub(r"[^\w.-]+", "-", str(one))[:LONGEST_PREFIX]
        while name.casefold() in used:
            name = f"{name}-{number}"
        used.add(name.casefold())
        prefixes[one] = f"{name}-"
    return prefixes


def _answer_one(
    invocation: Invocation,
    library: Library,
    question: str,
    picture: Image.Image | None,
    k: int | None,
    mode: Mode | None,
    filters: dict[str, str] | None,
) -> Answer:
    """The answer on stdout: for people as it is written, for programs as one line."""
    from pipeline.answering.base import AnswerReady
    from pipeline.cli.human import AnswerPrinter
    from pipeline.cli.question_output import AskLine

    if invocation.as_json:
        answer = library.ask(question, picture=picture, k=k, mode=mode, filters=filters)
        invocation.write(AskLine.of(None, answer))
        return answer
    with AnswerPrinter(invocation.console, invocation.settings().answer.answerer) as printer:
        for event in library.ask_stream(question, picture=picture, k=k, mode=mode, filters=filters):
            printer.show(event)
            if isinstance(event, AnswerReady):
                return event.answer
    raise RuntimeError("the answerer ended without an answer")


def _show(library: Library, answer: Answer, folder: Path, prefix: str = "") -> None:
    """Pictures of the cited places, and the answer with them."""
    from pipeline.cli.human import counted
    from pipeline.showing import show_answer

    shown = show_answer(answer, library.page_picture, folder, prefix)
    say(f"{folder / f'{prefix}answer.md'} shows the answer with {counted(len(shown), 'cited place')}")


def page(
    invocation: Invocation,
    reference: Annotated[str, typer.Argument(metavar="DOCUMENT", help="Document id, its beginning, or file name.")],
    page_index: Annotated[int, typer.Argument(metavar="PAGE_INDEX", min=0, help="0 is the first page of the file.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.png", help="The picture to write.")],
    question: Annotated[str | None, typer.Option("--question", help="Draw what speaks to this question.")] = None,
    heat_map: Annotated[bool, typer.Option("--heat-map", help="Colour where the page answers to --question.")] = False,
) -> int:
    """Write the picture of a page as the reader saw it, with the evidence for a question boxed."""
    from pipeline.cli.human import counted, show_page
    from pipeline.cli.output import PictureLine
    from pipeline.questions import check_question
    from pipeline.results import PageRef
    from pipeline.screenshots import draw_boxes, save_picture

    asked = None if question is None else check_question(question)
    if heat_map and asked is None:
        raise typer.BadParameter("say what is looked for by --question", param_hint="--heat-map")
    with invocation.open() as library:
        info = library.resolve(reference).info
        ref = PageRef(info.document_id, page_index)
        picture = library.heat_map(ref, asked) if heat_map and asked else library.page_picture(ref)
        boxes = () if asked is None or heat_map else library.page_boxes(ref, asked)
        parsed = library.page(ref)
    picture = draw_boxes(picture, boxes)
    save_picture(picture, out)
    if invocation.as_json:
        invocation.write(PictureLine.of(ref, info.name, out, picture.size, boxes, parsed))
    else:
        found = f", {counted(len(boxes), 'marked place')}" if asked is not None and not heat_map else ""
        invocation.console.print(f"{out}  {picture.width} x {picture.height} pixels{found}", markup=False)
        show_page(invocation.console, parsed)
    return 0


def figures(
    invocation: Invocation,
    reference: Annotated[str, typer.Argument(metavar="DOCUMENT", help="Document id, its beginning, or file name.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Write each one's picture here.")] = None,
) -> int:
    """List a document's captioned figures and tables with the sentences that mention them."""
    from pipeline.cli.human import counted, page_name
    from pipeline.cli.output import FigureLine
    from pipeline.results import PageRef
    from pipeline.screenshots import crop, make_folder, save_picture

    with invocation.open() as library:
        info = library.resolve(reference).info
        if out is not None:
            make_folder(out)
        found = library.figures(info.document_id)
        if not found:
            say(f"{info.name} has no captioned figure or table")
        for number, figure in enumerate(found, start=1):
            path = None
            if out is not None and figure.found:
                path = out / f"{number:03}-{figure.label.replace(' ', '-')}.png"
                save_picture(crop(library.page_picture(PageRef(info.document_id, figure.page_index)), figure.box), path)
            if invocation.as_json:
                invocation.write(FigureLine.of(info.document_id, info.name, figure, path))
            else:
                said = f"  {counted(len(figure.mentions), 'mention')}" if figure.mentions else ""
                written = f"  {path}" if path else "" if figure.found else "  (its place was not found)"
                page = library.page(PageRef(info.document_id, figure.page_index))
                place = page_name(page.page_label if page else "?", figure.page_index)
                invocation.console.print(f"{place}  {figure.caption}{said}{written}", markup=False)
    return 0


def given_picture(invocation: Invocation, image: Path | None, page_index: int, box: str | None) -> Image.Image | None:
    """The picture of `--image`, its `--page` and `--box`; None without one."""
    if image is None:
        if box is not None or page_index:
            raise typer.BadParameter("give the picture they are part of by --image", param_hint="--page, --box")
        return None
    from pipeline.picture_questions import open_picture, parsed_box, part_of

    place = None if box is None else parsed_box(box)
    picture = open_picture(image, page_index, invocation.settings().screenshots.dpi)
    return picture if place is None else part_of(picture, place)


def asked_questions(
    question: str | None, questions: str | None, picture: Image.Image | None = None
) -> list[tuple[str | int | None, str]]:
    """(id, question) pairs from the command line: one question (its id is None) or a file of them.

    Beside a picture there may be no words: the question is empty then.
    """
    from pipeline.questions import check_question, read_questions

    if picture is not None:
        if questions is not None:
            raise typer.BadParameter("one picture is asked about at a time", param_hint="--questions")
        return [(None, "" if question is None else check_question(question))]
    if (question is None) == (questions is None):
        raise typer.BadParameter("give either a QUESTION or --questions FILE", param_hint="QUESTION")
    if question is not None:
        return [(None, check_question(question))]
    assert questions is not None
    try:
        if questions == "-":
            # Decoded here: what stdin was opened with depends on the machine, JSON is UTF-8.
            text, name = sys.stdin.buffer.read().decode("utf-8-sig"), "stdin"
        else:
            text, name = Path(questions).read_text("utf-8-sig"), questions
    except OSError as error:
        raise InputError(f"{questions} cannot be read ({error.strerror}): name a file of questions") from None
    except UnicodeDecodeError:
        raise InputError(f"{questions} is not UTF-8 text: save it as UTF-8") from None
    # Not splitlines(): it also breaks at characters that may stand inside a JSON string.
    return [(one.id, one.text) for one in read_questions(text.split("\n"), name)]


def parsed_filters(filters: list[str] | None) -> dict[str, str] | None:
    """`key=value` options as a mapping."""
    if not filters:
        return None
    wanted: dict[str, str] = {}
    for item in filters:
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise typer.BadParameter(f"write key=value, not {item!r}", param_hint="--filter")
        if key.strip() in wanted:
            raise typer.BadParameter(f"{key.strip()} is given twice", param_hint="--filter")
        wanted[key.strip()] = value
    return wanted
