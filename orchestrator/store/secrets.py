"""Secrets that the installation makes for itself, once: every process that shares the database shares them."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from orchestrator.store.database import Work
from orchestrator.store.schema import secret as table


def secret(work: Work, name: str) -> str:
    """The secret of that name; made when it is first asked for."""
    found: str | None = work.connection.execute(select(table.c.value).where(table.c.name == name)).scalar()
    if found is None:
        made = {"name": name, "value": secrets.token_urlsafe(48)}
        if work.postgres:
            from sqlalchemy.dialects.postgresql import insert

            work.connection.execute(insert(table).values(**made).on_conflict_do_nothing())
        else:
            work.connection.execute(table.insert().values(**made))
        return str(work.connection.execute(select(table.c.value).where(table.c.name == name)).scalar_one())
    return found
