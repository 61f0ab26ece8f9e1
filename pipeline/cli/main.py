"""The `recto` command: the application, its entry point, and how every run ends. Commands are in their own files."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from eval import cli as evaluation
from eval import model_cli as models
from pipeline.cli import chat, documents, maintenance, questions
from pipeline.cli.errors import WRONG_USAGE, say

app = typer.Typer(
    name="recto",
    help="Answers questions from piles of documents and shows the page it read.",
    epilog="Exit code 0: all done; 1: something failed and the output says what; 2: wrong usage or configuration; "
    "130: interrupted.",
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (documents, questions, chat, maintenance, evaluation, models):
    group.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        from pipeline.cli.doctor import recto_version

        typer.echo(f"recto {recto_version()}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(WRONG_USAGE)


class _OneLine(logging.Handler):
    """Warnings as one line each, on whatever stderr is at that moment (a progress bar may have replaced it)."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code. Never raises."""
    logging.basicConfig(level=logging.INFO if "--debug" in arguments else logging.WARNING, handlers=[_OneLine()])
    try:
        return int(app(args=list(arguments), prog_name="recto", standalone_mode=False) or 0)
    except TyperException as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "recto"
        say(f"{error.format_message().rstrip('.')}; `{path} --help` shows the usage")
        return WRONG_USAGE


def main() -> None:
    """Entry point of the `recto` command."""
    # Names and document text may hold characters that this terminal's encoding lacks.
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this, as for a daemon
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        getattr(sys, name).reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # who is told to end ends as by Ctrl-C
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
