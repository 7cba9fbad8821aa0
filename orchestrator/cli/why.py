"""`touchpoint timeline SUBJECT` and `touchpoint why TOUCH`: the journal in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator import reports
from orchestrator.config import Settings
from orchestrator.reports import Line
from orchestrator.wiring import build

COLOURS = {
    "sent": "green", "done": "green", "follow-up begins": "cyan", "follow-up ends": "cyan", "put off": "yellow", "not done": "yellow",
    "called off": "yellow", "too late": "red", "failed": "red", "nobody knows": "red bold", "event": "blue", "planned": "dim",
}  # fmt: skip


def timeline(subject: Annotated[str, typer.Argument(help="e.g. quote/Q-1042")]) -> None:
    """What happened to a subject, what is planned, and why, in the customer's local time."""
    console = Console()
    console.print(lines_table(reports.timeline(build(Settings()), subject), title=subject))


def why(
    touch: Annotated[str, typer.Argument(help="The id of a touch, or its first characters (see 'touchpoint timeline').")],
) -> None:
    """Why one touch is as it is: what was decided, when, by which rule, under which playbook version."""
    told = reports.why(build(Settings()), touch)
    console = Console()
    head = Table(show_header=False, box=None)
    for name, value in (
        ("touch", f"{told.touchpoint or 'a wait'} ({told.channel or 'no channel'}), {told.touch}"),
        ("playbook", f"{told.playbook}, version {told.version}"),
        ("about", f"{told.subject}, customer {told.customer}"),
        ("due", told.due),
        ("state", " ".join(str(p) for p in (told.state, told.disposition, f"({told.reason})" if told.reason else None) if p)),
    ):
        head.add_row(Text(name, style="dim"), Text(value))
    console.print(head)
    console.print(lines_table(told.lines, title=None))
    for attempt in told.attempts:
        console.print(Text(attempt, style="dim"))


def lines_table(lines: Sequence[Line], title: str | None) -> Table:
    """A timeline as a table; what customers and systems sent is shown literally."""
    table = Table(box=None, title=title, title_justify="left", pad_edge=False)
    table.add_column("when", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("why", overflow="fold")
    for line in lines:
        about = f"{line.about}: " if line.about and not line.why.startswith(line.about) else ""
        told = Text(f"{about}{line.why}" + (f" [{line.rule}]" if line.rule else ""))
        if (
            line.touch is not None and line.what == "planned"
        ):  # once for each touch; the first half is shared by those of one moment
            told.append(f"\n{line.touch}", style="dim")
        table.add_row(line.local, Text(line.what, style=COLOURS.get(line.what, "")), told)
    return table
