"""`touchpoint key create | list | revoke`: which systems may post events, or read."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestrator import keys as given_out
from orchestrator.cli.terminal import at_the_terminal
from orchestrator.config import Settings
from orchestrator.store import keys
from orchestrator.store.upgrade import require_current
from orchestrator.wiring import build

app = typer.Typer(help="Keys with which other systems post events, or read.", no_args_is_help=True)
SCOPES = ", ".join(f"{name} ({what})" for name, what in given_out.SCOPES.items())


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who will use it, e.g. crm.")],
    scope: Annotated[list[str], typer.Option(help=f"What it may do; may be given several times: {SCOPES}.")],
    role: Annotated[
        str, typer.Option(help="With the scope read: it reads what this role may see (lead, author, auditor, admin).")
    ] = "",
) -> None:
    """Make a key and show it, once: nobody can read it again."""
    parts = build(Settings())
    require_current(parts.database)
    secret = given_out.issue(parts, name, scope, role or None, at_the_terminal())
    Console(stderr=True).print(f"The key of {name}, shown only now. It may: {', '.join(sorted(scope))}.", style="green")
    typer.echo(secret)  # alone on standard output, so that it can be piped to where it belongs


@app.command("list")
def list_() -> None:
    """The keys there are, without what they open."""
    parts = build(Settings())
    require_current(parts.database)
    table = Table("name", "may", "reads as", "made", "", box=None)
    for key in parts.database.run(keys.known):
        state = f"[red]revoked {key.revoked_at:%Y-%m-%d %H:%M}[/]" if key.revoked_at else ""
        table.add_row(key.name, ", ".join(sorted(key.scopes)), key.role or "", f"{key.created_at:%Y-%m-%d %H:%M}", state)
    Console().print(table)


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="The name of the key.")]) -> None:
    """Take a key back: it opens nothing any more, everywhere within five seconds."""
    parts = build(Settings())
    require_current(parts.database)
    given_out.revoke(parts, name, at_the_terminal())
    Console().print(f"The key {name} opens nothing any more.", style="green")
