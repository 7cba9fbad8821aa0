"""The audit trail: who changed what, and when. Written in the same unit of work as the change, never changed afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from orchestrator.store.database import Work
from orchestrator.store.schema import audit as table


@dataclass(frozen=True, slots=True)
class By:
    """Who does something: a staff member, a key, or whoever sits at the terminal."""

    name: str
    role: str  # that they have at this moment; "terminal"


AT_THE_TERMINAL = By("terminal", "terminal")  # cli/ says whose terminal it is where it knows


def note(work: Work, by: By, what: str, about: str, said: str, now: datetime) -> None:
    """One change. what: e.g. pause.put. about: kind:id, empty for the whole system.

    said: a sentence without contact points or customers' words.
    """
    work.connection.execute(
        table.insert().values(at=now, who=by.name[:120], role=by.role, what=what, about=about[:320], said=said)
    )


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries; None: any."""

    who: str | None = None
    what: str | None = None  # its beginning, e.g. "pause."
    about: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def page(work: Work, which: Filter, before: int | None = None, limit: int = 100) -> list[Row[Any]]:
    """Entries, newest first. before: the id of the last one that was shown."""
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    if which.who:
        query = query.where(table.c.who == which.who)
    if which.what:
        query = query.where(table.c.what.startswith(which.what, autoescape=True))
    if which.about:
        query = query.where(table.c.about == which.about)
    if which.since:
        query = query.where(table.c.at >= which.since)
    if which.until:
        query = query.where(table.c.at < which.until)
    if before is not None:
        query = query.where(table.c.id < before)
    return list(work.connection.execute(query))
