"""Events: stored once by (source, key), found again by subject, retried when handling failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, func, select, text, update

from orchestrator.core.model import Event
from orchestrator.store import bulk
from orchestrator.store.database import Work
from orchestrator.store.schema import event as table
from orchestrator.store.sets import among, kept, keys

MOST_TRIES = 3  # then an event is set aside with its error, and the rest flows


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An accepted event that may or may not be in the database yet."""

    id: UUID
    source: str
    key: str
    type: str
    subject: str
    occurred_at: datetime
    received_at: datetime
    data: Mapping[str, Any]
    customer_said: Mapping[str, Any] | None  # {"id": …, fields}; None: the event names nobody
    body_hash: str
    known: bool
    backfill: bool = False
    warnings: tuple[str, ...] = ()  # what of it could not be used


@dataclass(frozen=True, slots=True)
class Stored:
    """How an event stands in the database."""

    id: UUID
    body_hash: str
    state: str


def lock_subjects(work: Work, subjects: Iterable[str]) -> None:
    """Events about one subject take turns: a start and its stop never miss each other. In one order, so nobody deadlocks."""
    if work.postgres:
        query = text(
            "SELECT pg_advisory_xact_lock(h) FROM (SELECT DISTINCT hashtextextended(s, 0) h FROM unnest(CAST(:s AS text[])) s ORDER BY 1) x"
        )
        work.connection.execute(query, {"s": sorted(set(subjects))}).all()


def store(
    work: Work, events: Sequence[NewEvent], customers: Mapping[str, UUID], state: str = "handled", tries: int = 0
) -> set[UUID]:
    """Insert events; those whose (source, key) is there already are left alone. Answers the ids of the new ones.

    state "waiting": accepted, to be handled later; what it says of the customer is kept with it until then.
    """
    rows = [
        {
            "id": e.id, "source": e.source, "key": e.key, "type": e.type, "subject": e.subject,
            "occurred_at": e.occurred_at, "received_at": e.received_at,
            "customer_id": customers.get(e.customer_said["id"]) if e.customer_said else None,
            "data": e.data, "body_hash": e.body_hash, "known": e.known, "backfill": e.backfill,
            "state": state, "tries": tries, "error": None,
            "said": None if state == "handled" else e.customer_said,
        }
        for e in sorted(events, key=lambda e: (e.source, e.key))
    ]  # fmt: skip
    return bulk.insert(work, table, rows, or_ignore=("source", "key"))


def find(work: Work, wanted_keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Stored]:
    """Stored events by (source, key)."""
    answer: dict[tuple[str, str], Stored] = {}
    by_source: dict[str, list[str]] = {}
    for source, key in wanted_keys:
        by_source.setdefault(source, []).append(key)
    for source, wanted in by_source.items():
        rows = work.connection.execute(_by_key(work), {"source": source, "keys": keys(work, wanted)})
        for key, id_, body_hash, state in rows:
            answer[source, key] = Stored(id_, body_hash, state)
    return answer


def seen(work: Work, subjects: Sequence[str], types: Iterable[str], but: Sequence[UUID] = ()) -> dict[str, dict[str, datetime]]:
    """The latest moment at which each of these types occurred, by subject; `but` are events that are being handled now."""
    answer: dict[str, dict[str, datetime]] = {}
    wanted = sorted(set(types))
    if not wanted or not subjects:
        return answer
    values = {"subjects": keys(work, subjects), "types": keys(work, wanted), "but": keys(work, but)}
    for subject, type_, at in work.connection.execute(_seen(work), values):
        answer.setdefault(subject, {})[type_] = at
    return answer


def waiting(work: Work, limit: int, but: Sequence[UUID] = ()) -> list[Row[Any]]:
    """Events that were accepted and could not be handled yet, oldest first, held until the unit of work ends."""
    return list(work.connection.execute(_waiting(work), {"but": keys(work, but), "most": limit}))


def as_new(row: Row[Any]) -> NewEvent:
    """A stored event as it came."""
    return NewEvent(
        row.id, row.source, row.key, row.type, row.subject, row.occurred_at, row.received_at, row.data, row.said,
        row.body_hash, row.known, row.backfill,
    )  # fmt: skip


def as_event(new: NewEvent, customer: UUID | None) -> Event:
    """An event as the core sees it."""
    return Event(
        new.id, new.source, new.key, new.type, new.subject, new.occurred_at, new.received_at, new.data, customer, new.backfill
    )  # fmt: skip


def mark_handled(work: Work, id_: UUID, customer_id: UUID | None) -> None:
    """A waiting event was handled after all."""
    work.connection.execute(
        update(table)
        .where(table.c.id == id_, table.c.state == "waiting")
        .values(state="handled", customer_id=customer_id, said=None)
    )


def mark_failed(work: Work, id_: UUID, error: str) -> str:
    """Handling failed once more; after MOST_TRIES the event is set aside. Answers its state."""
    tries = work.connection.execute(select(table.c.tries).where(table.c.id == id_)).scalar_one()
    state = "set_aside" if tries + 1 >= MOST_TRIES else "waiting"
    values = {"tries": tries + 1, "state": state, "error": error[:2000] if state == "set_aside" else None}
    work.connection.execute(update(table).where(table.c.id == id_, table.c.state == "waiting").values(**values))
    return state


def release(work: Work, id_: UUID) -> bool:
    """Give a set-aside event another three tries."""
    values = {"state": "waiting", "tries": 0, "error": None}
    return bool(
        work.connection.execute(update(table).where(table.c.id == id_, table.c.state == "set_aside").values(**values)).rowcount
    )


def count_by_state(work: Work) -> dict[str, int]:
    """How many events wait, are handled, are set aside; unknown types apart."""
    answer = {
        row.state: row.n
        for row in work.connection.execute(select(table.c.state, func.count().label("n")).group_by(table.c.state))
    }
    unknown = select(func.count()).where(table.c.known.is_(False))
    return {**answer, "unknown type": work.connection.execute(unknown).scalar_one()}


def unknown_types(work: Work) -> list[tuple[str, int]]:
    """Event types that nobody declared, with how many came, most first."""
    query = select(table.c.type, func.count().label("n")).where(table.c.known.is_(False)).group_by(table.c.type)
    return [(t, n) for t, n in work.connection.execute(query.order_by(text("n DESC"), table.c.type).limit(50))]


def set_aside(work: Work, limit: int = 50) -> list[Row[Any]]:
    """Events that failed three times, newest first."""
    query = select(table).where(table.c.state == "set_aside").order_by(table.c.received_at.desc(), table.c.id).limit(limit)
    return list(work.connection.execute(query))


def of_subject(work: Work, subject: str, limit: int = 500) -> list[Row[Any]]:
    """What happened to a subject, oldest first."""
    query = select(table).where(table.c.subject == subject).order_by(table.c.occurred_at, table.c.id).limit(limit)
    return list(work.connection.execute(query))


@kept
def _by_key(postgres: bool) -> Select[Any]:
    mine = and_(table.c.source == bindparam("source"), among(table.c.key, "keys", postgres=postgres))
    return select(table.c.key, table.c.id, table.c.body_hash, table.c.state).where(mine)


@kept
def _seen(postgres: bool) -> Select[Any]:
    about = among(table.c.subject, "subjects", postgres=postgres)
    wanted = and_(about, among(table.c.type, "types", postgres=postgres), ~among(table.c.id, "but", postgres=postgres))
    latest = select(table.c.subject, table.c.type, func.max(table.c.occurred_at)).where(wanted, table.c.state == "handled")
    return latest.group_by(table.c.subject, table.c.type)


@kept
def _waiting(postgres: bool) -> Select[Any]:
    query = select(table).where(table.c.state == "waiting", ~among(table.c.id, "but", postgres=postgres))
    query = query.order_by(table.c.received_at, table.c.id).limit(bindparam("most"))
    return query.with_for_update(skip_locked=True) if postgres else query
