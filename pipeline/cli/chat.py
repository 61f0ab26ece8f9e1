"""`chat`: a conversation in the terminal, stored in the library and resumable."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.errors import FAILED, say
from pipeline.cli.invocation import Invocation, command
from pipeline.cli.questions import FilterOption, KOption, ModeOption, parsed_filters
from pipeline.errors import ConfigError, RectoError

if TYPE_CHECKING:
    from pipeline.chat import Conversation
    from pipeline.stores.history import SessionRow


def register(app: typer.Typer) -> None:
    command(app, "chat")(chat)


def chat(
    invocation: Invocation,
    session: Annotated[str | None, typer.Option("--session", metavar="ID", help="Take up this conversation.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the stored conversations.")] = False,
    k: KOption = None,
    mode: ModeOption = None,
    filters: FilterOption = None,
) -> int:
    """Ask question after question; each may refer to the one before. An empty line or Ctrl-D ends it."""
    from pipeline.chat import Conversation

    wanted = parsed_filters(filters)
    with invocation.open() as library:
        if list_:
            _show_sessions(invocation, library.history.sessions())
            return 0
        conversation = Conversation(library, library.history, session, k=k, mode=mode, filters=wanted)
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
    from pipeline.cli.output import ChatLine

    printer = AnswerPrinter(invocation.console, invocation.settings().answer.answerer)
    standalone = ""
    for event in conversation.ask(question):
        if isinstance(event, Standalone):
            standalone = event.question
            if standalone != question.strip():
                say(f"searching for: {standalone}")
        elif not invocation.as_json:
            printer.show(event)
        elif isinstance(event, AnswerReady):
            turn = len(conversation.turns()) - 1
            line = ChatLine.of_turn(conversation.session_id, turn, question.strip(), standalone, event.answer)
            invocation.write(line)


def _show_past(invocation: Invocation, conversation: Conversation) -> None:
    for turn in conversation.turns():
        invocation.console.print(f"\n> {turn.question}", style="bold", markup=False)
        invocation.console.print(turn.answer or "(the answer cited a document that has been removed)", markup=False)


def _show_sessions(invocation: Invocation, sessions: Sequence[SessionRow]) -> None:
    from pipeline.cli.output import SessionLine

    for row in sessions:
        if invocation.as_json:
            invocation.write(SessionLine.of(row))
        else:
            text = f"{row.session_id}  {row.created}  {row.turns} turns  {row.first_question}"
            invocation.console.print(text, markup=False)
    if not sessions:
        say("no conversation is stored in this library")
