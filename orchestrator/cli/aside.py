"""`touchpoint event-queue list | retry`: events and callbacks that could not be handled, and types nobody declared."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator import engine
from orchestrator.config import Settings
from orchestrator.store import events, inbox
from orchestrator.wiring import build

app = typer.Typer(help="Events that wait for a person.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """Events and providers' callbacks that were set aside with their error, and unknown types."""
    console = Console()
    with build(Settings()).database.work() as work:
        aside, unknown = events.set_aside(work), events.unknown_types(work)
        told = inbox.aside(work)
    table = Table("event", "type", "subject", "error", box=None, title="set aside", title_justify="left")
    for row in aside:
        table.add_row(str(row.id), row.type, Text(row.subject), Text(row.error))
    console.print(table if aside else "No event is set aside.")
    if told:
        table = Table("came (UTC)", "from", "kind", "attempt", "why", box=None, title="callbacks set aside", title_justify="left")
        for row in told:
            about = str(row.handle) if row.handle else "–"
            table.add_row(f"{row.received_at:%Y-%m-%d %H:%M}", row.provider, row.kind, about, Text(row.error or ""))
        console.print(table)
    for type_, count in unknown:
        console.print(Text(f"{count} × {type_}: declare it in lifecycle.yaml, or stop sending it", style="yellow"))


@app.command()
def retry(event: Annotated[UUID, typer.Argument(help="The id that 'touchpoint event-queue list' shows.")]) -> None:
    """Give a set-aside event another three tries."""
    parts = build(Settings())
    if not parts.database.run(lambda work: events.release(work, event)):
        Console(stderr=True).print("That event is not set aside.", style="red")
        raise typer.Exit(1)
    Console().print("Handled." if engine.retry_waiting(parts) else "It failed again; it stays in the queue.")
