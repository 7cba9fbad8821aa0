"""Touches that are due: claimed with everything that judging them needs, and moved along, a few statements a batch.

Claiming never waits: rows that somebody else holds are passed over (SKIP LOCKED) and found again a moment later. Touch,
enrollment and customer are locked together, so that a stop, an opt-out or another dispatcher comes before or after, never between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select, update

from orchestrator.core.model import Contact, Customer, Run, Touch, TouchState
from orchestrator.store import bulk, customers, enrollments
from orchestrator.store.database import Work
from orchestrator.store.enrollments import RUN, TOUCH, run_of, touch_of
from orchestrator.store.events import lock_subjects
from orchestrator.store.schema import customer, enrollment, playbook_version
from orchestrator.store.schema import touch as table
from orchestrator.store.sets import among

CAP_DAYS = 9  # how far back caps look: a week of local days, and a day for the zones


@dataclass(frozen=True, slots=True)
class Due:
    """A touch that is due, with its enrollment and its customer (suppressions are asked once for a batch)."""

    touch: Touch
    run: Run
    customer: Customer


_ENDS = (len(TOUCH), len(TOUCH) + len(RUN))  # where the columns of each begin


def claim_due(work: Work, channel: str, now: datetime, limit: int) -> list[Due]:
    """Planned touches of one channel ("wait": those without) that are due, oldest first, locked."""
    of_channel = table.c.channel.is_(None) if channel == "wait" else table.c.channel == channel
    query = _touches().where(of_channel, table.c.state == TouchState.PLANNED, table.c.due_at <= now)
    return _fetch(work, query, ("due_at", "id"), most=limit)


def claim_ready(work: Work, queues: Sequence[str] | None, now: datetime, limit: int) -> list[Due]:
    """Call tasks that wait in these queues (None: in any), most urgent first, locked."""
    query = _touches().where(table.c.state == TouchState.READY, or_(table.c.expires_at.is_(None), table.c.expires_at > now))
    if queues is not None:
        query = query.where(table.c.queue.in_(queues))
    return _fetch(work, query, ("priority", "due_at", "id"), most=limit)


def overdue_ready(work: Work, now: datetime, limit: int) -> list[Due]:
    """Call tasks that nobody took in time, or that go to another queue now, locked."""
    late = or_(table.c.expires_at <= now, table.c.escalate_at <= now)
    return _fetch(work, _touches().where(table.c.state == TouchState.READY, late), ("due_at", "id"), most=limit)


def lease_over(work: Work, now: datetime, limit: int) -> list[Due]:
    """Touches whose holder has not come back in time, locked."""
    over = _touches().where(table.c.lease_until.is_not(None), table.c.lease_until < now)
    return _fetch(work, over, ("due_at", "id"), most=limit)


def unknown(work: Work, limit: int, after: UUID | None = None, *, messages_only: bool = False) -> list[Due]:
    """Touches of which nobody knows whether they took effect, in order of their ids, locked."""
    query = _touches().where(table.c.state == TouchState.UNKNOWN)
    if messages_only:
        query = query.where(table.c.channel != "call")
    return _fetch(work, query if after is None else query.where(table.c.id > after), ("id",), most=limit)


def given(work: Work, ids: Sequence[UUID]) -> list[Due]:
    """These touches, locked; waits for whoever holds them, in the order of locks: customers, enrollments, touches."""
    owners = work.connection.execute(select(table.c.customer_id, table.c.enrollment_id).where(among(work, table.c.id, ids))).all()
    customers.lock(work, [row.customer_id for row in owners])
    enrollments.lock(work, [row.enrollment_id for row in owners])
    return _fetch(work, _touches().where(among(work, table.c.id, ids)), ("enrollment_id", "id"), skip=False)


def held_by(work: Work, who: str) -> list[Due]:
    """The call that this person has (at most one), locked; until the unit of work ends nobody else claims in their name."""
    lock_subjects(work, [f"desk/{who}"])
    mine = select(table.c.id).where(table.c.state == TouchState.IN_CALL, table.c.held_by == who)
    return given(work, list(work.connection.execute(mine).scalars()))


def holder(work: Work, id_: UUID) -> str | None:
    """Who has, or last had, a call."""
    return work.connection.execute(select(table.c.held_by).where(table.c.id == id_)).scalar()


def with_answers(due: Due, answers: Mapping[str, Any]) -> Due:
    """The same, with what the customer answered just now."""
    return replace(due, run=replace(due.run, answers={**due.run.answers, **answers}))


def _touches() -> Select[Any]:
    return select(*TOUCH)


def _fetch(work: Work, picking: Select[Any], order: Sequence[str], *, most: int | None = None, skip: bool = True) -> list[Due]:
    """Lock the picked touches first, then what they belong to: picking from the index alone keeps a backlog from being sorted."""
    picking = picking.order_by(*(table.c[name] for name in order)).limit(most)
    if work.postgres:
        picking = picking.with_for_update(key_share=True, skip_locked=skip)
    picked = picking.cte("picked")
    query = (
        select(*picked.c, *RUN, *customers.CUSTOMER)
        .join(enrollment, enrollment.c.id == picked.c.enrollment_id)
        .join(playbook_version, playbook_version.c.id == enrollment.c.version_id)
        .join(customer, customer.c.id == picked.c.customer_id)
    )
    if work.postgres:
        query = query.with_for_update(key_share=True, skip_locked=skip, of=[customer, enrollment])
    rows = work.connection.execute(query.order_by(*(picked.c[name] for name in order))).all()
    stopped = customers.suppressions(work, [r[2] for r in rows]) if rows else {}  # asked after the lock
    return [_due(row, stopped) for row in rows]


def _due(row: Sequence[Any], stopped: Mapping[UUID, dict[str, str]]) -> Due:
    first, second = _ENDS
    touch = touch_of(row[:first])
    return Due(touch, run_of(row[first:second]), customers.customer_of(row[second:], stopped.get(touch.customer, {})))


def contacts(work: Work, ids: Iterable[UUID], now: datetime) -> dict[UUID, list[Contact]]:
    """What reached, or may have reached, these customers of late: over all playbooks, channels and calls by hand."""
    answer: dict[UUID, list[Contact]] = {}
    query = select(table.c.customer_id, table.c.channel, table.c.effect_at).where(
        among(work, table.c.customer_id, set(ids)), table.c.effect_at > now - timedelta(days=CAP_DAYS)
    )
    for customer_id, channel, at in work.connection.execute(query):
        answer.setdefault(customer_id, []).append(Contact(channel, at))
    return answer


def move(work: Work, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Move touches along: each row has id, epoch (as it was claimed) and the new values; the epoch grows.

    Rows of one call have the same keys. Answers the ids that were moved: a stale owner's row changes nothing.
    """
    return bulk.update(
        work, table, [{**r, "was_epoch": r["epoch"], "epoch": r["epoch"] + 1} for r in rows], match=("id", "was_epoch")
    )


def next_due(work: Work) -> datetime | None:
    """When the earliest planned touch is due."""
    return work.connection.execute(select(func.min(table.c.due_at)).where(table.c.state == TouchState.PLANNED)).scalar()


def next_change(work: Work) -> datetime | None:
    """When time alone changes something next: a touch falls due, a call expires or escalates."""
    ready = table.c.state == TouchState.READY
    query = select(
        func.min(table.c.due_at).filter(table.c.state == TouchState.PLANNED),
        func.min(table.c.expires_at).filter(ready),
        func.min(table.c.escalate_at).filter(ready),
    ).where(table.c.state.in_((TouchState.PLANNED, TouchState.READY)))
    return min((m for m in work.connection.execute(query).one() if m is not None), default=None)


def count_by_state(work: Work) -> list[tuple[str | None, str, int]]:
    """(touchpoint, state, how many)."""
    query = select(table.c.touchpoint, table.c.state, func.count().label("n")).group_by(table.c.touchpoint, table.c.state)
    return [(r.touchpoint, r.state, r.n) for r in work.connection.execute(query.order_by(table.c.touchpoint, table.c.state))]


def late(work: Work, now: datetime) -> tuple[int, datetime | None]:
    """How many touches are due and still planned, and since when the oldest."""
    due = and_(table.c.state == TouchState.PLANNED, table.c.due_at <= now)
    row = work.connection.execute(select(func.count(), func.min(table.c.due_at)).where(due)).one()
    return row[0], row[1]


def requeue(work: Work, id_: UUID, queue: str) -> None:
    """A call task goes to another queue, once."""
    work.connection.execute(update(table).where(table.c.id == id_).values(queue=queue, escalate_at=None))
