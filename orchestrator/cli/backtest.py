"""`touchpoint backtest PLAYBOOK`: what a playbook would have done with the events of the past, and what a change to it would change."""

from __future__ import annotations

from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from orchestrator.config import Settings
from orchestrator.errors import InputError, Problem

if TYPE_CHECKING:
    from orchestrator.backtest.asking import Request
    from orchestrator.parts import Parts

ALL = "all"


def backtest(
    playbook: Annotated[str, typer.Argument(help="Its name, e.g. quote-follow-up; or: all.")],
    events: Annotated[Path | None, typer.Option(help="A log, oldest first: .csv, .csv.gz, .jsonl, .jsonl.gz.")] = None,
    from_database: Annotated[bool, typer.Option("--from-database", help="The events that came in here.")] = False,
    since: Annotated[str | None, typer.Option(help="With --from-database: only events from then on, e.g. 2026-01-01.")] = None,
    until: Annotated[str | None, typer.Option(help="Let nothing later happen (not said: go on to the end).")] = None,
    map_: Annotated[Path | None, typer.Option("--map", help="How rows become events; a CSV file needs one.")] = None,
    outcomes: Annotated[Path | None, typer.Option(help="How calls end (not said: at once, and nobody answers).")] = None,
    folder: Annotated[
        Path | None, typer.Option("--playbooks", help="The playbook folder (default: TOUCHPOINT_PLAYBOOKS).")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Also what differs from: the number of a version, 'published', or another folder.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    ledger: Annotated[Path | None, typer.Option(help="Also write one line for each touch, as 'replay' does.")] = None,
    samples: Annotated[int, typer.Option(min=0, max=200, help="How many timelines to show, chosen to differ.")] = 20,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out rows that cannot be read instead of stopping.")] = False,
) -> None:
    """Run playbooks over past events, without a database and without contacting anybody."""
    from orchestrator import authoring
    from orchestrator.backtest.asking import Request

    if (events is None) is not from_database:
        hint = "--events LOG for a file, or --from-database for the events that came in here"
        raise InputError(Problem("say which events" if events is None else "say one of the two", hint))
    if since is not None and not from_database:
        raise InputError(Problem("--since goes with --from-database", "a log is read from its beginning; cut the file"))
    where = folder or Settings().playbooks
    design, files = authoring.load(where)
    request = Request(
        files=files, design=design, called=f"as in {where}", playbook=None if playbook == ALL else playbook, log=events, map=map_,
        skip_bad=skip_bad, outcomes=outcomes, since=_moment(since, "--since"), until=_moment(until, "--until"), against=against,
        samples=samples,
    )  # fmt: skip
    with ExitStack() as stack:
        parts = None
        if from_database or against == "published" or (against or "").isdigit():
            parts = _parts(stack)
        _run(request, parts, ledger, json_=json_)


def _parts(stack: ExitStack) -> Parts:
    from orchestrator.store.upgrade import require_current
    from orchestrator.wiring import build

    parts = build(Settings())
    stack.enter_context(closing(parts.database))
    require_current(parts.database)
    return parts


def _run(request: Request, parts: Parts | None, ledger: Path | None, *, json_: bool) -> None:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from orchestrator.backtest import asking
    from orchestrator.backtest.plain import as_json
    from orchestrator.cli.backtest_text import show
    from orchestrator.replay.ledger import check_writable, write_ledger

    if ledger is not None:
        check_writable(ledger)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[what]}"), TimeElapsedColumn(),
        console=(screen := Console(stderr=True)), transient=True, disable=not screen.is_terminal,
    )  # fmt: skip
    try:
        with bar:
            task = bar.add_task("backtest", total=1.0, what="")

            def tell(which: str, done: int, at: datetime, share: float) -> None:
                bar.update(task, completed=share, what=f"{which}: {done:,} events, {at:%Y-%m-%d}")

            answer = asking.backtest(request, parts, tell)
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped.", style="yellow")
        raise typer.Exit(130) from None
    if json_:
        typer.echo(as_json(answer.report, answer.difference), nl=False)
    else:
        show(Console(highlight=False), answer.report, answer.difference)
    for why, n in answer.left_out.items():
        Console(stderr=True, highlight=False).print(f"rows left out, {why}: {n:,}", style="yellow")
    if ledger is not None:
        write_ledger(answer.world.in_order(), ledger)


def _moment(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or (found.tzinfo is None and len(text) > 10):
        hint = "write a date, e.g. 2026-01-01 (its midnight in UTC), or a moment with its zone, e.g. 2026-01-01T09:00+01:00"
        raise InputError(Problem(f"'{text}' is no moment", hint, option))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
