"""`chat`: a conversation in the terminal, stored in the library and resumable."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.errors import FAILED, say
from pipeline.cli.invocation import Invocation, command
from pipeline.cli.questions import (
    BoxOption,
    FilterOption,
    ImageOption,
    ImagePageOption,
    KOption,
    ModeOption,
    given_picture,
    parsed_filters,
)
from pipeline.errors import ConfigError, InputError, RectoError

if TYPE_CHECKING:
    from PIL import Image

    from pipeline.chat import Conversation
    from pipeline.stores.history import SessionRow


def register(app: typer.Typer) -> None:
    command(app, "chat")(chat)


def chat(
    invocation: Invocation,
    session: Annotated[
        str | None, typer.Option("--session", metavar="ID", help="Take it up again; `last` is the latest.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the stored conversations.")] = False,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="Write --session as Markdown (- is stdout).")
    ] = None,
    k: KOption = None,
    mode: ModeOption = None,
    filters: FilterOption = None,
    image: ImageOption = None,
    page_index: ImagePageOption = 0,
    box: BoxOption = None,
) -> int:
    """Ask question after question; each may refer to the one before. Ctrl-D, or an empty line at the prompt, ends it.

    A line `/image FILE` has the next question come with that picture, as --image does for the first.
    """
    wanted = parsed_filters(filters)
    picture = given_picture(invocation, image, page_index, box)
    with invocation.open() as library:
        if list_:
            _show_sessions(invocation, library.history.sessions())
            return 0
        if export is not None and session is None:
            raise typer.BadParameter("say which conversation: --session ID", param_hint="--export")
        conversation = library.chat(session, k=k, mode=mode, filters=wanted)
        if export is not None:
            _export(invocation, conversation, export)
            return 0
        if not invocation.as_json:
            _show_past(invocation, conversation)
        failures = 0
        try:
            for question in _typed_questions():
                try:
                    if named := _named_picture(question):
                        picture = given_picture(invocation, named, 0, None)
                        say(f"the next question comes with {named}")
                        continue
                    _turn(invocation, conversation, question, picture)
                    picture = None
                except ConfigError:
                    raise  # it would be the same for every question
                except RectoError as error:
                    failures += 1
                    say(str(error))
        finally:
            if conversation.session_id:
                say(f"`recto chat --session {conversation.session_id}` takes this conversation up again")
    return FAILED if failures else 0


def _typed_questions() -> Iterator[str]:
    """Questions typed at a prompt (until an empty line), or the lines of what is piped in (empty ones skipped)."""
    if not sys.stdin.isatty():
        yield from (line for line in sys.stdin if line.strip())
        return
    import readline  # noqa: F401  # gives `input` line editing and history

    while True:
        print("\n> ", end="", file=sys.stderr, flush=True)
        try:
            line = input()
        except EOFError:
            print(file=sys.stderr)
            return
        if not line.strip():
            return
        yield line


def _named_picture(line: str) -> Path | None:
    """The file of a line `/image FILE`; None for a question. Raises `InputError` for another command."""
    command, _, file = line.strip().partition(" ")
    if re.fullmatch(r"/[a-z]+", command) and command != "/image":
        raise InputError(f"there is no {command} here: /image FILE attaches a picture, Ctrl-D ends the conversation")
    if command != "/image":
        return None
    if not file.strip():
        raise InputError("/image: name the file of a picture, as /image FILE")
    return Path(file.strip()).expanduser()


def _turn(invocation: Invocation, conversation: Conversation, question: str, picture: Image.Image | None) -> None:
    from pipeline.answering.base import AnswerReady
    from pipeline.chat import Standalone
    from pipeline.cli.human import AnswerPrinter
    from pipeline.cli.question_output import ChatLine

    with AnswerPrinter(invocation.console, invocation.settings().answer.answerer) as printer:
        for event in conversation.ask(question, picture):
            if isinstance(event, Standalone):
                said = f"{event.question} (with the picture from before)" if event.pictured and not picture else ""
                if event.reads == "earlier":
                    say(f"reading the pages of the last answer again for: {said or event.question}")
                elif event.reads == "pages" and (said or event.question != question.strip()):
                    say(f"searching for: {said or event.question}")
            elif not invocation.as_json:
                printer.show(event)
            elif isinstance(event, AnswerReady):
                turns = conversation.turns()
                invocation.write(ChatLine.of_turn(conversation.session_id, len(turns) - 1, turns[-1], event.answer))


def _show_past(invocation: Invocation, conversation: Conversation) -> None:
    from pipeline.cli.human import AnswerPrinter
    from pipeline.transcript import unanswered

    for turn in conversation.turns():
        pictured = " (with a picture)" if turn.pictured else ""
        invocation.console.print(f"\n> {turn.question}{pictured}", style="bold", markup=False)
        if turn.answer is not None:
            AnswerPrinter(invocation.console, "").show_whole(turn.answer)
        else:
            invocation.console.print(unanswered(turn), style="dim", markup=False)


def _export(invocation: Invocation, conversation: Conversation, file: Path) -> None:
    """The stored conversation as Markdown, the pictures asked about beside it; with --json as lines of `recto chat`."""
    from pipeline.cli.question_output import ChatLine
    from pipeline.transcript import markdown

    turns = conversation.turns()
    if invocation.as_json:
        session = conversation.session_id
        lines = [
            ChatLine.of_turn(session, number, turn, turn.answer).model_dump_json()
            for number, turn in enumerate(turns)
            if turn.answer is not None
        ]
        text = "".join(f"{line}\n" for line in lines)
    else:
        pictures = {} if str(file) == "-" else _export_pictures(conversation, file)
        text = markdown(conversation.session_id, turns, pictures)
    if str(file) == "-":
        sys.stdout.write(text)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror}): name another file") from None


def _export_pictures(conversation: Conversation, file: Path) -> dict[int, str]:
    """Writes the pictures that came with turns beside `file`; gives their names by turn."""
    from pipeline.screenshots import save_picture

    names: dict[int, str] = {}
    for number, turn in enumerate(conversation.turns()):
        picture = conversation.picture(number) if turn.pictured else None
        if picture is not None:
            names[number] = f"{file.stem}-turn-{number}.png"
            save_picture(picture, file.with_name(names[number]))
    return names


def _show_sessions(invocation: Invocation, sessions: Sequence[SessionRow]) -> None:
    from pipeline.cli.question_output import SessionLine

    for row in sessions:
        if invocation.as_json:
            invocation.write(SessionLine.of(row))
        else:
            text = f"{row.session_id}  {row.created}  {row.turns} turns  {row.first_question}"
            invocation.console.print(text, markup=False)
    if not sessions:
        say("no conversation is stored in this library")
