"""`touchpoint unknown list | settle`: messages of which nobody knows whether they went out."""

from __future__ import annotations

import getpass
from typing import Annotated, Literal
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from orchestrator import desk
from orchestrator.config import Settings
from orchestrator.errors import InputError, Problem
from orchestrator.reports import in_words
from orchestrator.store import attempts, touches
from orchestrator.wiring import build

app = typer.Typer(help="Touches of which nobody knows whether they took effect.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """What waits for a decision."""
    with build(Settings()).database.work() as work:
        dues = touches.unknown(work, 200)
        tried = attempts.open_of(work, [due.touch.id for due in dues])
    table = Table("touch", "customer", "touchpoint", "channel", "began (UTC)", "what is known", "what to do", box=None)
    for due in dues:
        began = in_words(due.touch.effect_at, "UTC") if due.touch.effect_at else "–"
        todo = "touchpoint call finish" if due.touch.channel == "call" else "touchpoint unknown settle"
        row = tried.get(due.touch.id)
        known = (row.detail or "") if row else ""
        if row and row.asked_at:
            known += f"; {row.via} was asked {in_words(row.asked_at, 'UTC')} and cannot tell, or has not had it"
        table.add_row(str(due.touch.id), due.customer.ref, str(due.touch.touchpoint), str(due.touch.channel), began, known, todo)
    Console().print(table if dues else "Nothing is unknown.")


@app.command()
def settle(
    touch: Annotated[str, typer.Argument(help="The id that 'touchpoint unknown list' shows.")],
    as_: Annotated[Literal["sent", "failed", "again"], typer.Argument(metavar="sent|failed|again", help="What became of it.")],
) -> None:
    """Decide: it was sent, it failed, or it is to be sent again."""
    try:
        id_ = UUID(touch)
    except ValueError:
        raise InputError(Problem(f"'{touch}' is no id", "copy the id that 'touchpoint unknown list' shows")) from None
    refused = desk.settle(build(Settings()), id_, getpass.getuser(), as_)
    if refused is not None:
        Console(stderr=True).print(f"Not changed: the touch is {refused.state}.", style="red")
        raise typer.Exit(1)
    Console().print(f"Recorded: {as_}.", style="green")
