"""Customers: found or made by the business's own id, merged so that the newest word about each field wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, Select, select

from orchestrator.core.merging import Said as Said
from orchestrator.core.merging import blank, found_by, merge_one
from orchestrator.core.model import Customer, TouchState
from orchestrator.ids import NewId
from orchestrator.store import bulk
from orchestrator.store.database import Contended, Work
from orchestrator.store.schema import call_sheet, dead_contact, suppression, touch
from orchestrator.store.schema import customer as table
from orchestrator.store.sets import among, kept, keys

# in the order of the fields of core.model.Customer, but for `suppressed`
CUSTOMER = (
    table.c.id, table.c.ref, table.c.name, table.c.email, table.c.phone, table.c.locale, table.c.time_zone, table.c.zones,
    table.c.hours, table.c.consent, table.c.extra,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """A customer with what merging needs."""

    customer: Customer
    country: str | None
    told_at: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Met:
    """Something that leads to a customer and is new to us about them: whom was erased may come back by it."""

    customer: UUID
    kind: Literal["ref", "email", "phone"]
    value: str


def merge(
    work: Work, said: Sequence[Said], zones_of: Any, now: datetime, new_id: NewId, met: list[Met] | None = None
) -> dict[str, Customer]:
    """Create or update the customers that events speak of, and lock them until the unit of work ends.

    zones_of: core.zones.candidate_zones, called when something that tells the zone has changed.
    met: gets what is new: ids of new customers, and numbers and addresses that a customer did not have before.
    Answers by the business's id.
    """
    refs = sorted({s.ref for s in said})
    known = _locked(work, refs)
    rows = {ref: _as_row(known[ref]) if ref in known else blank(ref, new_id()) for ref in refs}
    changed: set[str] = set()
    buried = _buried(work, [known[s.ref].customer.id for s in said if s.ref in known and _says_where(rows[s.ref], s)])
    for one in said:
        if merge_one(rows[one.ref], one, zones_of, buried.get(rows[one.ref]["id"], frozenset())):
            changed.add(one.ref)
    if met is not None:
        met += [m for ref in refs for m in _new_about(rows[ref], known.get(ref))]
    fresh = [{**rows[ref], "created_at": now} for ref in refs if ref not in known]
    if len(bulk.insert(work, table, fresh, or_ignore=("ref",))) < len(fresh):
        raise Contended("somebody else made the same customer at this moment")
    bulk.update(work, table, [rows[ref] for ref in refs if ref in changed and ref in known], match=("id",))
    return {ref: _customer(row, known[ref].customer.suppressed if ref in known else {}) for ref, row in rows.items()}


def load(work: Work, ids: Iterable[UUID]) -> dict[UUID, Customer]:
    """Customers by our own ids, with their live suppressions."""
    wanted = list(set(ids))
    if not wanted:
        return {}
    stopped = suppressions(work, wanted)
    rows = work.connection.execute(_by_id(work), {"ids": keys(work, wanted)})
    return {row.id: _from(row, stopped.get(row.id, {})) for row in rows}


def by_ref(work: Work, ref: str) -> Customer | None:
    """One customer by the business's own id."""
    row = work.connection.execute(select(table).where(table.c.ref == ref)).first()
    return _from(row, suppressions(work, [row.id]).get(row.id, {})) if row else None


def suppress(work: Work, ids: Sequence[UUID], channel: str, why: str, now: datetime, attempt: UUID | None = None) -> None:
    """No more contact on this channel ("all": on none). Said again, it counts from then: what was wished in between does not lift it.

    attempt: the call on which it was asked for; `lift_of` takes back what is new because of it, until it is said without a call.
    """
    if not ids:
        return
    live = suppression.c.customer_id.in_(ids) & (suppression.c.channel == channel) & suppression.c.lifted_at.is_(None)
    work.connection.execute(suppression.update().where(live, suppression.c.since < now).values(since=now))
    if attempt is None:
        work.connection.execute(suppression.update().where(live).values(attempt_id=None))
    found = work.connection.execute(
        select(suppression.c.customer_id).where(
            suppression.c.customer_id.in_(ids), suppression.c.channel == channel, suppression.c.lifted_at.is_(None)
        )
    )
    already = set(found.scalars())
    fresh = [
        {"customer_id": i, "channel": channel, "since": now, "why": why, "lifted_at": None, "attempt_id": attempt}
        for i in ids
        if i not in already
    ]
    bulk.insert(work, suppression, fresh)


def lift_of(work: Work, attempt: UUID, now: datetime) -> None:
    """What was asked for on this call was not: exactly that is lifted. What was asked for on another call, too, stays, and is that one's."""
    mine = (suppression.c.attempt_id == attempt) & suppression.c.lifted_at.is_(None)
    for id_, customer_id, channel in work.connection.execute(
        select(suppression.c.id, suppression.c.customer_id, suppression.c.channel).where(mine)
    ).all():
        other = work.connection.execute(_also_asked(customer_id, channel, attempt)).scalar()
        values = {"lifted_at": now} if other is None else {"attempt_id": other}
        work.connection.execute(suppression.update().where(suppression.c.id == id_).values(**values))


def _also_asked(customer_id: UUID, channel: str, but: UUID) -> Select[Any]:
    """Another call with this customer on which the same was asked for, and whose ending is not final yet."""
    open_ = touch.c.state.in_((TouchState.FILED, TouchState.UNKNOWN))
    return (
        select(call_sheet.c.attempt_id)
        .join(touch, touch.c.id == call_sheet.c.touch_id)
        .where(touch.c.customer_id == customer_id, touch.c.effect_at.is_not(None), open_)
        .where(call_sheet.c.scope == channel, call_sheet.c.attempt_id != but)
        .order_by(call_sheet.c.began_at)
        .limit(1)
    )


def can_be_undone(work: Work, customer_id: UUID, channel: str) -> bool:
    """Whether contact on that channel is stopped by a call whose ending is not final yet."""
    mine = (suppression.c.customer_id == customer_id) & (suppression.c.channel == channel) & suppression.c.lifted_at.is_(None)
    query = select(suppression.c.id).where(mine, suppression.c.attempt_id.is_not(None))
    return work.connection.execute(query).first() is not None


def suppressions(work: Work, ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    """Live suppressions: channel or "all" -> why, by customer."""
    answer: dict[UUID, dict[str, str]] = {}
    for customer_id, channel, why in work.connection.execute(_live(work), {"ids": keys(work, ids)}):
        answer.setdefault(customer_id, {})[channel] = why
    return answer


def lock(work: Work, ids: Iterable[UUID]) -> None:
    """Hold these customers until the unit of work ends: an opt-out and a decision to send take turns."""
    wanted = sorted(set(ids))
    if wanted and work.postgres:
        work.connection.execute(_holding(work), {"ids": keys(work, wanted)}).all()


def forget_contact_point(
    work: Work, customer_id: UUID, column: Literal["email", "phone"], value: str | None, why: str, now: datetime
) -> None:
    """A number or address turned out to be nobody's, or somebody else's: it goes, and no later event brings it back.

    value: the one that was tried (None: the one the customer has now). A newer one is left alone.
    """
    if value is None:
        value = work.connection.execute(select(table.c[column]).where(table.c.id == customer_id)).scalar()
    if value is None:
        return
    theirs = (dead_contact.c.customer_id == customer_id) & (dead_contact.c.kind == column) & (dead_contact.c.value == value)
    if work.connection.execute(select(dead_contact.c.id).where(theirs)).first() is None:
        row = {"customer_id": customer_id, "kind": column, "value": value, "since": now, "why": why}
        work.connection.execute(dead_contact.insert().values(**row))
    work.connection.execute(table.update().where(table.c.id == customer_id, table.c[column] == value).values({column: None}))


def reached_at(work: Work, column: Literal["email", "phone"], value: str) -> list[UUID]:
    """Everybody who has this number or address, or had it until it turned out to be dead, in the order of locks."""
    now = select(table.c.id).where(table.c[column] == value)
    before = select(dead_contact.c.customer_id).where(dead_contact.c.kind == column, dead_contact.c.value == value)
    return sorted({*work.connection.execute(now).scalars(), *work.connection.execute(before).scalars()})


def sharing_phone(work: Work, number: str | None, customer: UUID) -> list[UUID]:
    """The other customers whom this number reaches."""
    return [id_ for id_ in reached_at(work, "phone", number) if id_ != customer] if number else []


def lift(work: Work, customer_id: UUID, channels: Sequence[str], since_why: str, wished_at: datetime, now: datetime) -> bool:
    """The customer wants contact again: what they had stopped themselves by then is lifted, where the reason begins with these words."""
    before = suppression.c.since <= wished_at
    mine = (
        (suppression.c.customer_id == customer_id) & suppression.c.channel.in_(list(channels)) & suppression.c.lifted_at.is_(None)
    )
    stopped = suppression.update().where(mine, before, suppression.c.why.startswith(since_why)).values(lifted_at=now)
    return bool(work.connection.execute(stopped).rowcount)


def _locked(work: Work, refs: Sequence[str]) -> dict[str, Known]:
    if not refs:
        return {}
    rows = work.connection.execute(_locking(work), {"refs": keys(work, refs)}).all()
    stopped = suppressions(work, [row.id for row in rows])
    return {row.ref: Known(_from(row, stopped.get(row.id, {})), row.country, row.told_at) for row in rows}


def customer_of(values: Any, stopped: Mapping[str, str]) -> Customer:
    """The CUSTOMER columns, in their order, as the core sees them."""
    fields: tuple[Any, ...] = (*values[:7], tuple(values[7]), values[8], values[9], stopped, values[10])
    return Customer(*fields)


def _from(row: Row[Any], stopped: Mapping[str, str]) -> Customer:
    return _customer(row._mapping, stopped)


def _customer(row: Any, stopped: Mapping[str, str]) -> Customer:
    return customer_of([row[column.name] for column in CUSTOMER], stopped)


def _as_row(known: Known) -> dict[str, Any]:
    c = known.customer
    return {
        "id": c.id, "ref": c.ref, "name": c.name, "email": c.email, "phone": c.phone, "locale": c.locale,
        "time_zone": c.time_zone, "country": known.country, "hours": c.hours, "zones": list(c.zones),
        "consent": dict(c.consent), "extra": dict(c.extra), "told_at": dict(known.told_at), **found_by(c.name),
    }  # fmt: skip


def _says_where(row: Mapping[str, Any], said: Said) -> bool:
    """Whether the event names a number or an address that we do not have for this customer."""
    return any(said.fields.get(c) is not None and said.fields[c] != row[c] for c in ("email", "phone"))


def _buried(work: Work, ids: Sequence[UUID]) -> dict[UUID, frozenset[tuple[str, str]]]:
    """Contact points of these customers that turned out to be dead: (kind, value)."""
    if not ids:
        return {}
    answer: dict[UUID, frozenset[tuple[str, str]]] = {}
    query = select(dead_contact.c.customer_id, dead_contact.c.kind, dead_contact.c.value)
    for id_, kind, value in work.connection.execute(query.where(dead_contact.c.customer_id.in_(list(set(ids))))):
        answer[id_] = answer.get(id_, frozenset()) | {(kind, value)}
    return answer


def _new_about(row: Mapping[str, Any], before: Known | None) -> Iterable[Met]:
    if before is None:
        yield Met(row["id"], "ref", row["ref"])
    if row["email"] is not None and (before is None or before.customer.email != row["email"]):
        yield Met(row["id"], "email", row["email"])
    if row["phone"] is not None and (before is None or before.customer.phone != row["phone"]):
        yield Met(row["id"], "phone", row["phone"])


@kept
def _by_id(postgres: bool) -> Select[Any]:
    return select(table).where(among(table.c.id, "ids", postgres=postgres))


@kept
def _live(postgres: bool) -> Select[Any]:
    theirs = among(suppression.c.customer_id, "ids", postgres=postgres)
    columns = (suppression.c.customer_id, suppression.c.channel, suppression.c.why)
    return select(*columns).where(theirs, suppression.c.lifted_at.is_(None))


@kept
def _holding(postgres: bool) -> Select[Any]:
    query = select(table.c.id).where(among(table.c.id, "ids", postgres=postgres)).order_by(table.c.id)
    return query.with_for_update(key_share=True) if postgres else query


@kept
def _locking(postgres: bool) -> Select[Any]:
    query = select(table).where(among(table.c.ref, "refs", postgres=postgres)).order_by(table.c.id)
    return query.with_for_update(key_share=True) if postgres else query
