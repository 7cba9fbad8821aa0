"""The planner: where an enrollment stands and what just happened go in; the next dated touch, or the end, comes out.

It walks a Program from node to node until it meets something that takes time or contacts somebody. Nothing here reads a clock:
`at` is the moment of the decision, `since` the moment that delays count from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from orchestrator.core.house import House
from orchestrator.core.model import AUTOMATIC_CALLS, Change, Customer, End, EndReason, Note, Plan, Run, Touch
from orchestrator.core.windows import add, at_time, field_moment, opening, subtract
from orchestrator.language.delays import Moment, TimeOfDay, Unit
from orchestrator.language.dispositions import BY_CODE
from orchestrator.language.program import (
    AGAIN,
    BranchNode,
    EndNode,
    Node,
    NodeId,
    Program,
    SplitNode,
    Timing,
    TouchNode,
    WaitNode,
)

MOST_HOPS = 200  # nodes passed without a touch or a wait; a compiled playbook has no such loop, so more means a broken one
MADE = "made:"  # in a touch's memory, before a step: it was made before a move, and is never made a second time because of it
_ASKED_FOR = "asked for:"  # in a touch's memory: the customer asked for its time
_ANOTHER_PART_OF_THE_DAY = timedelta(hours=2)
_ENDS = {"goal": EndReason.GOAL, "exit": EndReason.STOPPED, "exhausted": EndReason.EXHAUSTED}


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the planner may look at for one enrollment."""

    program: Program
    run: Run
    customer: Customer
    house: House
    names: Callable[[], Mapping[str, object]]  # for conditions: "event.amount" -> 1850.0; built when first asked
    seen: Mapping[str, datetime]  # event types known about this subject -> when last
    not_before: datetime | None = None  # after a move: a delay that would be over already ends now


class _Unclear(Exception):
    """A date or condition cannot be told: the enrollment ends with the reason, and nobody is contacted."""


def start(facts: Facts, at: datetime, new_id: Callable[[], UUID]) -> list[Change]:
    """The first touch of a new enrollment; delays count from when its event occurred."""
    return _surely(facts, at, lambda: _walk(facts, facts.program.first, facts.run.anchor, at, "the event", 1, {}, new_id))


def after(
    facts: Facts, touch: Touch, result: str, at: datetime, new_id: Callable[[], UUID], asked_for: datetime | None = None
) -> list[Change]:
    """What follows a touch that has its result.

    result: a disposition, or sent | failed | skipped | expired | not_taken; for a wait: came | over.
    at: the moment of the result. asked_for: when the customer wants to be called back.
    """
    return _surely(facts, at, lambda: _after(facts, touch, result, at, new_id, asked_for))


def stand(
    facts: Facts, node_id: NodeId, touch: Touch, since: datetime, at: datetime, previous: str, new_id: Callable[[], UUID]
) -> list[Change]:
    """What an enrollment stands at that a move puts before this node; core/moving.py says when.

    touch: where it stood, with its memory and its number. since: the moment that its delay counted from.
    """
    return _surely(facts, at, lambda: _walk(facts, node_id, since, at, previous, touch.ordinal + 1, touch.memory, new_id))


def once_more(
    facts: Facts,
    node_id: NodeId,
    last: Touch,
    since: datetime,
    at: datetime,
    asked_for: datetime | None,
    new_id: Callable[[], UUID],
) -> list[Change]:
    """The same of one that waits for a further try. last: the try before; asked_for: the customer asked for that time."""
    return _surely(facts, at, lambda: _again(facts, node_id, last, since, at, new_id, asked_for))


def was_asked_for(touch: Touch) -> bool:
    """Whether the customer asked to be called back: it is at the time they were told, or when hours begin after it."""
    return _ASKED_FOR in touch.memory


def _surely(facts: Facts, at: datetime, plan: Callable[[], list[Change]]) -> list[Change]:
    """A plan, or an end with the reason on record: what cannot be computed for one enrollment must not hold up the others."""
    try:
        return plan()
    except _Unclear as unclear:
        return [End(facts.run.id, EndReason.ERROR, at, str(unclear))]
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as wrong:
        why = f"what comes next cannot be told, so nobody is contacted: {type(wrong).__name__}: {wrong}"
        return [End(facts.run.id, EndReason.ERROR, at, why)]


def _after(
    facts: Facts, touch: Touch, result: str, at: datetime, new_id: Callable[[], UUID], asked_for: datetime | None
) -> list[Change]:
    node = facts.program.nodes[touch.step]
    if was_asked_for(touch):  # what follows was not
        touch = replace(touch, memory={k: v for k, v in touch.memory.items() if k != _ASKED_FOR})
    if isinstance(node, WaitNode):
        target = node.then if result == "came" else node.otherwise
        return _walk(
            facts, target, at if result == "came" else touch.due_at, at, "the wait", touch.ordinal + 1, touch.memory, new_id
        )
    assert isinstance(node, TouchNode), f"{touch.step} is no touchpoint"
    # what was not done keeps the rhythm of the plan: the next delay counts from when it was due
    since = touch.due_at if result in ("skipped", "expired", "not_taken") else at
    edge = edge_of(node, result)
    if edge.startswith(AGAIN):
        return _again(facts, edge.removeprefix(AGAIN), touch, since, at, new_id, asked_for)
    return _walk(facts, edge, since, at, node.touchpoint, touch.ordinal + 1, touch.memory, new_id)


def edge_of(node: TouchNode, result: str) -> NodeId:
    """The author's edge for this result, for its class, or the default of the disposition."""
    disposition = BY_CODE.get(result) if node.channel == "call" or node.channel in AUTOMATIC_CALLS else None
    if result in node.outcomes:
        return node.outcomes[result]
    if disposition is None or (node.channel == "voicemail" and result == "voicemail_left"):
        return node.next  # a voicemail that was left is what a voicemail is for: no reason to try again
    if disposition.kind in node.outcomes:
        return node.outcomes[disposition.kind]
    match disposition.default:
        case "again":
            return AGAIN + node.id
        case "continue":
            return node.next
        case "goal" | "exit":
            return disposition.default  # every program has these two (END_NODES of language/compile.py)
        case _:
            assert_never(disposition.default)


def _again(
    facts: Facts, target: NodeId, touch: Touch, since: datetime, at: datetime, new_id: Callable[[], UUID],
    asked_for: datetime | None,
) -> list[Change]:  # fmt: skip
    """The same touchpoint once more after a touch."""
    made = touch.tries if touch.step == target else touch.memory.get(target, 1)
    last = touch.effect_at or since
    return _next_try(facts, target, made, touch.memory, last, since, at, touch.ordinal + 1, new_id, asked_for)


def _next_try(
    facts: Facts,
    target: NodeId,
    made: int,
    memory: Mapping[str, int],
    last: datetime,
    since: datetime,
    at: datetime,
    ordinal: int,
    new_id: Callable[[], UUID],
    asked_for: datetime | None = None,
) -> list[Change]:
    """One more try, or the `not_reached` way when the tries are used up. made: tries so far; last: when the last contact was."""
    node = facts.program.nodes[target]
    assert isinstance(node, TouchNode), f"again leads to {target}, which is no touchpoint"
    memory = {k: v for k, v in memory.items() if k != target}
    if made >= node.most and asked_for is None:  # a time that the customer asked for is kept all the same
        edge = node.outcomes.get("not_reached", node.next)
        return _walk(facts, edge, since, at, f"{node.touchpoint} (tried {made} times)", ordinal, memory, new_id)
    house, zones = facts.house, facts.customer.zones
    if asked_for is not None:
        due, why, memory = asked_for, "the customer asked for this time", {**memory, _ASKED_FOR: 1}
    else:
        due = add(node.apart, since, zones, house) if node.apart else since
        due = max(due, facts.not_before or due)
        why = f"{node.apart or 'at once'} after try {made}"
        if node.vary:
            slot = _other_time(house.times_of_day, last, zones, house)
            due, why = at_time(due, slot, zones, house), f"{why}, at another time of day"
    why = f"{node.touchpoint}, try {made + 1} of {node.most}: {why}"
    return _planned(facts, node, due, at, why, ordinal, memory, new_id, made + 1)


def _other_time(times: tuple[TimeOfDay, ...], last: datetime, zones: tuple[str, ...], house: House) -> TimeOfDay:
    """The next time of day of the house rules, at least two hours by the clock from when the last try was."""
    following = [at_time(last + _ANOTHER_PART_OF_THE_DAY, t, zones, house) for t in times]  # each today or tomorrow
    return times[following.index(min(following))]


def _walk(
    facts: Facts,
    node_id: NodeId,
    since: datetime,
    at: datetime,
    previous: str,
    ordinal: int,
    memory: Mapping[str, int],
    new_id: Callable[[], UUID],
) -> list[Change]:
    """Follow edges until a touch is planned or the enrollment ends."""
    notes: list[Change] = []
    run = facts.run
    try:
        for _ in range(MOST_HOPS):
            if node_id.startswith(AGAIN):  # after a wait, a branch, or a contact that was passed over
                target = node_id.removeprefix(AGAIN)
                return [*notes, *_next_try(facts, target, memory.get(target, 1), memory, since, since, at, ordinal, new_id)]
            node: Node = facts.program.nodes[node_id]
            match node:
                case TouchNode():
                    if MADE + node.id in memory:
                        said = f"{node.touchpoint}: it was made before this follow-up was moved to another version"
                        notes.append(Note("touch.passed_over", at, said, rule="moved", run=run.id, customer=run.customer))
                        node_id = node.next
                        continue
                    if node.only_if is not None and not _holds(facts, node.only_if.holds(facts.names()), node.only_if.source):
                        notes.append(
                            Note("touch.passed_over", at, f"{node.touchpoint}: its condition is not met: {node.only_if.source}",
                                 rule="only_if", run=run.id, customer=run.customer)
                        )  # fmt: skip
                        node_id = node.next
                        continue
                    due, why = _due(facts, node.timing, since, previous)
                    return [*notes, *_planned(facts, node, due, at, f"{node.touchpoint}: {why}", ordinal, memory, new_id, 1)]
                case WaitNode():
                    came = [t for t in node.events if t in facts.seen and facts.seen[t] >= run.anchor]
                    if came:
                        notes.append(
                            Note("wait.not_needed", at, f"{came[0]} had already come", run=run.id, customer=run.customer)
                        )
                        node_id, since, previous = node.then, at, came[0]
                        continue
                    due, why = _due(facts, node.timing, since, previous)
                    what = f"wait for {' or '.join(node.events)} until then" if node.events else "wait"
                    return [*notes, *_dated(facts, node, due, at, f"{what}: {why}", ordinal, memory, new_id)]
                case BranchNode():
                    yes = _holds(facts, node.check.holds(facts.names()), node.check.source)
                    notes.append(
                        Note("branch.taken", at, f"{node.check.source} is {'true' if yes else 'not true'}", rule=node.id,
                             run=run.id, customer=run.customer)
                    )  # fmt: skip
                    node_id = node.then if yes else node.otherwise
                case SplitNode():
                    name, node_id = way_of(node, facts.program.playbook, facts.customer.ref)
                    notes.append(
                        Note("split.taken", at, f"split {node.name}: {name}", rule=node.name, run=run.id, customer=run.customer)
                    )
                case EndNode():
                    return [*notes, End(run.id, _ENDS[node.reason], at, _END_WORDS[node.reason].format(previous))]
                case _:
                    assert_never(node)
    except _Unclear as unclear:
        return [*notes, End(run.id, EndReason.ERROR, at, str(unclear))]
    return [
        *notes,
        End(run.id, EndReason.ERROR, at, f"more than {MOST_HOPS} steps without a touch: the playbook goes in a circle"),
    ]


_END_WORDS = {
    "goal": "the playbook says: goal reached after {}",
    "exit": "the playbook says: exit after {}",
    "exhausted": "nothing is left to do after {}",
}


def _holds(facts: Facts, answer: bool | None, source: str) -> bool:
    if answer is None:
        raise _Unclear(f"the condition cannot be told for {facts.run.subject}: {source}")
    return answer


def way_of(node: SplitNode, playbook: str, customer: str) -> tuple[str, NodeId]:
    """The same customer always goes the same way; customers spread by their share."""
    digest = hashlib.sha256(f"{playbook}/{node.name}/{customer}".encode()).digest()
    point = int.from_bytes(digest[:8], "big") % 100
    for name, share, target in node.ways:
        if point < share:
            return name, target
        point -= share
    raise AssertionError("shares add up to 100")


def _due(facts: Facts, timing: Timing, since: datetime, previous: str) -> tuple[datetime, str]:
    """When a node's own timing puts it, and that in words."""
    zones, house = facts.customer.zones, facts.house
    if timing.when is not None:
        field = timing.when.field
        base = field_moment(facts.run.event.get(field), zones, house)
        if base is None:
            raise _Unclear(f"event.{field} is missing or no date, so {timing.when} cannot be told")
        due, why = base, _moment_words(timing.when)
        if timing.when.delay is not None:
            move = subtract if timing.when.side == "before" else add
            due = move(timing.when.delay, base, zones, house)
    elif timing.after is not None:
        due, why = add(timing.after, since, zones, house), f"{timing.after} after {previous}"
    else:
        due, why = since, f"right after {previous}"
    if timing.at is not None:
        # on the day that the event or a delay in days leads to; otherwise the next time the clock shows it
        named_day = timing.when is not None or (timing.after is not None and timing.after.unit not in (Unit.MINUTES, Unit.HOURS))
        due = at_time(due, timing.at, zones, house, keep_day=named_day)
        why = f"{why}, at {timing.at}"
    if timing.when is None and facts.not_before is not None and due < facts.not_before:
        due = facts.not_before if timing.at is None else at_time(facts.not_before, timing.at, zones, house)
    return due, why


def _moment_words(when: Moment) -> str:
    """A moment of the event for people: "3 days before 'due on'"."""
    named = f"'{when.field.replace('_', ' ')}'"
    return f"{when.delay} {when.side} {named}" if when.delay else f"as {named} of what began it says"


def _planned(
    facts: Facts, node: TouchNode, due: datetime, at: datetime, why: str, ordinal: int, memory: Mapping[str, int],
    new_id: Callable[[], UUID], tries: int,
) -> list[Change]:  # fmt: skip
    """A contact, moved into its window. The policies are asked again when it is about to happen."""
    house, zones = facts.house, facts.customer.zones
    span = opening(house, (node.window, house.never_outside[node.channel]), zones, facts.customer.hours, due)
    if span is not None and span.start > due:
        due, why = span.start, f"{why}; moved to when {node.window} opens"
    queue, why = _queue(node, facts, why)
    # without an opening the touch stays where it is: the policy says no when it comes due, with its reason
    useful = node.due_within or node.not_later_than or house.skip_when_late
    memory = {**memory, node.id: tries} if node.most > 1 else memory
    touch = Touch(
        id=new_id(),
        run=facts.run.id,
        customer=facts.run.customer,
        ordinal=ordinal,
        step=node.id,
        touchpoint=node.touchpoint,
        channel=node.channel,
        queue=queue,
        priority=node.priority,
        tries=tries,
        planned_at=at,
        due_at=due,
        expires_at=add(useful, due, zones, house),
        escalate_at=None,  # counts from when it waits for staff: core/judging.py
        why=why,
        memory=memory,
    )
    return _unless_given_up(facts, touch, at)


def _queue(node: TouchNode, facts: Facts, why: str) -> tuple[str | None, str]:
    """The list in which a call waits; the house's first one when the event names none that is there."""
    if node.queue_from is None:
        return node.queue, why
    named = facts.run.event.get(node.queue_from)
    if isinstance(named, str) and named in facts.house.queues:
        return named, why
    first = next(iter(facts.house.queues), None)
    if first is None:
        raise _Unclear("the house rules have no queue in which the call could wait")
    return first, f"{why}; event.{node.queue_from} names no queue of the house rules, so it waits in {first}"


def _dated(
    facts: Facts,
    node: WaitNode,
    due: datetime,
    at: datetime,
    why: str,
    ordinal: int,
    memory: Mapping[str, int],
    new_id: Callable[[], UUID],
) -> list[Change]:
    """A wait: a touch without a channel."""
    touch = Touch(
        new_id(), facts.run.id, facts.run.customer, ordinal, node.id, None, None, None, 5, 1, at, due, None, None, why, memory
    )  # fmt: skip
    return _unless_given_up(facts, touch, at)


def _unless_given_up(facts: Facts, touch: Touch, at: datetime) -> list[Change]:
    if touch.due_at >= facts.run.gives_up_at:
        why = f"{touch.why}; that is after the playbook gives up ({facts.program.gives_up_after})"
        return [End(facts.run.id, EndReason.EXPIRED, at, why)]
    return [Plan(touch, at)]
