"""Twenty follow-ups out of thousands, chosen to differ: whoever reads them has seen every kind of way that the playbook took."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from orchestrator.backtest.records import History
from orchestrator.simulation.records import Entry, RunRecord, TouchRecord

MOST = 20
MOST_MOMENTS = 60  # of one follow-up


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened in a follow-up."""

    at: datetime  # aware, on the customer's own clock
    touchpoint: str  # "" for the start and the end
    channel: str
    what: str  # "started", "put off", "sent", "done: completed", "skipped: consent", "ended: goal"
    why: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One follow-up, moment by moment."""

    playbook: str
    subject: str
    customer: str
    like_it: int  # follow-ups that went the same way, this one included
    shows: Sequence[str]  # what no sample before it had
    moments: Sequence[Moment]


@dataclass(frozen=True, slots=True)
class _Way:
    """Follow-ups that went the same way."""

    marks: tuple[str, ...]
    of: RunRecord
    like_it: int


def samples(history: History, playbooks: Collection[str], most: int = MOST) -> list[Sample]:
    """Follow-ups that differ in path, in how their touches ended, in what was put off or refused and in how they ended.

    The first is the most usual way. Then one by one: the next is the one that shows most that no earlier one has shown, and of
    several the most usual.
    """
    touches, deferred = _by_run(history, playbooks)
    ways = _ways(history, playbooks, touches, deferred)
    shown: set[str] = set()
    chosen: list[tuple[_Way, list[str]]] = []
    while ways and len(chosen) < most:
        # ways stand in a fixed order, the most usual first, and max keeps the first of equals
        best = max(ways, key=lambda way: (len(set(way.marks) - shown), way.like_it)) if chosen else ways[0]
        new = [mark for mark in dict.fromkeys(best.marks) if mark not in shown]
        shown.update(new)
        chosen.append((best, new))
        ways.remove(best)
    return [
        Sample(w.of.playbook, w.of.subject, w.of.customer, w.like_it, new, list(_moments(history, w.of, touches, deferred)))
        for w, new in chosen
    ]


def _by_run(
    history: History, playbooks: Collection[str]
) -> tuple[Mapping[object, list[TouchRecord]], Mapping[object, list[Entry]]]:
    """Run -> its touches in order; touch -> what put it off."""
    touches: dict[object, list[TouchRecord]] = defaultdict(list)
    for touch in history.touches:
        if touch.playbook in playbooks:
            touches[touch.run.id].append(touch)
    for those in touches.values():
        those.sort(key=lambda t: t.touch.ordinal)
    deferred: dict[object, list[Entry]] = defaultdict(list)
    for entry in history.entries:
        if entry.what == "touch.deferred":
            deferred[entry.touch].append(entry)
    return touches, deferred


def _ways(
    history: History,
    playbooks: Collection[str],
    touches: Mapping[object, list[TouchRecord]],
    deferred: Mapping[object, list[Entry]],
) -> list[_Way]:
    found: dict[tuple[str, ...], list[RunRecord]] = defaultdict(list)
    for run in history.runs:
        if run.playbook in playbooks:
            found[tuple(_marks(run, touches.get(run.id, []), deferred))].append(run)
    ways = [_Way(marks, min(runs, key=lambda r: (r.run.anchor, r.subject)), len(runs)) for marks, runs in found.items()]
    return sorted(ways, key=lambda way: (-way.like_it, way.of.run.anchor, way.of.subject))


def _marks(run: RunRecord, touches: Sequence[TouchRecord], deferred: Mapping[object, list[Entry]]) -> Iterator[str]:
    """What a follow-up shows, in words; two with the same marks went the same way."""
    several = Counter(t.touchpoint for t in touches)
    for touch in touches:
        name = touch.touchpoint or "a wait"
        which = f"{name}, try {touch.tries}" if several[touch.touchpoint] > 1 and touch.touchpoint else name
        for entry in deferred.get(touch.id, ()):
            yield f"{which}: put off by {entry.rule}"
        yield f"{which}: {became(touch)}"
    yield f"{run.playbook} ends: {run.reason or 'not yet'}"


def _moments(
    history: History, run: RunRecord, touches: Mapping[object, list[TouchRecord]], deferred: Mapping[object, list[Entry]]
) -> Iterator[Moment]:
    zone = history.zone_of(run.customer)
    found = [Moment(run.run.anchor.astimezone(zone), "", "", "started", f"{run.event_type} came")]
    for touch in touches.get(run.id, [])[:MOST_MOMENTS]:
        name, channel = touch.touchpoint or "", touch.channel or "wait"
        put_off = deferred.get(touch.id, [])
        known = [m for m in (touch.due_at, touch.expires_at, *(entry.at for entry in put_off)) if m is not None]
        found += [
            Moment(entry.at.astimezone(zone), name, channel, "put off", _there(entry.why, known, zone)) for entry in put_off
        ]
        at = touch.effect_at or touch.finished_at or run.ended_at or touch.due_at
        found.append(
            Moment(at.astimezone(zone), name, channel, became(touch), _there(touch.why.removeprefix(f"{name}: "), known, zone))
        )
    if run.ended_at is not None:
        found.append(Moment(run.ended_at.astimezone(zone), "", "", f"ended: {run.reason}", run.ended_why or ""))
    yield from sorted(found[: 2 * MOST_MOMENTS], key=lambda m: m.at)


def _there(why: str, known: Sequence[datetime], zone: tzinfo) -> str:
    """A reason as the journal has it, with those of its moments that are known here on the timeline's clock."""
    for moment in known:
        why = why.replace(f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC", f"{moment.astimezone(zone):%Y-%m-%d %H:%M}")
    return why


def became(touch: TouchRecord) -> str:
    """What became of a touch: "sent", "done: completed", "skipped: consent"."""
    more = touch.disposition or (touch.reason if touch.state not in ("sent", "done") else None)
    return f"{touch.state}: {more}" if more else str(touch.state)
