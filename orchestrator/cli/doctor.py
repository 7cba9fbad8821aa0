"""`touchpoint doctor`: is everything as it has to be?"""

from __future__ import annotations

import os

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator.clock import utc_now
from orchestrator.config import Settings
from orchestrator.doctor import Finding, examine

SIGNS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "error": "[red]error[/]"}


def doctor() -> None:
    """Look at settings, files, database, broker, clock and playbooks, and say what to do. Exit code 1 when there is an error."""
    try:
        findings = list(examine(Settings(), utc_now(), os.environ))
    except ValidationError as error:
        findings = [
            Finding(
                "settings.values",
                "error",
                f"TOUCHPOINT_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}",
                "correct or unset it",
            )
            for e in error.errors(include_url=False)
        ]
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")  # a name or address that is cut off cannot be copied
    for f in findings:
        table.add_row(SIGNS[f.state], f.check, Text(_printable(f.found)))
        if f.hint:
            table.add_row("", "", Text(_printable(f.hint), style="dim"))
    Console().print(table)
    errors = sum(f.state == "error" for f in findings)
    warnings = sum(f.state == "warning" for f in findings)
    style = "red" if errors else "yellow" if warnings else "green"
    Console().print(f"{len(findings)} checks: {errors} errors, {warnings} warnings.", style=style)
    if errors:
        raise typer.Exit(1)


def _printable(words: str) -> str:
    """Without signs that would move a terminal's cursor: some of the words are senders' and providers'."""
    return "".join(c if c.isprintable() else " " for c in words)
