"""Moving an enrollment to another version of its playbook: where it stands afterwards, or why it stays. Pure.

Delays count from the same moment as before. What is under way is left alone; what was made already is not made again; a stop
that the new version has and that came already ends it. When nothing about the next touch changes, the touch is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from orchestrator.core import planner
from orchestrator.core.intake import ended
from orchestrator.core.model import Change, Close, End, EndReason, Note, Plan, Run, Touch, TouchState
from orchestrator.core.planner import MADE, Facts, was_asked_for
from orchestrator.language.program import AGAIN, Node, NodeId, Program, TouchNode, WaitNode, ways_on

REASON = "moved"  # of the touch that a move replaces
_HAD = "had:"  # in a touch's memory, before a step: it was made before the last move, by its name of today or one it had
_SINCE = "moved:"  # in a touch's memory: touches with a lower ordinal speak names of versions before the last move
_UNDER_WAY: Mapping[TouchState, str] = {
    TouchState.SENDING: "it is being sent this moment",
    TouchState.IN_CALL: "somebody has the call",
    TouchState.FILED: "how the call ended can still be undone",
    TouchState.CALLING: "the call is going on",
    TouchState.UNKNOWN: "nobody knows yet whether it went out",
}
WhyNot = Literal["over", "under way", "step is gone", "unclear", "call back", "cannot be used"]


@dataclass(frozen=True, slots=True)
class Past:
    """A touch of the enrollment that is over."""

    touch: Touch
    reason: str | None
    disposition: str | None


@dataclass(frozen=True, slots=True)
class Stood:
    """An enrollment as it stands, with what led there."""

    run: Run
    touch: Touch | None
    past: tuple[Past, ...]  # in order, without those that were cancelled by moves
    decided_at: datetime  # when what it stands at was planned first: earlier moves counted

    @classmethod
    def of(cls, run: Run, touch: Touch | None, all_: tuple[Past, ...]) -> Stood:
        """all_: every closed touch of the enrollment, in order."""
        decided_at = touch.planned_at if touch is not None else run.anchor
        for one in reversed(all_):
            if not _replaced(one):
                break
            decided_at = one.touch.planned_at
        return cls(run, touch, tuple(p for p in all_ if not _replaced(p)), decided_at)

    @property
    def made(self) -> frozenset[NodeId]:
        """The steps that reached, or may have reached, the customer, by their names in the version where it stands."""
        memory: Mapping[str, int] = self.touch.memory if self.touch is not None else {}
        told = {key.removeprefix(_HAD) for key in memory if key.startswith(_HAD)}
        return frozenset(told | {p.touch.step for p in self._contacts if p.touch.ordinal >= memory.get(_SINCE, 0)})

    @property
    def _contacts(self) -> list[Past]:
        return [p for p in self.past if p.touch.effect_at is not None]

    @property
    def on_record(self) -> frozenset[NodeId]:
        """The same by the names that they had when they were made."""
        return frozenset(p.touch.step for p in self._contacts)


@dataclass(frozen=True, slots=True)
class Stays:
    """It stays on its version."""

    code: WhyNot
    why: str


@dataclass(frozen=True, slots=True)
class Goes:
    """It goes to the new version: `run` says which. `changes` close and plan its touch, or end it."""

    run: Run
    step: NodeId  # of the new version, at which the old one continues
    touch: Touch | None  # that it stands at afterwards; None: it ends
    changes: tuple[Change, ...]
    kept: bool = False  # nothing about the touch changes
    remember: Mapping[str, int] | None = None  # a kept touch with another memory
    reason: EndReason | None = None


def move(
    old: Facts, new: Facts, stood: Stood, steps: Mapping[NodeId, NodeId], at: datetime, by: str, new_id: Callable[[], UUID],
    likely: Mapping[NodeId, NodeId] | None = None,
) -> Stays | Goes:  # fmt: skip
    """Where an enrollment stands after a move.

    old, new: the facts in both versions; new.run names the new one, with when it gives up there. new.seen knows its stops too.
    steps: which step of the old version is which of the new one. by: who moves it, for the journal.
    likely: the same for steps with another name, as far as one can guess: enough for not making one of them twice.
    """
    run, touch = stood.run, stood.touch
    if run.ended is not None or touch is None:
        return Stays("over", "it has ended")
    if (under_way := _UNDER_WAY.get(touch.state)) is not None:
        return Stays("under way", under_way)
    target = steps.get(touch.step)
    if target is None or target not in new.program.nodes:
        return Stays("step is gone", f"version {new.run.number} has no step '{touch.touchpoint or touch.step}'")
    said = f"{by} moved it from version {run.number} to {new.run.number}"
    stopped = [t for t in sorted(new.program.stops_on) if t in new.seen and new.seen[t] >= run.anchor]
    if stopped:
        reason = EndReason.GOAL if new.program.stops_on[stopped[0]] == "goal" else EndReason.STOPPED
        note = Note("enrollment.moved", at, said, rule=by, run=run.id, customer=run.customer)
        changes = ended(run, touch, reason, at, f"version {new.run.number} stops on {stopped[0]}, and that came already")
        return Goes(new.run, target, None, (note, *changes), reason=reason)
    memory = _memory(old.program, new.program, stood, touch, target, {**(likely or {}), **steps})
    promised = was_asked_for(touch)
    there = new.program.nodes[target]
    if promised and not (isinstance(there, TouchNode) and there.channel == touch.channel):
        return Stays("call back", "the customer asked to be called back, and that step calls no more")
    in_time = touch.due_at < new.run.gives_up_at or new.run.gives_up_at == run.gives_up_at
    as_before = target == touch.step and MADE + target not in memory and in_time
    if as_before and _same(old.program.nodes[touch.step], there, touch, promised):
        why = f"{said}; nothing about its next touch changes"
        note = Note("enrollment.moved", at, why, rule=by, run=run.id, touch=touch.id, customer=run.customer)
        remember = memory if memory != dict(touch.memory) else None
        return Goes(new.run, target, touch, (note,), kept=True, remember=remember)
    return _anew(old, new, stood, touch, target, memory, at, said, by, new_id, promised=promised)


def _anew(
    old: Facts, new: Facts, stood: Stood, touch: Touch, target: NodeId, memory: Mapping[str, int], at: datetime, said: str, by: str,
    new_id: Callable[[], UUID], *, promised: bool,
) -> Stays | Goes:  # fmt: skip
    """Close the touch and plan what the new version says, counted from the same moment."""
    facts = replace(new, not_before=min(touch.due_at, at))  # what was due already does not become younger
    since = counts_from(old.program, stood)
    stands = replace(touch, step=target, memory=memory)
    if touch.tries > 1 and isinstance(new.program.nodes[target], TouchNode):
        last = replace(stood.past[-1].touch if stood.past else stands, step=target, tries=touch.tries - 1, ordinal=touch.ordinal)
        last = replace(last, memory=memory)
        planned = planner.once_more(facts, target, last, since, at, touch.due_at if promised else None, new_id)
    else:
        planned = planner.stand(facts, target, stands, since, at, _previous(stood), new_id)
    why = f"called off: {said}"
    changes: list[Change] = [Close(touch.id, stood.run.id, TouchState.CANCELLED, REASON, at, why, touch.epoch)]
    stands_at: Touch | None = None
    reason: EndReason | None = None
    for change in planned:
        match change:
            case End(reason=EndReason.ERROR):
                return Stays("unclear", change.why.replace(f" for {stood.run.subject}", ""))  # for people who may not know whom
            case End():
                reason = change.reason
                changes.append(replace(change, why=f"{said}; {change.why}"))
            case Plan():
                stands_at = _offered(replace(change.touch, why=f"{said}; {change.touch.why}"), touch)
                changes.append(replace(change, touch=stands_at))
            case _:
                changes.append(change)
    where = "nothing is left to do there" if stands_at is None else f"it stands at {stands_at.touchpoint or 'a wait'}"
    note = Note("enrollment.moved", at, f"{said}; {where}", rule=by, run=stood.run.id, customer=stood.run.customer)
    return Goes(new.run, target, stands_at, (note, *changes), reason=reason)


def _same(before: Node, after: Node, touch: Touch, promised: bool) -> bool:
    """Whether a touch that was planned in one version is what the other one would plan."""
    match before, after:
        case WaitNode(), WaitNode():
            return (before.timing, before.events) == (after.timing, after.events)
        case TouchNode(), TouchNode():
            if touch.tries > 1:
                again = not promised and (before.apart, before.vary) != (after.apart, after.vary)
                if again or (touch.tries > after.most and not promised):
                    return False
            elif before.timing != after.timing:
                return False
            stamped = touch.state is TouchState.READY and _offering(before) != _offering(after)
            return not stamped and _of_the_touch(before) == _of_the_touch(after)
    return False


def _of_the_touch(node: TouchNode) -> tuple[object, ...]:
    """What is written into a touch when it is planned, or decides whether it is. Everything else is read when it is made."""
    return (
        node.touchpoint, node.channel, node.window, node.queue, node.queue_from, node.priority, node.due_within,
        node.not_later_than, node.only_if.source if node.only_if else None, node.most > 1,
    )  # fmt: skip


def _offering(node: TouchNode) -> tuple[object, ...]:
    """What is written into a call when it begins to wait in its queue."""
    return node.skill, node.owner_first, node.escalate_after, node.escalate_to


def _offered(touch: Touch, before: Touch) -> Touch:
    """A call that is kept for somebody stays theirs."""
    if touch.channel != "call" or before.channel != "call":
        return touch
    return replace(touch, offered_to=before.offered_to, offered_until=before.offered_until)


def _memory(
    old: Program, new: Program, stood: Stood, touch: Touch, target: NodeId, steps: Mapping[NodeId, NodeId]
) -> dict[str, int]:
    """The touch's memory in the words of the new version, with a mark for what would otherwise be made a second time.

    A step that the old version could have made once more, and that comes several times in the new one too (a text beside each
    voicemail), is left as it is. What was made before is handed on from move to move: past touches keep their old names.
    """
    tries = {steps.get(key, key): made for key, made in touch.memory.items() if not key.startswith((MADE, _HAD, _SINCE))}
    # an old name is remembered until a version gives it to another step: an undo may bring it back
    had = {steps.get(s, s) for s in stood.made} | {s for s in stood.made if s not in new.nodes}
    still = {steps.get(s, s) for s in ahead(old, touch.step)}
    marked = {steps.get(s, s) for s in (key.removeprefix(MADE) for key in touch.memory if key.startswith(MADE))}
    twice = {s for s in had & ahead(new, target) if s in marked or not (s in still and _several_times(new, s))}
    memory = {**tries, **{MADE + s: 1 for s in sorted(twice)}}
    if had == stood.on_record and _SINCE not in touch.memory:
        return memory  # the record says it in names that hold
    return {**memory, **{_HAD + s: 1 for s in sorted(had)}, _SINCE: touch.ordinal}


def _several_times(program: Program, step: NodeId) -> bool:
    """Whether a follow-up may come to a step more than once."""
    node = program.nodes[step]
    return (isinstance(node, TouchNode) and node.most > 1) or any(step in ahead(program, way) for way in ways_on(node))


def ahead(program: Program, start: NodeId) -> frozenset[NodeId]:
    """Every node that may come from here on, this one included."""
    found: set[NodeId] = set()
    open_ = [start]
    while open_:
        node_id = open_.pop().removeprefix(AGAIN)
        if node_id not in found and node_id in program.nodes:
            found.add(node_id)
            open_ += ways_on(program.nodes[node_id])
    return frozenset(found)


def counts_from(program: Program, stood: Stood) -> datetime:
    """The moment that the delay of where it stands counted from: the rule of planner.after, told from what is on record."""
    if not stood.past:
        first, base = program.first, stood.run.anchor
    else:
        last = stood.past[-1]
        node = program.nodes.get(last.touch.step)
        if isinstance(node, WaitNode):
            if last.reason == "event came":
                return stood.decided_at
            first, base = node.otherwise, last.touch.due_at
        elif last.touch.state in (TouchState.SKIPPED, TouchState.EXPIRED):
            results = ("skipped", "expired", "not_taken")
            edges = [node.outcomes[r] for r in results if r in node.outcomes] if isinstance(node, TouchNode) else []
            first, base = (edges[0] if edges else node.next if isinstance(node, TouchNode) else ""), last.touch.due_at
        else:
            return stood.decided_at
    # a wait on the way whose event had come already leaves no touch; the next delay counted from then
    passed = stood.touch is not None and _waits_between(program, first.removeprefix(AGAIN), stood.touch.step)
    return stood.decided_at if passed else base


def _waits_between(program: Program, first: NodeId, to: NodeId) -> bool:
    """Whether some way from one node to another passes a wait, and no touch that would have been planned."""
    open_, seen = [(first, False)], set()
    while open_:
        node_id, passed = open_.pop()
        if node_id == to:
            if passed:
                return True
            continue
        node = program.nodes.get(node_id)
        if node is None or (node_id, passed) in seen:
            continue
        seen.add((node_id, passed))
        match node:
            case WaitNode():
                open_.append((node.then, True))
            case TouchNode():  # its condition was not met
                open_.append((node.next, passed))
            case _:
                open_ += [(way, passed) for way in ways_on(node)]
    return False


def _previous(stood: Stood) -> str:
    if not stood.past:
        return "the event"
    return stood.past[-1].touch.touchpoint or "the wait"


def _replaced(past: Past) -> bool:
    return past.touch.state is TouchState.CANCELLED and past.reason == REASON
