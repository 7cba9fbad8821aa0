"""`touchpoint pause | resume | optout`: standing still, and stopping for good."""

from __future__ import annotations

import getpass
from typing import Annotated, Literal

import typer
from rich.console import Console

from orchestrator import engine, holds
from orchestrator.config import Settings
from orchestrator.errors import NotFound
from orchestrator.store import customers
from orchestrator.store.audit import By
from orchestrator.wiring import build

What = Annotated[str, typer.Argument(help="all, channel:text, playbook:quote-follow-up or queue:sales.")]


def pause(what: What) -> None:
    """Hold everything, a channel, a playbook or a queue. Nothing is dropped."""
    _set(what, pausing=True)


def resume(what: What) -> None:
    """Go on after a pause."""
    _set(what, pausing=False)


def optout(
    customer: Annotated[str, typer.Argument(help="The customer's id, e.g. C-77.")],
    channel: Annotated[Literal["all", "email", "text", "call"], typer.Option(help="One channel, or all of them.")] = "all",
    why: Annotated[str, typer.Option(help="Why, for the record.")] = "asked not to be contacted",
) -> None:
    """This customer wants no more contact: takes effect at once."""
    parts = build(Settings())
    with parts.database.work() as work:
        found = customers.by_ref(work, customer)
    if found is None:
        raise NotFound(f"there is no customer '{customer}'")
    ended = engine.opt_out(parts, found.id, channel, why, parts.clock())
    Console().print(f"{customer}: no more {'contact' if channel == 'all' else channel}; {ended} follow-ups ended.", style="green")


def _set(text: str, *, pausing: bool) -> None:
    what = holds.read(text)
    parts, by = build(Settings()), By(getpass.getuser(), "terminal")
    done = holds.pause(parts, what, by) if pausing else holds.resume(parts, what, by)
    word = ("Paused" if pausing else "Resumed") if done else ("It was paused already" if pausing else "It was not paused")
    Console().print(f"{word}: {what}.")
