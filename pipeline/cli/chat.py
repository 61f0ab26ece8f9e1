"""`chat`: a conversation in the terminal, stored in the library and resumable."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.errors import FAILED, say
from pipeline.cli.invocation import Invocation, command
from pipeline.cli.questions import FilterOption, KOption, ModeOption, parsed_filters
from pipeline.errors import ConfigError, InputError, RectoError

if TYPE_CHECKING:
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
) -> int:
    """Ask question after question; each may refer to the one before. An empty line or Ctrl-D ends it."""
    wanted = parsed_filters(filters)
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
                    _turn(invocation, conversation, question)
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


def _turn(invocation: Invocation, conversation: Conversation, question: str) -> None:
    from pipeline.answering.base import AnswerReady
    from pipeline.chat import Standalone
    from pipeline.cli.human import AnswerPrinter
    from pipeline.cli.question_output import ChatLine

    printer = AnswerPrinter(invocation.console, invocation.settings().answer.answerer)
    standalone = ""
    for event in conversation.ask(question):
        if isinstance(event, Standalone):
            standalone = event.question
            if event.reads == "earlier":
                say(f"reading the pages of the last answer again for: {standalone}")
            elif event.reads == "pages" and standalone != question.strip():
                say(f"searching for: {standalone}")
        elif not invocation.as_json:
            printer.show(event)
        elif isinstance(event, AnswerReady):
            turn = len(conversation.turns()) - 1
            line = ChatLine.of_turn(conversation.session_id, turn, question.strip(), standalone, event.answer)
            invocation.write(line)


def _show_past(invocation: Invocation, conversation: Conversation) -> None:
    from pipeline.cli.human import AnswerPrinter
    from pipeline.transcript import unanswered

    for turn in conversation.turns():
        invocation.console.print(f"\n> {turn.question}", style="bold", markup=False)
        if turn.answer is not None:
            AnswerPrinter(invocation.console, "").show_whole(turn.answer)
        else:
            invocation.console.print(unanswered(turn), style="dim", markup=False)


def _export(invocation: Invocation, conversation: Conversation, file: Path) -> None:
    """The stored conversation as Markdown; with --json as the lines that `recto chat --json` wrote."""
    from pipeline.cli.question_output import ChatLine
    from pipeline.transcript import markdown

    turns = conversation.turns()
    if invocation.as_json:
        session = conversation.session_id
        lines = [
            ChatLine.of_turn(session, number, turn.question, turn.standalone, turn.answer).model_dump_json()
            for number, turn in enumerate(turns)
            if turn.answer is not None
        ]
        text = "".join(f"{line}\n" for line in lines)
    else:
        text = markdown(conversation.session_id, turns)
    if str(file) == "-":
        sys.stdout.write(text)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror}): name another file") from None


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
