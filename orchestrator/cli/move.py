"""`touchpoint move`: those who are inside a playbook go to another version, after a look at what that means."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.text import Text

from orchestrator import moving
from orchestrator.cli.terminal import ByWhom, printable, whoever
from orchestrator.config import Settings
from orchestrator.core.zones import zone_of
from orchestrator.heads import Group, Preview
from orchestrator.moving import Moved, Who
from orchestrator.parts import Parts
from orchestrator.store.upgrade import require_current
from orchestrator.wiring import build

Span = tuple[datetime, datetime]


def move(
    playbook: Annotated[str, typer.Argument(help="Its name, e.g. quote-follow-up.")],
    frm: Annotated[int | None, typer.Option("--from", help="Only those in this version (default: in every other one).")] = None,
    to: Annotated[int | None, typer.Option("--to", help="The version they go to (default: the current one).")] = None,
    step: Annotated[list[str] | None, typer.Option(help="OLD=NEW: where those go on whose step is gone; OLD=: nowhere.")] = None,
    at: Annotated[str | None, typer.Option(help="Only those who stand at this step.")] = None,
    share: Annotated[str | None, typer.Option(help="Only so many of them, e.g. 50%.")] = None,
    subject: Annotated[list[str] | None, typer.Option(help="Only these, e.g. quote/Q-1042.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Move them without asking.")] = False,
    by: ByWhom = "",
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """Show where each would stand and when the next touch is due, then move them. Moving back with --to undoes it."""
    if format_ not in ("text", "json"):
        raise typer.BadParameter(f"'{format_}' is none of text, json", param_hint="--format")
    who = Who(playbook, to, frm, at, _share(share), tuple(subject or ()), dict(_pair(one) for one in step or ()))
    parts = build(Settings())
    require_current(parts.database)
    console = Console(highlight=False, soft_wrap=True)
    seen = moving.preview(parts, who)
    if format_ == "text":
        _print(console, seen, _zone(parts))
    if not seen.moved or not (yes or (format_ == "text" and sys.stdin.isatty() and typer.confirm("Move them?"))):
        if format_ == "json":
            typer.echo(json.dumps(as_json(seen), indent=2, ensure_ascii=False))
        elif seen.moved and not sys.stdin.isatty():
            console.print("Nobody was moved: say --yes to move them.")
        return
    done = moving.move(parts, replace(who, to=seen.to, among=seen.sources), whoever(by))
    if format_ == "json":
        typer.echo(json.dumps({**as_json(seen), "done": _done_json(done)}, indent=2, ensure_ascii=False))
    else:
        console.print(Text(_done_words(done), style="green"))


def as_json(seen: Preview) -> dict[str, Any]:
    """A preview as data."""
    return {
        "playbook": seen.playbook, "to": seen.to, "inside": seen.inside, "chosen": seen.chosen, "would_move": seen.moved,
        "groups": [
            {"from": g.frm, "step": g.step, "to_step": g.to_step, "ends": g.ends, "count": g.count, "kept": g.kept, "due_now": g.due_now,
             "earlier": g.earlier, "later": g.later, "before": _moments(g.before), "after": _moments(g.after),
             "no_longer": list(g.no_longer), "newly": list(g.newly), "passed": g.passed}
            for g in seen.groups
        ],
        "stays": [{"code": code, "why": why, "count": n} for (code, why), n in seen.stays.items()],
        "hints": seen.hints, "warnings": seen.warnings,
    }  # fmt: skip


def _print(console: Console, seen: Preview, zone: ZoneInfo) -> None:
    chosen = f"{seen.chosen:,} of the {seen.inside:,} who are" if seen.chosen < seen.inside else f"{seen.inside:,}"
    console.print(Text(printable(f"{seen.playbook}: {chosen} inside other versions → version {seen.to}"), style="bold"))
    for group in seen.groups:
        console.print(Text(printable(f"  {_went(group)}")))
        for line in _details(group, zone):
            console.print(Text(printable(f"      {line}"), style="dim"))
    for (_, why), n in seen.stays.items():
        console.print(Text(printable(f"  {n:,} stay: {why}"), style="yellow"))
    for line in seen.warnings:
        console.print(Text(printable(f"  {line}"), style="yellow"))
    if seen.hints:
        console.print(Text(printable(f"  Perhaps: {' '.join(seen.hints)}"), style="dim"))
    if not seen.moved:
        console.print("Nobody would be moved.")


def _went(group: Group) -> str:
    where = f"“{group.title}” of version {group.frm}"
    if group.ends is not None:
        return f"{group.count:,} at {where}: their follow-up ends ({group.ends})"
    if group.kept == group.count:
        return f"{group.count:,} at {where}: nothing about their next touch changes"
    same = group.step == group.to_step
    return f"{group.count:,} at {where}: {'planned anew' if same else f'go on at {group.to_title}'}"


def _details(group: Group, zone: ZoneInfo) -> list[str]:
    lines = []
    if group.after and group.before and group.kept < group.count:
        lines.append(f"due {_span(group.before, zone)}; afterwards {_span(group.after, zone)}")
        counted = [
            f"{n:,} {word}" for n, word in ((group.earlier, "earlier"), (group.later, "later"), (group.due_now, "at once")) if n
        ]
        if counted:
            lines.append(", ".join(counted))
    if group.no_longer:
        lines.append(f"will not get any more: {', '.join(group.no_longer)}")
    if group.newly:
        lines.append(f"may get in addition: {', '.join(group.newly)}")
    lines += [f"{n:,} had {step} already and do not get it again" for step, n in group.passed.items()]
    return lines


def _span(span: Span, zone: ZoneInfo) -> str:
    first, last = (f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}" for at in span)
    return first if first == last else f"{first} to {last}"


def _zone(parts: Parts) -> ZoneInfo:
    with parts.database.work() as work:
        return zone_of(parts.rulebook.refresh(work).house.rules.clock) or ZoneInfo("UTC")


def _done_words(done: Moved) -> str:
    people = "1 follow-up was" if done.moved == 1 else f"{done.moved:,} follow-ups were"
    more = [f"{n:,} {word}" for n, word in ((done.kept, "kept their next touch"), (done.ended, "ended")) if n]
    stayed = sum(done.stayed.values())
    more += [f"{stayed:,} stayed"] if stayed else []
    return f"{people} moved to version {done.to}{': ' if more else ''}{', '.join(more)}."


def _done_json(done: Moved) -> dict[str, Any]:
    return {"moved": done.moved, "kept": done.kept, "ended": done.ended, "stayed": done.stayed}


def _moments(span: Span | None) -> list[str] | None:
    return [at.isoformat() for at in span] if span else None


def _pair(text: str) -> tuple[str, str]:
    old, sign, new = text.partition("=")
    if not (old and sign):  # nothing after the sign: it is none of the new steps
        raise typer.BadParameter(f"'{text}' is not OLD=NEW, e.g. --step hello=greeting", param_hint="--step")
    return old, new


def _share(text: str | None) -> int | None:
    if text is None:
        return None
    number = text.removesuffix("%")
    if not number.isdecimal() or not 1 <= int(number) <= 100:
        raise typer.BadParameter(f"'{text}' is no share: say 1% to 100%", param_hint="--share")
    return int(number)
