"""Erasing a customer: who they are and what was said goes for good; what happened stays, without them.

Their follow-ups end, and their number, address and business id stay as keyed digests: whoever comes with one of these later is
suppressed in the unit of work that takes them in (engine.py). While somebody talks to them, or a message is going out, nothing is
erased: what is being noted down would be lost or, worse, would come back afterwards. That takes minutes at most, because leases end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.core.intake import ended
from orchestrator.core.model import Change, EndReason, TouchState
from orchestrator.engine import suppress
from orchestrator.errors import InputError, NotFound, Problem
from orchestrator.parts import Parts
from orchestrator.store import audit, customers, enrollments, erasure, forgotten, touches
from orchestrator.store import changes as written
from orchestrator.store.audit import By
from orchestrator.store.changes import entry
from orchestrator.store.database import Row, Work


@dataclass(frozen=True, slots=True)
class Erased:
    """Done. ended: how many follow-ups were running."""

    ended: int


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Nothing was erased: this is being done with the customer at this moment."""

    what: Sequence[str]  # in words


def erase(parts: Parts, customer: UUID, typed: str, by: By) -> Erased | UnderWay:
    """Erase this customer. typed: their business id, as the confirmation. Raises NotFound (also when they are erased), InputError."""
    now = parts.clock()
    return parts.database.run(lambda work: _erase(parts, work, customer, typed, by, now))


def _erase(parts: Parts, work: Work, customer: UUID, typed: str, by: By, now: datetime) -> Erased | UnderWay:
    customers.lock(work, [customer])  # whoever takes in an event about them comes before or after
    who = erasure.leads(work, customer)
    if who is None:
        raise NotFound("there is no such customer, or nothing is left of them")
    if typed.strip() != who.ref:
        raise InputError(
            Problem("this is not the customer's id", "type the id that the page shows, to be sure whom you erase", "ref")
        )
    in_use = parts.rulebook.refresh(work)
    standing = enrollments.open_of_customers(work, [customer])  # locked: nothing begins meanwhile
    going = erasure.under_way(work, customer)
    if going:
        return UnderWay([_words(row) for row in going])
    suppress(parts, work, in_use, customer, "all", "erased", now)
    left = [(run, touch) for run, touch in enrollments.open_of_customers(work, [customer])]  # of one who was suppressed before
    changes: list[Change] = []
    for run, touch in left:
        changes += ended(run, touch, EndReason.OPTED_OUT, now, "erased")
    written.write(work, changes)
    touches.move(
        work,
        [{"id": row.id, "epoch": row.epoch, "was_state": TouchState.UNKNOWN, "state": TouchState.FAILED, "finished_at": now,
          "reason": "erased"} for row in erasure.unknown_ones(work, customer)],
    )  # fmt: skip
    forgotten.keep(work, who.traces(), now)
    erasure.erase(work, customer, who, by.name, now)
    why = f"{by.name} erased who they are and what was said; {len(standing)} follow-ups ended"
    written.write(work, [], [entry(now, "customer.erased", why, rule=by.name, customer=customer)])
    audit.note(work, by, "customer.erased", f"customer:{customer}", "who they are and what was said", now)
    return Erased(len(standing))


def drop_late_words(work: Work, deliveries: Sequence[Row[Any]]) -> None:
    """What providers report of erased customers after all is not kept, and neither is what comes from their numbers.

    deliveries: rows of the inbox that were dealt with just now: id, handle, body.
    """
    if not deliveries or not forgotten.anybody(work):
        return
    theirs = erasure.erased_of(work, [row.handle for row in deliveries if row.handle is not None])
    for customer in set(theirs.values()):
        erasure.scrub(work, customer)
    named = {row.id: _named(row.body) for row in deliveries}
    known = forgotten.matching(work, [trace for traces in named.values() for trace in traces])
    nobodys = {t for t in known if t[0] != "ref" and not customers.reached_at(work, t[0], t[1])}
    gone = [row.id for row in deliveries if row.handle in theirs or nobodys & set(named[row.id])]
    erasure.empty_deliveries(work, gone)


def _named(body: Any) -> list[forgotten.Trace]:
    """Numbers and addresses in a delivery."""
    if not isinstance(body, Mapping):
        return []
    phones = {str(body[field]) for field in ("From", "To", "Called", "Caller") if body.get(field)}
    emails = {str(body["email"])} if body.get("email") else set()
    return [*(("phone", p) for p in sorted(phones)), *(("email", e) for e in sorted(emails))]


def _words(row: Row[Any]) -> str:
    if row.state == TouchState.IN_CALL:
        return f"{row.held_by} has the call {row.touchpoint}"
    if row.state == TouchState.FILED:
        return f"{row.held_by} has just filed the call {row.touchpoint} and may still undo it"
    return f"{row.touchpoint} is going out"
