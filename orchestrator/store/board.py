"""What the board asks for: one statement for each question, over all queues and all people at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, tuple_

from orchestrator.core.model import TouchState
from orchestrator.store import finding
from orchestrator.store.database import Work
from orchestrator.store.schema import attempt, call_sheet, customer, enrollment, event, inbox, pause, reply, staff, touch
from orchestrator.store.sets import among, keys

READY = touch.c.state == TouchState.READY
PLANNED_CALL = and_(touch.c.channel == "call", touch.c.state == TouchState.PLANNED)
HOUR = timedelta(hours=1)


def waiting(work: Work, now: datetime) -> list[Row[Any]]:
    """By queue: n waiting, overdue (past the moment by which they were to be made), soon (within an hour), since (the oldest's due moment)."""
    columns: tuple[Any, ...] = (
        touch.c.queue,
        func.count().label("n"),
        func.count().filter(touch.c.expires_at <= now).label("overdue"),
        func.count().filter(touch.c.expires_at > now, touch.c.expires_at <= now + HOUR).label("soon"),
        func.min(touch.c.due_at).label("since"),
    )
    return list(work.connection.execute(select(*columns).where(READY).group_by(touch.c.queue)))


def in_call(work: Work, limit: int = 2_000) -> list[Row[Any]]:
    """The calls that people have: who, with whom, since when, and how far they are (phase None: nothing was noted)."""
    columns: tuple[Any, ...] = (
        touch.c.id, touch.c.queue, touch.c.touchpoint, touch.c.held_by, touch.c.lease_until,
        customer.c.id.label("customer_id"), customer.c.name, customer.c.ref,
        attempt.c.began_at, call_sheet.c.phase, call_sheet.c.dialled_at, call_sheet.c.talked_from, call_sheet.c.wrap_up_from,
    )  # fmt: skip
    query = (
        select(*columns)
        .join(customer, customer.c.id == touch.c.customer_id)
        .outerjoin(attempt, and_(attempt.c.touch_id == touch.c.id, attempt.c.outcome.is_(None)))
        .outerjoin(call_sheet, call_sheet.c.attempt_id == attempt.c.id)
        .where(touch.c.state == TouchState.IN_CALL)
        .order_by(touch.c.held_by)
    )
    return list(work.connection.execute(query.limit(limit)))


def today(work: Work, since: datetime, lately: datetime) -> list[Row[Any]]:
    """By person and queue: calls filed since then, seconds of talk and of wrap-up; lately: filed since that later moment."""
    sheet = call_sheet.c
    over = func.coalesce(sheet.wrap_up_from, sheet.filed_at)
    columns: tuple[Any, ...] = (
        sheet.who,
        sheet.queue,
        func.count().label("filed"),
        func.sum(_seconds(work, sheet.talked_from, over)).label("talk_s"),
        func.sum(_seconds(work, sheet.wrap_up_from, sheet.filed_at)).label("wrap_up_s"),
        func.count().filter(sheet.filed_at >= lately).label("lately"),
    )
    query = select(*columns).where(sheet.began_at >= since, sheet.phase == "filed")
    return list(work.connection.execute(query.group_by(sheet.who, sheet.queue)))


def _seconds(work: Work, start: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[Any]:
    if work.postgres:
        return func.date_part("epoch", end - start)
    return (func.julianday(end) - func.julianday(start)) * 86_400


def falling_due(work: Work, now: datetime, hours: int) -> list[Row[Any]]:
    """By queue: how many planned calls fall due in each of the next hours (h0, h1 …); those that are due already count in the first."""
    ends = [now + HOUR * (n + 1) for n in range(hours)]
    within = [
        func.count().filter(touch.c.due_at < end, *([touch.c.due_at >= ends[n - 1]] if n else [])).label(f"h{n}")
        for n, end in enumerate(ends)
    ]
    columns: tuple[Any, ...] = (touch.c.queue, *within)
    return list(work.connection.execute(select(*columns).where(PLANNED_CALL, touch.c.due_at < ends[-1]).group_by(touch.c.queue)))


def needs(work: Work) -> Row[Any]:
    """How much waits for a person to decide: messages, calls (of which nobody knows how they went), events, deliveries, replies."""
    unknown = select(func.count()).where(touch.c.state == TouchState.UNKNOWN)
    columns: tuple[Any, ...] = (
        unknown.where(touch.c.channel != "call").scalar_subquery().label("messages"),
        unknown.where(touch.c.channel == "call").scalar_subquery().label("calls"),
        select(func.count()).where(event.c.state == "set_aside").scalar_subquery().label("events"),
        select(func.count()).where(inbox.c.state == "set_aside").scalar_subquery().label("deliveries"),
        select(func.count()).where(reply.c.read_at.is_(None)).select_from(reply).scalar_subquery().label("replies"),
    )
    return work.connection.execute(select(*columns)).one()


def paused(work: Work) -> list[Row[Any]]:
    """What stands still and since when; customers who are paused by themselves are on their own pages."""
    query = select(pause.c.scope, pause.c.name, pause.c.since, pause.c.by).where(pause.c.scope != "customer")
    return list(work.connection.execute(query.order_by(pause.c.scope, pause.c.name)))


def people(work: Work, limit: int = 2_000) -> list[Row[Any]]:
    """Everybody who is not disabled, by what people call them."""
    columns: tuple[Any, ...] = (
        staff.c.id, staff.c.name, staff.c.title, staff.c.role, staff.c.queues, staff.c.on_since, staff.c.seen_at,
    )  # fmt: skip
    query = select(*columns).where(staff.c.disabled_at.is_(None)).order_by(staff.c.title, staff.c.name)
    return list(work.connection.execute(query.limit(limit)))


# -- lists: the calls of one queue, one call, one person ----------------------------------------------------------


SEARCHED = 1_000  # calls of a queue in which parts of names are looked for
NAMED = 1_000  # customers whose name begins so
_IN_ORDER = (touch.c.rank_at, touch.c.id)
CALL: tuple[Any, ...] = (
    touch.c.id, touch.c.queue, touch.c.touchpoint, touch.c.state, touch.c.priority, touch.c.due_at, touch.c.expires_at,
    touch.c.escalate_at, touch.c.rank_at, touch.c.tries, touch.c.why, touch.c.skill, touch.c.language, touch.c.offered_to,
    touch.c.offered_until, touch.c.held_by, touch.c.lease_until, touch.c.disposition, touch.c.effect_at,
    customer.c.id.label("customer_id"), customer.c.name, customer.c.ref, enrollment.c.subject, enrollment.c.playbook,
)  # fmt: skip


def _calls() -> Select[Any]:
    joined = touch.join(enrollment, enrollment.c.id == touch.c.enrollment_id).join(customer, customer.c.id == touch.c.customer_id)
    return select(*CALL).select_from(joined)


def queue(work: Work, name: str, limit: int, after: UUID | None = None) -> list[Row[Any]]:
    """The calls that wait in one queue, the first first. after: the last one that was shown."""
    query = _calls().where(READY, touch.c.queue == name)
    if after is not None:
        last = work.connection.execute(select(touch.c.rank_at).where(touch.c.id == after)).scalar()
        if last is not None:
            query = query.where(tuple_(touch.c.rank_at, touch.c.id) > (last, after))
    return list(work.connection.execute(query.order_by(*_IN_ORDER).limit(limit)))


def search(work: Work, name: str, like: str, limit: int, searched: int = SEARCHED) -> tuple[list[Row[Any]], bool]:
    """The calls of one queue with part of a name, a customer's id or a subject, the first first; and whether all were looked through.

    Parts of names are looked for in the first so many calls; the beginning of a name or family name by its index, for NAMED customers;
    ids and subjects in all. So it takes the same time however many calls wait.
    """
    here = and_(READY, touch.c.queue == name)
    first = select(touch.c.id, touch.c.customer_id).where(here).order_by(*_IN_ORDER).limit(searched).subquery()
    named = finding.named(work, like, NAMED)
    ids = {*named, *work.connection.execute(select(customer.c.id).where(customer.c.ref == like)).scalars()}
    theirs = among(enrollment.c.customer_id, "ids", postgres=work.postgres)
    through = select(touch.c.id).join(enrollment, enrollment.c.id == touch.c.enrollment_id).where(here)
    ways = (
        select(first.c.id)
        .join(customer, customer.c.id == first.c.customer_id)
        .where(customer.c.name.icontains(like, autoescape=True)),
        through.where(theirs).order_by(*_IN_ORDER).limit(limit),
        through.where(enrollment.c.subject == like).limit(limit),
    )
    found: set[UUID] = set()
    for way in ways:
        values = {"ids": keys(work, ids)} if way is ways[1] else {}
        found |= set(work.connection.execute(way, values).scalars())
    calls = _calls().where(here, among(touch.c.id, "found", postgres=work.postgres)).order_by(*_IN_ORDER).limit(limit)
    beyond = select(touch.c.id).where(here).order_by(*_IN_ORDER).offset(searched).limit(1)
    whole = len(named) < NAMED and work.connection.execute(beyond).first() is None
    return list(work.connection.execute(calls, {"found": keys(work, found)})), whole


def call(work: Work, id_: UUID) -> Row[Any] | None:
    """One call with what is noted of it so far by whoever has it: phase, note, dialled_at, talked_from, wrap_up_from."""
    sheet = (call_sheet.c.phase, call_sheet.c.note, call_sheet.c.dialled_at, call_sheet.c.talked_from, call_sheet.c.wrap_up_from)
    query = (
        _calls()
        .add_columns(attempt.c.began_at, attempt.c.carrier_result, *sheet)
        .outerjoin(attempt, attempt.c.touch_id == touch.c.id)
        .outerjoin(call_sheet, call_sheet.c.attempt_id == attempt.c.id)
        .where(touch.c.id == id_, touch.c.channel == "call")
    )
    return work.connection.execute(query.order_by(attempt.c.number.desc()).limit(1)).first()


def is_queue(work: Work, name: str) -> bool:
    """Whether a call waits, or waited, in a queue of that name."""
    return work.connection.execute(select(touch.c.id).where(touch.c.queue == name, READY).limit(1)).first() is not None


def sheets_of(work: Work, who: str, since: datetime, limit: int = 200) -> list[Row[Any]]:
    """What one person did since then, newest first."""
    columns: tuple[Any, ...] = (
        call_sheet.c.touch_id, call_sheet.c.phase, call_sheet.c.disposition, call_sheet.c.began_at, call_sheet.c.dialled_at,
        call_sheet.c.talked_from, call_sheet.c.wrap_up_from, call_sheet.c.filed_at,
        touch.c.queue, touch.c.touchpoint, customer.c.id.label("customer_id"), customer.c.name, customer.c.ref,
    )  # fmt: skip
    query = (
        select(*columns)
        .join(touch, touch.c.id == call_sheet.c.touch_id)
        .join(customer, customer.c.id == touch.c.customer_id)
        .where(call_sheet.c.who == who, call_sheet.c.began_at >= since)
    )
    return list(work.connection.execute(query.order_by(call_sheet.c.began_at.desc(), call_sheet.c.attempt_id).limit(limit)))


def unknown(work: Work, limit: int = 200) -> list[Row[Any]]:
    """Touches of which nobody knows how they went, the oldest first: why, what is known of the attempt, and who noted what."""
    known = (attempt.c.via, attempt.c.detail, attempt.c.asked_at, attempt.c.carrier_result, attempt.c.answered_by,
             attempt.c.duration_s, call_sheet.c.who, call_sheet.c.note, call_sheet.c.answers, call_sheet.c.promised_for,
             call_sheet.c.phase, call_sheet.c.scope)  # fmt: skip
    query = (
        _calls()
        .add_columns(touch.c.channel, touch.c.reason, *known)
        .outerjoin(
            attempt, and_(attempt.c.touch_id == touch.c.id, or_(attempt.c.outcome.is_(None), attempt.c.outcome == "unknown"))
        )
        .outerjoin(call_sheet, call_sheet.c.attempt_id == attempt.c.id)
        .where(touch.c.state == TouchState.UNKNOWN)
    )
    return list(work.connection.execute(query.order_by(touch.c.effect_at, touch.c.id).limit(limit)))


def exists(work: Work, kind: str, id_: UUID | int) -> bool:
    """Whether there is such a touch, reply, event or delivery."""
    table = {"touch": touch, "reply": reply, "event": event, "delivery": inbox}[kind]
    return work.connection.execute(select(table.c.id).where(table.c.id == id_)).first() is not None


# -- how much a pause would hold ----------------------------------------------------------------------------------


def held_by_pause(work: Work, scope: str, name: str, until: datetime) -> tuple[int, int]:
    """How many touches a pause would hold: (calls that wait for staff, touches that fall due until then)."""
    waits, due = READY, and_(touch.c.state == TouchState.PLANNED, touch.c.channel.is_not(None), touch.c.due_at < until)
    counted = select(func.count().filter(waits), func.count().filter(due)).where(or_(waits, due))
    match scope:
        case "channel":
            # calls that a provider makes by itself stand still with the calls of the staff
            names = ["call", "voice", "voicemail"] if name == "call" else [name]
            counted = counted.where(touch.c.channel.in_(names))
        case "queue":
            counted = counted.where(touch.c.queue == name)
        case "playbook":
            counted = counted.join_from(touch, enrollment, enrollment.c.id == touch.c.enrollment_id).where(
                enrollment.c.playbook == name
            )
    row = work.connection.execute(counted).one()
    return row[0], row[1]


def events_aside(work: Work, limit: int = 100) -> list[Row[Any]]:
    """Events that could not be handled, the oldest first."""
    columns: tuple[Any, ...] = (
        event.c.id, event.c.source, event.c.key, event.c.type, event.c.subject, event.c.received_at, event.c.tries, event.c.error,
    )  # fmt: skip
    query = select(*columns).where(event.c.state == "set_aside")
    return list(work.connection.execute(query.order_by(event.c.received_at, event.c.id).limit(limit)))


def one_event(work: Work, id_: UUID) -> Row[Any] | None:
    """An event as it came, and how it stands."""
    return work.connection.execute(select(event).where(event.c.id == id_)).first()


def one_delivery(work: Work, id_: int) -> Row[Any] | None:
    """What a provider posted, and how it stands."""
    return work.connection.execute(select(inbox).where(inbox.c.id == id_)).first()


def one_reply(work: Work, id_: UUID) -> Row[Any] | None:
    """What a customer said, with whom it is from and which follow-up it answers."""
    query = (
        select(reply, customer.c.ref, customer.c.name, enrollment.c.subject, enrollment.c.playbook)
        .join(customer, customer.c.id == reply.c.customer_id)
        .outerjoin(enrollment, enrollment.c.id == reply.c.enrollment_id)
    )
    return work.connection.execute(query.where(reply.c.id == id_)).first()


def last_contacts(work: Work, customer_id: UUID, limit: int = 5) -> Sequence[Row[Any]]:
    """What reached a customer of late, newest first: what they may be answering."""
    query = select(touch.c.touchpoint, touch.c.channel, touch.c.effect_at, touch.c.state, touch.c.disposition)
    query = query.where(touch.c.customer_id == customer_id, touch.c.effect_at.is_not(None))
    return list(work.connection.execute(query.order_by(touch.c.effect_at.desc(), touch.c.id).limit(limit)))


def still_held(work: Work, customer_id: UUID) -> list[Row[Any]]:
    """The follow-ups of a customer that wait until somebody has read what they said."""
    query = select(enrollment.c.playbook, enrollment.c.subject, enrollment.c.held_at, enrollment.c.held_why)
    query = query.where(
        enrollment.c.customer_id == customer_id, enrollment.c.held_at.is_not(None), enrollment.c.ended_at.is_(None)
    )
    return list(work.connection.execute(query.order_by(enrollment.c.held_at, enrollment.c.id)))
