"""Two designs over the same history: every figure with its change, who would be contacted more or less, and each touch that moves."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.backtest.counting import ENTERED, Line
from orchestrator.backtest.desk_load import DAYS
from orchestrator.backtest.records import History
from orchestrator.backtest.report import Report
from orchestrator.simulation.records import TouchRecord

MOST_EXAMPLES = 20
_DAY = timedelta(days=1)


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
        """Whether both designs do the same, touch for touch."""
        return not any(self.touches.get(kind) for kind in ("new", "gone", "earlier", "later"))


def difference(
    before: tuple[History, Report], after: tuple[History, Report], playbooks: Collection[str], most: int = MOST_EXAMPLES
) -> Difference:
    """How the second differs from the first. Touches are matched by subject, touchpoint and which time it was."""
    old, new = _made(before[0], playbooks), _made(after[0], playbooks)
    moved = list(_moved(old, new))
    counts = Counter(_kind(m) for m in moved)
    more, fewer = _contacted(old.values(), new.values())
    return Difference(
        against=before[1],
        figures=list(_figures(before[1], after[1])),
        more=more,
        fewer=fewer,
        shifts=_in_order(_shifts(moved), [*after[1].lines, *before[1].lines]),
        examples=_examples(moved, most),
        touches={kind: counts[kind] for kind in ("same", "new", "gone", "earlier", "later")},
    )


_Key = tuple[str, str, str, int]  # playbook, subject, touchpoint, which time


def _made(history: History, playbooks: Collection[str]) -> dict[_Key, TouchRecord]:
    made: dict[_Key, TouchRecord] = {}
    times: Counter[tuple[str, str, str]] = Counter()
    for touch in sorted(history.made(playbooks), key=lambda t: (t.effect_at, t.touch.ordinal)):
        which = (touch.playbook, touch.subject, str(touch.touchpoint))
        times[which] += 1
        made[*which, times[which]] = touch
    return made


def _moved(old: Mapping[_Key, TouchRecord], new: Mapping[_Key, TouchRecord]) -> Iterator[Moved]:
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        known = after or before
        assert known is not None
        playbook, subject, touchpoint, time = key
        was, is_ = before.effect_at if before else None, after.effect_at if after else None
        yield Moved(playbook, subject, known.customer, touchpoint, time, was, is_)


def _kind(moved: Moved) -> str:
    if moved.before is None or moved.after is None:
        return "new" if moved.before is None else "gone"
    return "same" if moved.before == moved.after else "earlier" if moved.after < moved.before else "later"


def _contacted(old: Iterable[TouchRecord], new: Iterable[TouchRecord]) -> tuple[list[Contacted], list[Contacted]]:
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
    """Every number of either report, in the order of the report."""
    old, new = dict(_numbers(before)), dict(_numbers(after))
    for about, name in dict.fromkeys([*new, *old]):
        yield Figure(about, name, old.get((about, name), 0), new.get((about, name), 0))


def _numbers(report: Report) -> Iterator[tuple[tuple[str, str], float]]:

    def named(playbook: str, name: str) -> str:
        return name if len(report.playbooks) == 1 else f"{playbook}: {name}"

    yield ("in all", "follow-ups"), report.follow_ups
    yield ("in all", "customers contacted"), len(report.customers)
    yield ("in all", "touches"), report.touches
    busiest = max((sum(day.by_channel.values()) for day in report.days), default=0)
    yield ("in all", "touches on the busiest day"), busiest
    yield ("in all", "calls for staff"), report.desk.calls
    yield ("in all", "days of a week with more calls than people can make"), len(report.desk.short)
    for channel, n in report.by_channel.items():
        yield ("channel", channel), n
    for line in report.lines:
        yield ("touchpoint", named(line.playbook, line.touchpoint)), line.made
    for short in report.desk.short:
        yield ("calls left over on the worst day", f"{short.queue}, {DAYS[short.weekday]}"), short.calls - short.can_make
    for rule in report.rules:
        yield (rule.what, rule.rule), rule.times
    for overlap in report.overlaps:
        yield ("same day as", named(overlap.playbook, overlap.other)), overlap.days
    for end in report.exits:
        yield ("ended", named(end.playbook, end.reason or "not yet")), end.follow_ups
    for step in report.reached:
        if step.rate is not None:
            name = step.touchpoint if step.touchpoint != ENTERED else "all that came in"
            yield ("goal later in history, of a hundred", named(step.playbook, name)), round(step.rate * 100, 1)
