"""Made-up logs in which much happens to few people: events that are late, doubled, contradictory, and about the same customers."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

BEGAN = datetime(2026, 10, 26, 12, tzinfo=UTC)  # a Monday; clocks change on the Sunday after, in the US
DAYS = 16
TYPES = (
    ("quote.sent", 30), ("quote.looked_at", 20), ("quote.accepted", 5), ("quote.declined", 4), ("visit.booked", 14), ("visit.cancelled", 4),
    ("visit.done", 12), ("visit.forgotten", 2),
)  # fmt: skip
LEVELS = ("none", *["service"] * 9, "marketing")
ZONES = ("America/New_York", "America/Chicago", "America/Los_Angeles", "Pacific/Honolulu", None)


def write(into: Path, seed: int, events: int = 120, customers: int = 10) -> Path:
    """A log of its own for each seed, as lines of JSON in the order in which they came."""
    chance = random.Random(seed)
    came: list[tuple[datetime, dict[str, Any]]] = []
    for number in range(events):
        at = BEGAN + timedelta(minutes=chance.randrange(DAYS * 1440) // 30 * 30)  # many at the same moment
        came.append((at, _event(chance, number, at, customers)))
    came.sort(key=lambda pair: pair[0])
    lines = [event for _, event in came]
    for _ in range(events // 10):  # the same once more, or the same id with something else in it
        again = dict(chance.choice(lines))
        if chance.random() < 0.4:
            again["subject"] = "quote/other"
        lines.insert(lines.index(next(e for e in lines if e["id"] == again["id"])) + 1, again)
    into.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return into


def _event(chance: random.Random, number: int, at: datetime, customers: int) -> dict[str, Any]:
    type_ = chance.choices([t for t, _ in TYPES], [n for _, n in TYPES])[0]
    kind = type_.partition(".")[0]
    late = timedelta(hours=chance.choice((0, 0, 0, 0, 7, 60)))
    data: dict[str, Any] = {}
    if type_ == "quote.sent":
        note = "Long. " * 300 if chance.random() < 0.1 else "It is good until Friday."  # too long for a text: cannot be said
        data = {"amount": chance.choice((50, 900, 900, 7000)), "note": note}
        data |= {"team": chance.choice(("sales", "sales", "leads", "unheard of"))} if chance.random() < 0.8 else {}
        data |= {"owner": "ari"} if chance.random() < 0.3 else {}
    elif type_ == "visit.booked":
        data = {"starts_at": (at + timedelta(hours=chance.randrange(2, 120))).isoformat()}
    elif type_ == "visit.done":
        data = {"kind": chance.choice(("estimate", "repair"))}
    event: dict[str, Any] = {
        "id": f"e{number}", "source": "shop", "type": type_, "subject": f"{kind}/{chance.randrange(customers)}",
        "time": (at - late).isoformat(), "data": data,
    }  # fmt: skip
    if chance.random() < 0.95:
        event["customer"] = _customer(chance, chance.randrange(customers))
    return event


def _customer(chance: random.Random, number: int) -> dict[str, Any]:
    said: dict[str, Any] = {"id": f"C-{number}"}
    if chance.random() < 0.8:
        said |= {
            "phone": f"+1312555{100 + chance.randrange(20):04d}",
            "email": f"c{number}@example.com",
            "time_zone": ZONES[number % 5],
        }
    if chance.random() < 0.3:
        said |= {"first_name": chance.choice(("Ada", "Ben")), "hours": chance.choice((None, None, "mon-fri 10:00-11:30"))}
    if chance.random() < 0.8:
        said["consent"] = {channel: chance.choice(LEVELS) for channel in ("email", "text", "call") if chance.random() < 0.97}
    return said
