"""Who may take a call: the queue it waits in, and whom it is for first. Checked when the files are loaded."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.errors import Problem, did_you_mean
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.lifecycle import FieldType
from orchestrator.language.playbook import Touchpoint
from orchestrator.language.source import Loc, Source

_EVENT = "event."


def queue_field(step: Touchpoint) -> str | None:
    """The field of the event that names the call's queue; None when the file names it itself."""
    return step.queue.removeprefix(_EVENT) if step.queue and step.queue.startswith(_EVENT) else None


def check_staffing(
    step: Touchpoint,
    declared: Mapping[str, FieldType],
    house_rules: HouseRules,
    source: Source,
    loc: Loc,
    *,
    built_in: bool = False,
) -> list[Problem]:
    """What is wrong with a call's queues, and with whom it is for first.

    declared: the names of the playbook, "event.team" … built_in: it is there for every business, also for one without a desk.
    """
    problems = []
    if queue_field(step) is not None:
        at = (*loc, "queue")
        problems += _text(str(step.queue), declared, source, at, "its text is the name of a queue")
        if not house_rules.queues and not built_in:
            hint = "write one there, e.g. queues: {sales: {title: Sales}}"
            problems.append(source.problem(at, "house-rules.yaml has no queue", hint))
    named = [(step.queue, ("queue",))] if step.queue and queue_field(step) is None else []
    for queue, key in [*named, *([(step.escalates.queue, ("escalates", "queue"))] if step.escalates else [])]:
        if queue not in house_rules.queues:
            hint = did_you_mean(queue, house_rules.queues)
            problems.append(source.problem((*loc, *key), f"there is no queue '{queue}' in house-rules.yaml", hint))
    if step.owner_first:
        problems += _text("event.owner", declared, source, (*loc, "owner_first"), "it names the person who gets the call first")
    return problems


def _text(name: str, declared: Mapping[str, FieldType], source: Source, loc: Loc, why: str) -> list[Problem]:
    """Some start event must declare this field as a text; where it is missing the call is for everybody, in the first queue."""
    kind = declared.get(name)
    if kind is None:
        field = name.removeprefix(_EVENT)
        return [source.problem(loc, f"'{name}' is not known", f"declare '{field}: text' in lifecycle.yaml; {why}")]
    return [source.problem(loc, f"'{name}' is a {kind.kind}, not a text", why)] if kind.kind != "text" else []
