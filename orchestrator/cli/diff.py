"""`touchpoint diff`: what differs between what is published and the files, or between two versions, in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from orchestrator import differing
from orchestrator.cli.terminal import printable
from orchestrator.config import Settings
from orchestrator.differing import Difference
from orchestrator.store.upgrade import require_current
from orchestrator.wiring import build


def diff(
    playbook: Annotated[
        str | None, typer.Argument(help="Its name, or house-rules, or lifecycle (default: all that differ).")
    ] = None,
    old: Annotated[int | None, typer.Option("--from", help="An older version (default: the one that is current).")] = None,
    new: Annotated[int | None, typer.Option("--to", help="Another version (default: the files).")] = None,
    folder: Annotated[Path | None, typer.Option(help="The playbook folder (default: TOUCHPOINT_PLAYBOOKS).")] = None,
    lines: Annotated[bool, typer.Option("--lines", help="Show the lines that differ, too.")] = False,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """Say in words what differs from what is published, and for how many customers. Publishing moves nobody; 'touchpoint move' does."""
    if format_ not in ("text", "json"):
        raise typer.BadParameter(f"'{format_}' is none of text, json", param_hint="--format")
    if playbook is None and (old is not None or new is not None):
        raise typer.BadParameter("a version needs its playbook: touchpoint diff quote-follow-up --from 1", param_hint="PLAYBOOK")
    settings = Settings()
    parts = build(settings)
    require_current(parts.database)
    where = folder or settings.playbooks
    found = (
        differing.all_changes(parts, where)
        if playbook is None
        else [differing.of_playbook(parts, playbook, old, where if new is None else new)]
    )
    if format_ == "json":
        typer.echo(json.dumps([as_json(one, lines=lines) for one in found], indent=2, ensure_ascii=False))
        return
    _print(found, lines=lines)


def as_json(one: Difference, *, lines: bool = False) -> dict[str, Any]:
    """One difference as data."""
    told = [
        {
            "about": s.about,
            "field": s.field,
            "text": s.text,
            "steps": sorted(s.steps),
            "applies_to": t.applies_to or 0,
            "elsewhere": t.elsewhere,
        }
        for t in one.sentences
        for s in (t.sentence,)
    ]
    said = {
        "name": one.name,
        "from": one.old,
        "to": one.new,
        "sentences": told,
        "inside": dict(one.inside),
        "altered": one.altered,
        "elsewhere": {str(number): n for number, n in one.elsewhere.items()},
        "altered_elsewhere": one.altered_elsewhere,
    }
    return {**said, "lines": one.lines} if lines else said


def _print(found: list[Difference], *, lines: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if not any(one.is_any for one in found):
        console.print("Nothing differs.", style="green")
        return
    for i, one in enumerate(found):
        if i:
            console.print()
        before = f"version {one.old}" if one.old is not None else "not published"
        console.print(Text(printable(f"{one.name}: {before} → {one.new}"), style="bold"))
        for told in one.sentences:
            console.print(Text(printable(f"  {told.text}")))
        if not one.sentences:
            console.print(Text("  Nothing differs."))
        if one.name == "house-rules" and one.sentences:
            console.print(
                Text("  House rules hold for everybody as soon as they are published, also for those inside.", style="dim")
            )
        if inside := sum(one.inside.values()):
            console.print(Text(printable(f"  {_inside_words(one, inside)}"), style="dim"))
        if one.elsewhere:
            console.print(Text(printable(f"  {_elsewhere_words(one)}"), style="dim"))
        if lines:
            for line in one.lines.splitlines():
                style = "green" if line.startswith("+") else "red" if line.startswith("-") else "dim"
                console.print(Text(printable(line), style=style))


def _inside_words(one: Difference, inside: int) -> str:
    steps = ", ".join(f"{n:,} at {step}" for step, n in sorted(one.inside.items(), key=lambda pair: (-pair[1], pair[0]))[:6])
    people = "1 customer is" if inside == 1 else f"{inside:,} customers are"
    if not one.altered:
        return f"{people} inside version {one.old}: {steps}. They stay on it; moving them would change nothing that is next for them."
    stay = (
        f"They stay on version {one.old} unless they are moved" if inside > 1 else f"They stay on version {one.old} unless moved"
    )
    return f"{people} inside version {one.old}: {steps}. {stay}; the next touch of {one.altered:,} would be another."


def _elsewhere_words(one: Difference) -> str:
    n = sum(one.elsewhere.values())
    each = ", ".join(f"{many:,} in version {number}" for number, many in one.elsewhere.items())
    people = "1 customer is" if n == 1 else f"{n:,} customers are"
    if sum(one.inside.values()):
        people = "1 more is" if n == 1 else f"{n:,} more are"
    more = f"; moved, the next touch of {one.altered_elsewhere:,} would be another" if one.altered_elsewhere else ""
    return f"{people} inside other versions ({each}){more}."
