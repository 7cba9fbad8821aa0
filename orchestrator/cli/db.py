"""`touchpoint db upgrade | status`: the database's tables."""

from __future__ import annotations

import typer
from rich.console import Console

from orchestrator.config import Settings
from orchestrator.store import upgrade as tables
from orchestrator.store.database import Database

app = typer.Typer(help="The database's tables.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Create the tables, or bring them to this program's version."""
    database = Database(Settings().database_url)
    before = tables.standing(database)
    tables.upgrade(database)
    Console().print(
        "The tables are current." if before == "current" else f"The tables are current now (they were {before}).", style="green"
    )


@app.command()
def status() -> None:
    """How the tables compare with this program."""
    database = Database(Settings().database_url)
    Console().print(f"{tables.standing(database)} (database: {tables.revision(database)}, program: {tables.HEAD})")
