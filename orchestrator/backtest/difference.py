"""Two designs over the same history: every figure with its change, who would be contacted more or less, and each touch that moves."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from orchestrator.backtest.charts import MOST_BARS as MOST_DAYS
from orchestrator.backtest.charts import begin
from orchestrator.backtest.counting import OUTCOMES, Line
from orchestrator.backtest.desk_load import DAYS
from orchestrator.backtest.records import History
from orchestrator.backtest.report import Report
from orchestrator.backtest.words import ALL_THAT_CAME, RULED, ended, not_started
from orchestrator.simulation.records import TouchRecord

MOST_EXAMPLES = 20
_RATES = "goal later in history, of a hundred"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, before and after."""

    about: str  # which part of the report: "touches", "exits", "rules" …
    name: str
    before: float
    after: float

    @property
    def change(self) -> float:
        """By how much it grew."""
        return round(self.after - self.before, 6)


@dataclass(frozen=True, slots=True)
class Contacted:
    """One customer who would be contacted more often, or less."""

    customer: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Moved:
    """One touch that only one design makes, or that both make at different moments."""

    playbook: str
    subject: str
    customer: str
    touchpoint: str
    try_: int  # which of the subject's touches at this touchpoint
    before: datetime | None  # None: only the new design makes it
    after: datetime | None


@dataclass(frozen=True, slots=True)
class Shift:
    """What becomes of one touchpoint's touches."""

    playbook: str
    touchpoint: str
    same: int
    new: int
    gone: int
    earlier: int
    later: int
    typical: timedelta | None  # the median of how far they move; None: none does


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes from one design to the other."""

    against: Report
    figures: Sequence[Figure]
    more: Sequence[Contacted]  # contacted more often, most first
    fewer: Sequence[Contacted]
    shifts: Sequence[Shift]
    examples: Sequence[Moved]  # of new, gone and moved touches, by touchpoint
    touches: Mapping[str, int]  # new, gone, earlier, later, same

    @property
    def nothing(self) -> bool:
        """Whether both designs do the same, touch for touch and figure for figure."""
        return not (
            any(self.touches.get(kind) for kind in ("new", "gone", "earlier", "later")) or any(f.change for f in self.figures)
        )


class Made(NamedTuple):
    """When a touch took effect, and for whom."""

    at: datetime
    customer: str


_Key = tuple[str, str, str, int]  # playbook, subject, touchpoint, which time


@dataclass(frozen=True, slots=True)
class Figures:
    """What of one design is held against another: little, so that its world can go before the other's begins."""

    report: Report
    made: Mapping[_Key, Made]


def figures(history: History, report: Report, playbooks: Collection[str]) -> Figures:
    """The touches of these playbooks that took effect, beside their report."""
    made: dict[_Key, Made] = {}
    times: Counter[tuple[str, str, str]] = Counter()
    for at, touch in sorted(_in_effect(history, playbooks), key=lambda one: (one[0], one[1].touch.ordinal)):
        which = (touch.playbook, touch.subject, str(touch.touchpoint))
        times[which] += 1
        made[*which, times[which]] = Made(at, touch.customer)
    return Figures(report, made)


def _in_effect(history: History, playbooks: Collection[str]) -> Iterator[tuple[datetime, TouchRecord]]:
    return ((touch.effect_at, touch) for touch in history.made(playbooks) if touch.effect_at is not None)


def difference(before: Figures, after: Figures, most: int = MOST_EXAMPLES) -> Difference:
    """How the second differs from the first. Touches are matched by subject, touchpoint and which time it was."""
    old, new = before.made, after.made
    moved = list(_moved(old, new))
    counts = Counter(_kind(m) for m in moved)
    more, fewer = _contacted(old.values(), new.values())
    return Difference(
        against=before.report,
        figures=list(_figures(before.report, after.report)),
        more=more,
        fewer=fewer,
        shifts=_in_order(_shifts(moved), [*after.report.lines, *before.report.lines]),
        examples=_examples(moved, most),
        touches={kind: counts[kind] for kind in ("same", "new", "gone", "earlier", "later")},
    )


def _moved(old: Mapping[_Key, Made], new: Mapping[_Key, Made]) -> Iterator[Moved]:
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        known = after or before
        assert known is not None
        playbook, subject, touchpoint, time = key
        was, is_ = before.at if before else None, after.at if after else None
        yield Moved(playbook, subject, known.customer, touchpoint, time, was, is_)


def _kind(moved: Moved) -> str:
    if moved.before is None or moved.after is None:
        return "new" if moved.before is None else "gone"
    return "same" if moved.before == moved.after else "earlier" if moved.after < moved.before else "later"


def _contacted(old: Iterable[Made], new: Iterable[Made]) -> tuple[list[Contacted], list[Contacted]]:
    before, after = Counter(t.customer for t in old), Counter(t.customer for t in new)
    all_ = [Contacted(who, before[who], after[who]) for who in sorted(before.keys() | after.keys())]
    more = sorted((c for c in all_ if c.after > c.before), key=lambda c: (c.before - c.after, c.customer))
    fewer = sorted((c for c in all_ if c.after < c.before), key=lambda c: (c.after - c.before, c.customer))
    return more, fewer


def _shifts(moved: Sequence[Moved]) -> list[Shift]:
    found: dict[tuple[str, str], list[Moved]] = defaultdict(list)
    for one in moved:
        found[one.playbook, one.touchpoint].append(one)
    shifts = []
    for (playbook, touchpoint), those in found.items():
        counts = Counter(_kind(m) for m in those)
        far = [m.after - m.before for m in those if m.before is not None and m.after is not None and m.after != m.before]
        typical = statistics.median_low(far) if far else None
        shifts.append(
            Shift(
                playbook, touchpoint, counts["same"], counts["new"], counts["gone"], counts["earlier"], counts["later"], typical
            )
        )
    return shifts


def _in_order(shifts: Iterable[Shift], lines: Iterable[Line]) -> list[Shift]:
    """As the steps follow each other."""
    place = {key: n for n, key in enumerate(dict.fromkeys((line.playbook, line.touchpoint) for line in lines))}
    return sorted(shifts, key=lambda shift: place[shift.playbook, shift.touchpoint])


def _examples(moved: Sequence[Moved], most: int) -> list[Moved]:
    """A few of each kind and touchpoint, in turn, so that none is crowded out."""
    found: dict[tuple[str, str, str], list[Moved]] = defaultdict(list)
    for one in moved:
        if (kind := _kind(one)) != "same":
            found[one.playbook, one.touchpoint, kind].append(one)
    chosen: list[Moved] = []
    for turn in range(most):
        chosen += [those[turn] for those in found.values() if turn < len(those)]
        if len(chosen) >= most:
            break
    return sorted(chosen[:most], key=lambda m: (m.playbook, m.touchpoint, _kind(m), m.subject, m.try_))


def _figures(before: Report, after: Report) -> Iterator[Figure]:
    """Every number of either report, in the order of the report: all that one heading has stands together."""
    every = _every(before, after)
    old, new = dict(_numbers(before, every)), dict(_numbers(after, every))
    both = dict.fromkeys([*new, *old])
    place = {about: n for n, about in enumerate(dict.fromkeys(about for about, _, _ in both))}
    for key in sorted(both, key=lambda key: (place[key[0]], key[1])):  # within a heading by time, else as they stand
        if key[0] != _RATES or (key in old and key in new):  # a rate that nobody knows is not 0
            yield Figure(key[0], key[2], old.get(key, 0), new.get(key, 0))


def _every(before: Report, after: Report) -> str:
    """Touches are told by day, or by week when there would be many days."""
    on = [day.day for report in (before, after) for day in report.days]
    return "week" if on and (max(on) - min(on)).days >= MOST_DAYS else "day"


_Number = tuple[tuple[str, tuple[int, ...], str], float]  # (heading, place in time when it has one, name), value


def _numbers(report: Report, every: str) -> Iterator[_Number]:
    """Every number of a report. Those of times have their place, since each design may have some that the other lacks."""
    yield from (((about, (), name), number) for about, name, number in _totals(report))
    by_time = Counter[date]()
    for day in report.days:
        by_time[begin(day.day, every)] += sum(day.by_channel.values())
    for start, n in by_time.items():
        yield (f"touches by {every}", (start.toordinal(),), start.isoformat()), n
    for hour in report.desk.hours:
        at, name = (hour.weekday, hour.hour), f"{DAYS[hour.weekday]} {hour.hour:02}–{hour.hour + 1:02}"
        yield (f"calls in {hour.queue}", at, name), hour.calls
        yield (f"most calls on one day in {hour.queue}", at, name), hour.busiest
        yield (f"calls left over on the worst day in {hour.queue}", at, name), hour.left
        if hour.people is not None:
            yield (f"people on the desk of {hour.queue}", at, name), hour.people


def _totals(report: Report) -> Iterator[tuple[str, str, float]]:

    def named(playbook: str, name: str) -> str:
        return name if len(report.playbooks) == 1 else f"{playbook}: {name}"

    yield "in all", "follow-ups", report.follow_ups
    yield "in all", "customers contacted", len(report.customers)
    yield "in all", "touches", report.touches
    busiest = max((sum(day.by_channel.values()) for day in report.days), default=0)
    yield "in all", "touches on the busiest day", busiest
    yield "in all", "calls for staff", report.desk.calls
    yield "in all", "days of a week with more calls than people can make", len(report.desk.short)
    for what, n in report.not_started.items():
        yield "start events that led to nothing", f"because {not_started(what)}", n
    for channel, n in report.by_channel.items():
        yield "channel", channel, n
    for outcome in OUTCOMES:
        for line in report.lines:
            about = "touchpoint" if outcome == "made" else f"touchpoint: {outcome}"
            yield about, named(line.playbook, line.touchpoint), getattr(line, outcome)
    for short in report.desk.short:
        yield "calls left over on the worst day", f"{short.queue}, {DAYS[short.weekday]}", short.calls - short.can_make
    for rule in report.rules:
        yield RULED[rule.what], f"{rule.rule}: times", rule.times
        yield RULED[rule.what], f"{rule.rule}: customers", len(rule.customers)
    for overlap in report.overlaps:
        yield "same day as", f"{named(overlap.playbook, overlap.other)}: times", overlap.days
        yield "same day as", f"{named(overlap.playbook, overlap.other)}: customers", overlap.customers
    for end in report.exits:
        yield "ended", named(end.playbook, ended(end.reason)), end.follow_ups
    for step in report.reached:
        yield "subjects that reached a step", named(step.playbook, step.touchpoint or ALL_THAT_CAME), step.subjects
    for step in report.reached:
        yield "of these, unknown: history was over", named(step.playbook, step.touchpoint or ALL_THAT_CAME), step.unknown
    for step in report.reached:
        if step.rate is not None:
            name = named(step.playbook, step.touchpoint or ALL_THAT_CAME)
            yield _RATES, name, round(step.rate * 100, 1)
