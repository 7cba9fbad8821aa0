"""Events put together so that handling them at once decides just what one after the other would have decided.

A batch ends before the moment at which anything that is planned, or that an event in it could plan, falls due. Events that no playbook
listens to, and that say nothing new of a customer, are held back until there are many: when they are written makes no difference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from orchestrator.language.delays import Unit
from orchestrator.language.program import BranchNode, EndNode, NodeId, Program, SplitNode, Timing, TouchNode, WaitNode
from orchestrator.simulation.arrivals import Arrival, is_opt_out

DAY = timedelta(days=1)
NEVER = timedelta(days=36_500)


class Batches:
    """A stream of events with a look at the next one."""

    def __init__(self, events: Iterator[Arrival], programs: Collection[Program], most: int, until: datetime | None) -> None:
        """programs: every playbook that may listen. until: events after it are left unread."""
        self._events, self._most, self._until = events, most, until
        self._reactions = reactions(programs)
        self._heard = frozenset(self._reactions) | {t for p in programs for t in p.stops_on}
        self._said: dict[str, Mapping[str, Any]] = {}  # customer -> what was last said of them
        self._held: list[Arrival] = []
        self._held_keys: set[tuple[str, str]] = set()
        self._release = False
        self._head: Arrival | None = None
        self._step()

    @property
    def next_at(self) -> datetime | None:
        """When the next event arrives; None when there is none."""
        return self._head.received_at if self._head is not None else None

    def gather(self, before: datetime | None) -> list[Arrival]:
        """The next events that playbooks may listen to, none later than `before`; maybe none, when all that came were held back."""
        batch: list[Arrival] = []
        while (event := self._head) is not None and len(batch) < self._most and len(self._held) < self._most:
            if before is not None and event.received_at > before:
                break
            news = self._is_news(event)
            if (batch or self._held) and (news or (event.source, event.key) in self._held_keys):
                self._release = True  # all that came before must be in the database first
                break
            if event.customer_said is not None:
                self._said[event.customer_said["id"]] = event.customer_said
            if news or event.type in self._heard or is_opt_out(event):
                batch.append(event)
                before = self._no_later(event, before)
            else:
                self._held.append(event)
                self._held_keys.add((event.source, event.key))
            self._step()
        return batch

    def held_back(self) -> list[Arrival]:
        """Events that nobody listens to, once there are many or they can wait no longer; ask after each `gather`."""
        if not self._release and self._head is not None and len(self._held) < self._most:
            return []
        return self.let_go()

    def let_go(self) -> list[Arrival]:
        """All that are held back."""
        held, self._held, self._release = self._held, [], False
        self._held_keys.clear()
        return held

    def _is_news(self, event: Arrival) -> bool:
        """Whether it says something else of a customer than the event before."""
        who = event.customer_said
        return who is not None and self._said.get(who["id"], who) != who

    def _no_later(self, event: Arrival, before: datetime | None) -> datetime | None:
        """The moment up to which events may follow this one in a batch."""
        least = timedelta(0) if is_opt_out(event) else self._reactions.get(event.type)
        if least is None:
            return before
        soonest = max(event.occurred_at + least, event.received_at)
        return soonest if before is None else min(before, soonest)

    def _step(self) -> None:
        self._head = next(self._events, None)
        if self._head is not None and self._until is not None and self._head.received_at > self._until:
            self._head = None


def reactions(programs: Collection[Program]) -> dict[str, timedelta]:
    """Event type -> how soon after it, at the earliest, a touch that it causes may be due. Types that cause none are left out."""
    soonest: dict[str, timedelta] = {}
    for program in programs:
        for type_ in program.starts_on:
            soonest[type_] = min(soonest.get(type_, NEVER), _least(program, program.first))
    return soonest | {type_: timedelta(0) for program in programs for type_ in program.waits_for}


def _least(program: Program, node_id: NodeId) -> timedelta:
    """No touch that follows from entering this node is due sooner than this."""
    match program.nodes[node_id]:
        case TouchNode() as node:
            own = _shortest(node.timing)
            return own if node.only_if is None else min(own, _least(program, node.next))
        case WaitNode() as node:
            own = _shortest(node.timing)
            return min(own, _least(program, node.then)) if node.events else own
        case BranchNode() as node:
            return min(_least(program, node.then), _least(program, node.otherwise))
        case SplitNode() as node:
            return min(_least(program, to) for _, _, to in node.ways)
        case EndNode():
            return NEVER


def _shortest(timing: Timing) -> timedelta:
    """Days go by the calendar: a change of the clocks may shorten one, and a time of day may lie earlier in it."""
    if timing.when is not None or timing.after is None:
        return timedelta(0)
    delay = timing.after
    match delay.unit:
        case Unit.MINUTES:
            return timedelta(minutes=delay.count)
        case Unit.HOURS:
            return timedelta(hours=delay.count)
        case _:
            days = delay.count * (7 if delay.unit is Unit.WEEKS else 1)
            return max((days - (2 if timing.at else 1)) * DAY, timedelta(0))
