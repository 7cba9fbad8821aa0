"""Who stands where in the playbooks now: counted for each version and step, and listed page by page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, case, func, select

from orchestrator.core.model import OPEN_STATES, Touch
from orchestrator.store.customers import CUSTOMER
from orchestrator.store.database import Work
from orchestrator.store.enrollments import TOUCH, touch_of
from orchestrator.store.schema import customer, enrollment, playbook_version, touch
from orchestrator.store.sets import among, kept, keys


@dataclass(frozen=True, slots=True)
class Inside:
    """One enrollment that runs: what it is about, whose, and what it waits for."""

    id: UUID
    subject: str
    customer: UUID
    name: str | None
    ref: str
    time_zone: str | None
    zones: tuple[str, ...]
    started_at: datetime
    held: bool  # until a person has read what the customer said
    touch: Touch


def counts(work: Work, before: datetime) -> list[Row[Any]]:
    """For each version and step: how many stand there (n), and of how many the next touch is due before that moment (due)."""
    return list(work.connection.execute(_counts(work), {"before": before}))


def steps_of(work: Work, version: UUID) -> dict[str, int]:
    """How many stand at each step of one version."""
    return {row.step: row.n for row in work.connection.execute(_steps_of(work), {"version": version})}


def ended(work: Work, since: datetime) -> list[Row[Any]]:
    """For each playbook and reason: how many enrollments ended since then (n)."""
    return list(work.connection.execute(_ended(work), {"since": since}))


def version_rows(work: Work, playbook: str | None = None) -> list[Row[Any]]:
    """Every version, newest first within its playbook, without its document; of one playbook when it is named."""
    t = playbook_version.c
    columns: tuple[Any, ...] = (
        t.id, t.playbook, t.number, t.hash, t.current, t.beside, t.beside_since, t.published_at, t.published_by, t.approved_by,
        t.used_since,
    )  # fmt: skip
    query = select(*columns).order_by(t.playbook, t.number.desc())
    return list(work.connection.execute(query.where(t.playbook == playbook) if playbook is not None else query))


def kinds(work: Work, playbook: str) -> frozenset[str]:
    """What there is of a playbook: "published" for any version that is or was in use, "proposed", "shadow"; nothing: it is not known."""
    t = playbook_version.c
    rows = work.connection.execute(select(t.beside).where(t.playbook == playbook).distinct()).scalars()
    return frozenset(beside or "published" for beside in rows)


def inside(work: Work, version: UUID, after: UUID | None, limit: int, step: str | None = None) -> list[Inside]:
    """Enrollments of a version that run, oldest first, those after that one; with a step: those that stand there."""
    values = {"version": version, "after": after or UUID(int=0), "most": limit}
    if step is None:
        return [_inside(row) for row in work.connection.execute(_listed(work), values)]
    return [_inside(row) for row in work.connection.execute(_at_step(work), {**values, "step": step})]


def one(work: Work, id_: UUID) -> Inside | None:
    """One enrollment that runs."""
    row = work.connection.execute(_running().where(enrollment.c.id == id_)).first()
    return _inside(row) if row is not None else None


def known_to(work: Work, customers: Collection[UUID], queues: Sequence[str]) -> set[UUID]:
    """Which of these customers somebody of these queues may see: the rule of sights.customer, for a page at once."""
    values = {"ids": keys(work, customers), "queues": keys(work, queues)}
    return {row.customer_id for row in work.connection.execute(_known(work), values)}


def _inside(row: Row[Any]) -> Inside:
    own = len(_OWN)
    id_, subject, customer_id, started_at, held_at, name, ref, time_zone, zones = row[:own]
    return Inside(
        id_, subject, customer_id, name, ref, time_zone, tuple(zones), started_at, held_at is not None, touch_of(tuple(row)[own:])
    )


_OWN: tuple[Any, ...] = (
    enrollment.c.id, enrollment.c.subject, enrollment.c.customer_id, enrollment.c.started_at, enrollment.c.held_at,
    customer.c.name, customer.c.ref, customer.c.time_zone, customer.c.zones,
)  # fmt: skip


def _running() -> Select[Any]:
    stands = (touch.c.enrollment_id == enrollment.c.id) & touch.c.state.in_(sorted(OPEN_STATES))
    query = select(*_OWN, *TOUCH).select_from(enrollment).join(touch, stands)
    return query.join(customer, CUSTOMER[0] == enrollment.c.customer_id).where(enrollment.c.ended_at.is_(None))


@kept
def _counts(postgres: bool) -> Select[Any]:
    due = func.sum(case((touch.c.due_at < bindparam("before"), 1), else_=0))
    query = select(enrollment.c.version_id, touch.c.step, func.count().label("n"), due.label("due"))
    query = query.join(touch, touch.c.enrollment_id == enrollment.c.id)
    query = query.where(touch.c.state.in_(sorted(OPEN_STATES)), enrollment.c.ended_at.is_(None))
    return query.group_by(enrollment.c.version_id, touch.c.step)


@kept
def _steps_of(postgres: bool) -> Select[Any]:
    query = select(touch.c.step, func.count().label("n")).join(touch, touch.c.enrollment_id == enrollment.c.id)
    of = (enrollment.c.version_id == bindparam("version")) & enrollment.c.ended_at.is_(None)
    return query.where(of, touch.c.state.in_(sorted(OPEN_STATES))).group_by(touch.c.step)


@kept
def _ended(postgres: bool) -> Select[Any]:
    t = enrollment.c
    query = select(t.playbook, t.end_reason, func.count().label("n")).where(t.ended_at >= bindparam("since"))
    return query.group_by(t.playbook, t.end_reason)


@kept
def _listed(postgres: bool) -> Select[Any]:
    of = enrollment.c.version_id == bindparam("version")
    return _running().where(of, enrollment.c.id > bindparam("after")).order_by(enrollment.c.id).limit(bindparam("most"))


@kept
def _at_step(postgres: bool) -> Select[Any]:
    of = (enrollment.c.version_id == bindparam("version")) & (touch.c.step == bindparam("step"))
    return _running().where(of, enrollment.c.id > bindparam("after")).order_by(enrollment.c.id).limit(bindparam("most"))


@kept
def _known(postgres: bool) -> Select[Any]:
    of = among(enrollment.c.customer_id, "ids", postgres=postgres) & among(touch.c.queue, "queues", postgres=postgres)
    query = select(enrollment.c.customer_id).join(touch, touch.c.enrollment_id == enrollment.c.id)
    return query.where(of).distinct()
