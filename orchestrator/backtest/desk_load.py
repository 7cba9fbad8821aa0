"""Calls for staff by hour of the week, held against the people who are on the desk then."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from orchestrator.backtest.records import History, local_date
from orchestrator.language.house_rules import Desk

DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_WAITED = frozenset({"ready", "in_call", "filed", "done", "unknown"})


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the week in one queue."""

    queue: str
    weekday: int  # 0 is Monday
    hour: int  # 9: from 09:00 to 10:00
    calls: int  # over the whole history
    busiest: int  # on the day that had most
    people: float | None  # None: house-rules.yaml says nothing of the queue
    left: int  # calls that wait at its end for people, on the day that was worst


@dataclass(frozen=True, slots=True)
class Short:
    """Hours in which more calls come than the people there can make, on the day that was worst."""

    queue: str
    weekday: int
    start: int
    end: int  # the hour in which they begin to catch up
    on: date
    calls: int
    people: tuple[float, float]  # fewest and most in these hours
    can_make: int
    times: int  # on so many days of this kind …
    of: int  # … of so many, to the last event or the last touch of these playbooks

    @property
    def words(self) -> str:
        """ "Mondays 09–11: 37 calls, 2 people, who can make 24"."""
        low, high = self.people
        there = "nobody" if high == 0 else _people(low) if low == high else f"{low:g} to {_people(high)}"
        makes = f", who can make {self.can_make:,}" if high else ""
        calls = "1 call" if self.calls == 1 else f"{self.calls:,} calls"
        return f"{DAYS[self.weekday]} {self.start:02}–{self.end:02}: {calls}, {there}{makes}"


@dataclass(frozen=True, slots=True)
class Load:
    """The calls of all queues."""

    calls: int
    minutes_per_call: float
    stated: bool  # whether house-rules.yaml says how long a call takes
    hours: Sequence[Hour]  # those with calls or people, by queue, day and hour
    short: Sequence[Short]  # worst first
    unstaffed: Sequence[str]  # queues with calls for which house-rules.yaml names nobody


def load(history: History, playbooks: Collection[str]) -> Load:
    """When calls would have come into their queues, and whether the people there could have made them.

    A call counts when it became due, whoever took it later. What is not made in one hour waits for the next, until midnight.
    """
    desk = history.house.rules.desk
    came = _came(history, playbooks)
    stated = desk is not None and desk.minutes_per_call is not None
    minutes = float(desk.minutes_per_call or 0) if desk and stated else _talked(history, playbooks)
    queues = sorted({queue for queue, _ in came} | (set(desk.staff) if desk else set()))
    first, last = local_date(history.began, history.zone), local_date(history.over(playbooks), history.zone)
    days_of = [_days(first, last, weekday) for weekday in range(7)]
    short = [s for q in queues if desk for s in _short(q, came, desk, 60 / minutes, days_of)] if came else []
    short.sort(key=lambda s: (s.can_make - s.calls, s.queue, s.weekday))
    with_calls = {queue for queue, _ in came}
    return Load(
        calls=sum(n for hours in came.values() for n in hours.values()),
        minutes_per_call=minutes,
        stated=stated,
        hours=[hour for queue in queues for hour in _hours(queue, came, desk, 60 / minutes)],
        short=short,
        unstaffed=[queue for queue in queues if queue in with_calls and (desk is None or queue not in desk.staff)],
    )


def _came(history: History, playbooks: Collection[str]) -> dict[tuple[str, date], Counter[int]]:
    """(queue, day) -> hour -> calls."""
    came: dict[tuple[str, date], Counter[int]] = defaultdict(Counter)
    for touch in history.touches:
        if touch.channel != "call" or touch.playbook not in playbooks:
            continue
        if touch.state in _WAITED or touch.effect_at is not None or touch.reason == "not taken":
            there = touch.due_at.astimezone(history.zone)
            came[touch.queue or "", there.date()][there.hour] += 1
    return came


def _talked(history: History, playbooks: Collection[str]) -> float:
    """How long calls took on average, in minutes; a call that took no time at all still takes one."""
    took = [
        (touch.finished_at - touch.effect_at).total_seconds() / 60
        for touch in history.made(playbooks)
        if touch.channel == "call" and touch.finished_at is not None and touch.effect_at is not None
    ]
    return max(sum(took) / len(took), 1.0) if took else 1.0


def _hours(queue: str, came: Mapping[tuple[str, date], Counter[int]], desk: Desk | None, an_hour: float) -> Iterator[Hour]:
    sums: Counter[tuple[int, int]] = Counter()
    most: Counter[tuple[int, int]] = Counter()
    left: Counter[tuple[int, int]] = Counter()
    staffed = desk is not None and queue in desk.staff
    people = [_people_on(desk, queue, weekday) for weekday in range(7)]
    for (name, day), hours in came.items():
        if name != queue:
            continue
        waits = _backlog(hours, people[day.weekday()], an_hour) if staffed else [0.0] * 24
        for hour in range(24):
            at, n = (day.weekday(), hour), hours.get(hour, 0)
            sums[at] += n
            most[at] = max(most[at], n)
            left[at] = max(left[at], _whole(waits[hour]))
    for weekday in range(7):
        for hour in range(24):
            at = (weekday, hour)
            if people[weekday][hour] or sums[at]:
                yield Hour(queue, *at, sums[at], most[at], people[weekday][hour] if staffed else None, left[at])


def _short(
    queue: str, came: Mapping[tuple[str, date], Counter[int]], desk: Desk, an_hour: float, days_of: Sequence[int]
) -> Iterator[Short]:
    """For each day of the week the worst day that history has, when it has one."""
    if queue not in desk.staff:
        return
    for weekday in range(7):
        people = _people_on(desk, queue, weekday)
        worst: Short | None = None
        times = 0
        for (name, day), hours in sorted(came.items()):
            if name != queue or day.weekday() != weekday or (found := _behind(hours, people, an_hour)) is None:
                continue
            times += 1
            start, end, calls, left = found
            if worst is None or left > worst.calls - worst.can_make:
                there = people[start:end]
                worst = Short(queue, weekday, start, end, day, calls, (min(there), max(there)), calls - left, 0, days_of[weekday])
        if worst is not None:
            yield Short(
                worst.queue, weekday, worst.start, worst.end, worst.on, worst.calls, worst.people, worst.can_make, times, worst.of
            )


def _behind(hours: Mapping[int, int], people: Sequence[float], an_hour: float) -> tuple[int, int, int, int] | None:
    """The hours of a day in which calls pile up highest: (from, until, calls, how many of them are left); None when none do."""
    waits = _backlog(hours, people, an_hour)
    end = max(range(24), key=lambda hour: waits[hour])  # of several the first
    if not (left := _whole(waits[end])):
        return None
    start = max((hour for hour in range(end) if waits[hour] == 0), default=-1) + 1
    return start, end + 1, sum(hours.get(hour, 0) for hour in range(start, end + 1)), left


def _backlog(hours: Mapping[int, int], people: Sequence[float], an_hour: float) -> list[float]:
    """Calls that still wait at the end of each hour of a day."""
    waits: list[float] = []
    for hour in range(24):
        before = waits[-1] if waits else 0.0
        waits.append(max(before + hours.get(hour, 0) - people[hour] * an_hour, 0.0))
    return waits


def _whole(calls: float) -> int:
    """Part of a call is a call; what is left by rounding is none."""
    return math.ceil(calls - 1e-9)


def _people_on(desk: Desk | None, queue: str, weekday: int) -> list[float]:
    """People in each hour of that day."""
    return [(desk.people_at(queue, weekday, hour) if desk else None) or 0.0 for hour in range(24)]


def _days(first: date, last: date, weekday: int) -> int:
    """How many such days lie between the two, both included."""
    begin = first + timedelta(days=(weekday - first.weekday()) % 7)
    return max((last - begin).days // 7 + 1, 0)


def _people(number: float) -> str:
    return "1 person" if number == 1 else f"{number:g} people"
