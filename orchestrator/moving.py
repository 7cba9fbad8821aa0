"""Moving those inside a playbook to another version: who, where each would stand, and the move itself. core/moving.py decides.

Nobody is moved by publishing. A preview and a move ask the same questions; a move asks them again under locks, so that what
happened in between counts. An undo is a move back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from orchestrator import heads
from orchestrator.core import moving as core
from orchestrator.core.model import Change, Customer, Plan, Run, Touch
from orchestrator.core.moving import Goes, Stays, Stood
from orchestrator.core.planner import MADE, Facts
from orchestrator.core.windows import add
from orchestrator.errors import InputError, NotFound, Problem, did_you_mean
from orchestrator.heads import Fate, Group, Key, Preview
from orchestrator.language.delays import Delay
from orchestrator.language.design import LoadedVersion
from orchestrator.language.difference.steps import likely_steps, same_steps
from orchestrator.language.program import NodeId
from orchestrator.parts import Parts
from orchestrator.published import check_target
from orchestrator.rulebook import InUse
from orchestrator.store import audit, customers, events, standing
from orchestrator.store import changes as written
from orchestrator.store import moving as store
from orchestrator.store.audit import By
from orchestrator.store.database import Row, Work
from orchestrator.store.moving import Standing

BATCH = 200  # enrollments in one unit of work: more would keep events and workers waiting
Tell = Callable[[int, int], None]  # how many are done, of how many


@dataclass(frozen=True, slots=True)
class Who:
    """Whom to move, and where to."""

    playbook: str
    to: int | None = None  # a version; None: the current one
    frm: int | None = None  # from this version only; None: from every other one
    at: str | None = None  # only those who stand at this step
    share: int | None = None  # only so many of a hundred
    subjects: tuple[str, ...] = ()  # only these
    steps: Mapping[str, str] = field(default_factory=dict)  # a step that is gone -> the one to go on with; "": it is none of them
    among: frozenset[int] | None = None  # only those in these versions, such as somebody has looked at; None: in any


@dataclass(slots=True)
class Moved:
    """What a move did."""

    playbook: str
    to: int
    moved: int = 0
    kept: int = 0
    ended: int = 0
    stayed: dict[str, int] = field(default_factory=dict)  # why -> how many


@dataclass(frozen=True, slots=True)
class _Way:
    """From one version to the other."""

    old: LoadedVersion
    new: LoadedVersion
    row: Row[Any]  # of the version it goes to
    steps: Mapping[NodeId, NodeId]
    likely: Mapping[NodeId, NodeId]  # what has another name, at a guess


def preview(parts: Parts, who: Who, tell: Tell = lambda done, of: None) -> Preview:
    """Head counts, where each would stand, and who would stay and why. Changes nothing."""
    now = parts.clock()
    to, sources = parts.database.run(lambda work: _versions(work, who))
    chosen, inside = _choose(parts, who, to, sources)
    answer = Preview(who.playbook, to.number, inside, len(chosen), sources=frozenset(row.number for row in sources))
    groups: dict[Key, Group] = {}
    for first in range(0, len(chosen), BATCH):
        batch = chosen[first : first + BATCH]
        fates = parts.database.run(lambda work, b=batch: _looked_at(parts, work, who, to, b, now))  # type: ignore[misc]  # runs at once
        for fate in fates:
            heads.count(answer, groups, fate, now)
        tell(min(first + BATCH, len(chosen)), len(chosen))
    parts.database.run(lambda work: heads.name(work, parts.rulebook.refresh(work), to, sources, answer, list(groups.values())))
    return answer


def move(parts: Parts, who: Who, by: By, tell: Tell = lambda done, of: None) -> Moved:
    """Move them, batch by batch. Those who are under way, or whose step is gone, stay on their version.

    Breaking off leaves those moved who are; doing it again moves the rest. All go to the version that is current when it begins.
    """
    to, sources = parts.database.run(lambda work: _versions(work, who))
    who = replace(who, to=to.number)  # another one may be published between two batches
    chosen, _ = _choose(parts, who, to, sources)
    answer = Moved(who.playbook, to.number)
    for first in range(0, len(chosen), BATCH):
        batch = chosen[first : first + BATCH]
        done, woken = parts.database.run(lambda work, b=batch: _moved(parts, work, who, b, by, parts.clock()))  # type: ignore[misc]  # runs at once
        for fate in done:
            if fate.stays is not None:
                answer.stayed[fate.stays] = answer.stayed.get(fate.stays, 0) + 1
                continue
            answer.moved += 1
            answer.kept += fate.kept
            answer.ended += fate.ends is not None
        if woken:
            parts.wake(woken)
        tell(min(first + BATCH, len(chosen)), len(chosen))
    return answer


# -- who --------------------------------------------------------------------------------------------------------------


def _versions(work: Work, who: Who) -> tuple[Row[Any], list[Row[Any]]]:
    """The version to go to, and those that have people in them. Raises NotFound and InputError."""
    rows = standing.version_rows(work, who.playbook)
    if not rows or who.playbook.startswith("@"):
        names = {r.playbook for r in standing.version_rows(work) if not r.playbook.startswith("@")}
        raise NotFound(f"no playbook '{who.playbook}' is published ({did_you_mean(who.playbook, names)})")
    numbers = {r.number: r for r in rows}
    if who.frm is not None and who.frm not in numbers:
        raise NotFound(f"there is no version {who.frm} of {who.playbook}")
    if who.to is None:
        to = next((r for r in rows if r.current), None)
        if to is None:
            raise InputError(Problem(f"{who.playbook} is retired: no version is current", "say to which version, with --to"))
    elif (to := numbers.get(who.to)) is None:
        raise NotFound(f"there is no version {who.to} of {who.playbook}")
    if to.beside is not None:
        what = "waits for approval" if to.beside == "proposed" else "is a shadow"
        raise InputError(Problem(f"version {to.number} of {who.playbook} {what}", "nobody can be moved to it; publish it first"))
    check_target(work, to)
    if who.frm == to.number:
        raise InputError(Problem(f"they are in version {to.number} already", "say another version to move them to"))
    sources = [r for r in reversed(rows) if r.id != to.id and who.frm in (None, r.number)]
    return to, [r for r in sources if who.among is None or r.number in who.among]


def _choose(parts: Parts, who: Who, to: Row[Any], sources: Sequence[Row[Any]]) -> tuple[list[Standing], int]:
    """Those to be moved, in the order of their ids; and how many there are inside."""
    found: list[Standing] = []
    for row in sources:
        after: UUID | None = None
        while True:
            page = parts.database.run(lambda work, r=row, a=after: store.inside(work, r.id, a, 2_000))  # type: ignore[misc]  # runs at once
            found += page
            if len(page) < 2_000:
                break
            after = page[-1].id
    chosen = [s for s in found if who.at is None or s.step == who.at]
    if who.at is not None and not chosen:
        steps = {s.step for s in found if s.step}
        raise InputError(Problem(f"nobody stands at '{who.at}'", did_you_mean(who.at, steps) if steps else "", "--at"))
    if who.steps and found:
        parts.database.run(lambda work: _check_steps(work, parts.rulebook.refresh(work), who, {s.version for s in found}))
    if who.subjects:
        wanted = set(who.subjects)
        if missing := sorted(wanted - {s.subject for s in found}):
            raise NotFound(f"nobody is in {who.playbook} about {', '.join(missing[:5])}")
        chosen = [s for s in chosen if s.subject in wanted]
    if who.share is not None:
        drawn = sorted(chosen, key=lambda s: hashlib.sha256(f"{who.playbook}/{to.number}/{s.id}".encode()).digest())
        chosen = drawn[: (len(chosen) * who.share + 50) // 100]
    return sorted(chosen, key=lambda s: s.id), len(found)


def _check_steps(work: Work, in_use: InUse, who: Who, inside: Collection[UUID]) -> None:
    """Whoever says where a step goes on must mean one that some version with people in it has."""
    known: set[NodeId] = set()
    for version in inside:
        try:
            known |= set(in_use.program(work, version).nodes)
        except InputError:  # it stays on its version, and says so
            continue
    if unknown := [name for name in who.steps if name not in known]:
        steps = known - {"goal", "exit", "exhausted"}
        raise InputError(Problem(f"nobody's version has a step '{unknown[0]}'", did_you_mean(unknown[0], steps), "--step"))


# -- deciding ---------------------------------------------------------------------------------------------------------


def _looked_at(parts: Parts, work: Work, who: Who, to: Row[Any], batch: Sequence[Standing], now: datetime) -> list[Fate]:
    in_use = parts.rulebook.refresh(work)
    return [fate for fate, _ in _decide(parts, work, in_use, who, to, batch, now, "somebody")]


def _moved(parts: Parts, work: Work, who: Who, batch: Sequence[Standing], by: By, now: datetime) -> tuple[list[Fate], set[str]]:
    """One batch under locks. Answers what became of each, and the channels that have something due at once."""
    store.lock(work, batch)
    to, _ = _versions(work, who)
    in_use = parts.rulebook.refresh(work)
    decided = _decide(parts, work, in_use, who, to, batch, now, by.name)
    going = [(stood, goes) for _, (stood, goes) in decided if stood is not None and isinstance(goes, Goes)]
    store.repin(work, [(stood.run, goes.run.version, goes.run.gives_up_at) for stood, goes in going])
    store.remember(
        work, [(goes.touch, goes.remember) for _, goes in going if goes.touch is not None and goes.remember is not None]
    )
    changes: list[Change] = [change for _, goes in going for change in goes.changes]
    written.write(work, changes)
    if going:
        people = "1 follow-up" if len(going) == 1 else f"{len(going)} follow-ups"
        frm = ", ".join(str(n) for n in sorted({stood.run.number for stood, _ in going}))
        said = f"moved {people} of {who.playbook} from version {frm} to {to.number}"
        audit.note(work, by, "playbook.moved", f"playbook:{who.playbook}", said, now)
    woken = {c.touch.channel or "wait" for c in changes if isinstance(c, Plan) and c.touch.due_at <= now}
    return [fate for fate, _ in decided], woken


_Decided = tuple[Fate, tuple[Stood | None, Goes | Stays]]


def _decide(
    parts: Parts,
    work: Work,
    in_use: InUse,
    who: Who,
    to: Row[Any],
    batch: Sequence[Standing],
    now: datetime,
    by: str,
) -> list[_Decided]:
    """What becomes of each of a batch, as things stand by now."""
    new = in_use.loaded(work, to.id)
    ways: dict[UUID, _Way | Stays] = {}
    answer: list[_Decided] = []
    found = [(run, touch, past) for run, touch, past in store.standing(work, [s.id for s in batch]) if run.version != to.id]
    people = customers.load(work, {run.customer for run, _, _ in found})
    for run, _, _ in found:
        if run.version not in ways:
            ways[run.version] = _way(work, in_use, who, run, new, to)
    types = {*new.program.stops_on, *new.program.waits_for}
    types |= {t for way in ways.values() if isinstance(way, _Way) for t in way.old.program.waits_for}
    seen = events.seen(work, sorted({run.subject for run, _, _ in found}), types)
    for run, touch, past in found:
        stood, way, person = Stood.of(run, touch, past), ways[run.version], people[run.customer]
        if isinstance(way, Stays):
            answer.append((_fate(stood, way), (stood, way)))
            continue
        gives_up_at = _gives_up_at(run, way.old.program.gives_up_after, new.program.gives_up_after, person, in_use)
        there = replace(run, version=to.id, number=to.number, gives_up_at=gives_up_at)
        before, after = way.old.program, new.program
        known = seen.get(run.subject, {})
        facts_old = Facts(before, run, person, in_use.house, in_use.names(run, person, before), known)
        facts_new = Facts(after, there, person, in_use.house, in_use.names(there, person, after), known)
        goes = core.move(facts_old, facts_new, stood, way.steps, now, by, parts.new_id, way.likely)
        answer.append((_fate(stood, goes, way), (stood, goes)))
    return answer


def _way(work: Work, in_use: InUse, who: Who, run: Run, new: LoadedVersion, to: Row[Any]) -> _Way | Stays:
    try:
        old = in_use.loaded(work, run.version)
    except InputError as unusable:
        return Stays("cannot be used", f"version {run.number} cannot be used: {unusable}")
    told = {name: _step_of(new, to_name, to.number) for name, to_name in who.steps.items() if to_name}
    same = {a: b for a, b in same_steps(old.playbook, new.playbook).items() if a not in who.steps} | told
    taken = {*who.steps, *same}
    likely = {a: b for a, b in likely_steps(old.playbook, new.playbook).items() if a not in taken and b not in same.values()}
    return _Way(old, new, to, same, likely)


def _step_of(new: LoadedVersion, name: str, number: int) -> NodeId:
    if name not in new.program.nodes:
        steps = [n for n in new.program.nodes if n not in ("goal", "exit", "exhausted")]
        raise InputError(Problem(f"version {number} has no step '{name}'", did_you_mean(name, steps), "--step"))
    return name


def _gives_up_at(run: Run, before: Delay, after: Delay, person: Customer, in_use: InUse) -> datetime:
    """When the new version gives up. What a pause has added stays added."""
    if before == after:
        return run.gives_up_at
    added = run.gives_up_at - add(before, run.anchor, person.zones, in_use.house)
    return add(after, run.anchor, person.zones, in_use.house) + max(added, timedelta())


def _fate(stood: Stood, goes: Goes | Stays, way: _Way | None = None) -> Fate:
    run, touch = stood.run, stood.touch
    step, before = (touch.step, touch.due_at) if touch is not None else (None, None)
    if isinstance(goes, Stays):
        return Fate(run.id, run.subject, run.customer, run.number, step, before, None, None, stays=goes.why, code=goes.code)
    stands: Touch | None = goes.touch
    to_step, after = (stands.step, stands.due_at) if stands is not None else (None, None)
    memory = goes.remember or (stands.memory if stands is not None else {})
    passed = tuple(sorted(key.removeprefix(MADE) for key in memory if key.startswith(MADE)))
    guessed: dict[NodeId, NodeId] = {}
    if way is not None and stands is not None:  # touchpoints that it had and that are gone
        gone = sorted(s for s in stood.made if s in way.old.program.nodes and s not in way.steps)
        guessed = {s: way.likely.get(s, "") for s in gone if way.likely.get(s, "") in ("", *passed)}
    return Fate(
        run.id, run.subject, run.customer, run.number, step, before, to_step, after, kept=goes.kept, passed=passed, ends=goes.reason,
        guessed=guessed,
    )  # fmt: skip
