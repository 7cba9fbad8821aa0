"""Attempts: written before a provider is called, closed when its answer is known. At most one is open for a touch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, or_, select

from orchestrator.store import bulk
from orchestrator.store.database import Work
from orchestrator.store.schema import UNREPORTED
from orchestrator.store.schema import attempt as table
from orchestrator.store.sets import among, kept, keys


def numbers(work: Work, touches: Sequence[UUID]) -> dict[UUID, int]:
    """How many attempts each of these touches has had; touches without any are left out."""
    rows = work.connection.execute(_numbers(work), {"touches": keys(work, touches)})
    return {touch_id: number for touch_id, number in rows}  # noqa: C416 (dict() of rows is untyped)


@dataclass(frozen=True, slots=True)
class Intent:
    """An attempt that is about to be made."""

    id: UUID
    touch_id: UUID
    number: int
    epoch: int  # of the claim
    via: str
    began_at: datetime
    recipient: str | None = None
    fingerprint: str | None = None
    not_after: datetime | None = None
    speech: dict[str, Any] | None = None  # automatic calls


def begin(work: Work, intents: Sequence[Intent]) -> None:
    """Write the intents."""
    bulk.insert(work, table, [{name: getattr(i, name) for name in _INTENT} for i in intents])


_INTENT = tuple(f.name for f in fields(Intent))


def place(work: Work, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """A provider makes these calls: id, provider_ref. Their outcome comes later. Answers those that are still without one."""
    return bulk.update(work, table, [{**r, "was_outcome": None} for r in rows], match=("id", "was_outcome"))


def remember(work: Work, refs: Mapping[UUID, str]) -> None:
    """The provider's names for these, where none is known yet."""
    for id_, ref in refs.items():
        unnamed = (table.c.id == id_) & table.c.provider_ref.is_(None)
        work.connection.execute(table.update().where(unnamed).values(provider_ref=ref))


def report(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    """Keep what a provider says: id, provider_ref, carrier_result, carrier_at, carrier_code, answered_by, duration_s."""
    bulk.update(work, table, rows, match=("id",))


def mark(work: Work, id_: UUID, **values: Any) -> None:
    """Keep what was said and pressed during a call: heard, pressed."""
    work.connection.execute(table.update().where(table.c.id == id_).values(**values))


def asked(work: Work, ids: Sequence[UUID], now: datetime) -> None:
    """The provider is asked about these."""
    if ids:
        work.connection.execute(table.update().where(table.c.id.in_(list(ids))).values(asked_at=now))


def given(work: Work, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Attempts by their handles; those that do not exist are left out."""
    return {row.id: row for row in work.connection.execute(_given(work), {"ids": keys(work, set(ids))})}


def latest_of(work: Work, touches: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """The last attempt of each of these touches."""
    rows = work.connection.execute(_of_touches(work), {"touches": keys(work, touches)})
    return {row.touch_id: row for row in rows}  # in order of their numbers: the last one stays


def refs_to(work: Work, touches: Sequence[UUID]) -> set[str]:
    """The provider's names of every attempt of these touches."""
    return {
        r.provider_ref for r in work.connection.execute(_of_touches(work), {"touches": keys(work, touches)}) if r.provider_ref
    }


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


def unreported(work: Work, via: str, since: datetime, until: datetime) -> bool:
    """Whether anything that this provider took, begun between these moments, is still without any report."""
    query = select(table.c.id).where(UNREPORTED, table.c.via == via, table.c.began_at.between(since, until)).limit(1)
    return work.connection.execute(query).first() is not None


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


@kept
def _given(postgres: bool) -> Select[Any]:
    return select(table).where(among(table.c.id, "ids", postgres=postgres))


@kept
def _of_touches(postgres: bool) -> Select[Any]:
    return select(table).where(among(table.c.touch_id, "touches", postgres=postgres)).order_by(table.c.touch_id, table.c.number)
