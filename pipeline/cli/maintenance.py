"""`verify`, `vacuum`, `doctor`, `config`: is all well, and what is in force."""

from __future__ import annotations

import typer

from pipeline.cli.errors import FAILED
from pipeline.cli.invocation import Invocation, command


def register(app: typer.Typer) -> None:
    command(app, "verify")(verify)
    command(app, "vacuum")(vacuum)
    command(app, "doctor")(doctor)
    command(app, "config")(config)


def verify(invocation: Invocation) -> int:
    """Check that all stores of the library agree."""
    from pipeline.cli.output import VerifyLine

    with invocation.open() as library:
        differences = list(library.verify())
    if invocation.as_json:
        invocation.write(VerifyLine(ok=not differences, differences=differences))
    else:
        for difference in differences:
            invocation.console.print(difference, markup=False)
        invocation.console.print(f"{len(differences)} differences" if differences else "all stores agree")
    return FAILED if differences else 0


def vacuum(invocation: Invocation) -> int:
    """Give the disk space of removed documents back."""
    from pipeline.cli.output import VacuumLine

    with invocation.open() as library:
        report = library.vacuum()
    if invocation.as_json:
        invocation.write(VacuumLine(bytes_before=report.bytes_before, bytes_after=report.bytes_after))
    else:
        before, after = report.bytes_before / 1e6, report.bytes_after / 1e6
        invocation.console.print(f"{before:,.1f} MB before, {after:,.1f} MB now")
    return 0


def doctor(invocation: Invocation) -> int:
    """Say what works on this machine."""
    from pipeline.cli.doctor import Level, checks

    failed = False
    for check in checks(invocation.settings()):
        failed = failed or check.level == Level.FAIL
        if invocation.as_json:
            from pipeline.cli.output import CheckLine

            invocation.write(CheckLine(check=check.name, level=check.level, detail=check.detail))
        else:
            from rich.text import Text

            style = {Level.OK: "green", Level.NOTE: "yellow", Level.FAIL: "red"}[check.level]
            invocation.console.print(Text.assemble((f"{check.level:5}", style), f"{check.name:30}{check.detail}"))
    return FAILED if failed else 0


def config(invocation: Invocation) -> int:
    """Show the settings in force and where each came from."""
    from pipeline.cli.output import ConfigLine
    from pipeline.config import setting_sources

    settings = invocation.settings()
    origins = setting_sources(invocation.flags, invocation.config)
    values = settings.told()
    if invocation.as_json:
        invocation.write(ConfigLine(settings=values, origins=origins, hash=settings.hash))
        return 0
    from rich.text import Text

    flat = {
        f"{name}.{key}".rstrip("."): item
        for name, value in values.items()
        for key, item in (value if isinstance(value, dict) else {"": value}).items()
    }
    width = max(map(len, flat))
    for full, item in flat.items():
        origin = next((by for one, by in origins.items() if one == full or one.startswith(f"{full}.")), None)
        line = Text.assemble(f"{full:{width}}  ", (f"{item!s:24}", "bold" if origin else "dim"))
        invocation.console.print(line + Text(f"  {origin}" if origin else "  default", "cyan" if origin else "dim"))
    return 0
