"""What an event does: ends enrollments, satisfies waits, starts playbooks. Facts about many subjects go in as a Book.

Defined for events that come late, doubled or out of order: a stop counts from the moment it occurred, so a stop that is seen
before its start prevents the start, and a stop older than the start changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from orchestrator.core import planner
from orchestrator.core.house import House
from orchestrator.core.model import (
    Change,
    Close,
    Customer,
    End,
    EndReason,
    Enroll,
    Event,
    Note,
    Plan,
    Run,
    Touch,
    TouchState,
)
from orchestrator.core.planner import Facts
from orchestrator.core.windows import add
from orchestrator.language.program import Program, WaitNode

NewId = Callable[[], UUID]
NamesOf = Callable[[Run, Customer, Program], Callable[[], Mapping[str, object]]]


@dataclass(frozen=True, slots=True)
class Version:
    """A playbook version that is in use."""

    id: UUID
    number: int
    program: Program


@dataclass(slots=True)
class Standing:
    """An open enrollment and the touch it stands at."""

    run: Run
    program: Program
    touch: Touch | None


@dataclass(slots=True)
class Book:
    """Everything that is known about the subjects of a batch. `take` keeps it up to date, so that events of one batch see each other."""

    house: House
    current: Mapping[str, Version]  # playbook -> the version that takes new enrollments
    names: NamesOf
    customers: dict[UUID, Customer] = field(default_factory=dict)
    open: dict[str, list[Standing]] = field(default_factory=dict)  # subject -> open enrollments
    ended: set[tuple[str, str]] = field(default_factory=set)  # (subject, playbook) with an earlier enrollment
    seen: dict[str, dict[str, datetime]] = field(default_factory=dict)  # subject -> event type -> when it last occurred

    def facts(self, run: Run, program: Program) -> Facts:
        """The planner's view of one enrollment."""
        customer = self.customers[run.customer]
        return Facts(program, run, customer, self.house, self.names(run, customer, program), self.seen.get(run.subject, {}))


def take(event: Event, book: Book, new_id: NewId) -> list[Change]:
    """Everything that follows from one event, in order. The Book knows it afterwards."""
    seen = book.seen.setdefault(event.subject, {})
    if event.occurred_at > seen.get(event.type, _LONG_AGO):
        seen[event.type] = event.occurred_at
    changes: list[Change] = []
    for standing in list(book.open.get(event.subject, ())):
        changes += _stopped(event, standing, book)
        if standing.run.ended is None and not event.backfill:
            changes += _satisfied(event, standing, book, new_id)
    if not event.backfill:
        for version in book.current.values():
            if event.type in version.program.starts_on:
                changes += _started(event, version, book, new_id)
    return changes


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def end(standing: Standing, reason: EndReason, at: datetime, why: str, book: Book | None = None) -> list[Change]:
    """End an enrollment and call its touch off, unless that is being made this very moment."""
    changes = ended(standing.run, standing.touch, reason, at, why)
    _apply(standing, changes, book)
    return changes


def ended(run: Run, touch: Touch | None, reason: EndReason, at: datetime, why: str) -> list[Change]:
    """The same of one that nobody else looks at now; its version need not be one that can be used."""
    changes: list[Change] = []
    if touch is not None and touch.state in (TouchState.PLANNED, TouchState.READY):
        changes.append(Close(touch.id, touch.run, TouchState.CANCELLED, reason, at, f"called off: {why}", touch.epoch))
    elif touch is not None:
        note = f"{touch.touchpoint or 'the wait'} is {touch.state} and cannot be called back"
        changes.append(Note("touch.under_way", at, note, run=touch.run, touch=touch.id, customer=touch.customer))
    return [*changes, End(run.id, reason, at, why)]


def _stopped(event: Event, standing: Standing, book: Book) -> list[Change]:
    ending = standing.program.stops_on.get(event.type)
    if ending is None:
        return []
    if event.occurred_at < standing.run.anchor:
        why = f"{event.type} occurred before this follow-up was started by its event, so it does not end it"
        return [
            Note(
                "stop.older_than_start",
                event.received_at,
                why,
                run=standing.run.id,
                event=event.id,
                customer=standing.run.customer,
            )
        ]
    reason = EndReason.GOAL if ending == "goal" else EndReason.STOPPED
    return end(standing, reason, event.received_at, f"{event.type} came", book)


def _satisfied(event: Event, standing: Standing, book: Book, new_id: NewId) -> list[Change]:
    touch = standing.touch
    if touch is None or touch.state is not TouchState.PLANNED or touch.touchpoint is not None:
        return []
    node = standing.program.nodes[touch.step]
    if not isinstance(node, WaitNode) or event.type not in node.events or event.occurred_at < standing.run.anchor:
        return []
    at = event.received_at
    changes: list[Change] = [Close(touch.id, touch.run, TouchState.DONE, "event came", at, f"{event.type} came", touch.epoch)]
    changes += planner.after(book.facts(standing.run, standing.program), touch, "came", at, new_id)
    _apply(standing, changes, book)
    return changes


def _started(event: Event, version: Version, book: Book, new_id: NewId) -> list[Change]:
    program, at = version.program, event.received_at

    def no(what: str, why: str) -> list[Change]:
        return [Note(what, at, why, rule=program.playbook, event=event.id, subject=event.subject, customer=event.customer)]

    if event.customer is None:
        return no("enrollment.nobody", f"{program.playbook} cannot start: the event names no customer")
    inside = next((s for s in book.open.get(event.subject, ()) if s.run.playbook == program.playbook), None)
    if inside is not None and program.re_entry != "restart":
        return no("enrollment.already_inside", f"{event.subject} is already in {program.playbook}")
    if inside is not None and event.occurred_at < inside.run.anchor:
        return no("enrollment.older", f"{event.subject} is in {program.playbook} because of a newer event")
    if inside is None and program.re_entry == "never" and (event.subject, program.playbook) in book.ended:
        return no("enrollment.only_once", f"{event.subject} has been through {program.playbook} before")
    seen = book.seen[event.subject]
    stopped = [t for t in program.stops_on if t in seen and seen[t] >= event.occurred_at]
    if stopped:
        return no("enrollment.prevented", f"{stopped[0]} had already come for {event.subject}")
    customer = book.customers[event.customer]
    anchor = event.occurred_at
    gives_up_at = add(program.gives_up_after, anchor, customer.zones, book.house)
    if gives_up_at <= at:
        return no("enrollment.too_late", f"{event.type} is older than {program.gives_up_after}, when {program.playbook} gives up")
    run = Run(new_id(), version.id, program.playbook, version.number, event.subject, customer.id, anchor, gives_up_at, event.data)
    if program.only_if is not None:
        holds = program.only_if.holds(book.names(run, customer, program)())
        if holds is None:
            return no("enrollment.unclear", f"its condition cannot be told, so nobody is contacted: {program.only_if.source}")
        if not holds:
            return no("enrollment.not_meant", f"its condition is not met: {program.only_if.source}")
    changes: list[Change] = []
    if inside is not None:
        changes += end(inside, EndReason.SUPERSEDED, at, f"a newer {event.type} starts it again", book)
    standing = Standing(run, program, None)
    book.open.setdefault(event.subject, []).append(standing)
    changes.append(Enroll(run, event.id, at, f"{event.type} starts {program.playbook}, version {version.number}"))
    walked = planner.start(book.facts(run, program), at, new_id)
    _apply(standing, walked, book)
    return [*changes, *walked]


def _apply(standing: Standing, changes: list[Change], book: Book | None) -> None:
    """Bring the standing up to date with what was decided."""
    for change in changes:
        if isinstance(change, Plan) and change.touch.run == standing.run.id:
            standing.touch = change.touch
        elif isinstance(change, Close) and standing.touch is not None and change.touch == standing.touch.id:
            standing.touch = None
        elif isinstance(change, End) and change.run == standing.run.id:
            standing.run = replace(standing.run, ended=change.reason)
            if book is not None:
                book.open[standing.run.subject] = [s for s in book.open[standing.run.subject] if s is not standing]
                book.ended.add((standing.run.subject, standing.run.playbook))
