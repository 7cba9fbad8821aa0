"""`touchpoint event FILE`: take in events from a file or from standard input, as if a system had posted them."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestrator.accepting import Answer, Raw, accept
from orchestrator.cloudevents import unpacked
from orchestrator.config import Settings
from orchestrator.errors import EventError, InputError, Problem
from orchestrator.jsontext import Unreadable, read_json
from orchestrator.store.upgrade import require_current
from orchestrator.wiring import build

STYLES = {"accepted": "green", "repeated": "dim", "later": "yellow", "conflict": "red", "refused": "red"}


def event(
    file: Annotated[
        str, typer.Argument(help="A file with one JSON event, an array of them, or one a line; '-' reads standard input.")
    ],
    backfill: Annotated[bool, typer.Option("--backfill", help="History: remembered, but nothing starts from it.")] = False,
) -> None:
    """Take in one event or many, plain or as CloudEvents, and say what became of each."""
    parts = build(Settings())
    raws = _read(file, parts.clock())
    require_current(parts.database)
    answers = accept(parts, raws, backfill=backfill)
    out = Console(highlight=False)
    for number, answer in enumerate(answers, 1):
        _say(out, answer, f"event {number}")
    if any(answer.problems for answer in answers):
        raise typer.Exit(1)


def _read(file: str, now: datetime) -> list[Raw | EventError]:
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputError(Problem(f"the file cannot be read: {error.strerror}", "", file)) from None
    try:
        value = read_json(text)
    except Unreadable:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or not lines[0].rstrip().endswith(b"}"):
            raise
        return [_line(line, now) for line in lines]
    return [unpacked(_at(one, now)) for one in (value if isinstance(value, list) else [value])]


def _line(line: bytes, now: datetime) -> Raw | EventError:
    try:
        return unpacked(_at(read_json(line), now))
    except Unreadable as error:
        return error


def _at(event: object, now: datetime) -> object:
    """For trying by hand: an event whose time is "now" happens at this moment. Systems say when it happened."""
    if isinstance(event, dict) and event.get("time") == "now":
        return {**event, "time": now.isoformat(timespec="seconds")}
    return event


def _say(out: Console, answer: Answer, otherwise: str) -> None:
    count = len(answer.enrollments)
    started = f", {count} enrollment{'s' if count > 1 else ''}" if count else ""
    out.print(f"{answer.key or otherwise}: {answer.status}{started}", style=STYLES[answer.status], markup=False, soft_wrap=True)
    for problem in (*answer.problems, *answer.warnings):
        out.print(f"    {problem}", markup=False, soft_wrap=True)
