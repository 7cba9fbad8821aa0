"""Two playbooks beside each other: which ones may be under way at once, and a customer who goes through both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from orchestrator.lint.imaginary import Person, imagine
from orchestrator.lint.paths import Edge
from orchestrator.lint.subject import Subject
from orchestrator.lint.walking import Walk

Pair = tuple[Subject, Subject]


def pairs(subjects: Mapping[str, Subject]) -> Iterator[Pair]:
    """Playbooks that may run for one subject at a time: they start on the same event, or on events of one kind of subject."""
    groups: dict[str, list[Subject]] = {}
    for subject in subjects.values():
        for kind in sorted(kinds_of(subject)):
            groups.setdefault(kind, []).append(subject)
    seen: set[tuple[str, str]] = set()
    for group in groups.values():
        for index, one in enumerate(group):
            for other in group[index + 1 :]:
                if (one.name, other.name) not in seen and _meet(one, other):
                    seen.add((one.name, other.name))
                    yield one, other


def kinds_of(subject: Subject) -> set[str]:
    """What its events are about: "quote" of quote.sent."""
    return {event.partition(".")[0] for event in subject.program.starts_on}


def _meet(one: Subject, other: Subject) -> bool:
    """Whether both can be under way at once: neither's start ends the other, or the same event starts both."""
    if one.program.starts_on & other.program.starts_on:
        return True
    ends = one.program.stops_on.keys() & other.program.starts_on or other.program.stops_on.keys() & one.program.starts_on
    return not ends


def same_customer(
    one: Subject, mine: Sequence[Edge], other: Subject, theirs: Sequence[Edge], zone: str, anchors: tuple[datetime, datetime]
) -> tuple[Person, Person] | None:
    """The same customer for both; with the same event when it starts both."""
    together = one.program.starts_on & other.program.starts_on
    pairs = ((one, mine, other, theirs, anchors[0]), (other, theirs, one, mine, anchors[1]))
    declared = {**one.source.compiled.declared, **other.source.compiled.declared}
    people = [
        imagine(a.program, a.design.lifecycle, declared, way, zone, anchor, also=[(b.program, gone)] if together else [])
        for a, way, b, gone, anchor in pairs
    ]
    first, second = people
    if first is None or second is None or first.ref != second.ref:
        return None
    if together and (first.started_by != second.started_by or dict(first.event) != dict(second.event)):
        return None
    for customer in (first.customer, second.customer):
        both = replace(first, customer=customer), replace(second, customer=customer)
        walks = zip((one, other), both, anchors, strict=True)
        if all(Walk(subject.program, subject.house, person).begins(anchor) for subject, person, anchor in walks):
            return both
    return None
