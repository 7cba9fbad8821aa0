"""Attempts: written before a provider is called, closed when its answer is known. At most one is open for a touch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, or_, select

from orchestrator.store import bulk
from orchestrator.store.database import Work
from orchestrator.store.schema import attempt as table
from orchestrator.store.sets import among, kept, keys


def numbers(work: Work, touches: Sequence[UUID]) -> dict[UUID, int]:
    """How many attempts each of these touches has had; touches without any are left out."""
    rows = work.connection.execute(_numbers(work), {"touches": keys(work, touches)})
    return {touch_id: number for touch_id, number in rows}  # noqa: C416 (dict() of rows is untyped)


def begin(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    """Write the intent: id, touch_id, number, epoch, via, began_at."""
    bulk.insert(work, table, [{**r, "outcome": None, "ended_at": None, "provider_ref": None, "detail": None} for r in rows])


def close(work: Work, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Record outcomes: id, outcome, ended_at, provider_ref, detail. Only attempts without one are changed."""
    return _record(work, [{**r, "was_outcome": None} for r in rows])


def settle(work: Work, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Record what became of attempts that were unknown."""
    return _record(work, [{**r, "was_outcome": "unknown"} for r in rows])


def _record(work: Work, rows: list[dict[str, Any]]) -> set[UUID]:
    return bulk.update(work, table, rows, match=("id", "was_outcome"))


def open_of(work: Work, touches: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """The attempt of each touch that is open or unknown."""
    return {row.touch_id: row for row in work.connection.execute(_open(work), {"touches": keys(work, touches)})}


def of_touch(work: Work, touch: UUID) -> list[Row[Any]]:
    """Every attempt of a touch, in order."""
    return list(work.connection.execute(select(table).where(table.c.touch_id == touch).order_by(table.c.number)))


def outcome_row(id_: UUID, outcome: str, at: datetime, ref: str | None, detail: str) -> dict[str, Any]:
    """A row for `close` or `settle`."""
    return {"id": id_, "outcome": outcome, "ended_at": at, "provider_ref": ref, "detail": detail[:1000]}


@kept
def _numbers(postgres: bool) -> Select[Any]:
    query = select(table.c.touch_id, func.max(table.c.number)).where(among(table.c.touch_id, "touches", postgres=postgres))
    return query.group_by(table.c.touch_id)


@kept
def _open(postgres: bool) -> Select[Any]:
    unsettled = or_(table.c.outcome.is_(None), table.c.outcome == "unknown")
    return select(table).where(among(table.c.touch_id, "touches", postgres=postgres), unsettled)
