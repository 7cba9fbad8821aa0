"""How far a file of events has been taken in, so that an interrupted ingest goes on where it was."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from orchestrator.store.database import Work
from orchestrator.store.schema import ingest_mark as table


def rows_done(work: Work, file_hash: str) -> int:
    """Rows that were handled before; 0 for a file that nobody has seen."""
    return work.connection.execute(select(table.c.rows_done).where(table.c.file_hash == file_hash)).scalar() or 0


def advance(work: Work, file_hash: str, rows: int, now: datetime) -> None:
    """Rows up to this one are handled. A mark never goes back: two ingests of one file do not undo each other."""
    insert = postgresql.insert if work.postgres else sqlite.insert
    values = {"rows_done": rows, "updated_at": now}
    statement = insert(table).values(file_hash=file_hash, **values)
    further = table.c.rows_done < rows
    work.connection.execute(statement.on_conflict_do_update(index_elements=["file_hash"], set_=values, where=further))


def forget(work: Work, file_hash: str) -> None:
    """The next ingest of this file begins at its first row."""
    work.connection.execute(delete(table).where(table.c.file_hash == file_hash))
