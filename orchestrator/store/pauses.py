"""Pauses: everything, a channel, a playbook, a queue or a customer stands still. Held, never dropped."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import delete, select

from orchestrator.core.model import PauseScope
from orchestrator.store.database import Work
from orchestrator.store.schema import pause as table

Paused = tuple[tuple[PauseScope, str], ...]


def live(work: Work) -> Paused:
    """What is paused now: (scope, name)."""
    return tuple(cast("Paused", [(r.scope, r.name) for r in work.connection.execute(select(table.c.scope, table.c.name))]))


def put(work: Work, scope: PauseScope, name: str, by: str, now: datetime) -> bool:
    """Pause; answers False when it was paused already."""
    if (scope, name) in live(work):
        return False
    work.connection.execute(table.insert().values(scope=scope, name=name, by=by, since=now))
    return True


def lift(work: Work, scope: PauseScope, name: str) -> bool:
    """Resume; answers False when it was not paused."""
    return bool(work.connection.execute(delete(table).where(table.c.scope == scope, table.c.name == name)).rowcount)
