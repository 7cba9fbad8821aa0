"""Reading the journal. It is written by store/changes.py and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select

from orchestrator.store.database import Work
from orchestrator.store.schema import attempt, enrollment, playbook_version, touch
from orchestrator.store.schema import customer as customer_table
from orchestrator.store.schema import journal as table


def of_subject(work: Work, subject: str, limit: int = 1_000) -> list[Row[Any]]:
    """Everything decided about a subject, oldest first: of its enrollments, and where none came of it."""
    # asked first: an OR with a sub-select would read the whole journal
    runs = list(work.connection.execute(select(enrollment.c.id).where(enrollment.c.subject == subject)).scalars())
    about = or_(table.c.enrollment_id.in_(runs), (table.c.subject == subject) & table.c.enrollment_id.is_(None))
    return list(work.connection.execute(select(table).where(about).order_by(table.c.at, table.c.id).limit(limit)))


def of_touch(work: Work, touch_id: UUID) -> list[Row[Any]]:
    """Everything decided about one touch, oldest first."""
    found = select(enrollment.c.id).join(touch, touch.c.enrollment_id == enrollment.c.id).where(touch.c.id == touch_id)
    query = select(table).where(table.c.enrollment_id.in_(found), table.c.touch_id == touch_id)
    return list(work.connection.execute(query.order_by(table.c.at, table.c.id)))


def touches_of(work: Work, subject: str) -> list[Row[Any]]:
    """A subject's touches over all its enrollments, in order, with playbook, version and the customer's zone."""
    query = (
        select(
            touch,
            enrollment.c.playbook,
            enrollment.c.subject,
            playbook_version.c.number,
            customer_table.c.ref.label("customer_ref"),
            customer_table.c.zones.label("customer_zones"),
        )
        .join(enrollment, enrollment.c.id == touch.c.enrollment_id)
        .join(playbook_version, playbook_version.c.id == enrollment.c.version_id)
        .join(customer_table, customer_table.c.id == touch.c.customer_id)
    )
    return list(work.connection.execute(query.where(enrollment.c.subject == subject).order_by(touch.c.planned_at, touch.c.id)))


def touch_of(work: Work, touch_id: UUID) -> Row[Any] | None:
    """One touch with the names of what it belongs to."""
    subject = select(enrollment.c.subject).join(touch, touch.c.enrollment_id == enrollment.c.id).where(touch.c.id == touch_id)
    found = work.connection.execute(subject).scalar()
    return next((row for row in touches_of(work, found) if row.id == touch_id), None) if found is not None else None


def ids_like(work: Work, start: str, limit: int = 5) -> list[UUID]:
    """Touches whose id begins so: people type a few characters."""
    low = UUID((start.replace("-", "") + "0" * 32)[:32])
    high = UUID((start.replace("-", "") + "f" * 32)[:32])
    query = select(touch.c.id).where(touch.c.id >= low, touch.c.id <= high).order_by(touch.c.id).limit(limit)
    return list(work.connection.execute(query).scalars())


def attempts_of(work: Work, touches: Sequence[UUID]) -> list[Row[Any]]:
    """The attempts of these touches, in order."""
    query = select(attempt).where(attempt.c.touch_id.in_(touches))
    return list(work.connection.execute(query.order_by(attempt.c.touch_id, attempt.c.number)))


def counts(work: Work, what: str) -> list[tuple[str, int]]:
    """How often each rule was the reason for entries of one kind, e.g. "touch.deferred"; most first."""
    query = select(table.c.rule, func.count().label("n")).where(table.c.what == what).group_by(table.c.rule)
    return [(row.rule, row.n) for row in work.connection.execute(query.order_by(func.count().desc(), table.c.rule))]


def ended_by_reason(work: Work) -> list[tuple[str, str | None, int]]:
    """(playbook, reason or None while open, how many enrollments)."""
    query = select(enrollment.c.playbook, enrollment.c.end_reason, func.count().label("n")).group_by(
        enrollment.c.playbook, enrollment.c.end_reason
    )
    return [
        (r.playbook, r.end_reason, r.n)
        for r in work.connection.execute(query.order_by(enrollment.c.playbook, enrollment.c.end_reason))
    ]
