"""Answers to surveys: one for each mail; a second click corrects it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from orchestrator.store.database import Work
from orchestrator.store.schema import survey_answer as table


def of_attempt(work: Work, attempt: UUID) -> Row[Any] | None:
    """The answer to one mail, locked; None when nobody has answered yet."""
    query = select(table).where(table.c.attempt_id == attempt)
    return work.connection.execute(query.with_for_update() if work.postgres else query).first()


def put(work: Work, attempt: UUID, rating: int, scale_most: int, now: datetime) -> bool:
    """Keep a rating. Answers whether it is the first for this mail."""
    if of_attempt(work, attempt) is not None:
        work.connection.execute(update(table).where(table.c.attempt_id == attempt).values(rating=rating, answered_at=now))
        return False
    made = {"attempt_id": attempt, "rating": rating, "scale_most": scale_most, "comment": None, "answered_at": now}
    work.connection.execute(table.insert().values(**made))
    return True


def comment(work: Work, attempt: UUID, text: str) -> bool:
    """Keep what was said beside the rating. Answers False when there is no rating."""
    return bool(work.connection.execute(update(table).where(table.c.attempt_id == attempt).values(comment=text)).rowcount)
