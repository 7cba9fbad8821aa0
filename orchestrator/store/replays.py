"""What a replay asks: when the next touch of each channel is due, which calls wait, and in the end every touch in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, collate, func, literal_column, select

from orchestrator.core.model import TouchState
from orchestrator.store.database import Work
from orchestrator.store.schema import customer, enrollment, playbook_version
from orchestrator.store.schema import touch as table

CHUNK = 2_000  # rows of the ledger in memory at a time
_QUEUES = ("wait", "email", "text", "voice", "voicemail", "call")


def next_due(work: Work) -> dict[str, datetime]:
    """When the earliest planned touch of each channel is due ("wait": of those without one); channels that have none are left out."""
    row = work.connection.execute(_next_due()).one()
    return {channel: at for channel, at in zip(_QUEUES, row, strict=True) if at is not None}


def ready(work: Work) -> list[Row[Any]]:
    """Every call that waits for staff, in no order (SQLite would walk through all touches for one): id, queue, expires_at, escalate_at."""
    return list(work.connection.execute(_ready()))


def every_touch(work: Work) -> Iterator[Row[Any]]:
    """Every touch, waits included, by (effect_at, subject, touchpoint); those that took no effect last.

    Touches that agree in all three stand as they were due, then as they were planned; then by playbook, and at last by id. Texts are
    compared byte by byte on either database.
    """
    nowhere = func.coalesce(table.c.touchpoint, "")
    query: Select[Any] = (
        select(
            enrollment.c.subject, enrollment.c.playbook, playbook_version.c.number.label("version"), table.c.touchpoint,
            table.c.channel, customer.c.ref.label("customer"), table.c.planned_at, table.c.due_at, table.c.effect_at,
            table.c.state, table.c.disposition, table.c.reason,
        )
        .join(enrollment, enrollment.c.id == table.c.enrollment_id)
        .join(playbook_version, playbook_version.c.id == enrollment.c.version_id)
        .join(customer, customer.c.id == table.c.customer_id)
        .order_by(
            table.c.effect_at.is_(None), table.c.effect_at, _bytewise(work, enrollment.c.subject), _bytewise(work, nowhere),
            table.c.due_at, table.c.planned_at, _bytewise(work, enrollment.c.playbook), table.c.id,
        )
    )  # fmt: skip
    yield from work.connection.execute(query, execution_options={"yield_per": CHUNK})


# Kept, because putting a statement together takes longer than running it, and these are asked at every moment of a replay.
@lru_cache(maxsize=1)
def _ready() -> Select[Any]:
    return select(table.c.id, table.c.queue, table.c.expires_at, table.c.escalate_at).where(_is(TouchState.READY))


@lru_cache(maxsize=1)
def _next_due() -> Select[Any]:
    """One seek into ix_touch_due for each channel: a plain minimum over all would walk through everything that is planned."""
    earliest = select(func.min(table.c.due_at)).where(_is(TouchState.PLANNED))
    of = {
        c: earliest.where(table.c.channel.is_(None) if c == "wait" else table.c.channel == literal_column(f"'{c}'"))
        for c in _QUEUES
    }
    return select(*(of[c].scalar_subquery().label(c) for c in _QUEUES))


def _is(state: TouchState) -> ColumnElement[bool]:
    """A literal, not a parameter: only then does SQLite know beforehand that a partial index will do."""
    return table.c.state == literal_column(f"'{state}'")


def _bytewise(work: Work, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """SQLite compares bytes anyway; PostgreSQL goes by the language of the database unless it is told."""
    return collate(column, "C") if work.postgres else column
