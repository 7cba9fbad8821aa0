"""Tries to sign in that failed, or have not succeeded yet: what the limits count. Names are kept as keyed hashes only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, text

from orchestrator.store.database import Work
from orchestrator.store.schema import session
from orchestrator.store.schema import sign_in_failure as table

KNOWN = "known:"  # how the sources begin that are devices we know


def one_after_the_other(work: Work, names: Sequence[str]) -> None:
    """Whoever counts the same tries waits here, so that many at once do not all pass. SQLite's writers take turns anyway."""
    if work.postgres:
        for name in sorted(set(names)):
            work.connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 1))"), {"name": name})


def of_source(work: Work, source: str, since: datetime, most: int) -> datetime | None:
    """When the first of the newest `most` tries from this source was; None when there were fewer since then."""
    return _nth(work, table.c.source == source, since, most)


def of_device(work: Work, source: str, name_hash: str, since: datetime, most: int) -> datetime | None:
    """The same for one name on one known device."""
    return _nth(work, (table.c.source == source) & (table.c.name_hash == name_hash), since, most)


def of_strangers(work: Work, name_hash: str, since: datetime, most: int) -> datetime | None:
    """The same for one name from all devices that we do not know."""
    return _nth(work, (table.c.name_hash == name_hash) & table.c.source.not_like(f"{KNOWN}%"), since, most)


def put(work: Work, name_hash: str, source: str, now: datetime) -> int:
    """One try; answers its number."""
    done = work.connection.execute(table.insert().values(name_hash=name_hash, source=source, at=now))
    return int(done.inserted_primary_key[0]) if done.inserted_primary_key else 0


def forgive(work: Work, number: int) -> None:
    """The try succeeded: it does not count."""
    work.connection.execute(delete(table).where(table.c.id == number))


def prune(work: Work, tries_before: datetime, sessions_before: datetime) -> int:
    """Remove tries that no limit counts any more, and sessions that were over before that moment. Answers how many rows."""
    tries = work.connection.execute(delete(table).where(table.c.at < tries_before)).rowcount
    return tries + work.connection.execute(delete(session).where(session.c.expires_at < sessions_before)).rowcount


def _nth(work: Work, which: Any, since: datetime, most: int) -> datetime | None:
    newest = select(table.c.at).where(which, table.c.at > since).order_by(table.c.at.desc(), table.c.id.desc())
    return work.connection.execute(newest.offset(most - 1).limit(1)).scalar()
