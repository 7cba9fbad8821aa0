"""The engine on a database, as the turns of a replay drive it: its own verbs, over a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator import desk, dispatch, engine, sweep
from orchestrator.language.program import Program
from orchestrator.parts import Parts
from orchestrator.simulation.arrivals import Arrival
from orchestrator.store import replays
from orchestrator.store.database import Row
from orchestrator.store.events import NewEvent


class SimulatedClock:
    """A clock that is moved by hand, and never back."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def __call__(self) -> datetime:
        return self._at

    def move_to(self, at: datetime) -> None:
        assert at >= self._at, f"time does not run back from {self._at} to {at}"
        self._at = at


@dataclass(slots=True)
class Woken:
    """Takes the wake-ups that the engine sends, for want of workers."""

    upkeep: bool = False

    def __call__(self, channels: Collection[str]) -> None:
        self.upkeep = self.upkeep or "upkeep" in channels


@dataclass(frozen=True, slots=True)
class _Answered:
    """A call that somebody has."""

    touch: UUID
    subject: str
    playbook: str
    touchpoint: str
    tries: int


class OnDatabase:
    """The engine over its rows: simulation.turns.Engine."""

    def __init__(self, parts: Parts, clock: SimulatedClock, woken: Woken) -> None:
        """parts: their clock and wake are these."""
        self._parts, self._clock, self._woken = parts, clock, woken
        with parts.database.work() as work:
            in_use = parts.rulebook.refresh(work)
        self._listens = bool(in_use.listens)  # whether a playbook listens to what the system itself reports
        self._programs = [version.program for version in in_use.current.values()]

    @property
    def now(self) -> datetime:
        return self._clock()

    def move_to(self, at: datetime) -> None:
        self._clock.move_to(at)

    def programs(self) -> Collection[Program]:
        return self._programs

    def hear(self, batch: Sequence[Arrival]) -> Sequence[str]:
        stored = [e for e in batch if isinstance(e, NewEvent)]
        assert len(stored) == len(batch), "a database keeps events as they were read"
        return [receipt.status for receipt in engine.handle_events(self._parts, stored)]

    def upkeep(self, tries: int = 1) -> None:
        if self._listens or self._woken.upkeep or tries > 1:
            self._woken.upkeep = False
            for _ in range(tries):
                while engine.retry_waiting(self._parts):
                    pass

    def drain(self, channel: str) -> None:
        dispatch.drain(self._parts, channel)

    def pass_on(self) -> None:
        while sweep.pass_on_calls(self._parts) == sweep.BATCH:
            pass

    def next_due(self) -> Mapping[str, datetime]:
        with self._parts.database.work() as work:
            return replays.next_due(work)

    def ready(self) -> Sequence[Row[Any]]:
        with self._parts.database.work() as work:
            return replays.ready(work)

    def take(self, who: str, queue: str) -> _Answered | None:
        task = desk.claim_next(self._parts, who, [queue])
        if task is None:
            return None
        run, touch = task.due.run, task.due.touch
        return _Answered(task.touch, run.subject, run.playbook, str(touch.touchpoint), touch.tries)

    def finish(self, touch: UUID, disposition: str, *, answers: Any = None, who: str | None = None) -> None:
        # what is made up is how calls end; a script may ask more than that
        refused = desk.finish(self._parts, touch, str(who), disposition, answers=answers, asks=False)
        assert refused is None, f"the call {touch} was lost: {refused}"
