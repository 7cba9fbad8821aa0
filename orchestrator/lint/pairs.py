"""Two playbooks beside each other: which ones may be under way at once, and a customer who goes through both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from orchestrator.lint.imaginary import Person, imagine
from orchestrator.lint.paths import Edge
from orchestrator.lint.subject import Subject, Subjects
from orchestrator.lint.walking import Walk

Pair = tuple[Subject, Subject]


def pairs(subjects: Mapping[str, Subject]) -> Iterator[Pair]:
    """Playbooks that may run for one subject at a time: they start on the same event, or on events of one kind of subject.

    Only those with one that is asked about, when some are.
    """
    seen: set[tuple[str, str]] = set()
    for group in groups_of(subjects).values():
        for index, one in enumerate(group):
            for other in group[index + 1 :]:
                if (one.name, other.name) not in seen and asked_about(subjects, one, other) and meet(one, other):
                    seen.add((one.name, other.name))
                    yield one, other


def groups_of(subjects: Mapping[str, Subject]) -> dict[str, list[Subject]]:
    """The playbooks about each kind of subject; when some are asked about, only the groups that one of these is in."""
    groups: dict[str, list[Subject]] = {}
    for subject in subjects.values():
        for kind in sorted(kinds_of(subject)):
            groups.setdefault(kind, []).append(subject)
    return {kind: group for kind, group in groups.items() if asked_about(subjects, *group)}


def asked_about(subjects: Mapping[str, Subject], *some: Subject) -> bool:
    """Whether one of these is asked about: an author who changes one playbook does not wait for what the others are to each other."""
    focus = subjects.focus if isinstance(subjects, Subjects) else frozenset()
    return not focus or any(subject.name in focus for subject in some)


def kinds_of(subject: Subject) -> set[str]:
    """What its events are about: "quote" of quote.sent."""
    return {event.partition(".")[0] for event in subject.program.starts_on}


def meet(one: Subject, other: Subject) -> bool:
    """Whether both can be under way at once: neither's start ends the other, or the same event starts both."""
    if start_alike(one, other):
        return True
    ends = one.program.stops_on.keys() & other.program.starts_on or other.program.stops_on.keys() & one.program.starts_on
    return not ends


def same_customer(parts: Sequence[tuple[Subject, Sequence[Edge], datetime]], zone: str) -> tuple[Person, ...] | None:
    """One customer who goes each way from its moment on, with the same event for those that one event starts; None: nobody is found."""
    declared = {name: kind for subject, _, _ in parts for name, kind in subject.source.compiled.declared.items()}
    people: list[Person] = []
    for index, (subject, way, anchor) in enumerate(parts):
        also = [(b.program, gone) for other, (b, gone, _) in enumerate(parts) if other != index and start_alike(subject, b)]
        person = imagine(subject.program, subject.design.lifecycle, declared, way, zone, anchor, also=also)
        if person is None or person.ref != (people[0].ref if people else person.ref):
            return None
        for (other, _, _), found in zip(parts, people, strict=False):
            alike = found.started_by == person.started_by and dict(found.event) == dict(person.event)
            if start_alike(subject, other) and not alike:
                return None
        people.append(person)
    for one in people:
        all_of_them = tuple(replace(person, customer=one.customer) for person in people)
        walks = zip(parts, all_of_them, strict=True)
        if all(Walk(subject.program, subject.house, person).begins(anchor) for (subject, _, anchor), person in walks):
            return all_of_them
    return None


def start_alike(one: Subject, other: Subject) -> bool:
    """Whether one event starts both."""
    return bool(one.program.starts_on & other.program.starts_on)
