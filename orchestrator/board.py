"""The desk at one moment, as a lead sees it: queues, people, the hours ahead, and what waits for a person to decide.

Eight statements, however many queues and people there are; one picture serves everybody who looks at about the same time (Shared).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from orchestrator.core.model import PauseScope
from orchestrator.core.roles import EVERY_QUEUE, RIGHTS, Right, Role
from orchestrator.core.zones import zone_of
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import board as store
from orchestrator.store.database import Row, Work

# A change is on every board within two seconds: at worst a page asks just before it, hears of a picture that is FRESH_FOR old, and
# asks again after ASKS_EVERY; the rest is for making that picture and bringing it there.
FRESH_FOR = timedelta(seconds=0.4)  # a picture is shared for so long
ASKS_EVERY = timedelta(seconds=1.2)
HOURS_AHEAD = 8
CALLS_AN_HOUR = 6.0  # of one person, until today has shown better
MEASURED_OVER = timedelta(hours=2)
ENOUGH_CALLS, ENOUGH_HOURS = 5, 0.5  # filed, and worked by all together: less says nothing about the hours ahead
AWAY_AFTER = timedelta(minutes=3)  # a page of theirs asks every 45 s at least
PRIORITIES = {
    1: "before everything", 2: "very urgent", 3: "urgent", 4: "rather urgent", 5: "ordinary",
    6: "not urgent", 7: "can wait", 8: "can wait long", 9: "last of all",
}  # fmt: skip


Sums = tuple[int, int, int]  # of a person today: calls filed, seconds of talk, seconds of wrap-up
NOTHING: Sums = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class QueueNow:
    """One list of calls."""

    name: str
    title: str
    waiting: int = 0
    overdue: int = 0  # past the moment by which they were to be made
    soon: int = 0  # to be made within the hour
    since: datetime | None = None  # when the one that waits longest fell due
    in_call: int = 0  # people who have one of its calls, wrapping up not counted
    wrap_up: int = 0
    filed: int = 0  # today
    on: int = 0  # people on the desk who work it
    paused: bool = False


@dataclass(frozen=True, slots=True)
class CallNow:
    """The call that somebody has."""

    touch: UUID
    queue: str
    touchpoint: str
    customer: UUID
    customer_name: str


@dataclass(frozen=True, slots=True)
class PersonNow:
    """Somebody on the desk, or with a call."""

    name: str
    title: str
    id: UUID | None  # None: no member of the staff, somebody at a terminal
    state: str  # free | away | reading | dialling | ringing | talking | wrap_up
    since: datetime | None  # since when they are in that state
    queues: tuple[str, ...]
    call: CallNow | None = None
    filed: int = 0  # today
    talk_s: int = 0
    wrap_up_s: int = 0
    on_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class HourAhead:
    """What falls due within an hour, and what the people who are on now can do in it."""

    start: datetime
    due: Mapping[str, int]  # by queue
    can_do: float

    @property
    def total(self) -> int:
        """Over all queues."""
        return sum(self.due.values())


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that stands still."""

    scope: PauseScope
    name: str
    since: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Needs:
    """How much waits for a person to decide."""

    messages: int  # nobody knows whether they went out
    calls: int  # nobody said how they ended
    events: int  # could not be handled
    deliveries: int  # of providers; nothing could be made of them
    replies: int  # of customers, unread

    @property
    def total(self) -> int:
        """All of it."""
        return self.messages + self.calls + self.events + self.deliveries + self.replies


@dataclass(frozen=True)
class Picture:
    """Everything on the board."""

    at: datetime
    zone: str  # of the house: "today" and shown times are there
    queues: tuple[QueueNow, ...]
    people: tuple[PersonNow, ...]
    hours: tuple[HourAhead, ...]
    rate: float  # calls that one person makes in an hour
    rate_measured: bool  # False: there is too little to go by, and it is a guess
    needs: Needs
    holds: tuple[Hold, ...]

    @property
    def on(self) -> int:
        """How many people are on the desk."""
        return sum(p.on_since is not None for p in self.people)

    @cached_property
    def version(self) -> str:
        """Changes when something on the board does; with every minute too, because shown spans of time grow."""
        facts = (self.queues, self.people, [h.due for h in self.hours], self.rate, self.needs, self.holds)
        return hashlib.sha256(f"{self.at:%Y%m%d%H%M}{facts}".encode()).hexdigest()[:16]


class Shared:
    """The newest picture, made once in this process for everybody who looks while it is fresh."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: Picture | None = None

    def at(self, parts: Parts, now: datetime) -> Picture:
        """A picture that is fresh. Whoever asks while it is being made waits for that one."""
        with self._lock:
            if self._last is None or not timedelta(0) <= now - self._last.at < FRESH_FOR:
                self._last = picture(parts, now)
            return self._last

    def forget(self) -> None:
        """Somebody changed something and wants to see it now."""
        with self._lock:
            self._last = None


def picture(parts: Parts, now: datetime) -> Picture:
    """The desk at this moment."""
    return parts.database.run(lambda work: _picture(work, parts.rulebook.refresh(work), now))


def day_began(in_use: InUse, now: datetime) -> datetime:
    """Midnight where the house is."""
    return now.astimezone(_house_zone(in_use)).replace(hour=0, minute=0, second=0, microsecond=0)


def zone_name(in_use: InUse) -> str:
    """The zone in which the board shows times."""
    return in_use.house.rules.clock


def may_take(row: Row[Any], queue: str) -> bool:
    """Whether somebody, by their role and queues, takes calls of this queue."""
    role = Role(row.role)
    every = EVERY_QUEUE in row.queues or role in (Role.LEAD, Role.ADMIN)
    return Right.WORK_CALLS in RIGHTS[role] and (every or queue in row.queues)


def place_in_words(priority: int, due_by: str | None) -> str:
    """Why a call stands where it stands: "to be made by Mon 23 Nov 15:00 · ordinary"."""
    return f"{f'to be made by {due_by}' if due_by else 'no moment by which it must be made'} · {PRIORITIES.get(priority, 'ordinary')}"


def _picture(work: Work, in_use: InUse, now: datetime) -> Picture:
    calls = store.in_call(work)
    members = store.people(work)
    done = store.today(work, day_began(in_use, now), now - MEASURED_OVER)
    holds = tuple(Hold(r.scope, r.name, r.since, r.by) for r in store.paused(work))
    people = _people(members, calls, _by_person(done), now)
    on = [m for m in members if m.on_since is not None]
    rate, measured = _rate(on, done, now)
    queues = _queues(in_use, store.waiting(work, now), calls, done, on, holds)
    hours = _hours(store.falling_due(work, now, HOURS_AHEAD), len(on) * rate, now)
    waits = store.needs(work)
    needs = Needs(waits.messages, waits.calls, waits.events, waits.deliveries, waits.replies)
    return Picture(now, zone_name(in_use), queues, people, hours, rate, measured, needs, holds)


def _queues(
    in_use: InUse, waiting: Sequence[Row[Any]], calls: Sequence[Row[Any]], done: Sequence[Row[Any]], on: Sequence[Row[Any]],
    holds: Sequence[Hold],
) -> tuple[QueueNow, ...]:  # fmt: skip
    """Those of the house rules in their order, then others that have calls."""
    titles = {name: queue.title for name, queue in in_use.house.queues.items()}
    waits = {r.queue: r for r in waiting}
    held = {h.name for h in holds if h.scope == "queue"}
    every = any(h.scope == "all" or (h.scope, h.name) == ("channel", "call") for h in holds)
    names = [*titles, *sorted(({*waits} | {r.queue for r in calls}) - {*titles})]
    answer = []
    for name in names:
        row, theirs = waits.get(name), [c for c in calls if c.queue == name]
        wrapping = sum(c.phase == "wrap_up" for c in theirs)
        answer.append(
            QueueNow(
                name,
                titles.get(name, name),
                waiting=row.n if row else 0,
                overdue=row.overdue if row else 0,
                soon=row.soon if row else 0,
                since=row.since if row else None,
                in_call=len(theirs) - wrapping,
                wrap_up=wrapping,
                filed=sum(d.filed for d in done if d.queue == name),
                on=sum(may_take(m, name) for m in on),
                paused=every or name in held,
            )
        )
    return tuple(answer)


def _people(
    members: Sequence[Row[Any]], calls: Sequence[Row[Any]], done: Mapping[str, Sums], now: datetime
) -> tuple[PersonNow, ...]:
    """Whoever is on the desk or has a call: first those with a call, then those who are free, then those who are away."""
    has = {c.held_by: c for c in calls}
    known = {m.name for m in members}
    answer = [_person(m, has.get(m.name), done, now) for m in members if m.on_since is not None or m.name in has]
    others = sorted(has.keys() - known)
    answer += [PersonNow(name, name, None, *_state(has[name]), (), _call(has[name]), *done.get(name, NOTHING)) for name in others]
    order = {"free": 1, "away": 2}
    return tuple(sorted(answer, key=lambda p: (order.get(p.state, 0), p.title.lower(), p.name)))


def _person(member: Row[Any], call: Row[Any] | None, done: Mapping[str, Sums], now: datetime) -> PersonNow:
    state, since = _state(call) if call is not None else _without_call(member, now)
    return PersonNow(
        member.name, member.title, member.id, state, since, tuple(member.queues), None if call is None else _call(call),
        *done.get(member.name, NOTHING), on_since=member.on_since,
    )  # fmt: skip


def _state(call: Row[Any]) -> tuple[str, datetime | None]:
    since = {"dialling": call.dialled_at, "ringing": call.dialled_at, "talking": call.talked_from, "wrap_up": call.wrap_up_from}
    state = call.phase if call.phase in since else "reading"  # nothing noted yet: they look at it
    return state, since.get(state) or call.began_at


def _without_call(member: Row[Any], now: datetime) -> tuple[str, datetime | None]:
    seen = member.seen_at or member.on_since
    return ("away", seen) if seen is not None and now - seen > AWAY_AFTER else ("free", None)


def _call(row: Row[Any]) -> CallNow:
    return CallNow(row.id, row.queue, row.touchpoint, row.customer_id, row.name or row.ref)


def _by_person(done: Sequence[Row[Any]]) -> dict[str, Sums]:
    """What each did today over all queues: calls filed, seconds of talk and of wrap-up."""
    sums: dict[str, tuple[int, float, float]] = {}
    for row in done:
        filed, talk, wrap_up = sums.get(row.who, (0, 0.0, 0.0))
        sums[row.who] = filed + row.filed, talk + (row.talk_s or 0), wrap_up + (row.wrap_up_s or 0)
    return {who: (filed, round(talk), round(wrap_up)) for who, (filed, talk, wrap_up) in sums.items()}


def _rate(on: Sequence[Row[Any]], done: Sequence[Row[Any]], now: datetime) -> tuple[float, bool]:
    """Calls an hour and person, of those who are on: what they did of late, or a guess."""
    hours = sum(min(now - m.on_since, MEASURED_OVER) / timedelta(hours=1) for m in on)
    names = {m.name for m in on}
    filed = sum(d.lately for d in done if d.who in names)
    if filed >= ENOUGH_CALLS and hours >= ENOUGH_HOURS:
        return round(filed / hours, 1), True
    return CALLS_AN_HOUR, False


def _hours(due: Sequence[Row[Any]], can_do: float, now: datetime) -> tuple[HourAhead, ...]:
    return tuple(
        HourAhead(now + timedelta(hours=n), {r.queue: getattr(r, f"h{n}") for r in due if getattr(r, f"h{n}")}, can_do)
        for n in range(HOURS_AHEAD)
    )


def _house_zone(in_use: InUse) -> ZoneInfo:
    return zone_of(zone_name(in_use)) or ZoneInfo("UTC")
