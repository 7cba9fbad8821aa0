"""The designs that replays are tried with, a log made by hand, and the ledger as rows."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.replay.play import Request, Summary, replay

HERE = Path(__file__).parent
LOGS = {"loans": "bpi2012_loan_offers.1k.csv.gz", "invoices": "ar_invoices.1k.csv.gz"}  # design -> the sample it is tried with
COLUMNS = ("event_id", "case_id", "event_type", "occurred_at", "amount_requested", "resource")  # what loans/map.yaml reads


@dataclass(frozen=True)
class Line:
    """One line of a ledger."""

    subject: str
    playbook: str
    version: int
    touchpoint: str | None
    channel: str | None
    customer: str
    planned_at: datetime
    due_at: datetime
    effect_at: datetime | None
    state: str
    disposition: str | None
    reason: str | None

    def took_effect(self) -> datetime:
        assert self.effect_at is not None
        return self.effect_at


def play(design: str, log: Path, ledger: Path, **more: Any) -> Summary:
    """Replay a log through one of the designs here."""
    given: dict[str, Any] = {
        "map": HERE / design / "map.yaml",
        "playbooks": HERE / design / "playbooks",
        "outcomes": HERE / design / "outcomes.yaml",
        **more,
    }
    return replay(Request(log=log, ledger=ledger, **given))


def lines_of(ledger: Path) -> list[Line]:
    return [_line(json.loads(text)) for text in ledger.read_text(encoding="utf-8").splitlines()]


def contacts(lines: Iterable[Line]) -> list[Line]:
    """Those that reached, or may have reached, somebody."""
    return [line for line in lines if line.effect_at is not None]


def rows_of(log: Path) -> list[dict[str, str]]:
    with gzip.open(log, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def some_cases(log: Path, into: Path, keep: Callable[[dict[str, str]], bool]) -> Path:
    """A smaller log: the rows that are kept, in their order."""
    rows = [row for row in rows_of(log) if keep(row)]
    with into.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return into


def write_log(into: Path, rows: Iterable[tuple[str, str, str]], zone: str = "Europe/Amsterdam", **columns: str) -> Path:
    """A log for loans/map.yaml: (case, event type, local moment such as "2011-10-28 16:00"), with ids 1, 2, 3 …"""
    with into.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number, (case, type_, local) in enumerate(rows, 1):
            at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone))
            writer.writerow((f"e{number}", case, type_, at.isoformat(), columns.get("amount", "9000"), columns.get("by", "112")))
    return into


def told(lines: Iterable[Line], zone: str = "Europe/Amsterdam") -> list[tuple[str | None, str, str]]:
    """(touchpoint, when it took effect on the clock there, state or disposition), for those that took effect."""
    there = ZoneInfo(zone)
    return [
        (line.touchpoint, f"{line.took_effect().astimezone(there):%a %d %b %H:%M}", line.disposition or line.state)
        for line in contacts(lines)
    ]


def _line(values: dict[str, Any]) -> Line:
    moments = {k: datetime.fromisoformat(v) for k, v in values.items() if k.endswith("_at") and v is not None}
    return Line(**{**values, **moments})
