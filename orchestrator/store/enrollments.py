"""Enrollments: the open ones of a subject with the touch each stands at, and whether there were earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from orchestrator.core.model import OPEN_STATES, EndReason, Run, Touch, TouchState
from orchestrator.store.database import Work
from orchestrator.store.schema import enrollment as table
from orchestrator.store.schema import playbook_version, touch
from orchestrator.store.sets import among, kept, keys

# in the order of the fields of core.model.Run and Touch: rows become values by position, which is the hot path
RUN = (
    table.c.id, table.c.version_id, table.c.playbook, playbook_version.c.number, table.c.subject, table.c.customer_id,
    table.c.anchor, table.c.gives_up_at, table.c.event_data, table.c.answers, table.c.end_reason, table.c.held_why,
)  # fmt: skip

TOUCH = (
    touch.c.id, touch.c.enrollment_id, touch.c.customer_id, touch.c.ordinal, touch.c.step, touch.c.touchpoint, touch.c.channel,
    touch.c.queue, touch.c.priority, touch.c.tries, touch.c.planned_at, touch.c.due_at, touch.c.expires_at, touch.c.escalate_at,
    touch.c.why, touch.c.memory, touch.c.state, touch.c.epoch, touch.c.effect_at, touch.c.offered_to, touch.c.offered_until,
)  # fmt: skip


def run_of(values: Any) -> Run:
    """The RUN columns, in their order, as the core sees them."""
    fields: tuple[Any, ...] = (*values[:10], EndReason(values[10]) if values[10] else None, values[11])
    return Run(*fields)


def touch_of(values: Any) -> Touch:
    """The TOUCH columns, in their order, as the core sees them."""
    fields: tuple[Any, ...] = (*values[:16], TouchState(values[16]), *values[17:21])
    return Touch(*fields)


def open_for(work: Work, subjects: Sequence[str]) -> list[tuple[Run, Touch | None]]:
    """Open enrollments about these subjects, locked in one order, each with the touch it stands at."""
    return _with_touches(work, _open_about(work), {"subjects": keys(work, subjects)})


def open_of_customers(work: Work, customers: Sequence[UUID]) -> list[tuple[Run, Touch | None]]:
    """Every open enrollment of these customers, locked, each with the touch it stands at."""
    return _with_touches(work, _open_of(work), {"customers": keys(work, customers)})


def stands_at(work: Work, run: UUID) -> Touch | None:
    """The open touch of an enrollment that is locked."""
    row = work.connection.execute(_stands(work), {"runs": keys(work, [run])}).first()
    return touch_of(tuple(row)) if row else None


def lock(work: Work, ids: Sequence[UUID]) -> dict[UUID, EndReason | None]:
    """Hold these enrollments until the unit of work ends; answers how each stands by now."""
    rows = work.connection.execute(_locking(work), {"ids": keys(work, set(ids))})
    return {row.id: EndReason(row.end_reason) if row.end_reason else None for row in rows}


def earlier(work: Work, subjects: Sequence[str]) -> set[tuple[str, str]]:
    """(subject, playbook) of which an enrollment has ended before."""
    rows = work.connection.execute(_ended(work), {"subjects": keys(work, subjects)})
    return {(row.subject, row.playbook) for row in rows}


def started_by(work: Work, events: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Which enrollments each event started."""
    answer: dict[UUID, list[UUID]] = {}
    for event_id, id_ in work.connection.execute(_started(work), {"events": keys(work, events)}):
        answer.setdefault(event_id, []).append(id_)
    return answer


def of_subject(work: Work, subject: str) -> list[Run]:
    """Every enrollment of a subject, oldest first."""
    query = select(*RUN).join(playbook_version, playbook_version.c.id == table.c.version_id)
    rows = work.connection.execute(query.where(table.c.subject == subject).order_by(table.c.started_at, table.c.id))
    return [run_of(row) for row in rows]


def one(work: Work, id_: UUID) -> Run | None:
    """One enrollment."""
    query = select(*RUN).join(playbook_version, playbook_version.c.id == table.c.version_id).where(table.c.id == id_)
    row = work.connection.execute(query).first()
    return run_of(row) if row else None


def _with_touches(work: Work, query: Select[Any], values: dict[str, Any]) -> list[tuple[Run, Touch | None]]:
    runs = [run_of(row) for row in work.connection.execute(query, values)]
    if not runs:
        return []
    # asked after the lock: whoever held the enrollment may have moved its touch
    stands = work.connection.execute(_stands(work), {"runs": keys(work, [r.id for r in runs])})
    at = {row.enrollment_id: touch_of(tuple(row)) for row in stands}
    return [(run, at.get(run.id)) for run in runs]


def _open(postgres: bool) -> Select[Any]:
    query = select(*RUN).join(playbook_version, playbook_version.c.id == table.c.version_id)
    query = query.where(table.c.ended_at.is_(None)).order_by(table.c.id)
    return query.with_for_update(key_share=True, of=table) if postgres else query


@kept
def _open_about(postgres: bool) -> Select[Any]:
    return _open(postgres).where(among(table.c.subject, "subjects", postgres=postgres))


@kept
def _open_of(postgres: bool) -> Select[Any]:
    return _open(postgres).where(among(table.c.customer_id, "customers", postgres=postgres))


@kept
def _stands(postgres: bool) -> Select[Any]:
    of_runs = among(touch.c.enrollment_id, "runs", postgres=postgres)
    return select(*TOUCH).where(of_runs, touch.c.state.in_(sorted(OPEN_STATES)))


@kept
def _locking(postgres: bool) -> Select[Any]:
    query = select(table.c.id, table.c.end_reason).where(among(table.c.id, "ids", postgres=postgres)).order_by(table.c.id)
    return query.with_for_update(key_share=True) if postgres else query


@kept
def _ended(postgres: bool) -> Select[Any]:
    about = among(table.c.subject, "subjects", postgres=postgres)
    return select(table.c.subject, table.c.playbook).where(about, table.c.ended_at.is_not(None)).distinct()


@kept
def _started(postgres: bool) -> Select[Any]:
    query = select(table.c.event_id, table.c.id).where(among(table.c.event_id, "events", postgres=postgres))
    return query.order_by(table.c.id)
