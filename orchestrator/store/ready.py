"""Calls that wait in their queues: which ones somebody may take, most urgent first. Asked by everybody on the desk all the time.

Nothing is locked here. Whoever asks gets more than one, because others may be about to take the first; touches.claim_ready locks.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    any_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
)

from orchestrator.core.model import TouchState
from orchestrator.store.database import Work
from orchestrator.store.schema import Moment
from orchestrator.store.schema import touch as table
from orchestrator.store.sets import among, keys

_ANY = "*"  # among skills or languages: all of them
_IS_READY = table.c.state == literal_column(f"'{TouchState.READY}'")  # literal: only so the partial index is seen to fit


def heads(
    work: Work, who: str, queues: Sequence[str], skills: Sequence[str] | None, languages: Sequence[str] | None,
    now: datetime, most: int,
) -> list[UUID]:  # fmt: skip
    """The first calls of these queues that this person may take now, most urgent first. skills, languages: None: all of them."""
    names = sorted(set(queues))
    values = {
        "now": now, "who": who.lower(), "most": most,
        "skills": keys(work, [_ANY] if skills is None else skills),
        "languages": keys(work, [_ANY] if languages is None else languages),
    }  # fmt: skip
    if work.postgres:
        rows = work.connection.execute(_of_all_queues(), {**values, "queues": names}).all()
        return [row.id for row in rows]
    found = [work.connection.execute(_of_one_queue(), {**values, "queue": name}).all() for name in names]
    return [row.id for row in islice(heapq.merge(*found, key=lambda row: (row.rank_at, row.id)), most)]


def waiting_in(work: Work) -> list[str]:
    """The queues in which calls wait. One step in the index for each queue, however many calls there are."""
    first = select(func.min(table.c.queue).label("queue")).where(_IS_READY).cte("queues", recursive=True)
    following = select(func.min(table.c.queue)).where(_IS_READY, table.c.queue > first.c.queue).scalar_subquery()
    found = first.union_all(select(following).where(first.c.queue.is_not(None)))
    return list(work.connection.execute(select(found.c.queue).where(found.c.queue.is_not(None))).scalars())


def _mine(postgres: bool) -> ColumnElement[bool]:
    now = bindparam("now", type_=Moment)
    return and_(
        _IS_READY,
        or_(table.c.expires_at.is_(None), table.c.expires_at > now),
        or_(table.c.skill.is_(None), _one_of("skill", "skills", postgres)),
        or_(table.c.language.is_(None), _one_of("language", "languages", postgres)),
        or_(table.c.offered_to.is_(None), table.c.offered_to == bindparam("who"), table.c.offered_until <= now),
    )


def _one_of(column: str, name: str, postgres: bool) -> ColumnElement[bool]:
    if postgres:
        given = bindparam(name, type_=ARRAY(String))
        return or_(table.c[column] == any_(given), literal_column(f"'{_ANY}'") == any_(given))
    everything = func.json_extract(bindparam(name, type_=String), "$[0]") == _ANY
    return or_(among(table.c[column], name, postgres=False), everything)


@cache
def _of_all_queues() -> Select[Any]:
    names = func.unnest(bindparam("queues", type_=ARRAY(String))).table_valued("name").render_derived()
    most = bindparam("most", type_=Integer)
    ahead = select(table.c.id, table.c.rank_at).where(_mine(True), table.c.queue == names.c.name)
    of_one = ahead.order_by(table.c.rank_at, table.c.id).limit(most).lateral("ahead")
    return select(of_one.c.id).select_from(names.join(of_one, true())).order_by(of_one.c.rank_at, of_one.c.id).limit(most)


@cache
def _of_one_queue() -> Select[Any]:
    ahead = select(table.c.id, table.c.rank_at).where(_mine(False), table.c.queue == bindparam("queue"))
    return ahead.order_by(table.c.rank_at, table.c.id).limit(bindparam("most"))
