"""The loop of a replay: what comes next, an event or a due moment, until nothing is left. The engine's own verbs, one thread, no chance.

Events are handled in batches, as they are every day. A batch ends before the moment at which anything that is planned, or that could
be planned by an event in it, falls due, so it decides just what one event after the other would have decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from orchestrator import dispatch, engine, sweep
from orchestrator.errors import TouchpointError
from orchestrator.language.delays import Unit
from orchestrator.language.program import BranchNode, EndNode, NodeId, Program, SplitNode, Timing, TouchNode, WaitNode
from orchestrator.parts import Parts
from orchestrator.replay.calls import Outcomes
from orchestrator.replay.staff import Staff
from orchestrator.store import replays
from orchestrator.store.events import NewEvent

DAY = timedelta(days=1)
NEVER = timedelta(days=36_500)
_DAYS = {Unit.DAYS: 1, Unit.BUSINESS_DAYS: 1, Unit.WEEKS: 7}
_LONGEST_TURN = 10_000  # rounds without the clock moving; a day's backlog takes a handful


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
        self._due: dict[str, datetime] = {}  # channel -> when its earliest touch is due
        self.receipts: Counter[str] = Counter()  # accepted, repeated, conflict, later
        with parts.database.work() as work:
            current = parts.rulebook.refresh(work).current.values()
        programs = [version.program for version in current]
        self._reactions = reactions(programs)
        self._heard = frozenset(self._reactions) | {t for p in programs for t in p.stops_on}

    def play(self, events: Iterator[NewEvent], tell: Callable[[int, datetime], None] = lambda done, at: None) -> None:
        """Go through the events, and on until nothing is planned. tell: how many events are done, and what the clock shows."""
        stream = _Stream(events, self._until)
        while True:
            at = self._next_at()
            if stream.head is not None and (at is None or stream.head.received_at <= at):
                self._take_in(self._gather(stream, at))
            elif at is not None and (self._until is None or at <= self._until):
                self._turn(at)
            else:
                break
            tell(sum(self.receipts.values()), self._clock())

    def _next_at(self) -> datetime | None:
        moments = [*self._due.values()]
        if (staff := self._staff.next_at()) is not None:
            moments.append(staff)
        return max(min(moments), self._clock()) if moments else None

    def _gather(self, stream: _Stream, before: datetime | None) -> list[NewEvent]:
        """Events that may be handled together: none later than what is due next, or than what one of them may cause."""
        batch: list[NewEvent] = []
        said: dict[str, Mapping[str, Any]] = {}
        while (event := stream.head) is not None and len(batch) < self._most:
            if before is not None and event.received_at > before:
                break
            who = event.customer_said
            if who is not None and said.setdefault(who["id"], who) != who:
                break  # the customer changes: what is planned before must not know it yet
            batch.append(event)
            stream.step()
            least = self._reactions.get(event.type)
            if least is not None:
                soonest = max(event.occurred_at + least, event.received_at)
                before = soonest if before is None else min(before, soonest)
        return batch

    def _take_in(self, batch: list[NewEvent]) -> None:
        self._clock.move_to(batch[-1].received_at)
        receipts = engine.handle_events(self._parts, batch)
        self.receipts.update(r.status for r in receipts)
        waits = any(r.status == "later" for r in receipts)
        self._woken.upkeep = self._woken.upkeep or waits
        if waits or any(e.type in self._heard for e in batch):
            self._upkeep()
            self._look()

    def _turn(self, at: datetime) -> None:
        """Everything that is due at one moment, and what follows at the same moment."""
        self._clock.move_to(at)
        for _ in range(_LONGEST_TURN):
            self._staff.finish(at)
            calls = self._due.get("call", _AFTER_ALL) <= at
            if self._staff.changes(at):
                calls = True
                while sweep.pass_on_calls(self._parts) == sweep.BATCH:
                    pass
            for channel in dispatch.CHANNELS:
                if self._due.get(channel, _AFTER_ALL) <= at:
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

    def _upkeep(self) -> None:
        """Handle what the system itself has reported, and events that could not be handled at first."""
        while self._woken.upkeep:
            self._woken.upkeep = False
            while engine.retry_waiting(self._parts):
                pass

    def _look(self) -> None:
        with self._parts.database.work() as work:
            self._due = replays.next_due(work)


_AFTER_ALL = datetime.max.replace(tzinfo=UTC)


class _Stream:
    """Events with a look at the next one."""

    def __init__(self, events: Iterator[NewEvent], until: datetime | None) -> None:
        self._events, self._until = events, until
        self.head: NewEvent | None = None
        self.step()

    def step(self) -> None:
        """Go on to the next event."""
        self.head = next(self._events, None)
        if self.head is not None and self._until is not None and self.head.received_at > self._until:
            self.head = None


def reactions(programs: Collection[Program]) -> dict[str, timedelta]:
    """Event type -> how soon after it, at the earliest, a touch that it causes may be due. Types that cause none are left out."""
    soonest: dict[str, timedelta] = {}
    for program in programs:
        for type_ in program.starts_on:
            soonest[type_] = min(soonest.get(type_, NEVER), _least(program, program.first))
        for type_ in program.waits_for:
            soonest[type_] = timedelta(0)
    return soonest


def _least(program: Program, node_id: NodeId) -> timedelta:
    """No touch that follows from entering this node is due sooner than this."""
    match program.nodes[node_id]:
        case TouchNode() as node:
            own = _least_of(node.timing)
            return own if node.only_if is None else min(own, _least(program, node.next))
        case WaitNode() as node:
            own = _least_of(node.timing)
            return min(own, _least(program, node.then)) if node.events else own
        case BranchNode() as node:
            return min(_least(program, node.then), _least(program, node.otherwise))
        case SplitNode() as node:
            return min(_least(program, to) for _, _, to in node.ways)
        case EndNode():
            return NEVER


def _least_of(timing: Timing) -> timedelta:
    """Days go by the calendar, so they may be shorter by a change of the clocks, and a time of day may lie earlier in them."""
    if timing.when is not None or timing.after is None:
        return timedelta(0)
    delay = timing.after
    match delay.unit:
        case Unit.MINUTES:
            return timedelta(minutes=delay.count)
        case Unit.HOURS:
            return timedelta(hours=delay.count)
        case _:
            return max(delay.count * _DAYS[delay.unit] * DAY - (2 * DAY if timing.at else DAY), timedelta(0))
