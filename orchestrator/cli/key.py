"""`touchpoint key create | list | revoke`: who may post events."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestrator import keys as given_out
from orchestrator.config import Settings
from orchestrator.store import keys
from orchestrator.store.upgrade import require_current
from orchestrator.wiring import build

app = typer.Typer(help="Keys with which other systems post events.", no_args_is_help=True)
SCOPES = ", ".join(f"{name} ({what})" for name, what in given_out.SCOPES.items())


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who will use it, e.g. crm.")],
    scope: Annotated[list[str], typer.Option(help=f"What it may do; may be given several times: {SCOPES}.")],
) -> None:
    """Make a key and show it, once: nobody can read it again."""
    parts = build(Settings())
    require_current(parts.database)
    secret = given_out.issue(parts, name, scope)
    Console(stderr=True).print(f"The key of {name}, shown only now. It may: {', '.join(sorted(scope))}.", style="green")
    typer.echo(secret)  # alone on standard output, so that it can be piped to where it belongs


@app.command("list")
def list_() -> None:
    """The keys there are, without what they open."""
    parts = build(Settings())
    require_current(parts.database)
    table = Table("name", "may", "made", "", box=None)
    for key in parts.database.run(keys.known):
        state = f"[red]revoked {key.revoked_at:%Y-%m-%d %H:%M}[/]" if key.revoked_at else ""
        table.add_row(key.name, ", ".join(sorted(key.scopes)), f"{key.created_at:%Y-%m-%d %H:%M}", state)
    Console().print(table)


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="The name of the key.")]) -> None:
    """Take a key back: it opens nothing any more, everywhere within five seconds."""
    parts = build(Settings())
    require_current(parts.database)
    given_out.revoke(parts, name)
    Console().print(f"The key {name} opens nothing any more.", style="green")
