"""`touchpoint pause | resume | optout`: standing still, and stopping for good."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from rich.console import Console

from orchestrator import engine, holds, resuming
from orchestrator.cli.terminal import ByWhom, whoever
from orchestrator.config import Settings
from orchestrator.core.resuming import How
from orchestrator.errors import NotFound
from orchestrator.store import customers
from orchestrator.wiring import build

What = Annotated[str, typer.Argument(help="all, channel:text, playbook:quote-follow-up or queue:sales.")]


def pause(what: What, by: ByWhom = "") -> None:
    """Hold everything, a channel, a playbook or a queue. Nothing is dropped."""
    found = holds.read(what)
    done = holds.pause(build(Settings()), found, whoever(by))
    Console().print(f"{'Paused' if done else 'It was paused already'}: {found}.")


def resume(
    what: What,
    how: Annotated[
        How,
        typer.Option(
            help="in-time: what is still of use follows now, spaced out; shift: everything moves by as long as it was held; "
            "expire: what came due meanwhile is not made."
        ),
    ] = How.IN_TIME,
    per_minute: Annotated[int, typer.Option(help="How many touches may follow in one minute.")] = resuming.PER_MINUTE,
    preview: Annotated[bool, typer.Option("--preview", help="Say how much each way concerns, and change nothing.")] = False,
    by: ByWhom = "",
) -> None:
    """Go on after a pause. Hours, caps and consent are asked again for everything that follows."""
    found = holds.read(what)
    parts = build(Settings())
    if preview:
        outlook = resuming.look(parts, found, per_minute)
        for line in outlook_words(outlook) if outlook is not None else [f"It is not paused: {found}."]:
            Console().print(line, markup=False, highlight=False, soft_wrap=True)
        return
    done = resuming.resume(parts, found, whoever(by), how, per_minute)
    Console().print(f"Resumed: {found}. {done_words(done)}" if done is not None else f"It was not paused: {found}.")


def outlook_words(look: resuming.Outlook) -> list[str]:
    """What each way of resuming would do."""
    last = f", the last one at {look.last_at:%Y-%m-%d %H:%M} UTC" if look.is_spaced else ""
    return [
        f"Paused for {resuming.how_long(look.length)}: {look.held} touches came due meanwhile, {look.later} are due later, "
        f"{look.calls} calls wait.",
        f"--how in-time: {look.in_time} follow now, spaced out{last}; {look.too_late} are too late and expire.",
        f"--how shift: all {look.held + look.later + look.calls} move by as long as they were held, deadlines too.",
        f"--how expire: {look.held} are not made; each follow-up goes on with what comes after.",
    ]


def done_words(done: resuming.Resumed) -> str:
    """What resuming did."""
    if done.shifted:
        return f"{done.shifted} touches were moved."
    if done.expired:
        return f"{done.expired} touches are not made."
    return f"{done.followed} touches follow."


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
