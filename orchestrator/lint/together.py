"""Playbooks beside each other: contact with the same customer on the same day, one start for two of them, and circles of starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import product

from orchestrator.core.windows import local_day
from orchestrator.core.zones import zone_of
from orchestrator.language.design import Design
from orchestrator.language.dispositions import STAFF_CODES
from orchestrator.language.program import EndNode, TouchNode
from orchestrator.lint.bounds import TooMuch, Work
from orchestrator.lint.finding import Finding
from orchestrator.lint.imaginary import Person, fields_of, imagine
from orchestrator.lint.pairs import pairs, same_customer, start_alike
from orchestrator.lint.paths import Edge
from orchestrator.lint.subject import Subject
from orchestrator.lint.walking import Made, Walk, at_words, quiet_weeks

MOST_WAYS = 4  # of each playbook that are looked at beside those of another one
MOST_TOLD = 3  # others that a playbook is said to meet; then there is enough to mend
MOST_WORK = 600  # examples tried in all: counted, not timed, so that every machine finds the same
_HOURS = (9, 15)  # at which the event of an example comes
_SOME_DAY = datetime(2026, 2, 2, 15, tzinfo=UTC)  # for what does not depend on the day
_MESSAGES, _CALLS = "touch.sent", "call.finished"
_OWN = frozenset({_MESSAGES, _CALLS})


def same_day(design: Design, subjects: Mapping[str, Subject]) -> Iterator[Finding]:
    """Two playbooks that contact the same customer about the same subject on one day; else, that one event starts both.

    What was not looked at, because it would take too long or enough is found already, is said too.
    """
    alone = {name: _Alone(subject) for name, subject in subjects.items()}
    work = Work(MOST_WORK)
    told: dict[tuple[str, str], int] = {}
    left_out: dict[str, list[str]] = {}
    for one, other in pairs(subjects):
        found = None
        if told.get((one.name, "TP601"), 0) < MOST_TOLD:
            try:
                found = _met(alone[one.name], alone[other.name], work)
            except TooMuch:
                left_out.setdefault(one.name, []).append(other.name)
        else:
            left_out.setdefault(one.name, []).append(other.name)
        if found is not None:
            count = told[one.name, found.code] = told.get((one.name, found.code), 0) + 1
            if count <= MOST_TOLD:
                yield found
            else:  # one start for two of them: only that is ever more than enough
                left_out.setdefault(one.name, []).append(other.name)
    for name, more in left_out.items():
        others = "another playbook" if len(more) == 1 else f"{len(more)} other playbooks"
        message = f"'{name}' may be under way beside {others}, and whether they meet is not all said here: there are too many"
        path = f"{min(subjects[name].program.starts_on)} → {name}, and {others}"
        yield subjects[name].finding("TP604", message, ("starts_on",), path=path, beside=more)


def _met(alone: _Alone, beside: _Alone, work: Work) -> Finding | None:
    """What is to be said of two playbooks."""
    one, other = alone.subject, beside.subject
    shared = sorted(one.program.starts_on & other.program.starts_on)
    example = _example(alone, beside, work)
    if example is not None:
        mine, theirs, zone = example
        begun = f"both start on {shared[0]}" if shared else "nothing ends one when the other begins"
        message = (
            f"'{mine[-1].touchpoint}' here and '{theirs[-1].touchpoint}' of {other.name} can reach the same customer about the "
            f"same subject on one day: {begun}"
        )
        path = f"{_shown(one, mine, zone)}; {_shown(other, theirs, zone)}"
        return one.finding("TP601", message, mine[-1].node, path=path, beside=[other.name])
    if shared and _fits_both(one, other):
        message = f"{shared[0]} starts {one.name} and {other.name}: the same customer goes through both"
        path = f"{shared[0]} → {one.name}, {other.name}"
        return one.finding("TP602", message, ("starts_on",), path=path, beside=[other.name])
    return None


def for_ever(design: Design, subjects: Mapping[str, Subject]) -> Iterator[Finding]:
    """Playbooks whose own contacts start them again, directly or through each other, without an end."""
    causes = {name: dict(_started_by(subject, subjects)) for name, subject in subjects.items()}
    told: set[frozenset[str]] = set()
    for name in sorted(causes):
        circle = _circle(name, causes)
        if circle is None or frozenset(circle) in told:
            continue
        told.add(frozenset(circle))
        parts = [subjects[name].name]
        for here, there in zip(circle, [*circle[1:], circle[0]], strict=True):
            event, touchpoint = causes[here][there]
            parts.append(f"{touchpoint} → {event} → {there}")
        who = "its own contacts start it" if len(circle) == 1 else f"{' and '.join(circle)} start each other"
        message = f"{who} again and again, without an end"
        yield subjects[name].finding("TP603", message, ("starts_on",), path=" → ".join(parts), beside=circle[1:])


# -- on one day ---------------------------------------------------------------------------------------------------


class _Alone:
    """What can be told of one playbook before it is laid beside others."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.zone = next(iter(subject.house.strictest), "UTC")
        self._days: dict[tuple[int, datetime], frozenset[date] | None] = {}

    @cached_property
    def ways(self) -> list[tuple[Edge, ...]]:
        """A way out of each of the first contacts that was made."""
        found: list[tuple[Edge, ...]] = []
        for node in self.subject.touches:
            results = [r for r in ("sent", "no_answer", "completed", "voicemail_left") if len(found) < MOST_WAYS]
            way = next((w for r in results if (w := self.subject.paths.to(node.id, r)) is not None), None)
            if way is not None:
                found.append(way)
        return found

    def days(self, index: int, anchor: datetime) -> frozenset[date] | None:
        """The days on which a way contacts somebody, whoever goes it; None: that depends on who does."""
        if (index, anchor) not in self._days:
            self._days[index, anchor] = self._days_of(self.ways[index], anchor)
        return self._days[index, anchor]

    def _days_of(self, way: Sequence[Edge], anchor: datetime) -> frozenset[date] | None:
        subject, program = self.subject, self.subject.program
        person = imagine(program, subject.design.lifecycle, subject.source.compiled.declared, way, self.zone, anchor)
        if person is None or fields_of(program, way):
            return None
        walked = Walk(program, subject.house, person).along(way, anchor)
        return None if walked.stopped == "elsewhere" else frozenset(local_day(made.at, self.zone) for made in walked.made)


def _example(alone: _Alone, beside: _Alone, work: Work) -> tuple[list[Made], list[Made], str] | None:
    """Contacts of both, the last of each on one local day, walked by the real planner.

    One event that starts both is one moment. Of two events the second one comes when its contact falls on the day of the first's.
    """
    one, other, zone = alone.subject, beside.subject, alone.zone
    together = start_alike(one, other)
    monday = quiet_weeks(one.house, zone)
    for (i, mine), (j, theirs) in product(enumerate(alone.ways), enumerate(beside.ways)):
        for hour in _HOURS:
            anchor = datetime.combine(monday + timedelta(days=7), time(hour), zone_of(zone)).astimezone(UTC)
            my_days, their_days = alone.days(i, anchor), beside.days(j, anchor)
            if together and my_days is not None and their_days is not None and not my_days & their_days:
                continue
            work.more()
            people = same_customer(((one, mine, anchor), (other, theirs, anchor)), zone)
            if people is None:
                break
            made = Walk(one.program, one.house, people[0]).along(mine, anchor).made
            also = Walk(other.program, other.house, people[1]).along(theirs, anchor).made
            if (met := _on_one_day(made, also, zone)) is not None:
                return met
            for begins in [] if together else _shifted(made, also, anchor, zone):
                work.more()
                people = same_customer(((one, mine, anchor), (other, theirs, begins)), zone)
                if people is not None:
                    made = Walk(one.program, one.house, people[0]).along(mine, anchor).made
                    also = Walk(other.program, other.house, people[1]).along(theirs, begins).made
                    if (met := _on_one_day(made, also, zone)) is not None:
                        return met
    return None


def _on_one_day(made: Sequence[Made], also: Sequence[Made], zone: str) -> tuple[list[Made], list[Made], str] | None:
    for (m, first), (n, second) in product(enumerate(made), enumerate(also)):
        if local_day(first.at, zone) == local_day(second.at, zone):
            return [*made[: m + 1]], [*also[: n + 1]], zone
    return None


def _shifted(made: Sequence[Made], also: Sequence[Made], anchor: datetime, zone: str) -> Iterator[datetime]:
    """When the second event comes so that its last contact meets that of the first: to the minute, and by whole days."""
    if made and also:
        yield anchor + (made[-1].at - also[-1].at)
        days = local_day(made[-1].at, zone) - local_day(also[-1].at, zone)
        there = anchor.astimezone(zone_of(zone))
        yield datetime.combine(there.date() + days, there.time(), zone_of(zone)).astimezone(UTC)


def _fits_both(one: Subject, other: Subject) -> bool:
    zone = next(iter(one.house.strictest), "UTC")
    return same_customer(((one, (), _SOME_DAY), (other, (), _SOME_DAY)), zone) is not None


def _shown(subject: Subject, made: Sequence[Made], zone: str) -> str:
    return f"{subject.name}: " + " → ".join(f"{m.touchpoint} {at_words(m.at, zone)}" for m in made)


# -- circles ------------------------------------------------------------------------------------------------------


def _started_by(subject: Subject, subjects: Mapping[str, Subject]) -> Iterator[tuple[str, tuple[str, str]]]:
    """The playbooks that contacts of this one start each time anew, with the event and the touchpoint."""
    for other in subjects.values():
        if other.program.re_entry == "never" or not other.program.starts_on & _OWN:
            continue  # once for each subject: that ends by itself; or nothing that we do starts it
        if other is subject and other.program.re_entry == "after end" and not _goes_on_after(subject):
            continue
        cause = next((c for c in _causes(subject) if c[0] in other.program.starts_on and _starts(other, subject, *c)), None)
        if cause is not None:
            yield other.name, (cause[0], cause[1].touchpoint)


def _goes_on_after(subject: Subject) -> bool:
    """Whether an event of its own may come when the enrollment has ended: that of its last contact does."""
    return any(
        isinstance(subject.program.nodes[target.node], EndNode)
        for state in subject.paths.states
        if state.tries
        for target in (edge.target for edge in subject.paths.out(state))
    )


def _causes(subject: Subject) -> Iterator[tuple[str, TouchNode]]:
    for node in subject.touches:
        if node.id in subject.paths.contacts:
            yield (_CALLS if node.channel == "call" else _MESSAGES), node


def _starts(other: Subject, subject: Subject, event: str, node: TouchNode) -> bool:
    """Whether the condition of a playbook lets in what this contact reports."""
    condition = other.program.only_if
    if condition is None:
        return True
    for disposition in STAFF_CODES if event == _CALLS else ("",):
        data = {"touchpoint": node.touchpoint, "channel": node.channel, "playbook": subject.name}
        if disposition:
            data["disposition"] = disposition
        person = Person("UTC", event, event=data)
        if Walk(other.program, other.house, person).begins(_SOME_DAY):
            return True
    return False


def _circle(name: str, causes: Mapping[str, Mapping[str, object]]) -> list[str] | None:
    """The shortest way from a playbook back to itself."""
    open_ = [[name]]
    seen = {name}
    while open_:
        way = open_.pop(0)
        for there in causes[way[-1]]:
            if there == name:
                return way
            if there not in seen:
                seen.add(there)
                open_.append([*way, there])
    return None
