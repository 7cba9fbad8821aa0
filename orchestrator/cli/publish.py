"""`touchpoint check | publish | status | schema`: from files to published versions."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator import authoring
from orchestrator.config import Settings
from orchestrator.store.upgrade import require_current
from orchestrator.wiring import build

if TYPE_CHECKING:
    from orchestrator.doctor.finding import Finding

Folder = Annotated[Path | None, typer.Argument(help="The playbook folder (default: TOUCHPOINT_PLAYBOOKS).")]
STYLES = {"new": "green", "changed": "yellow", "retired": "red", "unchanged": "dim", "not published": "yellow"}


def check(folder: Folder = None) -> None:
    """Load every file of the playbook folder and say what is wrong, with file, line and what to do."""
    design, files = authoring.load(folder or Settings().playbooks)
    Console().print(f"{len(files)} files are fine: {len(design.playbooks)} playbooks.", style="green")


def publish(folder: Folder = None, by: Annotated[str, typer.Option(help="Who publishes, for the journal.")] = "") -> None:
    """Make what the folder says current. Customers who are inside a playbook stay on the version they began with."""
    settings = Settings()
    parts = build(settings)
    require_current(parts.database)
    done = authoring.publish(parts, folder or settings.playbooks, by or getpass.getuser())
    _table([(p.name, p.number, p.what) for p in done])


def status(folder: Folder = None) -> None:
    """Who is contacted, what waits for a person, and whether the folder differs from what is published."""
    from orchestrator.doctor.contacting import contacting
    from orchestrator.doctor.waiting import waiting

    settings = Settings()
    parts = build(settings)
    require_current(parts.database)
    _say([contacting(settings), *waiting(parts.database)])
    Console().print()
    _table([(p.name, p.number, p.what) for p in authoring.compare(parts, folder or settings.playbooks)])


def schema(
    what: Annotated[
        str, typer.Argument(help="playbook, lifecycle, house-rules, email, text, voice, voicemail or script.")
    ] = "playbook",
) -> None:
    """Print a JSON Schema, from which editors complete and check the files."""
    from orchestrator.language.schema import SCHEMAS, json_schema

    if what not in SCHEMAS:
        raise typer.BadParameter(f"'{what}' is none of {', '.join(SCHEMAS)}")
    typer.echo(json.dumps(json_schema(what), indent=2, ensure_ascii=False))


def _say(findings: Sequence[Finding]) -> None:
    """What to know, and below each what to do. Providers and senders of events chose some of the words: Text, not markup."""
    signs = {"error": ("!!", "bold red"), "warning": ("!", "yellow"), "ok": ("", "green")}
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=2, justify="right")
    grid.add_column(overflow="fold")  # a command that is cut off cannot be copied
    for finding in findings:
        sign, style = signs[finding.state]
        grid.add_row(Text(sign, style=style), Text(_printable(finding.found), style=style))
        if finding.hint:
            grid.add_row("", Text(_printable(finding.hint), style="dim"))
    Console().print(grid)


def _printable(words: str) -> str:
    """Without signs that would move a terminal's cursor."""
    return "".join(c if c.isprintable() else " " for c in words)


def _table(rows: list[tuple[str, int, str]]) -> None:
    table = Table("playbook", "version", "", box=None)
    for name, number, what in sorted(rows):
        table.add_row(name.removeprefix("@"), str(number) if number else "–", f"[{STYLES[what]}]{what}[/]")
    Console().print(table)
