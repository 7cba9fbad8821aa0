"""The loop of a replay and of a backtest: what comes next, an event or a due moment, until nothing is left. One thread, no chance.

The engine on a database (orchestrator/replay) and the world in memory go through the same turns, so that both take in the same events
and make the same calls at the same moments in the same order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from orchestrator.errors import TouchpointError
from orchestrator.language.program import Program
from orchestrator.simulation.arrivals import Arrival
from orchestrator.simulation.batches import Batches
from orchestrator.simulation.outcomes import Outcomes
from orchestrator.simulation.staff import Desk, Staff

CHANNELS = ("wait", "email", "text", "voice", "voicemail", "call")  # in the order in which they are looked at
MOST_AT_ONCE = 500  # events in a batch
MOST_TRIES = 3  # of an event that could not be handled at first
NOBODY = Outcomes(minutes_until_taken="never")
_LONGEST_TURN = 10_000  # rounds without the clock moving; a morning's backlog takes a handful
_NOT_DUE = datetime.max.replace(tzinfo=UTC)


class Engine(Desk, Protocol):
    """What decides: the engine on a database, or a world in memory."""

    @property
    def now(self) -> datetime: ...
    def move_to(self, at: datetime) -> None: ...
    def programs(self) -> Collection[Program]:
        """Every playbook that may listen."""

    def hear(self, batch: Sequence[Arrival]) -> Sequence[str]:
        """Take in events; what became of each: accepted, repeated, conflict, later."""

    def upkeep(self, tries: int = 1) -> None:
        """Handle what the system itself has reported, and events that could not be handled at first."""

    def drain(self, channel: str) -> None:
        """Do what is due on a channel."""

    def pass_on(self) -> None:
        """Calls that nobody took in time expire, or go to another queue."""

    def next_due(self) -> Mapping[str, datetime]:
        """When the earliest planned touch of each channel is due."""


class Turns:
    """One run through time."""

    def __init__(
        self, engine: Engine, outcomes: Outcomes = NOBODY, *, until: datetime | None = None, most: int = MOST_AT_ONCE
    ) -> None:
        """outcomes: not said: nobody takes calls. until: nothing that is later happens. most: events in a batch."""
        self._engine, self._until, self._most = engine, until, most
        self._staff = Staff(engine, outcomes)
        self._due: Mapping[str, datetime] = {}  # channel -> when its earliest touch is due
        self.receipts: Counter[str] = Counter()  # accepted, repeated, conflict, later

    def play(self, events: Iterator[Arrival], tell: Callable[[int, datetime], None] = lambda done, at: None) -> None:
        """Go through the events, and on until nothing is planned. tell: how many events are done, and what the clock shows."""
        batches = Batches(events, self._engine.programs(), self._most, self._until)
        while True:
            at, arrival = self._next_at(), batches.next_at
            if arrival is not None and (at is None or arrival <= at):
                self._engine.move_to(arrival)
                heard = batches.gather(at)
                self._take_in(heard, heard=True)
                self._take_in(batches.held_back(), heard=False)
            elif at is not None and (self._until is None or at <= self._until):
                self._turn(at)
            else:
                self._engine.upkeep(MOST_TRIES)
                return
            tell(self.receipts.total(), self._engine.now)

    def hear(self, event: Arrival) -> str:
        """One event, after everything that was due before it; answers what became of it."""
        self._go_on(lambda at: at < event.received_at)
        (status,) = self._take_in([event], heard=True)
        self._staff.look(self._engine.now)
        return status

    def pass_until(self, moment: datetime) -> None:
        """Everything that is due up to and including then."""
        self._go_on(lambda at: at <= moment)
        self._engine.move_to(moment)

    def next_at(self) -> datetime | None:
        """When something is due next."""
        self._settle()
        return self._next_at()

    def _go_on(self, is_within: Callable[[datetime], bool]) -> None:
        self._settle()
        while (at := self._next_at()) is not None and is_within(at):
            self._turn(at)

    def _settle(self) -> None:
        """See what was done by hand since."""
        self._engine.upkeep()
        self._look()
        self._staff.look(self._engine.now)

    def _next_at(self) -> datetime | None:
        """When something is due next; now, when that has passed already."""
        soonest = min(self._due.values(), default=None)
        staff = self._staff.next_at()
        if soonest is None or (staff is not None and staff < soonest):
            soonest = staff
        return None if soonest is None else max(soonest, self._engine.now)

    def _take_in(self, batch: Sequence[Arrival], *, heard: bool) -> Sequence[str]:
        if not batch:
            return ()
        if heard:
            self._engine.move_to(batch[-1].received_at)
        statuses = self._engine.hear(batch)
        self.receipts.update(statuses)
        waits = "later" in statuses
        if heard or waits:
            self._engine.upkeep(MOST_TRIES if waits else 1)
            self._look()
        return statuses

    def _turn(self, at: datetime) -> None:
        """Everything that is due at one moment, and what follows at the same moment."""
        engine, staff = self._engine, self._staff
        engine.move_to(at)
        for _ in range(_LONGEST_TURN):
            staff.finish(at)
            calls = self._due.get("call", _NOT_DUE) <= at
            if staff.changes(at):
                calls = True
                engine.pass_on()
            for channel in CHANNELS:
                if self._due.get(channel, _NOT_DUE) <= at:
                    engine.drain(channel)
            if calls:
                staff.look(at)
            staff.take(at)
            engine.upkeep()
            self._look()
            following = self._next_at()
            if following is None or following > at:
                return
        raise TouchpointError(f"time does not get beyond {at:%Y-%m-%d %H:%M:%S} UTC; this is a defect of the program")

    def _look(self) -> None:
        self._due = self._engine.next_due()
