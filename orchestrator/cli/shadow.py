"""`touchpoint shadow start | stop | show`: a version that decides on live events beside the current one, and contacts nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from orchestrator import versioning
from orchestrator.cli.terminal import ByWhom, whoever
from orchestrator.config import Settings
from orchestrator.parts import Parts
from orchestrator.shadow import ASSUMED, Comparison, Differing, Line, Pair, compare
from orchestrator.store.upgrade import require_current
from orchestrator.wiring import build

app = typer.Typer(help="A version that decides beside the current one and contacts nobody.", no_args_is_help=True)
Playbook = Annotated[str, typer.Argument(help="The playbook's name.")]
SHOWN = 10  # subjects whose timelines differ


@app.command()
def start(
    playbook: Playbook, version: Annotated[int, typer.Argument(help="The number of an earlier version.")], by: ByWhom = ""
) -> None:
    """Let a version that is published already decide as a shadow. What the file says: touchpoint publish PLAYBOOK --shadow."""
    number = versioning.start_shadow(_parts(), playbook, version, whoever(by))
    _say(f"Version {number} of {playbook} (as version {version}) decides as a shadow from now on, and contacts nobody.")


@app.command()
def stop(playbook: Playbook, by: ByWhom = "") -> None:
    """The shadow decides no more."""
    _say(f"Version {versioning.stop_shadow(_parts(), playbook, whoever(by))} of {playbook} is no shadow any more.")


@app.command()
def show(
    playbook: Playbook,
    most: Annotated[int | None, typer.Option(min=1, help="Look at the newest events only: how many; all when left out.")] = None,
) -> None:
    """Compare what the two would have done since the shadow began. Nothing is sent and nothing is written."""
    parts = _parts()
    screen = Console(stderr=True)
    with Progress(console=screen, transient=True, disable=not screen.is_terminal) as progress:
        task = progress.add_task("current", total=None)

        def tell(which: str, done: int, at: datetime) -> None:
            progress.update(task, description=f"{which}, {at:%Y-%m-%d}", completed=done)

        found = compare(parts, playbook, most, tell)
    for part in _shown(found):
        Console().print(part)


def _shown(found: Comparison) -> Sequence[Table | Text]:
    zone = ZoneInfo(found.zone)
    current = f"version {found.current}" if found.current is not None else "nothing"
    began = f"{found.looked_from.astimezone(zone):%Y-%m-%d %H:%M}"
    head = [
        f"{found.playbook}: {current} is current, version {found.shadow} is its shadow.",
        f"{found.events:,} events since {began}{' (earlier ones left out)' if found.cut else ''}; "
        f"{found.differ:,} of {found.subjects:,} subjects differ.",
        f"Calls of the shadow: {found.real} end as the same call really did, {found.assumed} nobody made are taken to end as {ASSUMED}.",
    ]
    parts: list[Table | Text] = [Text("\n".join(head))]
    parts.append(_pairs("touches made", [*found.touchpoints, found.entered]))
    if found.exits:
        parts.append(_pairs("ends", found.exits))
    if found.days:
        days = Table("day", "current", "shadow", box=None)
        for day, a, b in found.days:
            days.add_row(str(day), str(a), str(b))
        parts.append(days)
    parts += [_timelines(one, zone) for one in found.differing[:SHOWN]]
    if found.differ > SHOWN:
        parts.append(Text(f"… and {found.differ - SHOWN} more; /playbooks/{found.playbook}/shadow shows {len(found.differing)}."))
    return parts


def _pairs(title: str, pairs: Sequence[Pair]) -> Table:
    table = Table(title, "current", "shadow", "change", box=None)
    for pair in pairs:
        table.add_row(pair.name, str(pair.current), str(pair.shadow), f"{pair.change:+d}" if pair.change else "")
    return table


def _timelines(one: Differing, zone: ZoneInfo) -> Text:
    """Two timelines like a diff: what only the current version does, what only the shadow does."""
    current, shadow = ([_line(line, zone) for line in lines] for lines in (one.current, one.shadow))
    said = [_plain(one.subject)]
    said += [f"  - {line}" for line in current if line not in shadow] + [f"  + {line}" for line in shadow if line not in current]
    if one.ends[0] != one.ends[1]:
        said.append(f"    ends: {one.ends[0] or 'runs'} → {one.ends[1] or 'runs'}")
    return Text("\n".join(said))


def _line(line: Line, zone: ZoneInfo) -> str:
    return f"{line.at.astimezone(zone):%a %Y-%m-%d %H:%M} {line.touchpoint} ({line.channel}): {line.became}"


def _plain(text: str) -> str:
    """Without signs that would move a terminal's cursor."""
    return "".join(c if c.isprintable() else " " for c in text)


def _parts() -> Parts:
    parts = build(Settings())
    require_current(parts.database)
    return parts


def _say(text: str) -> None:
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
