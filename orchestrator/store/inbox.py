"""The inbox: what providers posted to us, kept as it came before anybody looks at it. A doubled delivery is one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update

from orchestrator.store import bulk
from orchestrator.store.database import Work
from orchestrator.store.schema import inbox as table

# which hook it came through
KINDS = ("text_status", "call_status", "agent_leg", "customer_leg", "email_event", "incoming_text", "incoming_call")
MOST_TRIES = 40  # with growing pauses: about three days
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing that a provider told us, its signature checked."""

    provider: str  # twilio | sendgrid
    kind: str
    key: str  # the same for the same delivery, whenever it comes again
    body: Mapping[str, Any]
    received_at: datetime
    handle: UUID | None = None
    ref: str | None = None


def put(work: Work, deliveries: Sequence[Delivery]) -> None:
    """Keep them; what is there already is left alone. Returning means that they are kept once the unit of work ends."""
    rows = {
        (d.provider, d.key): {
            "provider": d.provider, "kind": d.kind, "key": d.key, "handle": d.handle, "ref": d.ref, "body": dict(d.body),
            "received_at": d.received_at, "state": "waiting", "tries": 0, "again_at": d.received_at, "error": None,
        }
        for d in reversed(deliveries)
    }  # fmt: skip
    bulk.insert_new(work, table, [rows[key] for key in sorted(rows)], unique=("provider", "key"))


def waiting(work: Work, now: datetime, limit: int) -> list[Row[Any]]:
    """What is to be looked at now, in the order in which it came, locked; what somebody else looks at is passed over."""
    query = (
        select(table)
        .where(table.c.state == "waiting", table.c.again_at <= now)
        .order_by(table.c.again_at, table.c.id)
        .limit(limit)
    )
    if work.postgres:
        query = query.with_for_update(skip_locked=True)
    return sorted(work.connection.execute(query), key=lambda row: row.id)


def handled(work: Work, ids: Sequence[int], note: str | None = None) -> None:
    """They are dealt with."""
    if ids:
        values = {"state": "handled", "again_at": None, "error": note}
        work.connection.execute(update(table).where(table.c.id.in_(list(ids))).values(**values))


def put_off(work: Work, row: Row[Any], why: str, now: datetime) -> bool:
    """It cannot be dealt with yet (nothing of ours is known by that name). Answers False when it was set aside for a person."""
    tries = row.tries + 1
    if tries >= MOST_TRIES:
        set_aside(work, row.id, why)
        return False
    pause = min(FIRST_PAUSE * 2.0 ** min(tries - 1, 20), LONGEST_PAUSE)
    work.connection.execute(update(table).where(table.c.id == row.id).values(tries=tries, again_at=now + pause, error=why))
    return True


def set_aside(work: Work, id_: int, why: str) -> None:
    """Nothing can be made of it; it stays where a person finds it."""
    values = {"state": "set_aside", "again_at": None, "error": why, "tries": table.c.tries + 1}
    work.connection.execute(update(table).where(table.c.id == id_).values(**values))


def release(work: Work, id_: int, now: datetime) -> bool:
    """It is tried again, as if it had just come; False when it is not set aside."""
    values = {"state": "waiting", "again_at": now, "error": None, "tries": 0}
    return bool(
        work.connection.execute(update(table).where(table.c.id == id_, table.c.state == "set_aside").values(**values)).rowcount
    )


def put_away(work: Work, id_: int, note: str) -> bool:
    """A person has looked at it and nothing is to be done; False when it is not set aside."""
    aside = update(table).where(table.c.id == id_, table.c.state == "set_aside")
    return bool(work.connection.execute(aside.values(state="handled", error=note)).rowcount)


def not_dealt_with(work: Work, handle: UUID) -> bool:
    """Whether something about this attempt came that waits, or that nothing could be made of."""
    query = select(table.c.id).where(table.c.handle == handle, table.c.state != "handled").limit(1)
    return work.connection.execute(query).first() is not None


def aside(work: Work, limit: int = 200) -> list[Row[Any]]:
    """What nothing could be made of, the newest first."""
    query = select(table).where(table.c.state == "set_aside").order_by(table.c.id.desc()).limit(limit)
    return list(work.connection.execute(query))


def counts(work: Work) -> dict[str, int]:
    """How many there are in each state."""
    rows = work.connection.execute(select(table.c.state, func.count()).group_by(table.c.state))
    return {state: n for state, n in rows}  # noqa: C416 (dict() of rows is untyped)


def heard_of(work: Work, provider: str, since: datetime, until: datetime) -> bool:
    """Whether this provider told us anything between these moments: its hooks did arrive."""
    query = select(table.c.id).where(table.c.provider == provider, table.c.received_at.between(since, until)).limit(1)
    return work.connection.execute(query).first() is not None
