"""Imaginary staff: somebody is there for each call after a while, takes the most urgent one, talks, and says how it ended.

There are always enough people. They use the desk's own verbs, so policies and leases are those of every day.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from orchestrator import desk
from orchestrator.parts import Parts
from orchestrator.replay.calls import Ending, Outcomes
from orchestrator.store import replays


@dataclass(frozen=True, slots=True)
class _Wait:
    """A call in its queue."""

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
    customer: str = field(compare=False)  # the business's own id
    ending: Ending = field(compare=False)


class Staff:
    """Who waits for whom. Knows only what the database said last; a call that was called off meanwhile is simply not found."""

    def __init__(self, parts: Parts, outcomes: Outcomes) -> None:
        self._parts, self._outcomes = parts, outcomes
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
        with self._parts.database.work() as work:
            rows = replays.ready(work)
        before, self._waits = self._waits, {}
        for row in rows:
            known = before.get(row.id)
            changes_at = min((m for m in (row.expires_at, row.escalate_at) if m is not None), default=None)
            if known is not None and known.queue == row.queue:
                self._waits[row.id] = _Wait(row.queue, known.taken_at, changes_at)
            else:
                after = self._outcomes.until_taken(row.queue)
                self._waits[row.id] = _Wait(row.queue, now + after if after is not None else None, changes_at)

    def finish(self, now: datetime) -> None:
        """Say how the calls ended that are over by now."""
        while self._talks and self._talks[0].until <= now:
            talk = heapq.heappop(self._talks)
            refused = desk.finish(
                self._parts, talk.touch, _name(talk.person), talk.ending.disposition, answers=talk.ending.answers,
                asks=False,  # what is made up is how calls end; a script may ask more than that
            )  # fmt: skip
            assert refused is None, f"the call {talk.touch} was lost: {refused}"
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
        task = desk.claim_next(self._parts, _name(person), [wait.queue])
        if task is None:
            return
        if task.touch in self._waits:  # whoever was to come for that one now comes for this one
            other = self._waits.pop(task.touch)
            self._waits[expected] = _Wait(wait.queue, other.taken_at, wait.changes_at)
        if self._free:
            heapq.heappop(self._free)
        run, touch = task.due.run, task.due.touch
        ending = self._outcomes.ending(run.subject, run.playbook, str(touch.touchpoint), touch.tries, wait.queue)
        self._taken += 1
        heapq.heappush(self._talks, _Talk(now + ending.talk, self._taken, person, task.touch, task.due.customer.ref, ending))


def _name(person: int) -> str:
    return f"staff-{person}"
