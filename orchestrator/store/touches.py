"""Touches that are due: claimed with everything that judging them needs, and moved along, a few statements a batch.

Claiming never waits: rows that somebody else holds are passed over (SKIP LOCKED) and found again a moment later. Touch,
enrollment and customer are locked together, so that a stop, an opt-out or another dispatcher comes before or after, never between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, not_, or_, select, update

from orchestrator.core.life import may_go
from orchestrator.core.model import AUTOMATIC_CALLS, Contact, Customer, Run, Touch, TouchState
from orchestrator.core.policies.caps import LOOKS_BACK
from orchestrator.store import bulk, customers, enrollments
from orchestrator.store.database import Work
from orchestrator.store.enrollments import RUN, TOUCH, run_of, touch_of
from orchestrator.store.events import lock_subjects
from orchestrator.store.schema import Moment, customer, enrollment, playbook_version
from orchestrator.store.schema import touch as table
from orchestrator.store.sets import among, kept, keys


@dataclass(frozen=True, slots=True)
class Due:
    """A touch that is due, with its enrollment and its customer (suppressions are asked once for a batch)."""

    touch: Touch
    run: Run
    customer: Customer


_ENDS = (len(TOUCH), len(TOUCH) + len(RUN))  # where the columns of each begin


def claim_due(work: Work, channel: str, now: datetime, limit: int) -> list[Due]:
    """Planned touches of one channel ("wait": those without) that are due, oldest first, locked."""
    if channel == "wait":
        return _fetch(work, _waits_due, ("due_at", "id"), {"now": now}, most=limit)
    return _fetch(work, _due_on, ("due_at", "id"), {"now": now, "channel": channel}, most=limit)


def claim_ready(work: Work, ids: Sequence[UUID], limit: int) -> list[Due]:
    """Those of these calls that still wait and that nobody looks at just now, most urgent first, locked."""
    return _fetch(work, _ready_given, ("rank_at", "id"), {"ids": keys(work, ids)}, most=limit) if ids else []


def overdue_ready(work: Work, now: datetime, but: Sequence[str], after: UUID, limit: int) -> list[Due]:
    """Call tasks that nobody took in time, or that go to another queue now, in order of their ids, locked. but: queues left alone."""
    return _fetch(work, _overdue, ("id",), {"now": now, "queues": keys(work, but), "after": after}, most=limit)


def lease_over(work: Work, now: datetime, limit: int) -> list[Due]:
    """Touches whose holder has not come back in time, locked."""
    return _fetch(work, _lease_over, ("due_at", "id"), {"now": now}, most=limit)


def filed_over(work: Work, now: datetime, but: Sequence[UUID], limit: int) -> list[Due]:
    """Calls whose ending can be undone no more, locked. but: those that were looked at already."""
    return _fetch(work, _filed_over, ("lease_until", "id"), {"now": now, "ids": keys(work, but)}, most=limit)


def unknown(work: Work, limit: int, after: UUID | None = None, *, messages_only: bool = False) -> list[Due]:
    """Touches of which nobody knows whether they took effect, in order of their ids, locked."""
    which = _unknown_messages if messages_only else _unknown
    return _fetch(work, which, ("id",), {"after": after or UUID(int=0)}, most=limit)


def given(work: Work, ids: Sequence[UUID]) -> list[Due]:
    """These touches, locked; waits for whoever holds them, in the order of locks: customers, enrollments, touches."""
    if not ids:
        return []
    owners = work.connection.execute(_owners(work), {"ids": keys(work, ids)}).all()
    customers.lock(work, [row.customer_id for row in owners])
    enrollments.lock(work, [row.enrollment_id for row in owners])
    return _fetch(work, _given, ("enrollment_id", "id"), {"ids": keys(work, ids)}, most=len(ids), skip=False)


def held_by(work: Work, who: str) -> list[Due]:
    """The call that this person has (at most one), locked; until the unit of work ends nobody else claims in their name."""
    lock_subjects(work, [f"desk/{who}"])
    found = given(work, list(work.connection.execute(_in_call_of(work), {"who": who}).scalars()))
    # whoever held the lock meanwhile may have filed it, or taken it back
    return [d for d in found if d.touch.state is TouchState.IN_CALL and holder(work, d.touch.id) == who]


def holder(work: Work, id_: UUID) -> str | None:
    """Who has, or last had, a call."""
    return work.connection.execute(select(table.c.held_by).where(table.c.id == id_)).scalar()


def with_answers(due: Due, answers: Mapping[str, Any]) -> Due:
    """The same, with what the customer answered just now."""
    return replace(due, run=replace(due.run, answers={**due.run.answers, **answers}))


_READ = frozenset(column.name for column in TOUCH)
Which = Callable[[bool], ColumnElement[bool]]  # told whether it is for PostgreSQL
_NOW = bindparam("now", type_=Moment)


def _waits_due(postgres: bool) -> ColumnElement[bool]:
    return and_(table.c.channel.is_(None), table.c.state == TouchState.PLANNED, table.c.due_at <= _NOW)


def _due_on(postgres: bool) -> ColumnElement[bool]:
    return and_(table.c.channel == bindparam("channel"), table.c.state == TouchState.PLANNED, table.c.due_at <= _NOW)


def _ready_given(postgres: bool) -> ColumnElement[bool]:
    return and_(_given(postgres), table.c.state == TouchState.READY)


def _overdue(postgres: bool) -> ColumnElement[bool]:
    late = or_(table.c.expires_at <= _NOW, table.c.escalate_at <= _NOW)
    elsewhere = not_(among(table.c.queue, "queues", postgres=postgres))
    return and_(table.c.state == TouchState.READY, late, elsewhere, table.c.id > bindparam("after"))


def _lease_over(postgres: bool) -> ColumnElement[bool]:
    return and_(table.c.lease_until.is_not(None), table.c.lease_until < _NOW, table.c.state != TouchState.FILED)


def _filed_over(postgres: bool) -> ColumnElement[bool]:
    is_over = and_(table.c.lease_until.is_not(None), table.c.lease_until <= _NOW, table.c.state == TouchState.FILED)
    return and_(is_over, ~among(table.c.id, "ids", postgres=postgres))


def _unknown(postgres: bool) -> ColumnElement[bool]:
    return and_(table.c.state == TouchState.UNKNOWN, table.c.id > bindparam("after"))


def _unknown_messages(postgres: bool) -> ColumnElement[bool]:
    return and_(_unknown(postgres), table.c.channel != "call")


def _given(postgres: bool) -> ColumnElement[bool]:
    return among(table.c.id, "ids", postgres=postgres)


def _fetch(
    work: Work, which: Which, order: tuple[str, ...], values: Mapping[str, Any], *, most: int, skip: bool = True
) -> list[Due]:
    """The picked touches with what judging them needs, all locked."""
    query = _picking(work.postgres, which, order, skip)
    rows = work.connection.execute(query, {**values, "most": most}).all()
    stopped = customers.suppressions(work, [r[2] for r in rows]) if rows else {}  # asked after the lock
    return [_due(row, stopped) for row in rows]


@cache
def _picking(postgres: bool, which: Which, order: tuple[str, ...], skip: bool) -> Select[Any]:
    """Lock the picked touches first, then what they belong to: picking from the index alone keeps a backlog from being sorted."""
    extra = [table.c[name] for name in order if name not in _READ]
    picking = select(*TOUCH, *extra).where(which(postgres)).order_by(*(table.c[name] for name in order)).limit(bindparam("most"))
    if postgres:
        picking = picking.with_for_update(key_share=True, skip_locked=skip)
    picked = picking.cte("picked")
    query = (
        select(*(picked.c[column.name] for column in TOUCH), *RUN, *customers.CUSTOMER)
        .join(enrollment, enrollment.c.id == picked.c.enrollment_id)
        .join(playbook_version, playbook_version.c.id == enrollment.c.version_id)
        .join(customer, customer.c.id == picked.c.customer_id)
    )
    if postgres:
        query = query.with_for_update(key_share=True, skip_locked=skip, of=[customer, enrollment])
    return query.order_by(*(picked.c[name] for name in order))


@kept
def _owners(postgres: bool) -> Select[Any]:
    return select(table.c.customer_id, table.c.enrollment_id).where(_given(postgres))


@kept
def _in_call_of(postgres: bool) -> Select[Any]:
    return select(table.c.id).where(table.c.state == TouchState.IN_CALL, table.c.held_by == bindparam("who"))


@kept
def _contacts(postgres: bool) -> Select[Any]:
    mine = among(table.c.customer_id, "ids", postgres=postgres)
    late = table.c.effect_at > bindparam("since", type_=Moment)
    return select(table.c.customer_id, table.c.channel, table.c.effect_at).where(mine, late)


def _due(row: Sequence[Any], stopped: Mapping[UUID, dict[str, str]]) -> Due:
    first, second = _ENDS
    touch = touch_of(row[:first])
    return Due(touch, run_of(row[first:second]), customers.customer_of(row[second:], stopped.get(touch.customer, {})))


def contacts(work: Work, ids: Iterable[UUID], now: datetime) -> dict[UUID, list[Contact]]:
    """What reached, or may have reached, these customers of late: over all playbooks, channels and calls by hand."""
    answer: dict[UUID, list[Contact]] = {}
    values = {"ids": keys(work, set(ids)), "since": now - LOOKS_BACK}
    for customer_id, channel, at in work.connection.execute(_contacts(work), values):
        answer.setdefault(customer_id, []).append(Contact(channel, at))
    return answer


def last_contacts(work: Work, ids: Sequence[UUID], channel: str | None, since: datetime) -> dict[UUID, UUID]:
    """The enrollment of the last contact with each of these customers since then; channel: of that channel alone."""
    query = select(table.c.customer_id, table.c.enrollment_id).where(
        table.c.customer_id.in_(list(ids)), table.c.effect_at > since
    )
    if channel is not None:
        query = query.where(table.c.channel == channel)
    rows = work.connection.execute(query.order_by(table.c.effect_at, table.c.id))
    return {customer_id: run for customer_id, run in rows}  # noqa: C416 (dict() of rows is untyped); the last one stays


def with_customers_of(work: Work, ids: Sequence[UUID], since: datetime) -> list[UUID]:
    """Every touch that reached, or may have reached, these customers since then."""
    late = (table.c.customer_id.in_(list(ids))) & (table.c.effect_at > since)
    return list(work.connection.execute(select(table.c.id).where(late)).scalars())


def calling(work: Work, limit: int, after: UUID | None = None) -> list[UUID]:
    """Automatic calls that are going on, or of which nobody knows whether they are, in order of their ids."""
    going = and_(table.c.state == TouchState.CALLING, table.c.lease_until.is_not(None))
    unclear = and_(table.c.state == TouchState.UNKNOWN, table.c.channel.in_(sorted(AUTOMATIC_CALLS)))
    query = select(table.c.id).where(or_(going, unclear), table.c.id > (after or UUID(int=0)))
    return list(work.connection.execute(query.order_by(table.c.id).limit(limit)).scalars())


def move(work: Work, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Move touches along the ways of core/life.py: each row has id, epoch and was_state (as they were seen), state, and what else changes.

    Rows of one call have the same keys. Answers the ids that were moved: a stale owner's row changes nothing. The epoch grows.
    """
    for r in rows:
        assert may_go(r["was_state"], r["state"]), f"no touch goes from {r['was_state']} to {r['state']}"
    moved = [{**r, "was_epoch": r["epoch"], "epoch": r["epoch"] + 1} for r in rows]
    return bulk.update(work, table, moved, match=("id", "was_epoch", "was_state"))


def free_offers(work: Work, who: str) -> int:
    """What waits, or will, for this person alone is anybody's. Answers how many."""
    waiting = table.c.state.in_((TouchState.PLANNED, TouchState.READY)) & (table.c.offered_to == who.lower())
    return work.connection.execute(update(table).where(waiting).values(offered_to=None, offered_until=None)).rowcount


def next_due(work: Work) -> datetime | None:
    """When the earliest planned touch is due."""
    return work.connection.execute(select(func.min(table.c.due_at)).where(table.c.state == TouchState.PLANNED)).scalar()


def next_change(work: Work) -> datetime | None:
    """When time alone changes something next: a touch falls due, a call expires or escalates, an ending becomes final."""
    ready = table.c.state == TouchState.READY
    query = select(
        func.min(table.c.due_at).filter(table.c.state == TouchState.PLANNED),
        func.min(table.c.expires_at).filter(ready),
        func.min(table.c.escalate_at).filter(ready),
        func.min(table.c.lease_until).filter(table.c.state == TouchState.FILED),
    ).where(table.c.state.in_((TouchState.PLANNED, TouchState.READY, TouchState.FILED)))
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
    """A call task goes to another queue, once, where it is anybody's."""
    moved = {"queue": queue, "escalate_at": None, "offered_to": None, "offered_until": None}
    work.connection.execute(update(table).where(table.c.id == id_).values(**moved))


def last_filed(work: Work, who: str, now: datetime) -> Row[Any] | None:
    """What this person said last that can still be undone: id, disposition, lease_until."""
    mine = and_(table.c.lease_until > now, table.c.state == TouchState.FILED, table.c.held_by == who)
    columns: tuple[Any, ...] = (table.c.id, table.c.disposition, table.c.lease_until)
    query = select(*columns).where(mine)
    return work.connection.execute(query.order_by(table.c.lease_until.desc(), table.c.id).limit(1)).first()


def desk_row(work: Work, id_: UUID) -> Row[Any] | None:
    """What the desk asks about a call beside what the engine knows: held_by, lease_until, disposition, rank_at, skill, language."""
    columns: tuple[Any, ...] = (
        table.c.held_by,
        table.c.lease_until,
        table.c.disposition,
        table.c.rank_at,
        table.c.skill,
        table.c.language,
    )
    return work.connection.execute(select(*columns).where(table.c.id == id_)).first()
