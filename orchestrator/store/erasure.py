"""Taking away everything that says who somebody is or what was said; what happened, and when, stays without it.

Everything here may be done again: what comes in late about an erased customer is taken away like the rest. Journal entries keep
their kind, rule and moment and lose their sentence, because any sentence may quote: this is the only place that changes the journal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Text, cast, delete, or_, select, update

from orchestrator.core.model import TouchState
from orchestrator.store import schema as s
from orchestrator.store.database import Row, Work
from orchestrator.store.forgotten import Trace

GONE = "erased with the customer"  # what stands where words were
T = TypeVar("T")
UNDER_WAY = (TouchState.SENDING, TouchState.CALLING, TouchState.IN_CALL, TouchState.FILED)


@dataclass(frozen=True, slots=True)
class Leads:
    """What leads to a customer: what a search through bodies of providers looks for, and what stays as a digest."""

    ref: str
    name: str | None
    emails: frozenset[str]
    phones: frozenset[str]

    def traces(self) -> Sequence[Trace]:
        """What nobody may be contacted at any more."""
        return [("ref", self.ref), *(("email", e) for e in sorted(self.emails)), *(("phone", p) for p in sorted(self.phones))]

    def in_text(self, text: str) -> bool:
        """Whether it names them."""
        low, digits = text.casefold(), re.sub(r"\D", "", text)
        if any(e.casefold() in low for e in self.emails) or any(p.lstrip("+") in digits for p in self.phones):
            return True
        return text.partition("/")[2] == self.ref or (
            self.name is not None and len(self.name) > 3 and self.name.casefold() in low
        )


def leads(work: Work, id_: UUID) -> Leads | None:
    """How this customer can be found; None when there is none, or nothing is left of them."""
    c = s.customer.c
    row = work.connection.execute(select(c.ref, c.name, c.email, c.phone, c.erased_at).where(c.id == id_)).first()
    if row is None or row.erased_at is not None:
        return None
    dead = {(r.kind, r.value) for r in work.connection.execute(select(s.dead_contact).where(s.dead_contact.c.customer_id == id_))}
    sent_to = select(s.attempt.c.recipient).where(s.attempt.c.touch_id.in_(_touches(id_)), s.attempt.c.recipient.is_not(None))
    known = {row.email, row.phone, *work.connection.execute(sent_to.distinct()).scalars()} - {None}
    emails = frozenset(v for v in known if "@" in v and ("email", v) not in dead)  # a dead one is nobody's, or somebody else's
    phones = frozenset(v for v in known if "@" not in v and ("phone", v) not in dead)
    return Leads(row.ref, row.name, emails, phones)


def under_way(work: Work, id_: UUID) -> list[Row[Any]]:
    """What is being made at this moment: touchpoint, state, held_by."""
    t = s.touch.c
    query = select(t.touchpoint, t.state, t.held_by).where(t.id.in_(_touches(id_)), t.state.in_(UNDER_WAY)).order_by(t.id)
    return list(work.connection.execute(query))


def unknown_ones(work: Work, id_: UUID) -> list[Row[Any]]:
    """Touches of which nobody knows whether they took effect: id, epoch."""
    t = s.touch.c
    query = select(t.id, t.epoch).where(t.id.in_(_touches(id_)), t.state == TouchState.UNKNOWN)
    return list(work.connection.execute(query))


def erase(work: Work, id_: UUID, who: Leads, by: str, now: datetime) -> None:
    """Everything of a customer who is locked and has nothing open any more."""
    subjects = _subjects(work, id_)
    dead = {r.value for r in work.connection.execute(select(s.dead_contact.c.value).where(s.dead_contact.c.customer_id == id_))}
    _unread(work, id_, by, now)
    _waiting_events(work, id_, who.ref)
    scrub(work, id_)
    _journal_about(work, id_, subjects)
    _inbox(work, id_, {*who.emails, *who.phones, *dead})
    _rename(work, id_, who, subjects)
    work.connection.execute(delete(s.dead_contact).where(s.dead_contact.c.customer_id == id_))
    work.connection.execute(delete(s.pause).where(s.pause.c.scope == "customer", s.pause.c.name == str(id_)))
    blank = dict.fromkeys(
        ("name", "email", "phone", "locale", "time_zone", "country", "hours", "name_key", "family_key"),
    )
    empty: dict[str, Any] = {"zones": [], "consent": {}, "extra": {}, "told_at": {}}
    values = {**blank, **empty, "ref": new_ref(id_), "erased_at": now}
    work.connection.execute(update(s.customer).where(s.customer.c.id == id_).values(**values))


def new_ref(id_: UUID) -> str:
    """What stands where the business's own id was."""
    return f"erased-{id_.hex}"


def scrub(work: Work, id_: UUID) -> None:
    """Words, numbers and addresses in the rows that belong to a customer. May be done again when something came in late."""
    runs, touches = _runs(id_), _touches(id_)
    attempts = select(s.attempt.c.id).where(s.attempt.c.touch_id.in_(touches))
    _blank(work, s.attempt, s.attempt.c.touch_id.in_(touches), recipient=None, detail=None, speech=None, fingerprint=None)
    _blank(work, s.call_sheet, s.call_sheet.c.touch_id.in_(touches), note="", answers={}, promised_for={})
    _blank(work, s.survey_answer, s.survey_answer.c.attempt_id.in_(attempts), comment=None)
    _blank(work, s.touch, s.touch.c.enrollment_id.in_(runs), why=GONE)
    _blank(work, s.enrollment, s.enrollment.c.id.in_(runs), event_data={}, answers={}, held_at=None, held_why=None)
    _blank(work, s.promise, s.promise.c.customer_id == id_, what=GONE)
    _blank(work, s.reply, s.reply.c.customer_id == id_, said="")
    _blank(work, s.suppression, s.suppression.c.customer_id == id_, why=GONE)
    _blank(work, s.journal, s.journal.c.enrollment_id.in_(runs), why=GONE)
    theirs = s.journal.c.enrollment_id.is_(None) & (s.journal.c.customer_id == id_)
    _blank(work, s.journal, theirs & (s.journal.c.what != "customer.erased"), why=GONE)


def erased_of(work: Work, attempts: Sequence[UUID]) -> dict[UUID, UUID]:
    """Those of these attempts whose customer is erased, with the customer."""
    query = (
        select(s.attempt.c.id, s.customer.c.id)
        .join(s.touch, s.touch.c.customer_id == s.customer.c.id)
        .join(s.attempt, s.attempt.c.touch_id == s.touch.c.id)
        .where(s.attempt.c.id.in_(list(attempts)), s.customer.c.erased_at.is_not(None))
    )
    return {attempt: customer for attempt, customer in work.connection.execute(query)}  # noqa: C416 (dict() of rows is untyped)


def empty_deliveries(work: Work, ids: Sequence[int]) -> None:
    """What providers told us in these is not kept."""
    _blank(work, s.inbox, s.inbox.c.id.in_(list(ids)), body={})


def is_erased(work: Work, id_: UUID) -> bool:
    """Whether this customer was erased."""
    return work.connection.execute(select(s.customer.c.erased_at).where(s.customer.c.id == id_)).scalar() is not None


def is_about_erased(work: Work, touch: UUID) -> bool:
    """Whether this touch is a customer's who was erased: nothing is noted about them any more."""
    customer_id = work.connection.execute(select(s.touch.c.customer_id).where(s.touch.c.id == touch)).scalar()
    return customer_id is not None and is_erased(work, customer_id)


def _runs(id_: UUID) -> Any:
    return select(s.enrollment.c.id).where(s.enrollment.c.customer_id == id_)


def _touches(id_: UUID) -> Any:
    """By way of the enrollments, which have an index for it."""
    return select(s.touch.c.id).where(s.touch.c.enrollment_id.in_(_runs(id_)))


def _subjects(work: Work, id_: UUID) -> list[str]:
    """What their follow-ups and events are about."""
    runs = select(s.enrollment.c.subject).where(s.enrollment.c.customer_id == id_)
    events = select(s.event.c.subject).where(s.event.c.customer_id == id_)
    return sorted(set(work.connection.execute(runs.union(events)).scalars()))


def _unread(work: Work, id_: UUID, by: str, now: datetime) -> None:
    """Nobody has to read any more what is not there any more; promises to them are void."""
    unread = (s.reply.c.customer_id == id_) & s.reply.c.read_at.is_(None)
    _blank(work, s.reply, unread, read_at=now, read_by=by, verdict="stop")
    due = (s.promise.c.customer_id == id_) & s.promise.c.kept_at.is_(None) & s.promise.c.dropped_at.is_(None)
    _blank(work, s.promise, due, dropped_at=now)


def _waiting_events(work: Work, id_: UUID, ref: str) -> None:
    """Those still to be handled name nobody from now on: they stop what they stop, and start nothing with anybody.

    One that was set aside is given up with the words it was about.
    """
    query = select(s.event.c.id, s.event.c.said, s.event.c.state).where(s.event.c.state != "handled", s.event.c.said.is_not(None))
    theirs = [row for row in work.connection.execute(query) if (row.said or {}).get("id") == ref]
    for row in theirs:
        values: dict[str, Any] = {"said": None, "data": {}, "customer_id": id_}
        if row.state == "set_aside":
            values["error"] = GONE
        _blank(work, s.event, s.event.c.id == row.id, **values)


def _journal_about(work: Work, id_: UUID, subjects: Sequence[str]) -> None:
    """What was said about their subjects where nobody was named, and the data of their events."""
    nobody = or_(s.event.c.customer_id.is_(None), s.event.c.customer_id == id_)
    for some in _some(subjects):
        _blank(work, s.event, s.event.c.subject.in_(some) & nobody, data={})
        unnamed = s.journal.c.enrollment_id.is_(None) & s.journal.c.subject.in_(some)
        _blank(work, s.journal, unnamed & or_(s.journal.c.customer_id.is_(None), s.journal.c.customer_id == id_), why=GONE)
    _blank(work, s.event, (s.event.c.customer_id == id_) & (s.event.c.state == "set_aside"), error=GONE)


def _inbox(work: Work, id_: UUID, values: Iterable[str]) -> None:
    """Deliveries about their calls and messages, and those that name a number or an address of theirs. No index: erasing is rare."""
    attempts = select(s.attempt.c.id).where(s.attempt.c.touch_id.in_(_touches(id_)))
    named = [cast(s.inbox.c.body, Text).contains(v.lstrip("+"), autoescape=True) for v in sorted(values)]
    found = list(work.connection.execute(select(s.inbox.c.id).where(or_(s.inbox.c.handle.in_(attempts), *named))).scalars())
    for some in _some(found):
        _blank(work, s.inbox, s.inbox.c.id.in_(some), body={}, error=None)
        # what waits would be taken for damaged without its words
        _blank(work, s.inbox, s.inbox.c.id.in_(some) & (s.inbox.c.state == "waiting"), state="handled", again_at=None)


def _rename(work: Work, id_: UUID, who: Leads, subjects: Sequence[str]) -> None:
    """Subjects and ids of events that name the customer, such as customer/C-77, get another name."""
    for n, subject in enumerate(x for x in (*subjects, f"customer/{who.ref}") if who.in_text(x)):
        kind = subject.partition("/")[0]
        instead = f"{kind if not who.in_text(kind) else 'subject'}/{new_ref(id_)}{f'-{n}' if n else ''}"
        for table in (s.event, s.enrollment):
            _blank(work, table, table.c.subject == subject, subject=instead)
        for of in (s.journal.c.enrollment_id.in_(_runs(id_)), s.journal.c.enrollment_id.is_(None)):
            _blank(work, s.journal, of & (s.journal.c.subject == subject), subject=instead)
    for row in work.connection.execute(select(s.event.c.id, s.event.c.key).where(s.event.c.customer_id == id_)).all():
        if who.in_text(row.key) or row.key == who.ref:
            _blank(work, s.event, s.event.c.id == row.id, key=f"erased-{row.id.hex}")


def _some(values: Sequence[T], most: int = 500) -> Iterable[list[T]]:
    return (list(values[first : first + most]) for first in range(0, len(values), most))


def _blank(work: Work, table: Any, which: Any, **values: Any) -> None:
    work.connection.execute(update(table).where(which).values(**values))
