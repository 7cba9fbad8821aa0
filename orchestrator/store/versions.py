"""Published playbook versions: immutable, numbered, with everything they say pinned.

At most one of a playbook is current and takes enrollments. Beside it may stand a proposal, which waits for another person, and a
shadow, which decides and contacts nobody: neither has ever had an enrollment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, Select, delete, func, select, text, update

from orchestrator.store.database import Work
from orchestrator.store.events import lock_subjects
from orchestrator.store.schema import enrollment, withheld
from orchestrator.store.schema import playbook_version as table
from orchestrator.store.sets import kept

Beside = Literal["proposed", "shadow"]
# One lock for all versions, for which everybody waits in turn: with row locks, events would pass a publishing for as long as they keep
# coming. Two numbers: the locks of subjects have one, so no subject is called the same.
_STAY = text("SELECT pg_advisory_xact_lock_shared(1, 1)")
_CHANGE = text("SELECT pg_advisory_xact_lock(1, 1)")


def current(work: Work) -> dict[str, Any]:
    """Which version of each playbook takes new enrollments: id, number, hash (not the document)."""
    return {row.playbook: row for row in work.connection.execute(_current(work))}


def document(work: Work, id_: UUID) -> Row[Any] | None:
    """One version with its document."""
    return work.connection.execute(select(table).where(table.c.id == id_)).first()


def numbered(work: Work, playbook: str, number: int) -> Row[Any] | None:
    """The version of that number, with its document."""
    return work.connection.execute(select(table).where(table.c.playbook == playbook, table.c.number == number)).first()


def last_used(work: Work, playbook: str) -> Row[Any] | None:
    """The version that is current, or was until the playbook was retired, with its document; None: no version ever was in use."""
    t = table.c
    query = select(table).where(t.playbook == playbook, t.used_since.is_not(None))
    return work.connection.execute(query.order_by(t.current.desc(), t.used_since.desc(), t.number.desc()).limit(1)).first()


def beside(work: Work) -> dict[tuple[str, str], Any]:
    """Proposals and shadows by (playbook, "proposed" or "shadow"): id, number, hash, since when, by whom (not the document)."""
    t = table.c
    columns: tuple[Any, ...] = (t.id, t.playbook, t.number, t.hash, t.beside, t.beside_since, t.published_at, t.published_by)
    query = select(*columns).where(t.beside.is_not(None)).order_by(t.beside, t.playbook)
    return {(row.playbook, row.beside): row for row in work.connection.execute(query)}


def listened(work: Work) -> frozenset[str]:
    """Which system events any version listens to, current or not."""
    return frozenset(t for (types,) in work.connection.execute(select(table.c.listens)) for t in types)


def in_flight(work: Work) -> list[Row[Any]]:
    """Every version that open enrollments are pinned to."""
    inside = select(enrollment.c.version_id).where(enrollment.c.ended_at.is_(None)).distinct()
    return list(work.connection.execute(select(table).where(table.c.id.in_(inside)).order_by(table.c.playbook, table.c.number)))


def inside(work: Work) -> dict[str, dict[int, int]]:
    """How many enrollments are open: playbook -> number of the version -> how many."""
    query = select(enrollment.c.version_id, func.count().label("n")).where(enrollment.c.ended_at.is_(None))
    counted = query.group_by(enrollment.c.version_id).subquery()
    rows = work.connection.execute(
        select(table.c.playbook, table.c.number, counted.c.n).join(counted, counted.c.version_id == table.c.id)
    )
    answer: dict[str, dict[int, int]] = {}
    for playbook, number, n in rows.all():
        answer.setdefault(playbook, {})[number] = n
    return answer


def lock(work: Work) -> None:
    """One publishes at a time: held until the unit of work ends."""
    lock_subjects(work, ["playbooks"])


def stay(work: Work) -> None:
    """What is current stays so until the unit of work ends: asked before anything is decided by it.

    Whoever publishes or retires waits for that, and finds inside who has begun meanwhile.
    """
    if work.postgres:  # SQLite has one writer at a time
        work.connection.execute(_STAY)


def add(
    work: Work,
    id_: UUID,
    playbook: str,
    hash_: str,
    content: Mapping[str, Any],
    listens: Iterable[str],
    by: str,
    now: datetime,
    beside: Beside | None = None,
) -> int:
    """A new version; answers its number. It is current unless it stands beside; earlier versions keep their enrollments."""
    last = work.connection.execute(select(func.max(table.c.number)).where(table.c.playbook == playbook)).scalar()
    number = (last or 0) + 1
    if beside is None:
        retire(work, playbook)
    row = {
        "id": id_, "playbook": playbook, "number": number, "hash": hash_, "document": dict(content), "current": beside is None,
        "listens": sorted(listens), "published_at": now, "published_by": by, "beside": beside,
        "beside_since": now if beside else None, "used_since": None if beside else now,
    }  # fmt: skip
    work.connection.execute(table.insert(), row)
    return number


def make_current(work: Work, playbook: str, id_: UUID, now: datetime, approved_by: str | None = None) -> None:
    """What stood beside takes new enrollments from now on."""
    retire(work, playbook)
    values: dict[str, Any] = {"current": True, "beside": None, "beside_since": None, "used_since": now}
    if approved_by is not None:
        values["approved_by"] = approved_by
    work.connection.execute(update(table).where(table.c.id == id_).values(**values))


def put_away(work: Work, playbook: str, beside: Beside) -> None:
    """No proposal (or shadow) of this playbook stands beside the current version any more; the version stays on record."""
    gone = update(table).where(table.c.playbook == playbook, table.c.beside == beside)
    work.connection.execute(gone.values(beside=None, beside_since=None))


def retire(work: Work, playbook: str) -> bool:
    """No version of this playbook takes new enrollments any more; those inside go on."""
    if work.postgres and not playbook.startswith("@"):  # nobody enters house rules or a lifecycle
        work.connection.execute(_CHANGE)
    done = work.connection.execute(update(table).where(table.c.playbook == playbook, table.c.current).values(current=False))
    return bool(done.rowcount)


# -- what publishing a whole folder leaves as it is ---------------------------------------------------------------


def held_back(work: Work) -> dict[str, Any]:
    """What somebody retired or restored by hand, by playbook: what, hash, at, by."""
    return {row.playbook: row for row in work.connection.execute(select(withheld))}


def hold_back(
    work: Work, playbook: str, what: Literal["retired", "restored"], by: str, now: datetime, hash_: str | None = None
) -> None:
    """Publishing the whole folder does not bring it back. hash_: restored: the content that was taken back."""
    let_back(work, playbook)
    work.connection.execute(withheld.insert().values(playbook=playbook, what=what, hash=hash_, at=now, by=by))


def let_back(work: Work, playbook: str) -> None:
    """Publishing decides again."""
    work.connection.execute(delete(withheld).where(withheld.c.playbook == playbook))


@kept
def _current(postgres: bool) -> Select[Any]:
    return select(table.c.id, table.c.playbook, table.c.number, table.c.hash).where(table.c.current)
