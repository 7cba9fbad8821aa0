"""Head counts of a move: those who stand alike and go alike, together, with their due moments before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.core.model import EndReason
from orchestrator.core.moving import ahead
from orchestrator.language.design import LoadedVersion
from orchestrator.language.difference.steps import every, likely_steps, tree
from orchestrator.language.picture import Spot, picture
from orchestrator.language.program import NodeId, TouchNode
from orchestrator.rulebook import InUse
from orchestrator.store.database import Row, Work

Key = tuple[int, NodeId, NodeId | None, EndReason | None]


@dataclass(frozen=True, slots=True)
class Fate:
    """What a move makes of one enrollment."""

    id: UUID
    subject: str
    customer: UUID
    frm: int
    step: NodeId | None  # where it stands
    before: datetime | None  # when its next touch is due
    to_step: NodeId | None  # where it stands afterwards; None: it stays, or ends
    after: datetime | None
    kept: bool = False
    passed: tuple[NodeId, ...] = ()  # touchpoints that were made already, and are not made again
    ends: EndReason | None = None
    stays: str | None = None  # why not
    code: str = ""  # the same, countable
    guessed: Mapping[NodeId, NodeId] = field(default_factory=dict)  # made steps that are gone -> what each seems to be, or ""


@dataclass(slots=True)
class Group:
    """Those of one version who stand at one step, and go to one step."""

    frm: int
    step: NodeId
    title: str
    to_step: NodeId | None  # None: they end
    to_title: str
    ends: EndReason | None = None
    count: int = 0
    kept: int = 0  # nothing about their next touch changes
    due_now: int = 0  # it would be over already: due at once, within the contact windows
    earlier: int = 0
    later: int = 0
    before: tuple[datetime, datetime] | None = None  # the earliest and the latest due moment
    after: tuple[datetime, datetime] | None = None
    no_longer: tuple[str, ...] = ()  # touchpoints that could still have come, and do not any more
    newly: tuple[str, ...] = ()  # the other way round
    passed: dict[str, int] = field(default_factory=dict)  # touchpoints that were made already -> how many do not get them again
    lost: dict[str, int] = field(default_factory=dict)  # made ones that are gone, nobody can tell where to -> how many


@dataclass(slots=True)
class Preview:
    """What a move would do, as of now."""

    playbook: str
    to: int
    inside: int = 0  # in the versions that are moved from
    chosen: int = 0
    moved: int = 0
    sources: frozenset[int] = frozenset()  # the versions that were looked at
    groups: list[Group] = field(default_factory=list)
    stays: dict[tuple[str, str], int] = field(default_factory=dict)  # (code, why) -> how many
    hints: list[str] = field(default_factory=list)  # e.g. a step that was only renamed
    renamed: dict[tuple[NodeId, NodeId], int] = field(default_factory=dict)  # made ones, and what they are taken for -> how many
    warnings: list[str] = field(default_factory=list)  # about what somebody may get twice
    fates: list[Fate] = field(default_factory=list, repr=False)  # everybody who was chosen


def count(answer: Preview, groups: dict[Key, Group], fate: Fate, now: datetime) -> None:
    """Add one of those who were chosen."""
    answer.fates.append(fate)
    if fate.stays is not None:
        key = (fate.code, fate.stays)
        answer.stays[key] = answer.stays.get(key, 0) + 1
        return
    answer.moved += 1
    step = fate.step or ""
    group = groups.setdefault(
        (fate.frm, step, fate.to_step, fate.ends), Group(fate.frm, step, step, fate.to_step, fate.to_step or "", fate.ends)
    )
    group.count += 1
    group.kept += fate.kept
    for made in fate.passed:
        group.passed[made] = group.passed.get(made, 0) + 1
    for made, now_called in fate.guessed.items():
        if now_called:
            answer.renamed[made, now_called] = answer.renamed.get((made, now_called), 0) + 1
        else:
            group.lost[made] = group.lost.get(made, 0) + 1
    if fate.before is not None:
        group.before = _span(group.before, fate.before)
    if fate.after is not None and fate.before is not None:
        group.after = _span(group.after, fate.after)
        group.due_now += fate.after <= now and fate.before > now
        group.earlier += fate.after < fate.before
        group.later += fate.after > fate.before


def _span(span: tuple[datetime, datetime] | None, at: datetime) -> tuple[datetime, datetime]:
    return (at, at) if span is None else (min(span[0], at), max(span[1], at))


def name(work: Work, in_use: InUse, to: Row[Any], sources: Sequence[Row[Any]], answer: Preview, groups: Sequence[Group]) -> None:
    """Titles, and what a group would get that it did not, or no longer gets."""
    labels = in_use.house.rules.dispositions
    new = in_use.loaded(work, to.id)
    there = picture(new.program, labels).by_id
    by_number = {row.number: row for row in sources}
    for group in groups:
        old = in_use.loaded(work, by_number[group.frm].id)
        group.title = _title(picture(old.program, labels).by_id, group.step)
        group.to_title = _title(there, group.to_step) if group.to_step else ""
        before = _touchpoints(old, group.step)
        after = _touchpoints(new, group.to_step) if group.to_step else []
        group.no_longer = tuple(t for t in before if t not in after)
        group.newly = tuple(t for t in after if t not in before and group.passed.get(t, 0) < group.count)
    olds = {number: in_use.loaded(work, by_number[number].id) for number in {g.frm for g in groups}}
    answer.warnings = _warnings(answer, groups, olds, new)
    answer.groups = sorted(groups, key=lambda g: (g.frm, g.title, g.to_title))
    gone = {fate.step for fate in answer.fates if fate.code == "step is gone"}
    for row in sources:
        if not any(fate.frm == row.number and fate.step in gone for fate in answer.fates):
            continue
        old = in_use.loaded(work, row.id)
        likely = likely_steps(old.playbook, new.playbook)
        answer.hints += [f"--step {a}={b}" for a, b in likely.items() if a in gone and f"--step {a}={b}" not in answer.hints]


def _warnings(answer: Preview, groups: Sequence[Group], old: Mapping[int, LoadedVersion], new: LoadedVersion) -> list[str]:
    """What was made and has another name now: taken for the same where the words are, and asked about where something alike comes."""
    lines = [
        f"'{made}' is '{now}' now, it seems: {n:,} had it already and {'does' if n == 1 else 'do'} not get it again (else: --step {made}=)"
        for (made, now), n in sorted(answer.renamed.items())
    ]
    lost: dict[str, int] = {}
    for group in groups:
        comes = {_channel(new, t) for t in group.newly}
        for made, n in group.lost.items():
            if _channel(old[group.frm], made) in comes:
                lost[made] = lost.get(made, 0) + n
    return lines + [
        f"{n:,} had '{made}', which version {answer.to} does not have: when it only has another name there, say so, or they get it again "
        f"(--step {made}=NEW)"
        for made, n in sorted(lost.items())
    ]


def _channel(version: LoadedVersion, step: NodeId) -> str | None:
    node = version.program.nodes.get(step)
    return node.channel if isinstance(node, TouchNode) else None


def _title(spots: Mapping[NodeId, Spot], step: NodeId) -> str:
    spot = spots.get(step)
    return f"{spot.number}. {spot.title}" if spot is not None else step


def _touchpoints(version: LoadedVersion, step: NodeId) -> list[str]:
    """The touchpoints that may come from a step on, in the order of the file."""
    coming = ahead(version.program, step)
    return [s.id for s in every(tree(version.playbook)) if s.kind == "Touchpoint" and s.id in coming]
