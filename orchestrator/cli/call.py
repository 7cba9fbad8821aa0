"""`touchpoint call next | dial | finish | undo | back`: staff calls from the terminal."""

from __future__ import annotations

import getpass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from orchestrator import bridging, desk, filing
from orchestrator.config import Settings
from orchestrator.core.calls import SCOPES
from orchestrator.core.zones import normal_phone
from orchestrator.desk import NotHeld
from orchestrator.errors import InputError, Problem
from orchestrator.language.dispositions import ALL
from orchestrator.reports import in_words
from orchestrator.wiring import build

app = typer.Typer(help="Work the call queues from the terminal.", no_args_is_help=True)
Who = Annotated[str, typer.Option("--as", help="Who you are (default: your login name).")]
Touch = Annotated[str, typer.Argument(help="The id that 'touchpoint call next' showed.")]


@app.command("next")
def next_(
    queue: Annotated[list[str] | None, typer.Option(help="Only this queue; may be given several times.")] = None, who: Who = ""
) -> None:
    """Take the most urgent call: who, why now, and what to say."""
    parts = build(Settings())
    task = desk.claim_next(parts, who or getpass.getuser(), queue)
    console = Console()
    if task is None:
        console.print("No call may be made now: the queue is empty, or every customer's window is closed.")
        return
    person, touch = task.due.customer, task.due.touch
    zone = person.time_zone or next(iter(person.zones), "UTC")
    head = Table(show_header=False, box=None)
    rows = (
        ("customer", f"{person.name or person.ref} ({person.ref})"),
        ("phone", person.phone or "–"),
        ("time there", in_words(parts.clock(), zone)),
        ("about", task.due.run.subject),
        ("why now", task.why),
        ("queue", f"{touch.queue}, try {touch.tries}"),
        ("id", str(task.touch)),
    )
    for name, value in rows:
        head.add_row(Text(name, style="dim"), Text(value))
    console.print(head)
    if task.already_held:
        console.print("You have this call already; finish it or put it back first.", style="yellow")
    console.print(Panel(Markdown(task.script, hyperlinks=False), title=str(touch.touchpoint)))
    console.print(f"When done: touchpoint call finish {task.touch} DISPOSITION", style="dim")


@app.command()
def dial(
    touch: Touch,
    phone: Annotated[str, typer.Option(help="Your own number, e.g. +13125550142: it rings first.")],
    who: Who = "",
) -> None:
    """Let the provider ring you, and then the customer. Say afterwards how it ended: 'touchpoint call finish'."""
    agent = normal_phone(phone, None)
    if agent is None:
        raise InputError(Problem(f"'{phone}' is no telephone number", "write it with its country, e.g. +13125550142"))
    refused = bridging.dial(build(Settings()), _id(touch), who or getpass.getuser(), agent)
    _said(refused, "Your telephone rings. The customer's rings when you answer.")


@app.command()
def finish(
    touch: Touch,
    disposition: Annotated[str, typer.Argument(help="How it ended; 'touchpoint call dispositions' lists them.")],
    note: Annotated[str, typer.Option(help="A note for the next person.")] = "",
    answer: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, an answer to a question of the script; may be repeated.")
    ] = None,
    back_at: Annotated[str | None, typer.Option(help="For call_back: when, with its zone, e.g. 2026-11-24T15:00-06:00.")] = None,
    back_by_me: Annotated[bool, typer.Option("--back-by-me", help="For call_back: the call is kept for you.")] = False,
    scope: Annotated[str, typer.Option(help=f"For do_not_contact: {', '.join(SCOPES)}.")] = "all",
    promised: Annotated[
        list[str] | None, typer.Option(help="NAME=DAY, by when an answer that is a promise is kept, e.g. drawing=2026-11-27.")
    ] = None,
    who: Who = "",
) -> None:
    """Say how a call ended; what follows is planned at once."""
    answers = _answers(answer or [])
    when = _moment(back_at) if back_at else None
    me = who or getpass.getuser()
    refused = desk.finish(
        build(Settings()), _id(touch), me, disposition, note=note, answers=answers, call_back_at=when,
        call_back_by="me" if back_by_me else "anyone", scope=scope, due=_days(promised or []),
    )  # fmt: skip
    _said(refused, f"Recorded: {disposition}. See 'touchpoint why {touch}' for what follows.")


@app.command()
def undo(who: Who = "") -> None:
    """Take back what you said on the desk's page in the last half minute: the call is yours again."""
    parts, me = build(Settings()), who or getpass.getuser()
    filed = filing.last_filed(parts, me)
    if filed is None:
        Console(stderr=True).print("There is nothing to undo: an ending is final after half a minute.", style="red")
        raise typer.Exit(1)
    undone = filing.undo(parts, filed.touch, me, lease=desk.CALL_LEASE)
    if isinstance(undone, filing.TooLate):
        Console(stderr=True).print(f"Not undone: {undone.why}.", style="red")
        raise typer.Exit(1)
    _said(undone if isinstance(undone, NotHeld) else None, f"Undone: {filed.label}. The call is yours again: {filed.touch}")


@app.command()
def back(touch: Touch, who: Who = "") -> None:
    """Put a call back into its queue: it was not made after all."""
    _said(desk.put_back(build(Settings()), _id(touch), who or getpass.getuser()), "It waits in its queue again.")


@app.command()
def dispositions() -> None:
    """How a call can end."""
    table = Table("disposition", "in words", "class", "if the playbook does not say", box=None)
    for d in ALL:
        if d.by == "staff":
            table.add_row(d.code, d.label, d.kind.replace("_", " "), d.default)
    Console().print(table)


def _said(refused: NotHeld | None, done: str) -> None:
    if refused is None:
        Console().print(done, style="green")
        return
    holder = f"; {refused.held_by} has it" if refused.held_by else ""
    Console(stderr=True).print(f"Not recorded: the call is not yours, it is {refused.state}{holder}.", style="red")
    if refused.unwanted is not None:
        Console(stderr=True).print(f"That they want no more contact ({refused.unwanted}) holds all the same.", style="green")
    raise typer.Exit(1)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InputError(Problem(f"'{text}' is no id", "copy the id that 'touchpoint call next' showed")) from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(Problem(f"'{text}' is no moment", "write it like 2026-11-24T15:00-06:00")) from None
    if moment.tzinfo is None:
        raise InputError(Problem(f"'{text}' has no zone", "add the offset, e.g. -06:00, or Z"))
    return moment


def _days(given: list[str]) -> dict[str, date]:
    days: dict[str, date] = {}
    for one in given:
        name, _, day = one.partition("=")
        try:
            days[name] = date.fromisoformat(day)
        except ValueError:
            raise InputError(Problem(f"'{one}' names no day", "write NAME=DAY, e.g. drawing=2026-11-27")) from None
    return days


def _answers(given: list[str]) -> dict[str, str]:
    answers: dict[str, str] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign:
            raise InputError(Problem(f"'{one}' is no answer", "write NAME=VALUE, e.g. rating=8"))
        answers[name] = value  # as typed: the question says what it is to be read as
    return answers
