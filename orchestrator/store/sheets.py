"""Call sheets: what somebody notes down during one call. One for each attempt of the desk; kept whatever becomes of the call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from orchestrator.store.database import Work
from orchestrator.store.schema import call_sheet as table
from orchestrator.store.schema import touch as touch_table


@dataclass(frozen=True, slots=True)
class Sheet:
    """One person's notes of one call, as far as they are by now."""

    touch_id: UUID
    attempt_id: UUID
    who: str
    phase: str  # reading | dialling | ringing | talking | wrap_up | filed | left
    note: str
    answers: Mapping[str, str]  # question -> as typed
    promised_for: Mapping[str, str]  # question -> the day, as YYYY-MM-DD
    sentiment: str | None  # good | neutral | bad
    dialled_by: str | None  # bridge | hand
    began_at: datetime
    dialled_at: datetime | None  # the last time
    talked_from: datetime | None
    wrap_up_from: datetime | None
    disposition: str | None
    call_back_at: datetime | None
    call_back_by: str | None  # me | anyone
    scope: str | None
    filed_at: datetime | None
    undone: int  # how often
    dials: int  # how often the customer's telephone rang, or may have
    earlier_lines: Sequence[str]  # the provider's names for the lines before the last: what is told of them is old

    @property
    def on_the_line_by_hand(self) -> bool:
        """Whether they are calling with a telephone of their own."""
        return self.dialled_by == "hand" and self.phase in ("dialling", "talking")

    @property
    def on_the_line_by_bridge(self) -> bool:
        """Whether the voice channel is connecting them."""
        return self.dialled_by == "bridge" and self.phase in ("dialling", "ringing", "talking")

    @property
    def touch(self) -> UUID:
        return self.touch_id

    @property
    def attempt(self) -> UUID:
        return self.attempt_id


_COLUMNS = tuple(table.c[f.name] for f in fields(Sheet))


def begin(work: Work, attempt: UUID, touch: UUID, who: str, now: datetime) -> None:
    """An empty sheet."""
    queue = select(touch_table.c.queue).where(touch_table.c.id == touch).scalar_subquery()
    work.connection.execute(
        table.insert().values(
            attempt_id=attempt, touch_id=touch, who=who, queue=queue, phase="reading", note="", answers={}, promised_for={},
            began_at=now, undone=0, dials=0, earlier_lines=[],
        )
    )  # fmt: skip


def change(work: Work, attempt: UUID, **values: Any) -> None:
    """Change what stands on the sheet of this attempt; without a sheet nothing happens."""
    if values:
        work.connection.execute(update(table).where(table.c.attempt_id == attempt).values(**values))


def leave(work: Work, attempts: Sequence[UUID]) -> None:
    """These calls were put back, taken back or walked away from; what was noted stays."""
    if attempts:
        work.connection.execute(update(table).where(table.c.attempt_id.in_(list(attempts))).values(phase="left"))


def of_attempt(work: Work, attempt: UUID) -> Sheet | None:
    """The sheet of one attempt."""
    return _one(work, table.c.attempt_id == attempt)


def of_attempts(work: Work, attempts: Sequence[UUID]) -> dict[UUID, Sheet]:
    """The sheets of these attempts."""
    rows = work.connection.execute(select(*_COLUMNS).where(table.c.attempt_id.in_(list(attempts))))
    return {row.attempt_id: Sheet(*row) for row in rows}


def newest(work: Work, touch: UUID, who: str | None = None) -> Sheet | None:
    """The last sheet of a call; who: this person's last."""
    mine = table.c.touch_id == touch
    return _one(work, mine if who is None else mine & (table.c.who == who))


def of(work: Work, touch: UUID) -> list[Sheet]:
    """Everything noted about a call, oldest first."""
    query = select(*_COLUMNS).where(table.c.touch_id == touch).order_by(table.c.began_at, table.c.attempt_id)
    return [Sheet(*row) for row in work.connection.execute(query)]


def since(work: Work, who: str, from_: datetime, limit: int = 500) -> list[Sheet]:
    """What one person did since then, newest first."""
    query = select(*_COLUMNS).where(table.c.who == who, table.c.began_at >= from_)
    return [Sheet(*row) for row in work.connection.execute(query.order_by(table.c.began_at.desc()).limit(limit))]


def left_since(work: Work, who: str, from_: datetime, limit: int) -> frozenset[UUID]:
    """Calls that one person took since then and did not keep, the newest of them."""
    query = select(table.c.touch_id).where(table.c.who == who, table.c.began_at >= from_, table.c.phase == "left")
    return frozenset(work.connection.execute(query.order_by(table.c.began_at.desc()).limit(limit)).scalars())


def _one(work: Work, which: Any) -> Sheet | None:
    query = select(*_COLUMNS).where(which).order_by(table.c.began_at.desc(), table.c.attempt_id.desc()).limit(1)
    row = work.connection.execute(query).first()
    return None if row is None else Sheet(*row)
