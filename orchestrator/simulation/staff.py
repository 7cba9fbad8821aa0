"""Imaginary staff: somebody is there for each call after a while, takes the most urgent one, talks, and says how it ended.

There are always enough people. They use the desk's own verbs, so policies are those of every day.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from orchestrator.simulation.outcomes import Ending, Outcomes


class Waiting(Protocol):
    """A call in its queue."""

    @property
    def id(self) -> UUID: ...
    @property
    def queue(self) -> str | None: ...
    @property
    def expires_at(self) -> datetime | None: ...
    @property
    def escalate_at(self) -> datetime | None: ...


class Answered(Protocol):
    """A call that somebody has now."""

    @property
    def touch(self) -> UUID: ...
    @property
    def subject(self) -> str: ...
    @property
    def playbook(self) -> str: ...
    @property
    def touchpoint(self) -> str: ...
    @property
    def tries(self) -> int: ...


class Desk(Protocol):
    """Where calls wait."""

    def ready(self) -> Sequence[Waiting]:
        """Every call that waits for staff, in no order."""

    def take(self, who: str, queue: str) -> Answered | None:
        """The most urgent call of a queue that may be made now."""

    def finish(self, touch: UUID, disposition: str, *, answers: Any = None, who: str | None = None) -> None:
        """Say how a call ended."""


@dataclass(frozen=True, slots=True)
class _Wait:
    """How long a call waits."""

    queue: str
    taken_at: datetime | None  # None: nobody comes
    changes_at: datetime | None  # when it expires or goes to another queue


@dataclass(order=True, slots=True)
class _Talk:
    """A call that somebody has."""

    until: datetime
    place: int  # in the order in which calls were taken
    person: int = field(compare=False)
    touch: UUID = field(compare=False)
    ending: Ending = field(compare=False)


class Staff:
    """Who waits for whom. Knows only what the desk said last; a call that was called off meanwhile is simply not found."""

    def __init__(self, desk: Desk, outcomes: Outcomes) -> None:
        self._desk, self._outcomes = desk, outcomes
        self._waits: dict[UUID, _Wait] = {}
        self._talks: list[_Talk] = []
        self._free: list[int] = []  # numbers of people without a call, the lowest first
        self._taken = 0

    def next_at(self) -> datetime | None:
        """When staff, or the waiting of a call, changes something next."""
        moments = [m for w in self._waits.values() for m in (w.taken_at, w.changes_at) if m is not None]
        return min([*moments, *(t.until for t in self._talks[:1])], default=None)

    def changes(self, now: datetime) -> bool:
        """Whether a call has expired or goes to another queue by now."""
        return any(w.changes_at is not None and w.changes_at <= now for w in self._waits.values())

    def look(self, now: datetime) -> None:
        """See which calls wait; for one that is new in its queue somebody will be there in a while."""
        before, self._waits = self._waits, {}
        for call in self._desk.ready():
            known, queue = before.get(call.id), str(call.queue)
            changes_at = min((m for m in (call.expires_at, call.escalate_at) if m is not None), default=None)
            if known is not None and known.queue == queue:
                self._waits[call.id] = _Wait(queue, known.taken_at, changes_at)
            else:
                after = self._outcomes.until_taken(queue)
                self._waits[call.id] = _Wait(queue, now + after if after is not None else None, changes_at)

    def finish(self, now: datetime) -> None:
        """Say how the calls ended that are over by now."""
        while self._talks and self._talks[0].until <= now:
            talk = heapq.heappop(self._talks)
            self._desk.finish(talk.touch, talk.ending.disposition, answers=talk.ending.answers, who=_name(talk.person))
            heapq.heappush(self._free, talk.person)

    def take(self, now: datetime) -> None:
        """Take the calls for which somebody is there by now."""
        came = False
        while there := [(w.taken_at, touch) for touch, w in self._waits.items() if w.taken_at is not None and w.taken_at <= now]:
            self._take_next(min(there)[1], now)
            came = True
        if came:
            self.look(now)  # policies may have put off other calls

    def _take_next(self, expected: UUID, now: datetime) -> None:
        """Somebody came for the call that was expected, and takes the most urgent one of its queue."""
        person = self._free[0] if self._free else len(self._talks) + 1
        wait = self._waits.pop(expected)
        call = self._desk.take(_name(person), wait.queue)
        if call is None:
            return
        if call.touch in self._waits:  # whoever was to come for that one now comes for this one
            other = self._waits.pop(call.touch)
            self._waits[expected] = _Wait(wait.queue, other.taken_at, wait.changes_at)
        if self._free:
            heapq.heappop(self._free)
        ending = self._outcomes.ending(call.subject, call.playbook, call.touchpoint, call.tries, wait.queue)
        self._taken += 1
        heapq.heappush(self._talks, _Talk(now + ending.talk, self._taken, person, call.touch, ending))


def _name(person: int) -> str:
    return f"staff-{person}"
