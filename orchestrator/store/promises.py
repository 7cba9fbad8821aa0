"""What was promised to customers: made on a call, kept, dropped, or still open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from orchestrator.store import bulk
from orchestrator.store.database import Work
from orchestrator.store.schema import promise as table


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise."""

    id: UUID
    customer: UUID
    enrollment: UUID | None  # the follow-up in which it was made
    attempt: UUID  # the call in which it was made
    question: str  # of the script
    what: str  # in the words of whoever noted it down
    due_at: datetime
    owner: str  # who keeps it
    made_at: datetime
    kept_at: datetime | None = None
    dropped_at: datetime | None = None  # of no use any more, or another one took its place

    @property
    def open(self) -> bool:
        return self.kept_at is None and self.dropped_at is None


_COLUMNS = (
    table.c.id, table.c.customer_id, table.c.enrollment_id, table.c.attempt_id, table.c.question, table.c.what, table.c.due_at,
    table.c.owner, table.c.made_at, table.c.kept_at, table.c.dropped_at,
)  # fmt: skip
_OPEN = table.c.kept_at.is_(None) & table.c.dropped_at.is_(None)


def make(work: Work, promise: Promise) -> bool:
    """A new promise; False when the same question of the same call made one before."""
    row = {
        "id": promise.id, "customer_id": promise.customer, "enrollment_id": promise.enrollment, "attempt_id": promise.attempt,
        "question": promise.question, "what": promise.what, "due_at": promise.due_at, "owner": promise.owner,
        "made_at": promise.made_at, "kept_at": None, "dropped_at": None,
    }  # fmt: skip
    return bool(bulk.insert(work, table, [row], or_ignore=("attempt_id", "question")))


def of(work: Work, id_: UUID) -> Promise | None:
    """One promise."""
    return next(iter(_all(work, table.c.id == id_)), None)


def open_for(work: Work, customer_id: UUID, limit: int = 100) -> list[Promise]:
    """What this customer still waits for, the earliest first."""
    return _all(work, (table.c.customer_id == customer_id) & _OPEN, limit)


def open_of(work: Work, owner: str, limit: int = 200) -> list[Promise]:
    """What this person still has to do, the earliest first."""
    return _all(work, (table.c.owner == owner) & _OPEN, limit)


def made_on(work: Work, attempt: UUID) -> list[Promise]:
    """What was promised on one call."""
    return _all(work, table.c.attempt_id == attempt)


def of_customer(work: Work, customer_id: UUID, limit: int = 500) -> list[Promise]:
    """Everything that was ever promised to this customer, the earliest first."""
    return _all(work, table.c.customer_id == customer_id, limit)


def keep(work: Work, id_: UUID, now: datetime) -> bool:
    """It is done; False when it was not open any more."""
    return _end(work, id_, kept_at=now)


def drop(work: Work, id_: UUID, now: datetime) -> bool:
    """It is of no use any more; False when it was not open any more."""
    return _end(work, id_, dropped_at=now)


def move(work: Work, id_: UUID, due_at: datetime) -> bool:
    """It is for another day; False when it is not open any more."""
    return _end(work, id_, due_at=due_at)


def _end(work: Work, id_: UUID, **values: datetime) -> bool:
    return bool(work.connection.execute(update(table).where(table.c.id == id_, _OPEN).values(**values)).rowcount)


def _all(work: Work, which: ColumnElement[bool], limit: int = 100) -> list[Promise]:
    query = select(*_COLUMNS).where(which).order_by(table.c.due_at, table.c.id).limit(limit)
    return [Promise(*row) for row in work.connection.execute(query)]
