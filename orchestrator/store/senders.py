"""Senders: how fast each may go, and whether it is held. One row each, so that every process keeps to the same pace.

Pacing is virtual scheduling (GCRA): `free_at` is when the next message may begin; each one moves it on by its share of a second.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from orchestrator.store.database import Work
from orchestrator.store.schema import sender as table

BURST = timedelta(seconds=2)  # what was not used of the last seconds may be made up for: wake-ups come once a second
BREAKER = timedelta(minutes=5)  # how long an open breaker stays open before one message is tried


def room(work: Work, name: str, per_second: float, now: datetime, wanted: int) -> int:
    """How many may begin now, at most `wanted`. Holds the row until the unit of work ends: take what is used with `take`."""
    row = _row(work, name, now)
    if row.held_until is not None:
        if row.held_until > now:
            return 0
        if row.held_why is not None:
            return 1  # the breaker is half open: one is tried
    free_at = max(row.free_at, now - BURST)
    burst = max(int(per_second * BURST.total_seconds()), 1)
    free = int((now - free_at).total_seconds() * per_second + 1) if free_at <= now else 0
    return max(0, min(wanted, free, burst))


def take(work: Work, name: str, per_second: float, now: datetime, count: int) -> None:
    """So many begin now."""
    if not count:
        return
    row = _row(work, name, now)
    free_at = max(row.free_at, now - BURST) + timedelta(seconds=count / per_second)
    values: dict[str, Any] = {"free_at": free_at}
    if row.held_why is not None:  # the one that is tried: others wait for what becomes of it
        values["held_until"] = now + BREAKER
    work.connection.execute(table.update().where(table.c.name == name).values(**values))


def slow_down(work: Work, name: str, until: datetime, now: datetime) -> None:
    """The provider asked us to wait."""
    row = _row(work, name, now)
    if row.held_until is None or row.held_until < until:
        work.connection.execute(table.update().where(table.c.name == name).values(held_until=until))


def hold(work: Work, name: str, code: str, why: str, now: datetime, *, by_report: bool = False) -> bool:
    """Open the breaker: nothing goes out until somebody has mended it, but for one try every few minutes. Answers whether it was closed.

    by_report: a report said so about a message that had been accepted.
    """
    row = _row(work, name, now)
    values = {"held_until": now + BREAKER, "held_code": code, "held_why": why, "held_by_report": by_report, "held_since": now}
    work.connection.execute(table.update().where(table.c.name == name).values(**values))
    return row.held_why is None


def release(work: Work, name: str, began_at: datetime, *, by_report: bool = False) -> bool:
    """A message that began then went out: it works again, unless it began before the breaker opened. Answers whether it was open.

    by_report: it was reported to have arrived. Only that closes a breaker that a report had opened.
    """
    held = table.c.held_why.is_not(None) & (table.c.held_since < began_at)
    if not by_report:
        held &= table.c.held_by_report.is_(False)
    empty = {"held_until": None, "held_code": None, "held_why": None, "held_since": None, "held_by_report": False}
    changed = table.update().where(table.c.name == name, held).values(**empty)
    return bool(work.connection.execute(changed).rowcount)


def held(work: Work) -> list[Row[Any]]:
    """Senders whose breaker is open: somebody has to mend something."""
    return list(work.connection.execute(select(table).where(table.c.held_why.is_not(None)).order_by(table.c.name)))


def _row(work: Work, name: str, now: datetime) -> Row[Any]:
    query = select(table).where(table.c.name == name)
    if work.postgres:
        query = query.with_for_update()
    row = work.connection.execute(query).first()
    if row is None:
        there = {"name": name, "free_at": now - BURST, "held_until": None, "held_code": None, "held_why": None}
        there |= {"held_since": None, "held_by_report": False}
        if work.postgres:
            from sqlalchemy.dialects.postgresql import insert

            work.connection.execute(insert(table).values(**there).on_conflict_do_nothing())
        else:
            work.connection.execute(table.insert().values(**there))
        row = work.connection.execute(query).one()
    return row
