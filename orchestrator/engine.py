"""Events in, decisions written: one unit of work for a batch. Repeats, conflicts and poison are ordinary answers here.

A 2xx means committed. A batch that cannot be handled because of a defect is stored as waiting and tried event by event;
after three tries an event is set aside with its error, and the rest flows.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from orchestrator.core.calls import BY_PHONE
from orchestrator.core.intake import Book, Standing, take
from orchestrator.core.model import (
    Change,
    Customer,
    Enroll,
    Event,
    Note,
    Plan,
    Run,
    Touch,
)
from orchestrator.core.stopping import call_off, end_all, is_called_off, opted_out
from orchestrator.core.zones import candidate_zones
from orchestrator.errors import DatabaseError
from orchestrator.facts import usable
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import changes as written
from orchestrator.store import customers, enrollments, events, forgotten, replies, versions
from orchestrator.store.customers import Said
from orchestrator.store.database import Contended, Unstorable, Work
from orchestrator.store.events import NewEvent
from orchestrator.store.touches import Due
from orchestrator.system import emit_opt_out

log = logging.getLogger(__name__)
WAS_ERASED = "the same number, address or id was erased at the customer's wish"
MOST_AT_ONCE = 500  # events in one unit of work: more would hold locks for too long


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one event.

    accepted: committed. repeated: the same event was there already, same answer as then. conflict: the id was used for another
    body; nothing was stored. later: committed, but it could not be handled yet and will be tried again.
    """

    event: UUID
    status: Literal["accepted", "repeated", "conflict", "later"]
    enrollments: tuple[UUID, ...] = ()
    known: bool = True


def handle_events(parts: Parts, batch: Sequence[NewEvent]) -> list[Receipt]:
    """Store and handle events in the order given; one receipt for each."""
    receipts: list[Receipt] = []
    for first in range(0, len(batch), MOST_AT_ONCE):
        receipts += _handle_some(parts, batch[first : first + MOST_AT_ONCE])
    return receipts


def _handle_some(parts: Parts, batch: Sequence[NewEvent]) -> list[Receipt]:
    due: list[Change] = []
    try:
        receipts = parts.database.run(lambda work: _take_in(parts, work, batch, due))
    except Unstorable:
        log.exception("an event's consequences could not be stored; to be tried one by one", extra={"action": "events.waiting"})
        return parts.database.run(lambda work: _put_by(work, batch))
    except (DatabaseError, MemoryError):
        raise  # nothing was stored: the sender is told, and sends it again
    except Exception:  # shell: a defect in handling must not lose an accepted event
        log.exception("events could not be handled; stored to be tried one by one", extra={"action": "events.waiting"})
        return parts.database.run(lambda work: _put_by(work, batch))
    parts.wake({c.touch.channel or "wait" for c in due if isinstance(c, Plan) and c.touch.due_at <= c.at})
    return receipts


def _take_in(parts: Parts, work: Work, batch: Sequence[NewEvent], due: list[Change]) -> list[Receipt]:
    events.lock_subjects(work, {e.subject for e in batch})
    versions.stay(work)
    once = {(e.source, e.key): e for e in reversed(batch)}  # the first of doubled ones
    there = events.find(work, list(once))  # first: what is refused or repeated says nothing new about its customer
    first = [e for e in batch if once[e.source, e.key] is e and (e.source, e.key) not in there]
    known = _merge_customers(parts, work, first)
    fresh = events.store(work, first, {ref: c.id for ref, c in known.items()})
    if len(fresh) < len(first):
        raise Contended("one of these ids came in at the same moment, about another subject")
    new = [e for e in batch if e.id in fresh]
    due.clear()
    if new:
        in_use = parts.rulebook.refresh(work)
        book = _book(work, in_use, new)
        book.customers |= {c.id: c for c in known.values()}
        for one in new:
            customer = known[one.customer_said["id"]].id if one.customer_said else None
            due += _decide(parts, events.as_event(one, customer), one, book)
        written.write(work, due)
        replies.hold_new(work, [c.run.id for c in due if isinstance(c, Enroll)], batch[0].received_at)
    started: dict[UUID, list[UUID]] = {}
    for change in due:
        if isinstance(change, Enroll):
            started.setdefault(change.cause, []).append(change.run.id)
    return _receipts(work, batch, fresh, started)


def _decide(parts: Parts, event: Event, new: NewEvent, book: Book) -> list[Change]:
    decided = take(event, book, parts.new_id)
    for warning in new.warnings:
        decided.append(
            Note("event.warning", event.received_at, warning, event=event.id, subject=event.subject, customer=event.customer)
        )
    if not new.known:
        why = f"{event.type} is not declared in lifecycle.yaml; it was kept, and nothing follows from it"
        decided.append(
            Note("event.unknown_type", event.received_at, why, event=event.id, subject=event.subject, customer=event.customer)
        )
    return decided


def _merge_customers(parts: Parts, work: Work, batch: Sequence[NewEvent]) -> dict[str, Customer]:
    said = [
        Said(e.customer_said["id"], e.occurred_at, {k: v for k, v in e.customer_said.items() if k != "id"})
        for e in batch
        if e.customer_said
    ]
    if not said:
        return {}
    met: list[customers.Met] = []
    merged = customers.merge(work, said, candidate_zones, batch[0].received_at, parts.new_id, met)
    again = forgotten.again(work, met)
    for id_ in again:  # the same unit of work: nothing may begin with them in between
        suppress(parts, work, parts.rulebook.refresh(work), id_, "all", WAS_ERASED, batch[0].received_at)
    stopped = customers.load(work, again)
    return {ref: stopped.get(c.id, c) for ref, c in merged.items()}


def _book(work: Work, in_use: InUse, batch: Sequence[NewEvent]) -> Book:
    """Everything that is known about the subjects of these events."""
    subjects = sorted({e.subject for e in batch})
    book = Book(in_use.house, in_use.current, in_use.names)
    listened: set[str] = set()
    for version in in_use.current.values():
        listened |= set(version.program.stops_on) | version.program.waits_for
    for run, touch in enrollments.open_for(work, subjects):
        program = in_use.program(work, run.version)
        listened |= set(program.stops_on) | program.waits_for
        book.open.setdefault(run.subject, []).append(Standing(run, program, touch))
    book.ended = enrollments.earlier(work, subjects)
    new_ids = [e.id for e in batch]
    book.seen = events.seen(work, subjects, listened, but=new_ids)
    inside = {s.run.customer for standings in book.open.values() for s in standings}
    book.customers = customers.load(work, inside)
    return book


def _receipts(work: Work, batch: Sequence[NewEvent], fresh: set[UUID], started: dict[UUID, list[UUID]]) -> list[Receipt]:
    """One receipt for each event, the same for a repeat as for its first time. started: enrollments by the fresh event."""
    old = [e for e in batch if e.id not in fresh]
    stored = events.find(work, [(e.source, e.key) for e in old]) if old else {}
    if stored:
        started = {**started, **enrollments.started_by(work, [s.id for s in stored.values()])}
    receipts = []
    for e in batch:
        if e.id in fresh:
            receipts.append(Receipt(e.id, "accepted", tuple(started.get(e.id, ())), e.known))
            continue
        there = stored[e.source, e.key]
        status: Literal["repeated", "conflict"] = "repeated" if there.body_hash == e.body_hash else "conflict"
        receipts.append(Receipt(there.id, status, tuple(started.get(there.id, ())) if status == "repeated" else (), e.known))
    return receipts


def _put_by(work: Work, batch: Sequence[NewEvent]) -> list[Receipt]:
    """Store events that could not be handled, to be tried again one by one."""
    fresh = events.store(work, batch, {}, state="waiting", tries=1)
    return [Receipt(r.event, "later") if r.event in fresh else r for r in _receipts(work, batch, fresh, {})]


def retry_waiting(parts: Parts, limit: int = 50) -> int:
    """Handle stored events that failed before, each in a unit of work of its own. Answers how many were handled."""
    handled = 0
    tried: list[UUID] = []  # each once in a call: the next try comes with the next sweep
    for _ in range(limit):
        due: list[Change] = []
        try:
            if not parts.database.run(lambda work, d=due: _retry_one(parts, work, tried, d)):  # type: ignore[misc]
                break
            handled += 1
        except Unstorable as error:
            parts.database.run(lambda work, w=str(error): events.mark_failed(work, tried[-1], w))  # type: ignore[misc]
        except DatabaseError:
            raise
        except Exception as error:  # shell: the third failure sets the event aside, where a person sees it
            log.exception("an event could not be handled", extra={"action": "event.failed", "event": str(tried[-1:])})
            why = f"{type(error).__name__}: {error}"
            if tried and parts.database.run(lambda work, t=tried, w=why: events.mark_failed(work, t[-1], w)) == "waiting":  # type: ignore[misc]
                continue
    return handled


def _retry_one(parts: Parts, work: Work, tried: list[UUID], due: list[Change]) -> bool:
    rows = events.waiting(work, 1, but=tried)
    if not rows:
        return False
    new = events.as_new(rows[0])
    tried.append(new.id)
    events.lock_subjects(work, [new.subject])
    versions.stay(work)
    known = _merge_customers(parts, work, [new])
    book = _book(work, parts.rulebook.refresh(work), [new])
    book.customers |= {c.id: c for c in known.values()}
    customer = known[new.customer_said["id"]].id if new.customer_said else None
    due[:] = _decide(parts, events.as_event(new, customer), new, book)
    written.write(work, due)
    replies.hold_new(work, [c.run.id for c in due if isinstance(c, Enroll)], new.received_at)
    events.mark_handled(work, new.id, customer)
    return True


def opt_out(parts: Parts, customer: UUID, channel: str, why: str, now: datetime) -> int:
    """A customer wants no more contact on a channel ("all": on none). Every open enrollment ends when it is all of them.

    Answers how many enrollments ended. Touches on the one channel are skipped by the consent policy when they come due.
    """

    def unit(work: Work) -> int:
        return suppress(parts, work, parts.rulebook.refresh(work), customer, channel, why, now)

    return parts.database.run(unit)


def suppress(
    parts: Parts, work: Work, in_use: InUse, customer: UUID, channel: str, why: str, now: datetime, but: UUID | None = None
) -> int:
    """`opt_out` inside a unit of work. Doing it twice changes nothing. but: an enrollment that the caller sees to itself."""
    customers.lock(work, [customer])
    already = channel in customers.suppressions(work, [customer]).get(customer, {})
    if already and customers.can_be_undone(work, customer, channel):
        already = False  # a call has stopped contact, and nothing has followed from that yet
    customers.suppress(work, [customer], channel, why, now)
    if already:
        return 0
    decided: list[Change] = [opted_out(customer, channel, why, now)]
    person = customers.load(work, [customer])[customer]
    standing = [(run, touch) for run, touch in enrollments.open_of_customers(work, [customer]) if run.id != but]
    if channel == "all":
        decided += end_all(standing, why, now)
    else:
        decided += _called_off(parts, work, in_use, person, channel, standing, why, now)
    written.write(work, decided)
    emit_opt_out(parts, work, in_use, person.ref, channel, now)
    return len(standing) if channel == "all" else 0


def suppress_everybody(
    parts: Parts, work: Work, in_use: InUse, where: tuple[Literal["email", "phone"], str | None], customer: UUID, channel: str,
    why: str, now: datetime, but: UUID | None = None,
) -> None:  # fmt: skip
    """`suppress` for a customer and everybody else with the same number or address: it is one telephone that is to stay quiet."""
    column, value = where
    same = customers.reached_at(work, column, value) if value else []
    for id_ in sorted({customer, *same}):
        suppress(parts, work, in_use, id_, channel, why, now, but=but if id_ == customer else None)


def suppress_by_phone(
    parts: Parts, work: Work, in_use: InUse, number: str | None, customer: UUID, scope: str, why: str, now: datetime,
    but: UUID | None = None,
) -> None:  # fmt: skip
    """`suppress` for who was spoken to; and whoever else has that telephone is called and texted no more, as far as it was asked for."""
    suppress(parts, work, in_use, customer, scope, why, now, but=but)
    for channel in BY_PHONE.get(scope, ()):
        for other in customers.sharing_phone(work, number, customer):
            suppress(parts, work, in_use, other, channel, why, now)


def _called_off(
    parts: Parts, work: Work, in_use: InUse, person: Customer, channel: str, standing: Sequence[tuple[Run, Touch | None]],
    why: str, now: datetime,
) -> list[Change]:  # fmt: skip
    """What was planned on that channel is not made; each enrollment goes on with what comes next, on other channels."""
    dues = [Due(t, run, person) for run, t in standing if t is not None and is_called_off(t, channel)]
    changes: list[Change] = []
    for due, facts in usable(work, in_use, dues):
        changes += call_off(facts, due.touch, channel, why, now, parts.new_id)
    return changes
