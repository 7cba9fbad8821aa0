"""Pauses: everything, a channel, a playbook, a queue or a customer stands still. Held, never dropped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, case, delete, func, select

from orchestrator.core.model import AUTOMATIC_CALLS, PauseScope, TouchState
from orchestrator.core.policies.pause import RULE
from orchestrator.store import touches
from orchestrator.store.database import Work
from orchestrator.store.schema import READY, enrollment, journal, touch
from orchestrator.store.schema import pause as table

Paused = tuple[tuple[PauseScope, str], ...]


def live(work: Work) -> Paused:
    """What is paused now: (scope, name)."""
    return tuple(cast("Paused", [(r.scope, r.name) for r in work.connection.execute(select(table.c.scope, table.c.name))]))


def wake(work: Work, asked_again: timedelta, now: datetime) -> int:
    """What was put off only because of a pause is due now: every policy judges it anew. Answers how many.

    asked_again: how long a pause puts off. Whatever else moved meanwhile keeps its moment.
    """
    soon = (touch.c.state == TouchState.PLANNED) & (touch.c.due_at > now) & (touch.c.due_at <= now + asked_again)
    found = (
        select(touch.c.id, touch.c.epoch, touch.c.due_at, journal.c.at)
        .join(journal, (journal.c.enrollment_id == touch.c.enrollment_id) & (journal.c.touch_id == touch.c.id))
        .where(soon, journal.c.what == "touch.deferred", journal.c.rule == RULE)
    )
    rows = {t.id: t for t in work.connection.execute(found).all() if t.due_at == t.at + asked_again}
    moved = [
        {"id": t.id, "epoch": t.epoch, "was_state": TouchState.PLANNED, "state": TouchState.PLANNED, "due_at": now}
        for t in rows.values()
    ]
    return len(touches.move(work, moved)) if moved else 0


def put(work: Work, scope: PauseScope, name: str, by: str, now: datetime) -> bool:
    """Pause; answers False when it was paused already."""
    if (scope, name) in live(work):
        return False
    work.connection.execute(table.insert().values(scope=scope, name=name, by=by, since=now))
    return True


def lift(work: Work, scope: PauseScope, name: str) -> bool:
    """Resume; answers False when it was not paused."""
    return bool(work.connection.execute(delete(table).where(table.c.scope == scope, table.c.name == name)).rowcount)


def since(work: Work, scope: str, name: str) -> datetime | None:
    """From when on it stands still; None: it does not."""
    return work.connection.execute(select(table.c.since).where(table.c.scope == scope, table.c.name == name)).scalar()


def calls(work: Work, scope: PauseScope, name: str) -> int:
    """How many calls that wait for staff this pause covers."""
    query = select(func.count()).select_from(touch).where(READY, *_of(scope, name))
    if scope == "playbook":
        query = query.join(enrollment, enrollment.c.id == touch.c.enrollment_id)
    return int(work.connection.execute(query).scalar_one())


def covered(
    work: Work,
    scope: PauseScope,
    name: str,
    since: datetime,
    states: Sequence[TouchState] = (TouchState.PLANNED, TouchState.READY),
) -> list[Row[Any]]:
    """Every touch that this pause covers and that has not happened: planned, waiting for staff, and waits that are part of it.

    first, last: when a pause put it off since then; shifted: when it was last moved because a pause was over; each may be None.
    """
    put_off = and_(journal.c.what == "touch.deferred", journal.c.rule == RULE)
    columns: tuple[Any, ...] = (
        touch.c.id, touch.c.channel, touch.c.state, touch.c.planned_at, touch.c.due_at, touch.c.expires_at,
        func.min(case((put_off, journal.c.at))).label("first"), func.max(case((put_off, journal.c.at))).label("last"),
        func.max(case((journal.c.what == "touch.shifted", journal.c.at))).label("shifted"),
    )  # fmt: skip
    told = and_(
        journal.c.enrollment_id == touch.c.enrollment_id,
        journal.c.touch_id == touch.c.id,
        journal.c.at >= since,
        journal.c.what.in_(("touch.deferred", "touch.shifted")),
    )
    open_ones = touch.c.state.in_(states)
    query = (
        select(*columns)
        .join(enrollment, enrollment.c.id == touch.c.enrollment_id)
        .outerjoin(journal, told)
        .where(open_ones, *_of(scope, name))
        .group_by(touch.c.id)
        .order_by(touch.c.due_at, touch.c.id)
    )
    return list(work.connection.execute(query))


def _of(scope: PauseScope, name: str) -> list[ColumnElement[bool]]:
    match scope:
        case "channel":
            # calls that a provider makes by itself stand still with the calls of the staff
            return [touch.c.channel.in_(["call", *sorted(AUTOMATIC_CALLS)] if name == "call" else [name])]
        case "queue":
            return [touch.c.queue == name]
        case "playbook":
            return [enrollment.c.playbook == name]
        case "customer":
            return [touch.c.customer_id == UUID(name)]
        case "all":
            return []
