"""Who may be moved between versions, and pinning them to another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select

from orchestrator.core.model import OPEN_STATES, Run, Touch
from orchestrator.core.moving import Past
from orchestrator.store import bulk, customers
from orchestrator.store.database import Contended, Work
from orchestrator.store.enrollments import RUN, TOUCH, run_of, touch_of
from orchestrator.store.events import lock_subjects
from orchestrator.store.schema import enrollment, playbook_version, touch
from orchestrator.store.sets import among, kept, keys


@dataclass(frozen=True, slots=True)
class Standing:
    """One open enrollment: in which version, about what, and at which of its steps."""

    id: UUID
    version: UUID
    subject: str
    customer: UUID
    step: str | None


def inside(work: Work, version: UUID, after: UUID | None, limit: int) -> list[Standing]:
    """Open enrollments of a version in the order of their ids, those after that one."""
    rows = work.connection.execute(_inside(work), {"version": version, "after": after or UUID(int=0), "most": limit})
    return [Standing(*row) for row in rows]


def lock(work: Work, who: Sequence[Standing]) -> None:
    """Nothing else decides about these until the unit of work ends: no event, no opt-out, no worker, no person.

    Subjects and customers come first: whoever waits for an enrollment alone would look for it in the version that it had.
    """
    lock_subjects(work, [one.subject for one in who])
    customers.lock(work, [one.customer for one in who])
    if work.postgres:
        work.connection.execute(_locking(work), {"ids": keys(work, [one.id for one in who])}).all()


def standing(work: Work, ids: Sequence[UUID]) -> list[tuple[Run, Touch | None, tuple[Past, ...]]]:
    """These enrollments as they are by now, in the order of their ids: what each stands at, and what is over, in order."""
    values = {"ids": keys(work, ids)}
    runs = [run_of(tuple(row)) for row in work.connection.execute(_runs(work), values)]
    stands: dict[UUID, Touch] = {}
    past: dict[UUID, list[Past]] = {}
    for row in work.connection.execute(_touches(work), values):
        one = touch_of(tuple(row)[: len(TOUCH)])
        if one.state in OPEN_STATES:
            stands[one.run] = one
        else:
            past.setdefault(one.run, []).append(Past(one, row.reason, row.disposition))
    return [(run, stands.get(run.id), tuple(past.get(run.id, ()))) for run in runs]


def repin(work: Work, moved: Sequence[tuple[Run, UUID, datetime]]) -> None:
    """Pin open enrollments to another version: each run as it was, the new version, when it gives up there."""
    rows = [
        {"id": run.id, "version_id": version, "gives_up_at": gives_up_at, "was_version_id": run.version, "was_ended_at": None}
        for run, version, gives_up_at in moved
    ]
    if len(bulk.update(work, enrollment, rows, match=("id", "was_version_id", "was_ended_at"))) < len(rows):
        raise Contended("an enrollment was ended or moved by somebody else meanwhile")


def remember(work: Work, kept_touches: Sequence[tuple[Touch, Mapping[str, int]]]) -> None:
    """Touches that stay as they are, with another memory."""
    rows = [
        {"id": t.id, "epoch": t.epoch + 1, "was_epoch": t.epoch, "was_state": t.state, "state": t.state, "memory": dict(memory)}
        for t, memory in kept_touches
    ]
    if len(bulk.update(work, touch, rows, match=("id", "was_epoch", "was_state"))) < len(rows):
        raise Contended("a touch was taken by somebody else meanwhile")


@kept
def _inside(postgres: bool) -> Select[Any]:
    stands = (touch.c.enrollment_id == enrollment.c.id) & touch.c.state.in_(sorted(OPEN_STATES))
    e = enrollment.c
    query = select(e.id, e.version_id, e.subject, e.customer_id, touch.c.step).select_from(enrollment).outerjoin(touch, stands)
    query = query.where(e.version_id == bindparam("version"), e.ended_at.is_(None), e.id > bindparam("after"))
    return query.order_by(e.id).limit(bindparam("most"))


@kept
def _locking(postgres: bool) -> Select[Any]:
    query = select(enrollment.c.id).where(among(enrollment.c.id, "ids", postgres=postgres)).order_by(enrollment.c.id)
    return query.with_for_update(key_share=True)


@kept
def _runs(postgres: bool) -> Select[Any]:
    query = select(*RUN).join(playbook_version, playbook_version.c.id == enrollment.c.version_id)
    return query.where(among(enrollment.c.id, "ids", postgres=postgres)).order_by(enrollment.c.id)


@kept
def _touches(postgres: bool) -> Select[Any]:
    query = select(*TOUCH, touch.c.reason, touch.c.disposition)
    return query.where(among(touch.c.enrollment_id, "ids", postgres=postgres)).order_by(touch.c.enrollment_id, touch.c.ordinal)
