"""Signed-in browsers. Only the hash of a cookie is kept, so a copy of the database signs nobody in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from orchestrator.store.database import Work
from orchestrator.store.schema import session as table
from orchestrator.store.schema import staff
from orchestrator.store.staff import SHOWN, Member, member_of

SEEN_EVERY = timedelta(minutes=1)  # how exactly it is kept when somebody was last there


@dataclass(frozen=True, slots=True)
class Signed:
    """A live session and whose it is."""

    id: UUID
    member: Member
    expires_at: datetime


def put(work: Work, id_: UUID, hash_: str, staff_id: UUID, via: str, device: str, now: datetime, expires_at: datetime) -> None:
    """Somebody has signed in."""
    work.connection.execute(
        table.insert().values(
            id=id_,
            hash=hash_,
            staff_id=staff_id,
            via=via,
            device=device[:200],
            created_at=now,
            seen_at=now,
            expires_at=expires_at,
        )
    )


def live(work: Work, hash_: str, now: datetime, idle: timedelta) -> Signed | None:
    """The session behind a cookie; None when it is over, unused for too long, or its member is disabled. Notes that they are there."""
    query = (
        select(*SHOWN, table.c.id, table.c.expires_at, table.c.seen_at)
        .join(table, table.c.staff_id == staff.c.id)
        .where(table.c.hash == hash_, table.c.ended_at.is_(None), table.c.expires_at > now, table.c.seen_at > now - idle)
        .where(staff.c.disabled_at.is_(None))
    )
    row = work.connection.execute(query).first()
    if row is None:
        return None
    *shown, id_, expires_at, seen_at = row
    if seen_at < now - SEEN_EVERY:
        work.connection.execute(update(table).where(table.c.id == id_).values(seen_at=now))
    member = member_of(shown)
    if member.seen_at is None or member.seen_at < now - SEEN_EVERY:
        work.connection.execute(update(staff).where(staff.c.id == member.id).values(seen_at=now))
    return Signed(id_, member, expires_at)


def of_member(work: Work, staff_id: UUID, now: datetime, limit: int = 100) -> list[Row[Any]]:
    """Somebody's live sessions, newest first: id, via, device, created_at, seen_at, expires_at."""
    mine = (table.c.staff_id == staff_id) & table.c.ended_at.is_(None) & (table.c.expires_at > now)
    columns = (table.c.id, table.c.via, table.c.device, table.c.created_at, table.c.seen_at, table.c.expires_at)
    return list(
        work.connection.execute(select(*columns).where(mine).order_by(table.c.created_at.desc(), table.c.id).limit(limit))
    )


def end(work: Work, staff_id: UUID, now: datetime, *, only: UUID | None = None, but: UUID | None = None) -> int:
    """End somebody's sessions: one of them, all of them, or all but one. Answers how many."""
    which = (table.c.staff_id == staff_id) & table.c.ended_at.is_(None)
    if only is not None:
        which &= table.c.id == only
    if but is not None:
        which &= table.c.id != but
    return work.connection.execute(update(table).where(which).values(ended_at=now)).rowcount


def end_by_hash(work: Work, hash_: str, now: datetime) -> UUID | None:
    """End the session behind a cookie. Answers whose it was; None when it was over already."""
    live_one = (table.c.hash == hash_) & table.c.ended_at.is_(None)
    whose = work.connection.execute(select(table.c.staff_id).where(live_one)).scalar()
    work.connection.execute(update(table).where(live_one).values(ended_at=now))
    return whose


def whose(work: Work, id_: UUID, now: datetime) -> UUID | None:
    """Whose live session it is; None when there is none."""
    return work.connection.execute(
        select(table.c.staff_id).where(table.c.id == id_, table.c.ended_at.is_(None), table.c.expires_at > now)
    ).scalar()
