"""Links with which somebody chooses a password: one live link for each person, kept as a hash, worth nothing once it was used."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from orchestrator.store.database import Work
from orchestrator.store.schema import invitation as table


def put(work: Work, id_: UUID, hash_: str, staff_id: UUID, made_by: str, now: datetime, expires_at: datetime) -> None:
    """A new link; the one before is worthless from now on."""
    withdraw(work, staff_id, now)
    work.connection.execute(
        table.insert().values(id=id_, hash=hash_, staff_id=staff_id, made_by=made_by[:80], created_at=now, expires_at=expires_at)
    )


def withdraw(work: Work, staff_id: UUID, now: datetime) -> None:
    """Whatever link they have opens nothing any more."""
    work.connection.execute(update(table).where(table.c.staff_id == staff_id, table.c.used_at.is_(None)).values(used_at=now))


def whose(work: Work, hash_: str, now: datetime) -> UUID | None:
    """Whom a live link lets choose a password; None when it was used, withdrawn, or is too old."""
    live = (table.c.hash == hash_) & table.c.used_at.is_(None) & (table.c.expires_at > now)
    return work.connection.execute(select(table.c.staff_id).where(live)).scalar()


def use(work: Work, hash_: str, now: datetime) -> UUID | None:
    """The same, and the link is used up. Of two that use it at once, one gets None."""
    found = whose(work, hash_, now)
    mine = (table.c.hash == hash_) & table.c.used_at.is_(None)
    return found if work.connection.execute(update(table).where(mine).values(used_at=now)).rowcount else None


def open_until(work: Work, staff_id: UUID, now: datetime) -> datetime | None:
    """Until when their link may be used; None when they have none."""
    live = (table.c.staff_id == staff_id) & table.c.used_at.is_(None) & (table.c.expires_at > now)
    return work.connection.execute(select(table.c.expires_at).where(live)).scalar()
