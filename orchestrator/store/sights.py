"""What somebody may look at: asked before every page that is about one object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from orchestrator.store.database import Work
from orchestrator.store.schema import customer as customer_table
from orchestrator.store.schema import enrollment, touch


def customer(work: Work, id_: UUID, queues: Sequence[str] | None) -> bool:
    """Whether there is such a customer and, with queues, whether a call with them is or was in one of these."""
    if queues is None:
        return work.connection.execute(select(customer_table.c.id).where(customer_table.c.id == id_)).first() is not None
    theirs = (
        select(touch.c.id)
        .join(enrollment, enrollment.c.id == touch.c.enrollment_id)
        .where(enrollment.c.customer_id == id_, touch.c.queue.in_(list(queues)))
    )
    return work.connection.execute(theirs.limit(1)).first() is not None


def call(work: Work, id_: UUID) -> Row[Any] | None:
    """Where a call waits or waited: queue, offered_to, held_by. None when there is no such call."""
    columns: tuple[Any, ...] = (touch.c.queue, touch.c.offered_to, touch.c.held_by)
    return work.connection.execute(select(*columns).where(touch.c.id == id_, touch.c.channel == "call")).first()
