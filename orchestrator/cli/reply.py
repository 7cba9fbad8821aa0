"""`touchpoint reply list | read`: what customers said of themselves, and what a person makes of it."""

from __future__ import annotations

import getpass
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from orchestrator import incoming
from orchestrator.config import Settings
from orchestrator.errors import InputError, Problem
from orchestrator.store import replies
from orchestrator.store.replies import Verdict
from orchestrator.wiring import build

app = typer.Typer(help="What customers said to us: their follow-ups wait until somebody has read it.", no_args_is_help=True)

MOST = 200  # shown at once, the oldest first
KINDS = {"reply": "answer", "maybe_stop": "wants no more?", "missed_call": "called us", "asked_for_call": "wants a call"}


@app.command("list")
def list_() -> None:
    """What nobody has read yet, oldest first; times are yours."""
    with build(Settings()).database.work() as work:
        rows = replies.open_ones(work, MOST)
    console = Console()
    if not rows:
        console.print("Nothing waits to be read.")
        return
    table = Table(Column("id", overflow="fold"), "when", "who", "about", "what", "they said", box=None)
    for row in rows:
        # Customers wrote this: Text, or their square brackets would be read as markup.
        who = f"{row.name} ({row.ref})" if row.name else row.ref
        when = row.came_at.astimezone().strftime("%a %d %b %H:%M")
        table.add_row(str(row.id), when, Text(who), Text(row.subject or "–"), KINDS.get(row.kind, row.kind), _shown(row.said))
    console.print(table)
    if len(rows) == MOST:
        console.print(f"There may be more: these are the oldest {MOST}.", style="yellow")


@app.command()
def read(
    reply: Annotated[str, typer.Argument(metavar="ID", help="The id that 'touchpoint reply list' shows.")],
    who: Annotated[str, typer.Option("--as", help="Who you are (default: your login name).")] = "",
    stop: Annotated[bool, typer.Option("--stop", help="They want no more contact at all.")] = False,
    end: Annotated[bool, typer.Option("--end", help="The follow-ups that wait for this are over.")] = False,
    go_on: Annotated[bool, typer.Option("--go-on", help="The follow-ups go on where they stood.")] = False,
) -> None:
    """Say that you have read it, and what is to happen: --stop, --end or --go-on."""
    verdict = _verdict(stop=stop, end=end, go_on=go_on)
    if not incoming.read(build(Settings()), _id(reply), who or getpass.getuser(), verdict):
        Console(stderr=True).print("Not changed: somebody has read this one already.", style="red")
        raise typer.Exit(1)
    done = {
        "stop": "They are not contacted any more.",
        "end": "The follow-ups that waited for this are over.",
        "go_on": "Read. The follow-ups go on once nothing else of this customer waits to be read.",
    }
    Console().print(done[verdict], style="green")


def _verdict(*, stop: bool, end: bool, go_on: bool) -> Verdict:
    if stop + end + go_on != 1:
        raise InputError(Problem("one of --stop, --end and --go-on is needed", "when in doubt: --stop"))
    return "stop" if stop else "end" if end else "go_on"


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InputError(Problem(f"'{text}' is no id", "copy the id that 'touchpoint reply list' shows")) from None


def _shown(said: str) -> Text:
    """One line, without signs that would move a terminal's cursor."""
    return Text(" ".join("".join(c if c.isprintable() else " " for c in said).split()))
