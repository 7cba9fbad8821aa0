"""`touchpoint replay LOG`: what the playbooks would have done with the events of a log, in simulated time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from orchestrator.errors import InputError, Problem
from orchestrator.replay.play import Request, Summary
from orchestrator.replay.play import replay as play

STATES = ("sent", "done", "skipped", "cancelled", "expired", "failed", "unknown", "planned", "ready", "in_call", "sending")


def replay(
    log: Annotated[Path, typer.Argument(help="The events, oldest first: .csv, .csv.gz, .jsonl, .jsonl.gz.")],
    playbooks: Annotated[Path, typer.Option(help="The playbook folder, with its own lifecycle.yaml and house-rules.yaml.")],
    ledger: Annotated[Path, typer.Option(help="Where to write one line for each touch.")],
    map_: Annotated[Path | None, typer.Option("--map", help="How rows become events; a CSV file needs one.")] = None,
    outcomes: Annotated[Path | None, typer.Option(help="How calls end (not said: at once, and nobody answers).")] = None,
    until: Annotated[
        str | None, typer.Option(help="Let nothing later happen: a date, or a moment with its zone (not said: go on to the end).")
    ] = None,
    messages: Annotated[
        Path | None, typer.Option(help="Also write what would have been said, one line for each message.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="An empty database to leave filled, for 'timeline' and 'why' (not said: a temporary one).")
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out rows that cannot be read instead of stopping.")] = False,
) -> None:
    """Run the real engine over a log of past events. Nobody is contacted, and every run writes the same ledger."""
    request = Request(
        log=log, playbooks=playbooks, ledger=ledger, map=map_, outcomes=outcomes, database=database,
        until=_moment(until) if until else None, messages=messages, skip_bad=skip_bad,
    )  # fmt: skip
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[what]}"), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    try:
        with bar:
            task = bar.add_task(log.name, total=1.0, what="")

            def tell(done: int, at: datetime, share: float) -> None:
                bar.update(task, completed=share, what=f"{done:,} events, {at:%Y-%m-%d %H:%M} UTC")

            summary = play(request, tell)
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. No ledger was written.", style="yellow")
        raise typer.Exit(130) from None
    _report(summary, ledger)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or (found.tzinfo is None and len(text) > 10):
        hint = "write a date, e.g. 2012-03-01 (its midnight in UTC), or a moment with its zone, e.g. 2012-03-01T09:00+01:00"
        raise InputError(Problem(f"'{text}' is no moment", hint, "--until"))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _report(summary: Summary, ledger: Path) -> None:
    out = Console(highlight=False)
    out.print(_events(summary))
    out.print(_pairs("enrollments", [(f"{name}: {reason or 'still open'}", n) for name, reason, n in summary.enrollments]))
    if summary.not_started:
        out.print(_pairs("start events without a follow-up", summary.not_started))
    out.print(_touches(summary))
    out.print(_pairs("put off by", summary.deferred) if summary.deferred else "Nothing was put off.")
    out.print(_pairs("not done because of", summary.skipped) if summary.skipped else "Nothing was refused.")
    for problem in summary.bad:
        out.print(Text(str(problem), style="yellow"))
    if summary.not_handled:
        out.print(f"{summary.not_handled:,} events could not be handled: this is a defect of the program", style="red bold")
    span = f"{summary.began:%Y-%m-%d} to {summary.ended:%Y-%m-%d}"
    out.print(Text(f"{summary.lines:,} touches from {span} are in {ledger}.", style="green"))


def _events(summary: Summary) -> Table:
    rows = [("rows", summary.rows), *((f"left out: {why}", n) for why, n in summary.left_out.items())]
    rows += [(status, n) for status, n in sorted(summary.events.items())]
    rows += [(f"of a type that lifecycle.yaml does not declare: {name}", n) for name, n in summary.unknown_types]
    return _pairs("events", rows)


def _pairs(title: str, rows: Iterable[tuple[str, int]]) -> Table:
    table = Table(title, "", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for name, count in rows:
        table.add_row(Text(name), f"{count:,}")
    table.add_row("", "")
    return table


def _touches(summary: Summary) -> Table:
    """A line for each touchpoint, a column for each state that there is."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for touchpoint, state, n in summary.touches:
        counts[touchpoint or "(waits)"][state] = n
    states = [s for s in STATES if any(s in by_state for by_state in counts.values())]
    table = Table("touches", *states, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for touchpoint, by_state in counts.items():
        table.add_row(Text(touchpoint), *(f"{by_state[s]:,}" if s in by_state else "" for s in states))
    table.add_row("")
    return table
