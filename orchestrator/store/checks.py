"""What `touchpoint doctor` asks the database about itself."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, text

from orchestrator.store.database import Database, Work
from orchestrator.store.schema import event


def file_of(database: Database) -> Path | None:
    """The SQLite file; None for a server, and for a database in memory."""
    name = database.engine.url.database
    return Path(name) if not database.postgres and name and name != ":memory:" else None


def server_time(work: Work) -> datetime | None:
    """What time it is on the database server; None when it has no clock of its own."""
    return work.connection.execute(text("SELECT clock_timestamp()")).scalar() if work.postgres else None


def newest_moment(work: Work) -> datetime | None:
    """When the newest event came in."""
    return work.connection.execute(select(func.max(event.c.received_at))).scalar()
