"""The ledger: one line of JSON for each touch, byte for byte the same whenever the same log is replayed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError, Problem

KEYS = (
    "subject", "playbook", "version", "touchpoint", "channel", "customer", "planned_at", "due_at", "effect_at", "state", "disposition",
    "reason",
)  # fmt: skip


def check_writable(path: Path) -> None:
    """Raise InputError when no file can be written there: better before a long replay than after it."""
    if path.is_dir():
        raise InputError(Problem("the ledger cannot be written: this is a folder", "name a file in it", str(path)))
    if not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
        raise InputError(Problem("the ledger cannot be written", f"is {path.parent} a folder that you may write to?", str(path)))


def write_ledger(touches: Iterable[Any], path: Path) -> int:
    """Write these touches in the order given; answers how many. Replaces a file only when done.

    touches: rows of `replays.every_touch`, or records of a simulation; both have all KEYS.
    """
    half = path.with_name(path.name + ".part")
    count = 0
    with half.open("w", encoding="utf-8", newline="\n") as file:
        for row in touches:
            file.write(line_of(row) + "\n")
            count += 1
    half.replace(path)
    return count


def line_of(row: Any) -> str:
    """One touch as JSON, with exactly KEYS, in their order."""
    values = {key: getattr(row, key) for key in KEYS}
    told = {key: instant(value) if isinstance(value, datetime) else value for key, value in values.items()}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def instant(at: datetime) -> str:
    """A moment in UTC, "2026-11-20T15:12:00Z", with six decimals only when it falls between seconds."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
