"""What every command shares: its common options, the settings they make, the library they name, where output goes.

Commands are functions whose first parameter is an `Invocation`; `command` adds the common options to their own.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from pipeline.cli.errors import report
from pipeline.errors import ConfigError, InputError
from pipeline.stores.layout import LibraryPaths

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline import Library
    from pipeline.cli.output import Line
    from pipeline.config import Settings

_PANEL = "For every command"

LibraryOption = Annotated[
    Path | None,
    typer.Option("--library", metavar="DIR", help="The library [./library, or RECTO_LIBRARY].", rich_help_panel=_PANEL),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.", rich_help_panel=_PANEL)]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="Settings file [./recto.toml, or RECTO_CONFIG].", rich_help_panel=_PANEL
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="A setting, e.g. answer.pages=3; repeatable.", rich_help_panel=_PANEL
    ),
]
DebugOption = Annotated[
    bool, typer.Option("--debug", help="Show tracebacks (or set RECTO_DEBUG).", rich_help_panel=_PANEL)
]


COMMON: Mapping[str, tuple[Any, Any]] = {
    "library": (LibraryOption, None),
    "json": (JsonOption, False),
    "config": (ConfigOption, None),
    "settings": (SetOption, None),
    "debug": (DebugOption, False),
}
"""The common options by the name of their parameter, with their defaults."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """The common options of one run of one command."""

    library: Path | None
    as_json: bool
    config: Path | None
    overrides: tuple[str, ...]

    @property
    def flags(self) -> dict[str, Any]:
        """Settings given on the command line, nested as `load_settings` takes them. Raises `ConfigError`."""
        flags: dict[str, Any] = {}
        for override in self.overrides:
            name, equals, value = override.partition("=")
            *sections, key = name.strip().split(".")
            if not equals or not key or not all(sections):
                raise ConfigError(f"--set {override}: write section.name=value, e.g. answer.pages=3")
            place = flags
            for section in sections:
                place = place.setdefault(section, {})
                if not isinstance(place, dict):
                    raise ConfigError(f"--set {override}: {section} is a setting, not a section")
            place[key] = value
        if self.library is not None:
            flags["library"] = self.library
        return flags

    def settings(self) -> Settings:
        from pipeline.config import load_settings

        return load_settings(self.flags, self.config)

    def open(self, create: bool = False) -> Library:
        """The library, for a `with` statement. Unless `create`, one that does not exist is an `InputError`."""
        settings = self.settings()
        where = settings.library.absolute()
        if not create and not LibraryPaths(where).manifest.is_file():
            raise InputError(
                f"there is no library at {where}: make one with `recto add`, or name another with --library"
            )
        from pipeline import Library

        return Library.open(settings)

    def has_library(self) -> bool:
        """Whether the library that is meant was made."""
        return LibraryPaths(self.settings().library).manifest.is_file()

    def write(self, line: Line) -> None:
        """`line` on stdout, whole or not at all."""
        sys.stdout.write(line.model_dump_json() + "\n")
        sys.stdout.flush()

    @property
    def console(self) -> Console:
        """Stdout for people; where it is no terminal nothing is wrapped, so that other tools see whole lines."""
        from rich.console import Console

        class Printer(Console):
            def on_broken_pipe(self) -> None:
                raise  # rich's own ends the program, whatever work is still to be done

        return Printer(highlight=False, width=None if sys.stdout.isatty() else 10_000)


def command(
    app: typer.Typer, name: str, *, common: Collection[str] = COMMON, **options: Any
) -> Callable[[Callable[..., int | None]], Callable[..., None]]:
    """Register `function(invocation, …) -> exit code` under `name`, with the common options after its own.

    `common`: those of the common options that mean something to it; no option is taken and then ignored.
    """

    def register(function: Callable[..., int | None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(
            *,
            library: Path | None = None,
            json: bool = False,
            config: Path | None = None,
            settings: list[str] | None = None,
            debug: bool = False,
            **own: Any,
        ) -> None:
            if json:
                sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
            invocation = Invocation(library, json, config, tuple(settings or ()))
            try:
                code = function(invocation, **own) or 0
                sys.stdout.flush()
            except (TyperException, typer.Exit):
                raise
            except (Exception, KeyboardInterrupt) as error:  # caught here: typer ends some of these its own way
                code = report(error, debug or bool(os.environ.get("RECTO_DEBUG")))
            raise typer.Exit(code)

        hints = {name: _named(hint) for name, hint in typing.get_type_hints(function, include_extras=True).items()}
        keyword = inspect.Parameter.KEYWORD_ONLY
        _, *own_parameters = inspect.signature(function).parameters.values()
        parameters = [
            *(item.replace(annotation=hints[item.name], kind=keyword) for item in own_parameters),
            *(
                inspect.Parameter(key, keyword, default=default, annotation=_named(annotation))
                for key, (annotation, default) in COMMON.items()
                if key in common
            ),
        ]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {item.name: item.annotation for item in parameters}
        return app.command(name, **options)(run)

    return register


def _named(hint: Any) -> Any:
    """The annotation of a parameter. No path may be empty: a shell's unset variable would mean the working folder."""
    if typing.get_origin(hint) is Annotated and _is_path(hint.__origin__):
        for told in hint.__metadata__:
            told.parser = _path
    return hint


def _is_path(kind: Any) -> bool:
    """Whether it is `Path`, `Path | None` or `list[Path]`."""
    return Path in (kind, *typing.get_args(kind))


def _path(text: str | Path) -> Path:
    if not str(text):
        raise typer.BadParameter("it is empty; name a file or folder")
    return Path(text)
