"""The events of the past as a backtest goes through them: in the order in which they came, with the customers they name as they are now.

One chunk at a time, each in a unit of work of its own: on SQLite whoever reads keeps everybody else from writing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, select, tuple_

from orchestrator.core.told import SOURCE
from orchestrator.store import customers
from orchestrator.store.database import Work
from orchestrator.store.schema import customer, suppression
from orchestrator.store.schema import event as table
from orchestrator.store.sets import among, keys

CHUNK = 500  # rows in memory at a time; on SQLite whoever writes waits for one, some hundredths of a second
Place = tuple[datetime, UUID]  # of an event in the order received: `received_at` and id
MADE_AGAIN = ("touch.sent", "call.finished", "customer.opted_out", "promise.made")  # what a backtest reports itself


def count(work: Work, since: datetime | None, at_most: int) -> int:
    """How many events `received` goes through; counting stops at `at_most`."""
    those = select(table.c.id).where(_meant(since)).limit(at_most).subquery()
    return work.connection.execute(select(func.count()).select_from(those)).scalar_one()


def newest(work: Work) -> Place | None:
    """The event that came in last; None when there is none."""
    query = select(table.c.received_at, table.c.id).order_by(table.c.received_at.desc(), table.c.id.desc()).limit(1)
    row = work.connection.execute(query).one_or_none()
    return (row.received_at, row.id) if row is not None else None


def received(
    work: Work, since: datetime | None, until: Place, after: Place | None = None, most: int = CHUNK
) -> Sequence[Row[Any]]:
    """So many events in the order received, without those that the system reported of its own touches and those set aside.

    until: the last that may be among them. after: the last that was read before; None: from the beginning.
    """
    place = tuple_(table.c.received_at, table.c.id)
    # not both of them: SQLite would begin at `since` for each chunk
    query = select(table).where(_meant(since)) if after is None else select(table).where(_meant(None), place > after)
    return work.connection.execute(query.where(place <= until).order_by(*place).limit(most)).all()


def these(work: Work, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Events that were read before, in the same order."""
    query = select(table).where(among(table.c.id, "ids", postgres=work.postgres)).order_by(table.c.received_at, table.c.id)
    return work.connection.execute(query, {"ids": keys(work, ids)}).all()


def people(work: Work, ids: Sequence[UUID]) -> list[Row[Any]]:
    """What is known of these customers now: the columns of core.model.Customer, and `country`."""
    query = select(*customers.CUSTOMER, customer.c.country).where(among(customer.c.id, "ids", postgres=work.postgres))
    return list(work.connection.execute(query, {"ids": keys(work, ids)}))


def opt_outs(work: Work) -> list[Row[Any]]:
    """Who wants no more contact, on which channel, since when and why, oldest first: those that hold today."""
    query = select(customer.c.id, customer.c.ref, suppression.c.channel, suppression.c.since, suppression.c.why)
    query = query.join(customer, customer.c.id == suppression.c.customer_id).where(suppression.c.lifted_at.is_(None))
    return list(work.connection.execute(query.order_by(suppression.c.since, suppression.c.id)))


def _meant(since: datetime | None) -> ColumnElement[bool]:
    ours = and_(table.c.source == SOURCE, table.c.type.in_(MADE_AGAIN))
    meant = and_(table.c.state != "set_aside", ~ours)
    return meant if since is None else and_(meant, table.c.received_at >= since)
