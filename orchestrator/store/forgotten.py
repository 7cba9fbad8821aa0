"""Whom nobody may contact although we know nobody: numbers, addresses and business ids of erased customers, as keyed digests.

A digest says whether something that we are given is the same, and never what it was: whoever has the tables alone, without the
secret, cannot try all telephone numbers against them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as on_postgres
from sqlalchemy.dialects.sqlite import insert as on_sqlite

from orchestrator.store.customers import Met
from orchestrator.store.database import Work
from orchestrator.store.schema import forgotten as table
from orchestrator.store.secrets import secret
from orchestrator.store.sets import among, keys

Kind = Literal["ref", "email", "phone"]
Trace = tuple[Kind, str]  # what leads to a customer


def keep(work: Work, traces: Iterable[Trace], now: datetime) -> None:
    """Whoever comes with one of these is suppressed on all channels from now on. Kept twice is kept once."""
    key = secret(work, "forgotten").encode()
    made = on_postgres(table) if work.postgres else on_sqlite(table)
    for kind, value in sorted(set(traces)):
        row = {"kind": kind, "digest": _digest(key, kind, value), "channel": "all", "since": now}
        work.connection.execute(made.values(**row).on_conflict_do_nothing())


def again(work: Work, met: Sequence[Met]) -> list[UUID]:
    """The customers among these who come with something of an erased one, in the order of locks."""
    known = matching(work, [(m.kind, m.value) for m in met])
    return sorted({m.customer for m in met if (m.kind, m.value) in known})


def anybody(work: Work) -> bool:
    """Whether anybody was ever erased: the usual answer is no, and costs one question."""
    return work.connection.execute(select(table.c.id).limit(1)).first() is not None


def matching(work: Work, traces: Sequence[Trace]) -> set[Trace]:
    """Which of these were an erased customer's."""
    if not traces or not anybody(work):
        return set()
    key = secret(work, "forgotten").encode()
    by_digest = {_digest(key, kind, value): (kind, value) for kind, value in traces}
    query = select(table.c.digest).where(among(table.c.digest, "digests", postgres=work.postgres))
    found = work.connection.execute(query, {"digests": keys(work, by_digest)}).scalars()
    return {by_digest[digest] for digest in found if digest in by_digest}


def _digest(key: bytes, kind: Kind, value: str) -> str:
    """The kind is part of it, so that no digest of one kind is taken for another's."""
    same = value if kind == "ref" else value.strip().casefold()
    return hmac.new(key, f"{kind}\0{same}".encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
