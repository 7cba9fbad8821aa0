"""Steps and their contact windows: one that never opens, and times of day at which it is always shut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from orchestrator.core.model import Touch
from orchestrator.core.windows import FAR_DAYS, add, opening
from orchestrator.core.zones import zone_of
from orchestrator.language.delays import TimeOfDay
from orchestrator.language.program import NodeId, TouchNode
from orchestrator.lint.caps import dated, walk
from orchestrator.lint.finding import Finding
from orchestrator.lint.imaginary import Person
from orchestrator.lint.paths import Edge
from orchestrator.lint.subject import Subject
from orchestrator.lint.walking import Made, at_words, quiet_weeks
from orchestrator.lint.week import DAY, Week, week_of

# Weeks without a holiday in most calendars, in winter and in summer: clocks of several zones stand differently to each other in them.
_WINTER_AND_SUMMER = (datetime(2026, 2, 2, tzinfo=UTC), datetime(2026, 8, 3, tzinfo=UTC))
AN_EVENING = timedelta(hours=1)  # a call that comes up with less time than this before closing may well not be made
MOST_LATE_WAYS = 3  # to a call, along which an example is looked for
_MINUTE = timedelta(minutes=1)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def never_opens(subject: Subject) -> Iterator[Finding]:
    """A window that has no hour in common with the outer bound of its channel, or none for 60 days and more."""
    week = week_of(subject.house)
    for node in subject.touches:
        way = subject.paths.to(node.id)
        if way is None:
            continue
        bound = subject.house.never_outside[node.channel]
        at = (node.id, "contact_window")
        if not week.hours(node.window, node.channel):
            names = f"{node.window} and {bound}, the bound of this channel, have" if node.window != bound else f"{bound} has"
            message = f"'{node.touchpoint}' can never be made: {names} no open hour{' in common' if node.window != bound else ''}"
            yield subject.finding("TP401", message, *at, path=_skipped(subject, node, way))
        elif shut := week.shut(node.window, node.channel, FAR_DAYS):
            first, last = shut
            days = (last - first).days + 1
            message = (
                f"'{node.touchpoint}' cannot be made for {days} days: {node.window} is shut from {first} to {last}, and what would "
                f"have to wait for more than {FAR_DAYS} days is skipped"
            )
            yield subject.finding("TP401", message, *at, path=f"due on {first} → skipped (contact window)", severity="warning")
        elif len(subject.house.strictest) > 1 and _never_together(subject, node):
            message = (
                f"'{node.touchpoint}' is never made for a customer whose time zone is unknown: {node.window} is never open in all "
                f"{len(subject.house.strictest)} time zones of the house at once"
            )
            yield subject.finding("TP402", message, *at, path=_skipped(subject, node, way))


def _skipped(subject: Subject, node: TouchNode, way: Sequence[Edge]) -> str:
    return subject.paths.words(way, f"{node.touchpoint} is skipped (contact window)")


def never_at(subject: Subject) -> Iterator[Finding]:
    """A time of day at which the step's window is shut on every day: the step always comes at another hour."""
    week = week_of(subject.house)
    for node in subject.touches:
        hours = week.hours(node.window, node.channel)
        if not hours or node.id not in subject.paths.contacts:
            continue
        time = node.timing.at
        if time is not None and not _ever_open(week, node, time):
            day, moved = next((d, week.opens(node.window, node.channel, d * DAY + _minute(time))) for d in range(7))
            assert moved is not None
            shown = f"{_clock(moved)}{'' if moved // DAY == day else ' of the next open day'}"
            message = f"at {time} {node.window} is always shut: '{node.touchpoint}' never comes at {time} but at {shown}"
            end = f"{node.touchpoint} due {_DAYS[day]} {time} → moved to {_DAYS[moved // DAY % 7]} {_clock(moved)}"
            path = subject.paths.words(subject.paths.to(node.id) or (), end)
            yield subject.finding("TP403", message, node.id, "at", path=path)
        if node.vary and node.most > 1:
            shut = [t for t in subject.house.times_of_day if not _ever_open(week, node, t)]
            if shut:
                times = ", ".join(map(str, shut))
                message = (
                    f"the time of day {times} is always shut for '{node.touchpoint}': such a try comes when {node.window} opens"
                )
                moved = week.opens(node.window, node.channel, _minute(shut[0])) or 0
                end = f"{node.touchpoint} → next try due Mon {shut[0]} → moved to {_DAYS[moved // DAY % 7]} {_clock(moved)}"
                path = subject.paths.words(subject.paths.to(node.id) or (), end)
                yield subject.finding("TP407", message, node.id, "attempts", path=path)


@dataclass(frozen=True, slots=True)
class Lost:
    """An example of a call that comes up shortly before closing and is of no use any more when its window opens again."""

    zone: str
    anchor: datetime
    made: tuple[Made, ...]  # the contacts before it
    results: tuple[tuple[NodeId, str], ...]  # what came of them, and of waits
    person: Person
    touch: Touch  # as the planner dates it
    closes: datetime
    opens: datetime  # the next time after that


def lost_in_the_evening(subject: Subject) -> Iterator[Finding]:
    """A call that comes up just before closing, is of no use any more when the window opens again, and nothing follows it."""
    for node in subject.touches:
        found = lost(subject, node)
        if found is not None:
            zone = found.zone
            message = (
                f"'{node.touchpoint}' is lost when it comes up at the end of {node.window}: it may wait {node.due_within}, "
                f"{node.window} opens again only {at_words(found.opens, zone)}, and nothing follows it"
            )
            ends = found.touch.expires_at
            assert ends is not None
            path = (
                f"{dated(subject, found.anchor, found.made, zone)} → {node.touchpoint} due {at_words(found.touch.due_at, zone)} → "
                f"shut at {at_words(found.closes, zone)} → of no use after {at_words(ends, zone)} → skipped (too late)"
            )
            yield subject.finding("TP405", message, node.id, "due_within", path=path)


def lost(subject: Subject, node: TouchNode) -> Lost | None:
    """An example in which the planner dates a call so late in its hours that it is of use in none after them; None: none is known."""
    if node.channel != "call" or node.due_within is None or node.id not in subject.paths.contacts:
        return None
    skipped = subject.paths.to(node.id, "skipped")
    if skipped is None or subject.paths.after(skipped, lambda state: bool(state.tries)) is not None:
        return None
    zone = next(iter(subject.house.strictest), "UTC")
    ends = [end for end, again in _evenings(subject, node, zone) if again]
    if not ends:
        return None
    states = [state for state in subject.paths.of(node.id) if state.tries == 1][:MOST_LATE_WAYS]
    return next((found for state in states if (found := _lost_on(subject, node, subject.paths.way_to(state), zone, ends))), None)


def _evenings(subject: Subject, node: TouchNode, zone: str) -> Iterator[tuple[datetime, bool]]:
    """When its hours end, in a week without holidays, and whether a call that comes up in the last of them may be lost."""
    names = (node.window, subject.house.never_outside[node.channel])
    monday = quiet_weeks(subject.house, zone)
    assert node.due_within is not None
    for _, end in week_of(subject.house).hours(node.window, node.channel):
        day, minute = divmod(end - 1, DAY)
        clock = datetime.combine(monday + timedelta(days=14 + day), time(minute // 60, minute % 60), zone_of(zone))
        last = clock.astimezone(UTC)
        again = opening(subject.house, names, (zone,), None, last + _MINUTE)
        useless = add(node.due_within, last - AN_EVENING, (zone,), subject.house)
        yield last + _MINUTE, again is not None and again.start > last + _MINUTE and again.start >= useless


def _lost_on(subject: Subject, node: TouchNode, way: Sequence[Edge], zone: str, ends: Sequence[datetime]) -> Lost | None:
    """By way of the planner: from moments of the event at which it dates the call to the last minute, and from some of any day."""
    monday = quiet_weeks(subject.house, zone)
    some = [datetime.combine(monday + timedelta(days=7 + day), time(9), zone_of(zone)).astimezone(UTC) for day in range(7)]
    first = walk(subject, way, zone, some[0])
    if first is None:
        return None
    at_last: list[datetime] = []
    for base in (some[0] + timedelta(hours=hours) for hours in (0, 6, 12, 18)):  # from one of them it is not moved to other hours
        begun = walk(subject, way, zone, base, first[0].person)
        if begun is not None and begun[1].planned:
            at_last += [end - _MINUTE - (begun[1].planned[-1].due_at - base) for end in ends]
    for anchor in (*at_last, *some):
        found = walk(subject, way, zone, anchor, first[0].person)
        if found is None:
            return None
        walking, walked = found
        touch = walked.planned[-1] if walked.planned else None
        if walked.stopped or touch is None or (touch.step, touch.tries) != (node.id, 1) or touch.expires_at is None:
            continue
        names = (node.window, subject.house.never_outside[node.channel])
        now = opening(subject.house, names, (zone,), None, touch.due_at)
        again = opening(subject.house, names, (zone,), None, now.end) if now is not None else None
        if now is None or again is None or now.start > touch.due_at or now.end - touch.due_at > AN_EVENING:
            continue
        if again.start > now.end and again.start >= touch.expires_at > now.end:
            return Lost(zone, anchor, walked.made, walked.results, walking.person, touch, now.end, again.start)
    return None


def _ever_open(week: Week, node: TouchNode, time: TimeOfDay) -> bool:
    return any(week.opens(node.window, node.channel, day * DAY + _minute(time)) == day * DAY + _minute(time) for day in range(7))


def _never_together(subject: Subject, node: TouchNode) -> bool:
    """Whether the real windows say that no hour suits all zones of the house, in a week without holidays in winter and in summer."""
    names = (node.window, subject.house.never_outside[node.channel])
    return all(opening(subject.house, names, (), None, moment) is None for moment in _WINTER_AND_SUMMER)


def _minute(time: TimeOfDay) -> int:
    return time.hour * 60 + time.minute


def _clock(minute: int) -> str:
    return f"{minute % DAY // 60:02}:{minute % 60:02}"
