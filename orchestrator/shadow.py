"""A shadow beside the current version: what each of the two decides on the events since the shadow began. It contacts nobody.

Both are worked out in memory, by the same core that decides for real, from the stored events; nothing is written. Comparing what the
current version really did with what a shadow might have done would mix the difference of the designs with that of two worlds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import PrivateAttr

from orchestrator.backtest.run import from_database
from orchestrator.core.zones import zone_of
from orchestrator.errors import InputError, NotFound
from orchestrator.language.dispositions import BY_CODE
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.simulation.arrivals import OPTED_OUT, Arrival
from orchestrator.simulation.outcomes import Ending, Outcomes
from orchestrator.simulation.records import RunRecord, TouchRecord
from orchestrator.simulation.rules import Rules
from orchestrator.simulation.turns import Turns
from orchestrator.simulation.world import World
from orchestrator.store import shadows, versions
from orchestrator.store.database import Work

MOST_EVENTS = 1_000  # that a page goes through: under three seconds where each leads to five touches
MOST_SHOWN = 50  # subjects whose two timelines are shown
ASSUMED = "no_answer"  # how a call ends that nobody really made
AT_ONCE = 1_000  # enrollments whose calls are read in one unit of work
_LIKE_MADE = frozenset({"sent", "done", "failed", "in_call", "calling"})

_Real = Mapping[tuple[str, str, int], tuple[str, Mapping[str, Any]]]  # subject, touchpoint, tries -> disposition, answers
Tell = Callable[[str, int, datetime], None]  # which of the two, events done, what the clock shows


@dataclass(frozen=True, slots=True)
class Pair:
    """A number of each."""

    name: str
    current: int
    shadow: int

    @property
    def change(self) -> int:
        """How many more the shadow has."""
        return self.shadow - self.current


@dataclass(frozen=True, slots=True)
class Line:
    """One touch of a timeline."""

    at: datetime  # when it was made, or was due
    touchpoint: str
    channel: str
    became: str  # "made", or what became of it: "skipped: frequency cap"


@dataclass(frozen=True, slots=True)
class Differing:
    """A subject whose two timelines differ."""

    subject: str
    ref: str  # the customer, by the business's own id
    customer: UUID | None  # our id, for links
    current: tuple[Line, ...]
    shadow: tuple[Line, ...]
    ends: tuple[str, str]  # how each ended; "": it runs


@dataclass(frozen=True, slots=True)
class Comparison:
    """The current version and its shadow over the same events."""

    playbook: str
    current: int | None  # number of the version; None: none is current
    shadow: int
    since: datetime  # when the shadow began
    zone: str  # the house's clock
    looked_from: datetime  # later than `since` when there were too many events
    until: datetime
    events: int
    entered: Pair
    touchpoints: tuple[Pair, ...]  # touches made, by touchpoint
    days: tuple[tuple[date, int, int], ...]  # touches made, by the house's day
    exits: tuple[Pair, ...]
    subjects: int  # that entered one of the two
    differ: int  # of these, how many have differing timelines
    differing: tuple[Differing, ...]  # the first of them
    real: int  # calls of the shadow that ended as the same call really did
    assumed: int  # calls of the shadow that nobody really made: taken to end as ASSUMED

    @property
    def cut(self) -> bool:
        """Whether earlier events were left out."""
        return self.looked_from > self.since

    @property
    def most_a_day(self) -> int:
        """The longest bar."""
        return max((max(a, b) for _, a, b in self.days), default=0)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What both are worked out from."""

    house_zone: str
    current: Any
    shadow: Any
    rules: tuple[Rules, Rules]
    since: datetime
    begun: Sequence[UUID]  # enrollments of the current version since then


@dataclass(slots=True)
class _Side:
    """One of the two."""

    runs: Sequence[RunRecord]
    real: int = 0
    assumed: int = 0
    by_subject: dict[str, list[RunRecord]] = field(default_factory=lambda: defaultdict(list))


def compare(parts: Parts, playbook: str, most: int | None = None, tell: Tell = lambda which, done, at: None) -> Comparison:
    """The two beside each other. most: how many events, the newest; None: all since the shadow began. Raises NotFound without a shadow."""
    now = parts.clock()
    asked = parts.database.run(lambda work: _ask(parts, work, playbook, most))
    source = from_database(parts, asked.since)  # the same events and customers for both, whatever comes in meanwhile
    real = _real(parts, asked.begun)
    heard: list[int] = []
    sides = []
    for which, rules in zip(("current", "shadow"), asked.rules, strict=True):
        endings = _Endings.of(playbook, real)
        world = _World(rules, keep_journal=False)
        events = _Counted(source.events())
        Turns(world, endings, until=now).play(events, lambda done, at, which=which: tell(which, done, at))  # type: ignore[misc]
        sides.append(_side([r for r in world.runs if r.playbook == playbook], endings))
        heard.append(events.count)
    return _compared(parts, playbook, asked, heard[0], sides[0], sides[1], now)


def _ask(parts: Parts, work: Work, playbook: str, most: int | None) -> _Asked:
    in_use = parts.rulebook.refresh(work)
    row = versions.beside(work).get((playbook, "shadow"))
    if row is None:
        raise NotFound(f"{playbook} has no shadow: touchpoint publish {playbook} --shadow")
    since = row.beside_since if most is None else max(row.beside_since, shadows.newest_since(work, row.beside_since, most))
    rules = (_rules(work, in_use, {}), _rules(work, in_use, {playbook: row}))
    return _Asked(in_use.house.rules.clock, in_use.current.get(playbook), row, rules, since, shadows.begun(work, playbook, since))


def _real(parts: Parts, enrollments: Sequence[UUID]) -> _Real:
    """How calls really ended. One unit of work for so many enrollments: whoever writes does not wait for all of them."""
    found: dict[tuple[str, str, int], tuple[str, Mapping[str, Any]]] = {}
    for start in range(0, len(enrollments), AT_ONCE):
        some = enrollments[start : start + AT_ONCE]
        for row in parts.database.run(lambda work, some=some: shadows.endings(work, some)):  # type: ignore[misc]
            found[row.subject, row.touchpoint, row.tries] = row.disposition, row.answers or {}
    return found


def _rules(work: Work, in_use: InUse, instead: Mapping[str, Any]) -> Rules:
    chosen = {name: (version.number, version.id) for name, version in in_use.current.items()}
    chosen |= {name: (row.number, row.id) for name, row in instead.items()}
    return Rules.made(in_use.house.rules, {name: (number, in_use.loaded(work, id_)) for name, (number, id_) in chosen.items()})


class _Counted:
    """Events as they pass, counted; opt-outs stand for what customers said since, not for what came in."""

    def __init__(self, events: Iterator[Arrival]) -> None:
        self._events = events
        self.count = 0

    def __iter__(self) -> Iterator[Arrival]:
        return self

    def __next__(self) -> Arrival:
        event = next(self._events)
        self.count += event.type != OPTED_OUT
        return event


class _World(World):
    """A call that cannot end as it really did, because the other version's script asks something else, ends as is assumed."""

    def finish(self, touch: UUID, disposition: str, **more: Any) -> None:
        try:
            super().finish(touch, disposition, **more)
        except InputError:
            super().finish(touch, ASSUMED, **{**more, "answers": None})


class _Endings(Outcomes):
    """Calls end as the same one really did, where it was made; otherwise nobody answers."""

    _playbook: str = PrivateAttr(default="")
    _real: _Real = PrivateAttr(default_factory=dict)
    _counted: Counter[str] = PrivateAttr(default_factory=Counter)

    @classmethod
    def of(cls, playbook: str, real: _Real) -> _Endings:
        made = cls(default=ASSUMED)
        made._playbook, made._real = playbook, real
        return made

    def ending(self, subject: str, playbook: str, touchpoint: str, tries: int, queue: str) -> Ending:
        assumed = super().ending(subject, playbook, touchpoint, tries, queue)
        if playbook != self._playbook:
            return assumed
        found = self._real.get((subject, touchpoint, tries))
        if found is None or found[0] not in BY_CODE:
            self._counted["assumed"] += 1
            return assumed
        self._counted["real"] += 1
        return Ending(found[0], assumed.talk, found[1])

    @property
    def counted(self) -> Counter[str]:
        """How many of each."""
        return self._counted


def _side(runs: list[RunRecord], endings: _Endings) -> _Side:
    side = _Side(runs, endings.counted["real"], endings.counted["assumed"])
    for run in runs:
        side.by_subject[run.subject].append(run)
    return side


def _compared(
    parts: Parts, playbook: str, asked: _Asked, events: int, current: _Side, shadow: _Side, now: datetime
) -> Comparison:
    sides = (current, shadow)
    made = [[t for run in side.runs for t in run.touches if t.channel is not None and t.effect_at is not None] for side in sides]
    zone = zone_of(asked.house_zone)
    days = [Counter(t.effect_at.astimezone(zone).date() for t in one if t.effect_at is not None) for one in made]
    differing = [
        (subject, lines)
        for subject in sorted({*current.by_subject, *shadow.by_subject})
        if _seen((lines := [_timeline(side.by_subject.get(subject, [])) for side in sides])[0]) != _seen(lines[1])
        or _ends(current.by_subject.get(subject, [])) != _ends(shadow.by_subject.get(subject, []))
    ]
    shown = differing[:MOST_SHOWN]
    refs = {subject: (current.by_subject.get(subject) or shadow.by_subject[subject])[0].customer for subject, _ in shown}
    ids = parts.database.run(lambda work: shadows.known(work, set(refs.values()))) if refs else {}
    return Comparison(
        playbook=playbook,
        current=asked.current.number if asked.current is not None else None,
        shadow=asked.shadow.number,
        since=asked.shadow.beside_since,
        zone=asked.house_zone,
        looked_from=asked.since,
        until=now,
        events=events,
        entered=Pair("entered", len(current.runs), len(shadow.runs)),
        touchpoints=_pairs(*(Counter(str(t.touchpoint) for t in one) for one in made)),
        days=tuple((day, days[0][day], days[1][day]) for day in sorted({*days[0], *days[1]})),
        exits=_pairs(*(Counter(str(run.reason) for run in side.runs if run.reason is not None) for side in sides)),
        subjects=len({*current.by_subject, *shadow.by_subject}),
        differ=len(differing),
        differing=tuple(
            Differing(
                subject, refs[subject], ids.get(refs[subject]), tuple(lines[0]), tuple(lines[1]),
                (_ends(current.by_subject.get(subject, [])), _ends(shadow.by_subject.get(subject, []))),
            )
            for subject, lines in shown
        ),
        real=shadow.real,
        assumed=shadow.assumed,
    )  # fmt: skip


def _pairs(current: Counter[str], shadow: Counter[str]) -> tuple[Pair, ...]:
    return tuple(Pair(name, current[name], shadow[name]) for name in sorted({*current, *shadow}))


def _timeline(runs: Sequence[RunRecord]) -> list[Line]:
    """What is or was to happen about one subject, in order; waits are no touches."""
    lines = [
        Line(
            touch.effect_at or touch.finished_at or touch.due_at,
            str(touch.touchpoint),
            str(touch.channel),
            _became(touch),
        )
        for run in runs
        for touch in run.touches
        if touch.channel is not None
    ]
    return sorted(lines, key=lambda line: line.at)


def _became(touch: TouchRecord) -> str:
    if touch.effect_at is not None or touch.state in _LIKE_MADE:
        return BY_CODE[touch.disposition].label.lower() if touch.disposition in BY_CODE else "made"
    if touch.state in ("planned", "ready"):
        return "is due" if touch.state == "planned" else "waits for staff"
    return f"{touch.state}: {touch.reason}" if touch.reason else str(touch.state)


def _seen(lines: Sequence[Line]) -> list[tuple[str, str, str]]:
    """What tells two timelines apart: the touchpoint, the minute, and what became of it."""
    return [(f"{line.at:%Y-%m-%d %H:%M}", line.touchpoint, line.became) for line in lines]


def _ends(runs: Sequence[RunRecord]) -> str:
    return ", ".join(str(run.reason or "") for run in runs)
