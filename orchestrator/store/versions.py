"""Published playbook versions: immutable, numbered, with everything they say pinned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select, update

from orchestrator.store.database import Work
from orchestrator.store.schema import enrollment
from orchestrator.store.schema import playbook_version as table
from orchestrator.store.sets import kept


def current(work: Work) -> dict[str, Any]:
    """Which version of each playbook takes new enrollments: id, number, hash (not the document)."""
    return {row.playbook: row for row in work.connection.execute(_current(work))}


def document(work: Work, id_: UUID) -> Row[Any] | None:
    """One version with its document."""
    return work.connection.execute(select(table).where(table.c.id == id_)).first()


def listened(work: Work) -> frozenset[str]:
    """Which system events any version listens to, current or not."""
    return frozenset(t for (types,) in work.connection.execute(select(table.c.listens)) for t in types)


def in_flight(work: Work) -> list[Row[Any]]:
    """Every version that open enrollments are pinned to."""
    inside = select(enrollment.c.version_id).where(enrollment.c.ended_at.is_(None)).distinct()
    return list(work.connection.execute(select(table).where(table.c.id.in_(inside)).order_by(table.c.playbook, table.c.number)))


def publish(
    work: Work, id_: UUID, playbook: str, hash_: str, content: Mapping[str, Any], listens: Iterable[str], by: str, now: datetime
) -> int:
    """Make a new current version; answers its number. Earlier versions keep their enrollments."""
    last = work.connection.execute(select(func.max(table.c.number)).where(table.c.playbook == playbook)).scalar()
    number = (last or 0) + 1
    retire(work, playbook)
    row = {
        "id": id_, "playbook": playbook, "number": number, "hash": hash_, "document": dict(content), "current": True,
        "listens": sorted(listens), "published_at": now, "published_by": by,
    }  # fmt: skip
    work.connection.execute(table.insert(), row)
    return number


def retire(work: Work, playbook: str) -> bool:
    """No version of this playbook takes new enrollments any more; those inside go on."""
    done = work.connection.execute(update(table).where(table.c.playbook == playbook, table.c.current).values(current=False))
    return bool(done.rowcount)


@kept
def _current(postgres: bool) -> Select[Any]:
    return select(table.c.id, table.c.playbook, table.c.number, table.c.hash).where(table.c.current)
