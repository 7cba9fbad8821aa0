"""What the desk's pages show: one call with everything around it, and how busy the queues are. Reads without locking anybody out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, literal, select, union_all

from orchestrator.core.model import TouchState
from orchestrator.store import customers
from orchestrator.store.database import Work
from orchestrator.store.enrollments import RUN, TOUCH, run_of, touch_of
from orchestrator.store.schema import call_sheet as sheet
from orchestrator.store.schema import customer, enrollment, event, playbook_version, reply
from orchestrator.store.schema import touch as table
from orchestrator.store.touches import Due

MOST_COUNTED = 1_000  # of each queue: "999+" says as much, and asking stays cheap however many wait
_ENDS = (len(TOUCH), len(TOUCH) + len(RUN), len(TOUCH) + len(RUN) + len(customers.CUSTOMER))


@dataclass(frozen=True, slots=True)
class Seen:
    """One call as it stands, not locked."""

    due: Due
    held_by: str | None
    lease_until: datetime | None
    disposition: str | None
    began_with: str  # the type of the event that started its follow-up


def call(work: Work, id_: UUID) -> Seen | None:
    """One call with its follow-up and its customer; None when there is no such call."""
    query = (
        select(*TOUCH, *RUN, *customers.CUSTOMER, table.c.held_by, table.c.lease_until, table.c.disposition, event.c.type)
        .join(enrollment, enrollment.c.id == table.c.enrollment_id)
        .join(playbook_version, playbook_version.c.id == enrollment.c.version_id)
        .join(customer, customer.c.id == table.c.customer_id)
        .join(event, event.c.id == enrollment.c.event_id)
        .where(table.c.id == id_, table.c.channel == "call")
    )
    row = work.connection.execute(query).first()
    if row is None:
        return None
    first, second, third = _ENDS
    touch = touch_of(row[:first])
    stopped = customers.suppressions(work, [touch.customer]).get(touch.customer, {})
    due = Due(touch, run_of(row[first:second]), customers.customer_of(row[second:third], stopped))
    return Seen(due, *row[third:])


def held(work: Work, who: str) -> UUID | None:
    """The call that this person has."""
    mine = and_(table.c.state == TouchState.IN_CALL, table.c.held_by == who)
    return work.connection.execute(select(table.c.id).where(mine)).scalar()


def contacts(work: Work, customer_id: UUID, but: UUID, limit: int) -> list[Row[Any]]:
    """What reached, or may have reached, a customer: over all playbooks, newest first, with what was noted in calls."""
    query = (
        select(
            table.c.id, table.c.touchpoint, table.c.channel, table.c.state, table.c.disposition, table.c.reason, table.c.effect_at,
            enrollment.c.playbook, enrollment.c.subject, sheet.c.who, sheet.c.note, sheet.c.sentiment,
        )
        .join(enrollment, enrollment.c.id == table.c.enrollment_id)
        .outerjoin(sheet, and_(sheet.c.touch_id == table.c.id, sheet.c.phase == "filed"))
        .where(table.c.customer_id == customer_id, table.c.effect_at.is_not(None), table.c.id != but)
    )  # fmt: skip
    return list(work.connection.execute(query.order_by(table.c.effect_at.desc(), table.c.id).limit(limit)))


def said(work: Work, customer_id: UUID, limit: int) -> list[Row[Any]]:
    """What a customer said of themselves, newest first."""
    query = select(reply).where(reply.c.customer_id == customer_id).order_by(reply.c.came_at.desc(), reply.c.id).limit(limit)
    return list(work.connection.execute(query))


def waiting(work: Work, queues: Sequence[str]) -> dict[str, int]:
    """How many calls wait in each of these queues, at most MOST_COUNTED of each."""
    if not queues:
        return {}
    some = [_some_of(name) for name in queues]
    return {row.queue: row.n for row in work.connection.execute(union_all(*some))}


def _some_of(queue: str) -> Any:
    ready = select(table.c.id).where(table.c.state == TouchState.READY, table.c.queue == queue).limit(MOST_COUNTED).subquery()
    return select(literal(queue).label("queue"), func.count().label("n")).select_from(ready)


def next_due(work: Work, queues: Sequence[str]) -> datetime | None:
    """When the next call that is planned for these queues falls due."""
    mine = and_(table.c.channel == "call", table.c.state == TouchState.PLANNED, table.c.queue.in_(list(queues)))
    return work.connection.execute(select(table.c.due_at).where(mine).order_by(table.c.due_at).limit(1)).scalar()


def calls_since(work: Work, who: str, since: datetime, limit: int = 500) -> list[Row[Any]]:
    """Somebody's calls since then, with how long each part took."""
    query = select(sheet.c.phase, sheet.c.talked_from, sheet.c.wrap_up_from, sheet.c.filed_at, sheet.c.disposition)
    mine = and_(sheet.c.who == who, sheet.c.began_at >= since)
    return list(work.connection.execute(query.where(mine).order_by(sheet.c.began_at.desc()).limit(limit)))
