"""An imaginary customer and event whose data lead along a way through a playbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from orchestrator.core.planner import way_of
from orchestrator.language.lifecycle import FieldType, Lifecycle
from orchestrator.language.program import BranchNode, Check, NodeId, Program, SplitNode, TouchNode
from orchestrator.language.system_events import SYSTEM_EVENTS
from orchestrator.lint.claims import base, ways
from orchestrator.lint.paths import PASSED_OVER, YES, Edge
from orchestrator.lint.reach import STARTED_BY
from orchestrator.lint.values import Values, beside

MOST_CUSTOMERS = 400  # looked through for one who goes the ways of all splits
MOST_TRIED = 400  # ways in which conditions can hold together, until one fits
LATER = timedelta(days=10)  # a date or time that no condition speaks of, after the event


@dataclass(frozen=True, slots=True)
class Person:
    """The imaginary customer and the event: everything the planner may ask about."""

    zone: str
    started_by: str
    ref: str = "C-1"
    event: Mapping[str, Any] = field(default_factory=dict)  # Any: what fields of events may be
    customer: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)


def imagine(
    program: Program,
    lifecycle: Lifecycle,
    declared: Mapping[str, FieldType],
    way: Sequence[Edge],
    zone: str,
    anchor: datetime,
    also: Sequence[tuple[Program, Sequence[Edge]]] = (),
) -> Person | None:
    """Somebody who could go this way; None when there is nobody to be found.

    also: ways that the same customer goes
    through other playbooks because of the same event. Conditions that lint cannot read are not thought of: whether the way is
    really gone is seen when it is walked.
    """
    together = [(program, way), *also]
    passed = [condition for each, gone in together for condition in _passed(each, gone)]
    known = _solved(_known([edge for _, gone in together for edge in gone]), passed, declared)
    if known is None:
        return None
    among = known[STARTED_BY].among if STARTED_BY in known else None
    started_by = min(among or program.starts_on)
    values: dict[str, Any] = {}
    carried = lifecycle.events.get(started_by) or SYSTEM_EVENTS.get(started_by)
    for name, kind in declared.items():
        group, _, short = name.partition(".")
        asked = known.get(name)
        if group == "event" and (carried is None or short not in carried.fields):
            continue
        if asked is None and kind.optional:
            continue
        value = _value(kind, asked, anchor)
        if value is not None:
            values[name] = value
    ref = _who(together)
    if ref is None:
        return None
    customer = {name: value for name, value in _group(values, "customer").items() if name not in ("id", "zone", "time_zone")}
    return Person(zone, started_by, ref, _group(values, "event"), customer, _group(values, "answers"))


def _known(way: Sequence[Edge]) -> dict[str, Values]:
    """What is known on a way, all of it: states forget what is not asked any more."""
    known: dict[str, Values] = {}
    for edge in way:
        for state in (edge.source, edge.target):
            for name, values in state.known:
                met = known[name].meet(values) if name in known else values
                known[name] = values if met.empty else met
    return known


def _passed(program: Program, way: Sequence[Edge]) -> list[tuple[Check, bool]]:
    """The conditions on a way, that of the start included, and whether each holds on it."""
    passed: list[tuple[Check, bool]] = [(program.only_if, True)] if program.only_if else []
    for edge in way:
        node = program.nodes[edge.source.node]
        if isinstance(node, BranchNode):
            passed.append((node.check, edge.result == YES))
        elif isinstance(node, TouchNode) and node.only_if is not None and not edge.source.tries:
            passed.append((node.only_if, edge.result != PASSED_OVER))
    return list(dict.fromkeys(passed))


def _solved(
    known: dict[str, Values], checks: Sequence[tuple[Check, bool]], declared: Mapping[str, FieldType]
) -> dict[str, Values] | None:
    """What is known when all of these conditions hold or do not hold; None when they cannot, or not easily."""
    first = base(declared)
    each = [ways(check.source, declared, holds=holds) for check, holds in checks]
    tried = 0
    open_ = [(known, 0)]
    while open_:
        here, index = open_.pop()
        if index == len(each):
            return here
        tried += 1
        if tried > MOST_TRIED:
            return None
        met = [beside(here, claim, first) for claim in reversed(each[index])]
        open_ += [(dict(found), index + 1) for found in met if found is not None]
    return None


def _group(values: Mapping[str, Any], group: str) -> dict[str, Any]:
    return {name.partition(".")[2]: value for name, value in values.items() if name.startswith(f"{group}.")}


def _value(kind: FieldType, asked: Values | None, anchor: datetime) -> Any:
    """A value that fits what is known of the name; None: it is missing."""
    if asked is not None and asked.among is not None:
        fitting = sorted((value for value in asked.among if value not in asked.never), key=str)
        return _plain(fitting[0]) if fitting else None
    if asked is not None and kind.optional and asked.null and asked.low is None and asked.high is None:
        return None
    match kind.kind:
        case "number":
            return _number(asked)
        case "boolean":
            return True
        case "list":
            return ["x"]
        case "text":
            return next(text for text in ("x", "y", "z", "something else") if asked is None or text not in asked.never)
        case "date" if asked is None or (asked.low is None and asked.high is None):
            return (anchor + LATER).date().isoformat()
        case "time" if asked is None or (asked.low is None and asked.high is None):
            return (anchor + LATER).isoformat()
        case "date":
            assert asked is not None
            edge = date.fromisoformat(asked.low or asked.high)
            return (edge + timedelta(days=1 if asked.low else -1)).isoformat()
        case "time":
            assert asked is not None
            moment = asked.low or asked.high
            return (moment + timedelta(minutes=1 if asked.low else -1)).isoformat()
    return None


def _number(asked: Values | None) -> float:
    low, high = (asked.low, asked.high) if asked is not None else (None, None)
    if low is not None and high is not None:
        candidates = [(low + high) / 2, low, high]
    elif low is not None:
        candidates = [low + 1, low + 2]
    elif high is not None:
        candidates = [high - 1, high - 2]
    else:
        candidates = [100.0, 101.0, 102.5]
    return next((float(value) for value in candidates if asked is None or value not in asked.never), float(candidates[0]))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _who(together: Sequence[tuple[Program, Sequence[Edge]]]) -> str | None:
    """The id of a customer who goes the ways' ways at every split."""
    wanted: list[tuple[SplitNode, str, str]] = []
    for program, way in together:
        for edge in way:
            node = program.nodes[edge.source.node]
            if isinstance(node, SplitNode):
                wanted.append((node, program.playbook, edge.result))
    refs = (f"C-{number}" for number in range(1, MOST_CUSTOMERS))
    return next((ref for ref in refs if all(way_of(node, name, ref)[0] == to for node, name, to in wanted)), None)


def fields_of(program: Program, way: Sequence[Edge]) -> list[tuple[NodeId, str]]:
    """The fields of the event that steps of a way are timed by, each with the step where it first counts."""
    found: dict[str, NodeId] = {}
    for edge in way:
        node = program.nodes[edge.source.node]
        timing = getattr(node, "timing", None)
        if timing is not None and timing.when is not None:
            found.setdefault(timing.when.field, edge.source.node)
    return [(node, name) for name, node in found.items()]
