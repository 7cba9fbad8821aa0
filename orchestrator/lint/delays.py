"""Delays that always end while the step's contact window is shut: the step comes at another hour than the file says, every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta

from orchestrator.core.model import Touch
from orchestrator.core.windows import add
from orchestrator.core.zones import zone_of
from orchestrator.language.delays import Delay, Unit
from orchestrator.language.program import Timing, TouchNode, WaitNode
from orchestrator.lint.bounds import NOT_MADE, Graph, graph_of
from orchestrator.lint.caps import dated, walk
from orchestrator.lint.finding import Finding
from orchestrator.lint.paths import CAME, Edge
from orchestrator.lint.subject import Subject
from orchestrator.lint.walking import at_words, quiet_weeks
from orchestrator.lint.week import DAY, HOUR, WEEK, Week, week_of

Moments = int  # minutes of the week as bits: bit 0 is midnight before Monday
_ALL: Moments = (1 << WEEK) - 1
_ONE_DAY: Moments = (1 << DAY) - 1


def always_shut(subject: Subject) -> Iterator[Finding]:
    """A delay after which the step's window is shut, from whatever minute it counts: `after: 12 hours` from office hours."""
    graph, week = graph_of(subject.paths), week_of(subject.house)
    if not graph.exact or not any(_is_candidate(node) for node in subject.touches):
        return
    dues = _dues(graph, week)
    for node in subject.touches:
        due = dues.get(node.id, 0)
        if not due or not _is_candidate(node) or due & _hours(week, node):
            continue
        way = subject.paths.to(node.id)
        shown = _shown(subject, node, way) if way else None
        if shown is not None:
            path, moved = shown
            message = (
                f"{node.timing.after} after what comes before it {node.window} is always shut: '{node.touchpoint}' never comes then, "
                f"but when {node.window} opens, here at {moved}"
            )
            yield subject.finding("TP408", message, node.id, "after", path=path)


def _is_candidate(node: TouchNode) -> bool:
    """Timed by a delay alone; what has a time of day is TP403."""
    return node.timing.after is not None and node.timing.at is None and node.timing.when is None


def _shown(subject: Subject, node: TouchNode, way: Sequence[Edge]) -> tuple[str, str] | None:
    """An example by the real planner, and the moment that the step is moved to; None when there is none."""
    zone = next(iter(subject.house.strictest), "UTC")
    monday = quiet_weeks(subject.house, zone)
    anchor = datetime.combine(monday + timedelta(days=7), time(9), zone_of(zone)).astimezone(UTC)
    found = walk(subject, way, zone, anchor)
    touch = found[1].planned[-1] if found and found[1].planned else None
    if found is None or touch is None or (touch.step, touch.tries) != (node.id, 1) or found[1].stopped:
        return None
    last = found[1].planned[-2] if len(found[1].planned) > 1 else None
    since = _since(last, found[1].at, found[1].results[-1][1]) if last is not None else anchor
    assert node.timing.after is not None
    due = add(node.timing.after, since, (zone,), subject.house)
    if touch.due_at <= due:
        return None
    moved = at_words(touch.due_at, zone)
    path = f"{dated(subject, anchor, found[1].made, zone)} → {node.touchpoint} due {at_words(due, zone)} → moved to {moved}"
    return path, moved


def _since(last: Touch, at: datetime, result: str) -> datetime:
    """What the next delay counts from: what was not made counts as due then."""
    return last.due_at if result in NOT_MADE or (last.channel is None and result != CAME) else at


def _dues(graph: Graph, week: Week) -> dict[str, Moments]:
    """Every minute of the week at which each contact can be due the first time, before it is moved into its hours."""
    since: dict[int, Moments] = dict.fromkeys(range(graph.starts), _ALL)
    found: dict[str, Moments] = {}
    for state in reversed(graph.order):  # each after all that lead to it
        here = since.get(state, 0)
        if not here:
            continue
        contact, node = graph.contact(state), graph.nodes[state]
        for edge, target in graph.out[state]:
            since[target] = since.get(target, 0) | _left(week, contact or node, graph.states[state].tries, here, edge.result)
        if contact is not None and graph.states[state].tries == 1:
            found[contact.id] = found.get(contact.id, 0) | _timed(week, contact.timing, here)
    return found


def _left(week: Week, node: object, tries: int, here: Moments, result: str) -> Moments:
    """What delays may count from after this."""
    if isinstance(node, TouchNode) and tries:
        hours = _hours(week, node)
        if tries > 1 or (node.channel == "call" and result not in NOT_MADE):
            return hours  # people take it at any minute of its hours
        due = _timed(week, node.timing, here)
        return (due & hours) | (_starts(week, node) if due & ~hours else 0)  # when it is due, or when its hours begin
    if isinstance(node, WaitNode):
        return _ALL if result == CAME else _timed(week, node.timing, here)
    return here


def _timed(week: Week, timing: Timing, since: Moments) -> Moments:
    """Every minute to which a timing can lead."""
    if timing.at is not None:
        return _every_day(1 << (timing.at.hour * 60 + timing.at.minute))
    if timing.when is not None:
        return _ALL
    return since if timing.after is None else _later(week, timing.after, since)


def _later(week: Week, delay: Delay, since: Moments) -> Moments:
    """Every minute to which a delay can lead; an hour to both sides for the days on which clocks change."""
    match delay.unit:
        case Unit.MINUTES:
            then = _turned(since, delay.count)
        case Unit.HOURS:
            then = _turned(since, delay.count * HOUR)
        case Unit.DAYS | Unit.WEEKS:
            then = _turned(since, delay.count * DAY * (7 if delay.unit is Unit.WEEKS else 1))
        case Unit.BUSINESS_DAYS:
            then = _every_day(since)
    return then | _turned(then, HOUR) | _turned(then, -HOUR)


def _turned(moments: Moments, minutes: int) -> Moments:
    minutes %= WEEK
    return (moments << minutes | moments >> (WEEK - minutes)) & _ALL


def _every_day(moments: Moments) -> Moments:
    """Those times of day on every day."""
    times = 0
    for day in range(7):
        times |= moments >> day * DAY & _ONE_DAY
    return sum(times << day * DAY for day in range(7))


def _hours(week: Week, node: TouchNode) -> Moments:
    return sum((1 << end) - (1 << start) for start, end in week.hours(node.window, node.channel))


def _starts(week: Week, node: TouchNode) -> Moments:
    found = 0
    for start, _ in week.hours(node.window, node.channel):
        found |= 1 << start
    return found
