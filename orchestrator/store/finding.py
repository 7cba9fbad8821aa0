"""Finding customers: by what somebody types, and whom they had to do with of late."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select

from orchestrator.core.model import TouchState
from orchestrator.store import schema as s
from orchestrator.store.database import Work

MOST = 50
_LAST = "\U0010ffff"


def named(work: Work, text: str, most: int = MOST) -> list[UUID]:
    """Customers whose name, or the last word of it, begins so."""
    start = " ".join(text.lower().split())[:80]
    if not start:
        return []
    found: list[UUID] = []
    for column in (s.customer.c.name_key, s.customer.c.family_key):
        query = select(s.customer.c.id).where(_begins(work, column, start)).order_by(column, s.customer.c.id).limit(most)
        found += work.connection.execute(query).scalars()
    return list(dict.fromkeys(found))[:most]


def exactly(work: Work, refs: Collection[str], phones: Collection[str], emails: Collection[str], subject: str) -> list[UUID]:
    """Customers with one of these ids, numbers or addresses, or who have to do with this subject."""
    c, found = s.customer.c, list[UUID]()
    for column, values in ((c.ref, refs), (c.phone, phones), (c.email, emails)):
        if values:
            query = select(c.id).where(column.in_(sorted(values))).order_by(c.id.desc()).limit(MOST)
            found += work.connection.execute(query).scalars()
    if subject:
        about = select(s.enrollment.c.customer_id).where(s.enrollment.c.subject == subject).limit(MOST)
        came = select(s.event.c.customer_id).where(s.event.c.subject == subject, s.event.c.customer_id.is_not(None)).limit(MOST)
        found += [*work.connection.execute(about).scalars(), *work.connection.execute(came).scalars()]
    return list(dict.fromkeys(found))[:MOST]


def of_late(work: Work, who: str, queues: Sequence[str] | None, limit: int = 30) -> list[UUID]:
    """Whom this person called last; then, for those who see only some queues, whose calls wait there; for others the newest customers."""
    sheet, t = s.call_sheet.c, s.touch.c
    called = (
        select(t.customer_id)
        .join(s.call_sheet, sheet.touch_id == t.id)
        .where(sheet.who == who)
        .order_by(sheet.began_at.desc(), sheet.attempt_id)
    )
    found = list(dict.fromkeys(work.connection.execute(called.limit(3 * limit)).scalars()))[:limit]
    if queues is None:
        newest = select(s.customer.c.id).order_by(s.customer.c.id.desc()).limit(limit)
        found += work.connection.execute(newest).scalars()
    else:
        for queue in queues:
            waits = select(t.customer_id).where(t.state == TouchState.READY, t.queue == queue)
            found += work.connection.execute(waits.order_by(t.rank_at, t.id).limit(limit)).scalars()
    return list(dict.fromkeys(found))[:limit]


def seen(work: Work, ids: Sequence[UUID], queues: Sequence[str] | None) -> list[Row[Any]]:
    """These customers in this order, without those who never had a call in one of these queues: id, ref, name, phone, email, zones."""
    if not ids:
        return []
    c = s.customer.c
    if queues is not None:
        theirs = (
            select(s.enrollment.c.customer_id)
            .join(s.touch, s.touch.c.enrollment_id == s.enrollment.c.id)
            .where(s.enrollment.c.customer_id.in_(list(ids)), s.touch.c.queue.in_(list(queues)))
        )
        mine = set(work.connection.execute(theirs.distinct()).scalars())
        ids = [id_ for id_ in ids if id_ in mine]
    columns: tuple[Any, ...] = (c.id, c.ref, c.name, c.phone, c.email, c.zones, c.erased_at)
    rows = {row.id: row for row in work.connection.execute(select(*columns).where(c.id.in_(list(ids))))}
    return [rows[id_] for id_ in ids if id_ in rows]


def _begins(work: Work, column: ColumnElement[Any], start: str) -> ColumnElement[bool]:
    if work.postgres:
        return column.startswith(start, autoescape=True)
    return (column >= start) & (column < start + _LAST)  # SQLite's LIKE takes capitals for small letters, and no index
