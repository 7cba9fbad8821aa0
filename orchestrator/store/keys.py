"""API keys: only their hash is kept, so a copy of the database opens nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update

from orchestrator.core.roles import Role
from orchestrator.store.database import Work
from orchestrator.store.schema import api_key as table


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the database knows it."""

    id: UUID
    name: str
    hash: str  # sha256 of the whole key, in hex
    scopes: frozenset[str]
    created_at: datetime
    revoked_at: datetime | None = None
    role: Role | None = None  # it reads what this role may see


def add(work: Work, id_: UUID, name: str, hash_: str, scopes: Iterable[str], now: datetime, role: Role | None = None) -> bool:
    """Store a new key; False when the name was used before, also by a key that is revoked: names stand in journals."""
    if work.connection.execute(select(table.c.id).where(table.c.name == name)).first() is not None:
        return False
    row = {"id": id_, "name": name, "hash": hash_, "scopes": sorted(scopes), "created_at": now, "role": role}
    work.connection.execute(table.insert(), row)
    return True


def live(work: Work) -> list[Key]:
    """Every key that opens something."""
    return [key for key in known(work) if key.revoked_at is None]


def known(work: Work, limit: int = 1_000) -> list[Key]:
    """Every key, revoked ones included, oldest first."""
    columns = (table.c.id, table.c.name, table.c.hash, table.c.scopes, table.c.created_at, table.c.revoked_at, table.c.role)
    query: Select[Any] = select(*columns)
    rows = work.connection.execute(query.order_by(table.c.created_at, table.c.id).limit(limit))
    return [
        Key(row.id, row.name, row.hash, frozenset(row.scopes), row.created_at, row.revoked_at, _role(row.role)) for row in rows
    ]


def revoke(work: Work, name: str, now: datetime) -> UUID | None:
    """The key opens nothing any more: its id; None when there is no live key of that name."""
    id_ = work.connection.execute(select(table.c.id).where(table.c.name == name, table.c.revoked_at.is_(None))).scalar()
    done = work.connection.execute(update(table).where(table.c.id == id_, table.c.revoked_at.is_(None)).values(revoked_at=now))
    return id_ if done.rowcount else None


def _role(text: str | None) -> Role | None:
    return None if text is None else Role(text)
