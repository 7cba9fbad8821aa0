"""`touchpoint ingest FILE`: take in a file of events, with a bar; it may be interrupted and started again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from orchestrator.config import Settings
from orchestrator.ingest import Tally
from orchestrator.ingest import ingest as take_in
from orchestrator.mapping import read_map
from orchestrator.store.upgrade import require_current
from orchestrator.wiring import build

WORDS = {
    "accepted": "accepted",
    "repeated": "there already",
    "later": "stored, handled later",
    "conflict": "refused: the id was used before",
    "refused": "refused: something is wrong",
}


def ingest(
    file: Annotated[Path, typer.Argument(help="CSV with a header, or one JSON event a line; .gz too.")],
    source: Annotated[str | None, typer.Option(help="The system it comes from, for events that do not say.")] = None,
    map_: Annotated[Path | None, typer.Option("--map", help="How rows become events; a CSV file needs one.")] = None,
    backfill: Annotated[bool, typer.Option("--backfill", help="History: remembered, but nothing starts from it.")] = False,
    batch: Annotated[int, typer.Option(help="Events in one transaction.", min=1, max=5_000)] = 500,
    again: Annotated[bool, typer.Option("--again", help="From the first row, also when it was taken in before.")] = False,
) -> None:
    """Take in a file of events. What is wrong goes to FILE.rejected.jsonl; after an interruption the same command goes on."""
    settings = Settings()
    how = read_map(map_) if map_ is not None else None
    parts = build(settings, safe_writes=True)
    require_current(parts.database)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), console=Console(stderr=True)
    )
    try:
        with bar:
            task = bar.add_task(file.name, total=max(file.stat().st_size, 1) if file.exists() else 1)
            tally = take_in(
                parts,
                file,
                map_=how,
                source=source,
                backfill=backfill,
                batch=batch,
                again=again,
                progress=lambda done, size: bar.update(task, completed=done, total=max(size, 1)),
            )
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. The same command goes on where it was.", style="yellow")
        raise typer.Exit(130) from None
    _report(tally)
    if tally.rejected:
        raise typer.Exit(1)


def _report(tally: Tally) -> None:
    out = Console(highlight=False)
    if tally.before and not tally.rows:
        out.print(f"All {tally.before:,} rows were taken in before; --again does it again, which doubles nothing.")
        return
    table = Table("events", "", box=None)
    table.columns[1].justify = "right"
    if tally.before:
        table.add_row("rows done by an earlier run", f"{tally.before:,}")
    for status, words in WORDS.items():
        if tally.by_status[status]:
            table.add_row(words, f"{tally.by_status[status]:,}")
    if tally.left_out:
        table.add_row("left out by the map", f"{tally.left_out:,}")
    for place, count in tally.warned.most_common(8):
        table.add_row(f"[yellow]with a warning about {place}[/]", f"{count:,}")
    out.print(table)
    if tally.rejected and tally.rejected_file is not None:
        out.print(
            f"Rejected rows, with what is wrong: {tally.rejected_file}. Mend them, or the map, and use --again.", style="yellow"
        )
