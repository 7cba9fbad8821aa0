"""`touchpoint check | publish | status | schema`: from files to published versions."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestrator import authoring
from orchestrator.config import Settings
from orchestrator.store.upgrade import require_current
from orchestrator.wiring import build

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
    """Compare the folder with what is published."""
    settings = Settings()
    parts = build(settings)
    require_current(parts.database)
    _table([(p.name, p.number, p.what) for p in authoring.compare(parts, folder or settings.playbooks)])


def schema(
    what: Annotated[str, typer.Argument(help="playbook, lifecycle, house-rules, email, text, voicemail or script.")] = "playbook",
) -> None:
    """Print a JSON Schema, from which editors complete and check the files."""
    from orchestrator.language.schema import SCHEMAS, json_schema

    if what not in SCHEMAS:
        raise typer.BadParameter(f"'{what}' is none of {', '.join(SCHEMAS)}")
    typer.echo(json.dumps(json_schema(what), indent=2, ensure_ascii=False))


def _table(rows: list[tuple[str, int, str]]) -> None:
    table = Table("playbook", "version", "", box=None)
    for name, number, what in sorted(rows):
        table.add_row(name.removeprefix("@"), str(number) if number else "–", f"[{STYLES[what]}]{what}[/]")
    Console().print(table)
