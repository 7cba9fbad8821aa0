"""Pauses: everything, a channel, a playbook, a queue or a customer stands still. Held, never dropped."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import delete, select

from orchestrator.core.model import PauseScope, TouchState
from orchestrator.core.policies.pause import RULE
from orchestrator.store import touches
from orchestrator.store.database import Work
from orchestrator.store.schema import journal, touch
from orchestrator.store.schema import pause as table

Paused = tuple[tuple[PauseScope, str], ...]


def live(work: Work) -> Paused:
    """What is paused now: (scope, name)."""
    return tuple(cast("Paused", [(r.scope, r.name) for r in work.connection.execute(select(table.c.scope, table.c.name))]))


def wake(work: Work, asked_again: timedelta, now: datetime) -> int:
    """What was put off only because of a pause is due now: every policy judges it anew. Answers how many.

    asked_again: how long a pause puts off. Whatever else moved meanwhile keeps its moment.
    """
    soon = (touch.c.state == TouchState.PLANNED) & (touch.c.due_at > now) & (touch.c.due_at <= now + asked_again)
    found = (
        select(touch.c.id, touch.c.epoch, touch.c.due_at, journal.c.at)
        .join(journal, (journal.c.enrollment_id == touch.c.enrollment_id) & (journal.c.touch_id == touch.c.id))
        .where(soon, journal.c.what == "touch.deferred", journal.c.rule == RULE)
    )
    rows = {t.id: t for t in work.connection.execute(found).all() if t.due_at == t.at + asked_again}
    moved = [
        {"id": t.id, "epoch": t.epoch, "was_state": TouchState.PLANNED, "state": TouchState.PLANNED, "due_at": now}
        for t in rows.values()
    ]
    return len(touches.move(work, moved)) if moved else 0


def put(work: Work, scope: PauseScope, name: str, by: str, now: datetime) -> bool:
    """Pause; answers False when it was paused already."""
    if (scope, name) in live(work):
        return False
    work.connection.execute(table.insert().values(scope=scope, name=name, by=by, since=now))
    return True


def lift(work: Work, scope: PauseScope, name: str) -> bool:
    """Resume; answers False when it was not paused."""
    return bool(work.connection.execute(delete(table).where(table.c.scope == scope, table.c.name == name)).rowcount)
