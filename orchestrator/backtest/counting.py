"""What a design did over history, in numbers: touches, what rules put off or refused, overlaps, exits, and goals that history knows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from orchestrator.backtest.records import CAP, History, local_date
from orchestrator.language.picture import picture
from orchestrator.language.program import Program, TouchNode
from orchestrator.simulation.records import RunRecord, TouchRecord

ENTERED = ""  # the step before the first one: the start itself
OUTCOMES = ("made", "skipped", "expired", "cancelled", "failed", "waiting")
_What = Literal["capped", "deferred", "skipped", "expired"]
_RULED: Mapping[str, _What] = {"touch.deferred": "deferred", "touch.skipped": "skipped", "touch.expired": "expired"}
_CAPPED = "the house allows"  # words of the cap, in the reason of what came too late because of it


@dataclass(frozen=True, slots=True)
class Day:
    """One day on the desk's clock."""

    day: date
    by_channel: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Line:
    """One touchpoint: how many touches took effect, and what became of the others."""

    playbook: str
    touchpoint: str
    channel: str
    made: int
    skipped: int
    expired: int
    cancelled: int
    failed: int
    waiting: int  # nothing had become of it when history was over

    @property
    def planned(self) -> int:
        """All of them."""
        return self.made + self.skipped + self.expired + self.cancelled + self.failed + self.waiting


@dataclass(frozen=True, slots=True)
class Ruled:
    """How often one rule put touches off, or said no, and to whom; or why touches came too late."""

    what: _What
    rule: str
    times: int
    customers: Sequence[str]  # by the business's own id
    touchpoints: Mapping[str, int]
    example: str  # the reason of one of them, as the journal has it


@dataclass(slots=True)
class _Tally:
    """What one rule did, as it adds up."""

    example: str
    touchpoints: Counter[str] = field(default_factory=Counter)
    customers: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two playbooks that contacted the same customer on the same day."""

    playbook: str
    other: str
    days: int  # customers' days
    customers: int
    example: tuple[str, date]


@dataclass(frozen=True, slots=True)
class Exit:
    """How many follow-ups ended like this."""

    playbook: str
    reason: str  # "" for those that had not ended
    follow_ups: int


@dataclass(frozen=True, slots=True)
class Reached:
    """Of the subjects that a step happened to, how many had the goal later, in history."""

    playbook: str
    touchpoint: str  # ENTERED: all that came in
    subjects: int
    unknown: int  # of these: the step came after the last event, so nobody knows what followed
    goal_later: int
    days_until: float | None  # half of them had it within so many days

    @property
    def rate(self) -> float | None:
        """0.25: one in four of those that history goes on after; None when there was nobody."""
        known = self.subjects - self.unknown
        return self.goal_later / known if known else None


def days(history: History, playbooks: Collection[str]) -> list[Day]:
    """Touches that took effect, by day and channel; days without any are left out."""
    found: dict[date, Counter[str]] = defaultdict(Counter)
    for touch in history.made(playbooks):
        assert touch.effect_at is not None
        found[local_date(touch.effect_at, history.zone)][str(touch.channel)] += 1
    return [Day(day, dict(sorted(found[day].items()))) for day in sorted(found)]


def lines(history: History, playbooks: Collection[str]) -> list[Line]:
    """A line for each touchpoint, in the order of the playbook; those that nobody reached have zeros."""
    found: dict[tuple[str, str, str], Counter[str]] = {
        (name, node.touchpoint, node.channel): Counter() for name in sorted(playbooks) for node in _touchpoints(history, name)
    }
    for touch in history.touches:
        if touch.channel is not None and touch.playbook in playbooks:
            found.setdefault((touch.playbook, str(touch.touchpoint), touch.channel), Counter())[_became(touch)] += 1
    return [_line(*key, counts) for key, counts in found.items()]


def rules(history: History, playbooks: Collection[str]) -> list[Ruled]:
    """What was put off, refused or came too late, by rule, most first. A touch that is put off twice counts twice."""
    touches = {touch.id: touch for touch in history.touches}
    found: dict[tuple[_What, str], _Tally] = {}
    for entry in history.entries:
        if (what := _RULED.get(entry.what)) is None:
            continue
        touch = touches.get(entry.touch) if entry.touch is not None else None
        if touch is None or touch.playbook not in playbooks or touch.channel is None:
            continue
        if CAP in entry.rule or _CAPPED in entry.why:
            what = "capped"
        tally = found.setdefault((what, entry.rule), _Tally(entry.why))
        tally.touchpoints[str(touch.touchpoint)] += 1
        tally.customers.add(touch.customer)
    made = [
        Ruled(what, rule, t.touchpoints.total(), sorted(t.customers), _most(t.touchpoints), t.example)
        for (what, rule), t in found.items()
    ]
    return sorted(made, key=lambda r: (r.what, -r.times, r.rule))


def overlaps(history: History, playbooks: Collection[str]) -> list[Overlap]:
    """Customers whom two playbooks contacted on one of their days, most first; one of the two is of these playbooks."""
    on: dict[tuple[str, date], set[str]] = defaultdict(set)
    for touch in history.made(history.programs.keys() | set(playbooks)):
        assert touch.effect_at is not None
        on[touch.customer, local_date(touch.effect_at, history.zone_of(touch.customer))].add(touch.playbook)
    pairs: dict[tuple[str, str], list[tuple[str, date]]] = defaultdict(list)
    for where, names in on.items():
        for one in sorted(names & set(playbooks)):
            for other in names - {one}:
                if other not in playbooks or one < other:
                    pairs[one, other].append(where)
    made = [Overlap(a, b, len(those), len({who for who, _ in those}), min(those)) for (a, b), those in pairs.items()]
    return sorted(made, key=lambda o: (-o.days, o.playbook, o.other))


def exits(history: History, playbooks: Collection[str]) -> list[Exit]:
    """Follow-ups by how they ended, most first within a playbook."""
    found = Counter((run.playbook, str(run.reason or "")) for run in history.runs if run.playbook in playbooks)
    return sorted((Exit(*key, n) for key, n in found.items()), key=lambda e: (e.playbook, -e.follow_ups, e.reason))


def reached(history: History, playbooks: Collection[str]) -> list[Reached]:
    """For each step, how many of its subjects had the goal later in history, whatever the follow-up did.

    A subject whose step came when history was over is counted apart: that it had no goal is not known.
    """
    first: dict[tuple[str, str], dict[str, datetime]] = defaultdict(dict)
    runs: dict[str, list[RunRecord]] = defaultdict(list)
    for run in history.runs:
        runs[run.playbook].append(run)
    for name in sorted(playbooks):
        _earliest(first[name, ENTERED], ((run.subject, run.run.anchor) for run in runs[name]))
        for node in _touchpoints(history, name):
            first[name, node.touchpoint] = {}
    for touch in history.made(playbooks):
        assert touch.effect_at is not None
        _earliest(first[touch.playbook, str(touch.touchpoint)], [(touch.subject, touch.effect_at)])
    return [_goals(history, *key, subjects) for key, subjects in first.items()]


def _goals(history: History, playbook: str, touchpoint: str, subjects: Mapping[str, datetime]) -> Reached:
    program = history.programs.get(playbook)
    wanted = _goal_types(program) if program else frozenset[str]()
    waited: list[float] = []
    unknown = 0
    for subject, since in subjects.items():
        if since >= history.last_event:
            unknown += 1
            continue
        later = [at for type_, at in history.goals.get(subject, ()) if type_ in wanted and at > since]
        if later:
            waited.append((min(later) - since).total_seconds() / 86_400)
    waited.sort()
    half = round(waited[len(waited) // 2], 1) if waited else None
    return Reached(playbook, touchpoint, len(subjects), unknown, len(waited), half)


def _goal_types(program: Program) -> frozenset[str]:
    return frozenset(type_ for type_, end in program.stops_on.items() if end == "goal")


def _touchpoints(history: History, playbook: str) -> Iterator[TouchNode]:
    """Each touchpoint once, in the order of the file."""
    program, known = history.programs.get(playbook), set[str]()
    for spot in picture(program, {}).spots if program else ():
        node = program.nodes.get(spot.id) if program else None
        if isinstance(node, TouchNode) and node.touchpoint not in known:
            known.add(node.touchpoint)
            yield node


def _line(playbook: str, touchpoint: str, channel: str, became: Counter[str]) -> Line:
    made, skipped, expired, cancelled, failed, waiting = (became[name] for name in OUTCOMES)
    return Line(playbook, touchpoint, channel, made, skipped, expired, cancelled, failed, waiting)


def _became(touch: TouchRecord) -> str:
    if touch.effect_at is not None and touch.state != "failed":
        return "made"
    state = str(touch.state)
    return state if state in OUTCOMES else "waiting"


def _earliest(known: dict[str, datetime], those: Iterable[tuple[str, datetime]]) -> None:
    for subject, at in those:
        known[subject] = min(at, known.get(subject, at))


def _most(counted: Mapping[str, int]) -> Mapping[str, int]:
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def everybody(history: History, playbooks: Collection[str]) -> Sequence[str]:
    """Customers who are contacted at all."""
    return sorted({touch.customer for touch in history.made(playbooks)})


def not_started(history: History, playbooks: Collection[str]) -> Mapping[str, int]:
    """Start events that led to nothing, by the journal's name for why, most first."""
    began = ("enrollment.started", "enrollment.ended")
    return _most(
        Counter(
            e.what for e in history.entries if e.what.startswith("enrollment.") and e.what not in began and e.rule in playbooks
        )
    )
