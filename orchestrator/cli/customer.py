"""`touchpoint customer show | export | erase`: one customer, at the terminal."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator import erasing, exporting, person
from orchestrator.config import Settings
from orchestrator.errors import NotFound
from orchestrator.history import Item
from orchestrator.parts import Parts
from orchestrator.reports import in_words
from orchestrator.store import customers
from orchestrator.store.audit import By
from orchestrator.wiring import build

app = typer.Typer(help="One customer: what we know, an export, and erasing it.", no_args_is_help=True)
Who = Annotated[str, typer.Argument(metavar="ID", help="The business's own id, e.g. C-77.")]
COLOURS = {"good": "green", "warn": "yellow", "bad": "red", "info": "cyan"}


@app.command()
def show(who: Who) -> None:
    """What is to come and what happened last, in the customer's time."""
    parts = build(Settings())
    someone, page = person.look(parts, _id(parts, who), parts.clock())
    console = Console()
    console.print(
        Text(f"{_line(someone.name) or 'No name'} ({_line(someone.ref)}), {someone.zone}; {someone.hours.words}", style="bold")
    )
    if someone.stopped:
        console.print(Text(f"No contact at all: {_line(someone.stopped)}", style="red"))
    if someone.paused_since:
        console.print(Text(f"Paused by {someone.paused_by}", style="yellow"))
    console.print(_table("To come", someone.coming, someone.zone))
    console.print(_table("What happened, newest first", page.items, someone.zone))


@app.command()
def export(
    who: Who,
    to: Annotated[Path | None, typer.Option("--to", help="The file to write; without it, to standard output.")] = None,
) -> None:
    """Everything that is kept about a customer, as JSON. Noted in the audit trail."""
    parts = build(Settings())
    text = json.dumps(to_jsonable_python(exporting.as_json(parts, _id(parts, who), _me())), ensure_ascii=False, indent=2)
    if to is None:
        typer.echo(text)
        return
    to.write_text(text + "\n", encoding="utf-8")
    Console(stderr=True).print(Text(f"Written: {to}", style="green"))


@app.command()
def erase(
    who: Who,
    sure: Annotated[str, typer.Option("--sure", help="The same id once more: nothing brings them back.")],
) -> None:
    """Erase who a customer is and what was said. What happened stays; nobody contacts them again."""
    parts = build(Settings())
    done = erasing.erase(parts, _id(parts, who), sure, _me())
    if isinstance(done, erasing.UnderWay):
        Console(stderr=True).print(Text(f"Not now: {'; '.join(done.what)}. Try again when that is over.", style="red"))
        raise typer.Exit(1)
    Console().print(Text(f"Erased; {done.ended} follow-ups ended.", style="green"))


def _id(parts: Parts, who: str) -> UUID:
    with parts.database.work() as work:
        found = customers.by_ref(work, who)
    if found is None:
        raise NotFound(f"there is no customer '{who}'")
    return found.id


def _me() -> By:
    return By(getpass.getuser(), "terminal")


def _table(title: str, items: Sequence[Item], zone: str) -> Table:
    table = Table("when", "what", "result", "why", box=None, title=title, title_justify="left", pad_edge=False)
    for item in items:
        why = Text(_line(item.why))
        for detail in item.details:
            why.append(f"\n{_line(detail.name)}: {_line(detail.text)}", style="dim")
        table.add_row(
            in_words(item.at, zone), Text(_line(item.title)), Text(_line(item.result), style=COLOURS.get(item.tone, "")), why
        )
    return table


def _line(text: str) -> str:
    """One line, without signs that would move a terminal's cursor."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
