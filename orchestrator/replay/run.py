"""The loop of a replay: what comes next, an event or a due moment, until nothing is left. The engine's own verbs, one thread, no chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

from orchestrator import dispatch, engine, sweep
from orchestrator.errors import TouchpointError
from orchestrator.parts import Parts
from orchestrator.replay.batches import Batches
from orchestrator.replay.calls import Outcomes
from orchestrator.replay.staff import Staff
from orchestrator.store import replays
from orchestrator.store.events import MOST_TRIES, NewEvent

_LONGEST_TURN = 10_000  # rounds without the clock moving; a morning's backlog takes a handful
_NOT_DUE = datetime.max.replace(tzinfo=UTC)


class SimulatedClock:
    """A clock that is moved by hand, and never back."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def __call__(self) -> datetime:
        return self._at

    def move_to(self, at: datetime) -> None:
        assert at >= self._at, f"time does not run back from {self._at} to {at}"
        self._at = at


def counted_ids() -> Callable[[], UUID]:
    """Ids 1, 2, 3 …: as in life a later one is greater, and a rerun makes the same ones."""
    numbers = count(1)
    return lambda: UUID(int=next(numbers))


@dataclass(slots=True)
class Woken:
    """Takes the wake-ups that the engine sends, for want of workers."""

    upkeep: bool = False

    def __call__(self, channels: Collection[str]) -> None:
        self.upkeep = self.upkeep or "upkeep" in channels


class Replay:
    """One run over one stream of events."""

    def __init__(
        self, parts: Parts, clock: SimulatedClock, woken: Woken, outcomes: Outcomes, *, until: datetime | None = None,
        most: int = engine.MOST_AT_ONCE,
    ) -> None:  # fmt: skip
        """parts: their clock and wake are these. until: nothing that is later happens. most: events in a batch."""
        self._parts, self._clock, self._woken = parts, clock, woken
        self._until, self._most = until, most
        self._staff = Staff(parts, outcomes)
        self._listens = False  # whether a playbook listens to what the system itself reports
        self._due: dict[str, datetime] = {}  # channel -> when its earliest touch is due
        self.receipts: Counter[str] = Counter()  # accepted, repeated, conflict, later

    def play(self, events: Iterator[NewEvent], tell: Callable[[int, datetime], None] = lambda done, at: None) -> None:
        """Go through the events, and on until nothing is planned. tell: how many events are done, and what the clock shows."""
        with self._parts.database.work() as work:
            in_use = self._parts.rulebook.refresh(work)
        self._listens = bool(in_use.listens)
        batches = Batches(events, [version.program for version in in_use.current.values()], self._most, self._until)
        while True:
            at, arrival = self._next_at(), batches.next_at
            if arrival is not None and (at is None or arrival <= at):
                self._clock.move_to(arrival)
                heard = batches.gather(at)
                self._take_in(heard, heard=True)
                self._take_in(batches.held_back(), heard=False)
            elif at is not None and (self._until is None or at <= self._until):
                self._turn(at, batches)
            else:
                self._upkeep(tries=MOST_TRIES)
                return
            tell(self.receipts.total(), self._clock())

    def _next_at(self) -> datetime | None:
        """When something is due next; now, when that has passed already."""
        moments = [*self._due.values(), self._staff.next_at()]
        return max(min((m for m in moments if m is not None), default=_NOT_DUE), self._clock()) if any(moments) else None

    def _take_in(self, batch: Sequence[NewEvent], *, heard: bool) -> None:
        if not batch:
            return
        if heard:
            self._clock.move_to(batch[-1].received_at)
        receipts = engine.handle_events(self._parts, batch)
        self.receipts.update(r.status for r in receipts)
        waits = any(r.status == "later" for r in receipts)
        if heard or waits:
            self._upkeep(tries=MOST_TRIES if waits else 1)
            self._look()

    def _turn(self, at: datetime, batches: Batches) -> None:
        """Everything that is due at one moment, and what follows at the same moment."""
        self._clock.move_to(at)
        for _ in range(_LONGEST_TURN):
            self._staff.finish(at)
            calls = self._due.get("call", _NOT_DUE) <= at
            if self._staff.changes(at):
                calls = True
                while sweep.pass_on_calls(self._parts) == sweep.BATCH:
                    pass
            for channel in dispatch.CHANNELS:
                if self._due.get(channel, _NOT_DUE) <= at:
                    dispatch.drain(self._parts, channel)
            if calls:
                self._staff.look(at)
            self._staff.take(at)
            self._upkeep()
            self._look()
            following = self._next_at()
            if following is None or following > at:
                return
        raise TouchpointError(f"the replay does not get beyond {at:%Y-%m-%d %H:%M:%S} UTC; this is a defect of the program")

    def _upkeep(self, *, tries: int = 1) -> None:
        """Handle what the system itself has reported, and events that could not be handled at first."""
        if self._listens or self._woken.upkeep or tries > 1:
            self._woken.upkeep = False
            for _ in range(tries):
                while engine.retry_waiting(self._parts):
                    pass

    def _look(self) -> None:
        with self._parts.database.work() as work:
            self._due = replays.next_due(work)
