"""Secrets that the installation made for itself when its tables were made: every process that shares the database shares them."""

from __future__ import annotations

from sqlalchemy import select

from orchestrator.errors import DatabaseError
from orchestrator.store.database import Work
from orchestrator.store.schema import secret as table


def secret(work: Work, name: str) -> str:
    """The secret of that name. Not made here: a unit of work that fails would take it back, and whoever kept it would sign with nothing."""
    found = work.connection.execute(select(table.c.value).where(table.c.name == name)).scalar()
    if found is None:
        raise DatabaseError(f"the database has lost its secret '{name}': restore the table 'secret' from a backup")
    return str(found)
