"""Whole touches by two worker processes: claim, judge all policies, render, attempt, null channel, outcome, journal, plan the next."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from orchestrator.clock import utc_now
from orchestrator.parts import Parts
from tests.bench.fill import fill

FAR = timedelta(days=400)


def per_second(parts: Parts, name: str, count: int) -> float:
    """Touches a second, from the first intent to the last outcome, of `count` that are all due at once. Workers must be running."""
    now = utc_now()
    fill(parts, name, count, now, now)
    parts.wake(["email"])
    parts.wake(["email"])
    first, last = _finished(parts, name, count)
    return count / (last - first).total_seconds()


def lateness_p99_s(parts: Parts, name: str, count: int) -> float:
    """How late the latest hundredth of `count` touches begins that all fall due at one moment."""
    due = utc_now() + timedelta(seconds=30)  # time to write them
    fill(parts, name, count, due, utc_now())
    if utc_now() >= due:
        raise TimeoutError("writing took longer than planned: the moment has passed")
    _finished(parts, name, count)
    late = "extract(epoch FROM effect_at - due_at)"
    query = f"SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY {late}) {_OF}"
    with parts.database.work() as work:
        return float(work.connection.execute(text(query), {"like": f"{name}%"}).scalar_one())


def pend(parts: Parts, count: int) -> None:
    """`count` touches that are due in a year."""
    now = utc_now()
    for part in range(0, count, 100_000):
        fill(parts, f"pending-{now.timestamp():.0f}-{part}-", min(100_000, count - part), now + FAR, now)


def vacuum(parts: Parts) -> None:
    """Leave nothing of one measurement to the next."""
    with parts.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


_OF = "FROM touch JOIN customer ON customer.id = touch.customer_id WHERE customer.ref LIKE :like AND ordinal = 1"


def _finished(parts: Parts, name: str, count: int, most_s: float = 300.0) -> tuple[datetime, datetime]:
    """When the first of them began and the last was done."""
    end = time.monotonic() + most_s
    query = text(f"SELECT count(*) FILTER (WHERE state = 'sent'), min(effect_at), max(finished_at) {_OF}")
    while time.monotonic() < end:
        with parts.database.work() as work:
            done, first, last = work.connection.execute(query, {"like": f"{name}%"}).one()
        if done == count:
            return first.astimezone(UTC), last.astimezone(UTC)
        time.sleep(0.5)
    raise TimeoutError(f"{done} of {count} touches after {most_s:.0f} s")
