"""A history written by hand: follow-ups with touches at local moments, as a simulation would keep them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from orchestrator.backtest.records import History
from orchestrator.core.model import EndReason, Run, Touch, TouchState
from orchestrator.language.design import load_design
from orchestrator.language.program import Program
from orchestrator.simulation.records import Entry, RunRecord, TouchRecord
from tests.core.houses import house
from tests.stories import designs

ZONE = "America/Chicago"
STAFF: dict[str, Any] = {
    "queues": {"sales": {"title": "Sales"}},
    "time_zones": [ZONE],
    "desk": {
        "time_zone": ZONE,
        "minutes_per_call": 6,
        "staff": {"sales": [{"people": 2, "days": "mon-fri", "hours": "09:00-17:00"}]},
    },
}
STEPS = """
- touchpoint: hello
  email: hello
- touchpoint: check-in
  call: check-in
  queue: sales
  after: 1 day
"""
_numbers = count(1)


def local(text: str) -> datetime:
    """ "2026-03-02 09:00" on the clock in Chicago, in UTC as everything is kept."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


def program(name: str = "follow-up", steps: str = STEPS) -> Program:
    """A playbook of two steps, compiled."""
    files = {
        "lifecycle.yaml": designs.LIFECYCLE,
        "house-rules.yaml": "".join(f"{k}: {v}\n" for k, v in designs.HOUSE.items()),
        f"{name}.yaml": designs.playbook(steps, name),
        "emails/hello.md": designs.WORDS["email"].format(name="hello"),
        "scripts/check-in.md": designs.WORDS["call"].format(name="check-in"),
    }
    return load_design(files).playbooks[name].program


@dataclass
class Past:
    """What happened, told line by line."""

    rules: Mapping[str, Any] = field(default_factory=lambda: STAFF)
    programs: dict[str, Program] = field(default_factory=lambda: {"follow-up": program()})
    runs: list[RunRecord] = field(default_factory=list)
    touches: list[TouchRecord] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    goals: dict[str, list[tuple[str, datetime]]] = field(default_factory=dict)

    def follow_up(
        self, subject: str, at: str, *, playbook: str = "follow-up", customer: str = "", ended: EndReason | None = None
    ) -> RunRecord:
        """One that began then."""
        began = local(at)
        run = Run(_id(), UUID(int=1), playbook, 1, subject, UUID(int=2), began, began + timedelta(days=60), {}, ended=ended)
        record = RunRecord(
            run, customer or f"C-{subject}", began, _id(), "quote.sent", began + timedelta(days=20) if ended else None, ""
        )
        self.runs.append(record)
        return record

    def touch(
        self, run: RunRecord, at: str, touchpoint: str = "check-in", channel: str = "call", *, made: bool = True, **more: Any
    ) -> TouchRecord:
        """One that was due then, and took effect at once unless it was not made."""
        due = local(at)
        state = more.pop("state", TouchState.DONE if made else TouchState.SKIPPED)
        told = {key: more.pop(key) for key in ("disposition", "reason", "finished_at") if key in more}
        known: dict[str, Any] = {
            "queue": "sales" if channel == "call" else None, "priority": 5, "tries": 1, "why": "as planned", "expires_at": None, **more,
        }  # fmt: skip
        touch = Touch(
            _id(), run.id, UUID(int=2), len(run.touches) + 1, touchpoint, touchpoint, channel, planned_at=due, due_at=due,
            escalate_at=None, state=state, effect_at=due if made else None, **known,
        )  # fmt: skip
        record = TouchRecord(touch, run, **told)
        run.touches.append(record)
        self.touches.append(record)
        return record

    def said(self, touch: TouchRecord, what: str, rule: str, why: str = "because") -> None:
        """A line of the journal about a touch."""
        self.entries.append(Entry(touch.due_at, what, why, rule, touch.run.id, touch.id, None, touch.subject, touch.customer))

    def history(
        self, until: str = "2026-04-01 00:00", began: str = "2026-03-02 00:00", last_event: str = "2026-04-01 00:00"
    ) -> History:
        """All of it. until: the end of all that followed from the events."""
        return History(
            house(**self.rules), self.programs, dict.fromkeys(self.programs, "as written"), local(began), local(last_event),
            local(until), 100, self.touches, self.entries, self.runs, {}, self.goals,
        )  # fmt: skip


def calls(past: Past, at: str, how_many: int, **more: Any) -> Sequence[TouchRecord]:
    """So many calls that are due at one moment, of as many subjects."""
    return [past.touch(past.follow_up(f"quote/{next(_numbers)}", at), at, **more) for _ in range(how_many)]


def _id() -> UUID:
    return UUID(int=next(_numbers))
