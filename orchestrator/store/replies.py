"""What customers said to us of themselves: texts, missed calls, a pressed key. Each waits until a person has read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, func, select, update

from orchestrator.core.model import TouchState
from orchestrator.store import touches
from orchestrator.store.database import Work
from orchestrator.store.schema import customer, enrollment, journal, reply, touch

Verdict = Literal["stop", "go_on", "end"]


def put(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    """Keep what was said: id, customer_id, enrollment_id, channel, kind, said, came_at, provider_ref."""
    if rows:
        work.connection.execute(reply.insert(), [{**r, "read_at": None, "read_by": None, "verdict": None} for r in rows])


def open_ones(work: Work, limit: int = 200) -> list[Row[Any]]:
    """What nobody has read yet, oldest first, with whom it is from and which follow-up it answers."""
    query = (
        select(reply, customer.c.ref, customer.c.name, enrollment.c.subject, enrollment.c.playbook)
        .join(customer, customer.c.id == reply.c.customer_id)
        .outerjoin(enrollment, enrollment.c.id == reply.c.enrollment_id)
        .where(reply.c.read_at.is_(None))
    )
    return list(work.connection.execute(query.order_by(reply.c.came_at, reply.c.id).limit(limit)))


def of_customer(work: Work, customer_id: UUID, limit: int = 200) -> list[Row[Any]]:
    """The conversation with one customer, oldest first."""
    query = select(reply).where(reply.c.customer_id == customer_id).order_by(reply.c.came_at, reply.c.id).limit(limit)
    return list(work.connection.execute(query))


def one(work: Work, id_: UUID) -> Row[Any] | None:
    """One of them, locked."""
    query = select(reply).where(reply.c.id == id_)
    return work.connection.execute(query.with_for_update() if work.postgres else query).first()


def read(work: Work, id_: UUID, who: str, verdict: Verdict, now: datetime) -> bool:
    """A person has dealt with it. Answers False when somebody had before."""
    unread = reply.update().where(reply.c.id == id_, reply.c.read_at.is_(None))
    return bool(work.connection.execute(unread.values(read_at=now, read_by=who, verdict=verdict)).rowcount)


def still_open_for(work: Work, customer_id: UUID) -> int:
    """How many of this customer's wait to be read."""
    query = select(func.count()).where(reply.c.customer_id == customer_id, reply.c.read_at.is_(None))
    return work.connection.execute(query).scalar_one()


def hold(work: Work, runs: Sequence[UUID], why: str, now: datetime) -> None:
    """Nothing of these enrollments goes out until somebody has read what the customer said."""
    if runs:
        changed = update(enrollment).where(enrollment.c.id.in_(list(runs)), enrollment.c.held_at.is_(None))
        work.connection.execute(changed.values(held_at=now, held_why=why))


def hold_new(work: Work, runs: Sequence[UUID], now: datetime) -> None:
    """Enrollments that have just begun are held as well, while somebody has to judge whether their customer wants any contact."""
    if runs:
        unread = select(reply.c.customer_id).where(reply.c.read_at.is_(None), reply.c.kind == "maybe_stop")
        theirs = enrollment.c.id.in_(list(runs)) & enrollment.c.customer_id.in_(unread)
        why = "the customer may want no more; nothing goes out until somebody has seen to it"
        work.connection.execute(update(enrollment).where(theirs).values(held_at=now, held_why=why))


def wake(work: Work, runs: Sequence[UUID], asked_again: timedelta, now: datetime) -> None:
    """What was put off only because somebody had to read an answer is due now; anything else keeps its moment."""
    if not runs:
        return
    said = select(journal.c.touch_id, func.max(journal.c.at).label("at"))
    said = said.where(journal.c.enrollment_id.in_(list(runs)), journal.c.what == "touch.deferred", journal.c.rule == "reply")
    last = said.group_by(journal.c.touch_id).subquery()
    found = select(touch.c.id, touch.c.epoch, touch.c.due_at, last.c.at).join(last, last.c.touch_id == touch.c.id)
    waiting = work.connection.execute(found.where(touch.c.state == TouchState.PLANNED)).all()
    touches.move(
        work,
        [{"id": t.id, "epoch": t.epoch, "was_state": TouchState.PLANNED, "state": TouchState.PLANNED, "due_at": now}
         for t in waiting if now < t.due_at <= t.at + asked_again],
    )  # fmt: skip


def let_go(work: Work, customer_id: UUID) -> list[UUID]:
    """The customer's enrollments go on. Answers which were held."""
    held = enrollment.c.held_at.is_not(None) & (enrollment.c.customer_id == customer_id)
    found = list(work.connection.execute(select(enrollment.c.id).where(held)).scalars())
    if found:
        work.connection.execute(update(enrollment).where(enrollment.c.id.in_(found)).values(held_at=None, held_why=None))
    return found
