"""What a comparison of a shadow asks of the database. It only reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from orchestrator.core.model import TouchState
from orchestrator.store.database import Work
from orchestrator.store.schema import attempt, call_sheet, customer, enrollment, event, touch
from orchestrator.store.sets import among, keys


def newest_since(work: Work, since: datetime, most: int) -> datetime:
    """From when on no more than so many events came in; `since` itself when there are not that many."""
    query = (
        select(event.c.received_at).where(event.c.received_at >= since).order_by(event.c.received_at.desc(), event.c.id.desc())
    )
    return work.connection.execute(query.offset(most - 1).limit(1)).scalar() or since


def begun(work: Work, playbook: str, since: datetime) -> list[UUID]:
    """The enrollments of a playbook that events since then led to, in order."""
    query = select(enrollment.c.id).join(event, event.c.id == enrollment.c.event_id)
    query = query.where(event.c.received_at >= since, enrollment.c.playbook == playbook)
    return list(work.connection.execute(query.order_by(event.c.received_at, event.c.id)).scalars())


def endings(work: Work, enrollments: Sequence[UUID]) -> list[Row[Any]]:
    """How their calls ended, the last one of each try last: subject, touchpoint, tries, disposition, answers."""
    columns: tuple[Any, ...] = (
        enrollment.c.subject, touch.c.touchpoint, touch.c.tries, touch.c.disposition, call_sheet.c.answers,
    )  # fmt: skip
    query = (
        select(*columns)
        .select_from(touch)
        .join(enrollment, enrollment.c.id == touch.c.enrollment_id)
        .outerjoin(attempt, attempt.c.touch_id == touch.c.id)
        .outerjoin(call_sheet, call_sheet.c.attempt_id == attempt.c.id)
        .where(
            among(touch.c.enrollment_id, "enrollments", postgres=work.postgres), touch.c.channel == "call",
            touch.c.state == TouchState.DONE, touch.c.disposition.is_not(None),
        )
        .order_by(touch.c.finished_at, touch.c.id, attempt.c.number)
    )  # fmt: skip
    return list(work.connection.execute(query, {"enrollments": keys(work, enrollments)}))


def known(work: Work, refs: Collection[str]) -> dict[str, UUID]:
    """The customers with these ids of the business."""
    query = select(customer.c.ref, customer.c.id).where(customer.c.ref.in_(sorted(refs)))
    return {ref: id_ for ref, id_ in work.connection.execute(query)}  # noqa: C416 (dict() of rows is untyped)
