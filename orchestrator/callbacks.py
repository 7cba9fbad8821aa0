"""What providers post to us: kept at once, dealt with by batch. Wishes to hear no more take effect in the commit that keeps them.

A delivery that comes twice is one row; one that names nothing of ours is kept and tried again, because it may have come before the
attempt that it is about was committed where we look.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator import incoming, receipts
from orchestrator.channels.sendgrid_events import read_event
from orchestrator.channels.twilio_reports import read_call_status, read_text_status
from orchestrator.core.receipts import Report
from orchestrator.engine import suppress
from orchestrator.erasing import drop_late_words
from orchestrator.errors import DatabaseError
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import customers, inbox
from orchestrator.store.database import Row, Unstorable, Work
from orchestrator.store.inbox import Delivery

log = logging.getLogger(__name__)
BATCH = 200
POISON_TRIES = 3  # a delivery that makes the program fail is set aside after so many


def take_in(parts: Parts, deliveries: Sequence[Delivery]) -> None:
    """Keep them; returning means committed."""
    if not deliveries:
        return
    parts.database.run(lambda work: _take_in(parts, work, deliveries))
    parts.wake({"inbox"})


def _take_in(parts: Parts, work: Work, deliveries: Sequence[Delivery]) -> None:
    inbox.put(work, deliveries)
    for d in deliveries:
        if d.kind == "incoming_text" and incoming.is_stop(d.body):
            incoming.stop(parts, work, parts.rulebook.refresh(work), d.body, d.received_at)
        elif d.kind == "email_event":
            report = _read(d.kind, d.body, d.handle, d.received_at)
            if report is not None and report.suppresses is not None:
                in_use = parts.rulebook.refresh(work)
                known = report.handle is not None and receipts.apply(
                    parts, work, in_use, {report.handle: [report]}, d.received_at
                )
                if not known:
                    _by_address(parts, work, in_use, d.body, report, d.received_at)


def handle_waiting(parts: Parts, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Deal with everything that waits; answers how many were dealt with."""
    handled = 0
    while not stop():
        try:
            taken, done = parts.database.run(lambda work: _handle(parts, work, BATCH))
        except Exception as error:  # shell: one delivery must not hold up the others: each gets a unit of work of its own
            if isinstance(error, DatabaseError) and not isinstance(error, Unstorable):
                raise
            log.exception("deliveries could not be dealt with; trying them one by one", extra={"action": "inbox.failed"})
            taken, done = BATCH, _one_by_one(parts)
            if not done:
                return handled
        handled += done
        if taken < BATCH:
            return handled
    return handled


def _handle(parts: Parts, work: Work, limit: int) -> tuple[int, int]:
    """(taken, dealt with)."""
    now = parts.clock()
    rows = inbox.waiting(work, now, limit)
    if rows:
        in_use = parts.rulebook.refresh(work)
        done, notes = _reports(parts, work, in_use, rows, now)
        for row in rows:
            if row.kind in ("incoming_text", "incoming_call"):
                notes[row.id] = incoming.take(parts, work, in_use, row, now)
        inbox.handled(work, done)
        for id_, note in notes.items():
            inbox.handled(work, [id_], note)
        drop_late_words(work, [row for row in rows if row.id in notes or row.id in done])
        return len(rows), len(done) + len(notes)
    return 0, 0


def _reports(
    parts: Parts, work: Work, in_use: InUse, rows: Sequence[Row[Any]], now: datetime
) -> tuple[list[int], dict[int, str]]:
    """Everything that providers say of attempts. Answers (dealt with, dealt with and a remark); the rest is put off."""
    by_attempt: dict[UUID, list[Report]] = {}
    of: dict[UUID, list[Row[Any]]] = {}
    notes: dict[int, str] = {}
    for row in rows:
        if row.kind in ("incoming_text", "incoming_call"):
            continue
        report = _read(row.kind, row.body, row.handle, row.received_at)
        if report is None:
            notes[row.id] = "it says nothing that we act on"
        elif report.handle is None:
            if report.suppresses is not None:
                _by_address(parts, work, in_use, row.body, report, now)
            notes[row.id] = "not about a message of ours"
        else:
            by_attempt.setdefault(report.handle, []).append(report)
            of.setdefault(report.handle, []).append(row)
    there = receipts.apply(parts, work, in_use, by_attempt, now) if by_attempt else set()
    done = []
    for handle, mine in of.items():
        for row in mine:
            if handle in there:
                done.append(row.id)
            elif not inbox.put_off(work, row, "nothing of ours has this handle yet", now):
                log.error("a callback about nothing of ours was set aside", extra={"action": "inbox.set_aside", "row": row.id})
    return done, notes


def _read(kind: str, body: Any, handle: UUID | None, received_at: datetime) -> Report | None:
    match kind:
        case "text_status":
            return read_text_status(body, handle, received_at)
        case "call_status" | "customer_leg":
            return read_call_status(body, handle, received_at)
        case "agent_leg":  # our own end of a bridged call says nothing about how the customer's line went
            agent = read_call_status(body, handle, received_at)
            if agent is None:
                return None
            return replace(agent, result=None, duration_s=None, code="", why="", our_end=agent.result)
        case "email_event":
            return read_event(body, received_at)
    return None


def _by_address(parts: Parts, work: Work, in_use: InUse, body: Any, report: Report, now: datetime) -> None:
    """An unsubscribe or a spam report that names no attempt of ours: whoever has that address wants no more all the same."""
    address = body.get("email") if isinstance(body, dict) else None
    if isinstance(address, str) and report.suppresses is not None:
        for id_ in customers.reached_at(work, "email", address):
            suppress(parts, work, in_use, id_, report.suppresses, report.why or "the provider reports it", now)


def _one_by_one(parts: Parts) -> int:
    """Each waiting delivery in a unit of work of its own; what makes the program fail is put off, and set aside in the end."""
    done = 0
    for _ in range(BATCH):
        tried: list[Row[Any]] = []

        def unit(work: Work, tried: list[Row[Any]] = tried) -> int:
            tried[:] = inbox.waiting(work, parts.clock(), 1)
            return _handle(parts, work, 1)[1] if tried else 0

        try:
            done += parts.database.run(unit)
        except Unstorable as error:
            parts.database.run(lambda work, row=tried[0], why=str(error): inbox.set_aside(work, row.id, why))  # type: ignore[misc]
        except DatabaseError:
            raise
        except Exception as error:  # shell: the third failure sets it aside, where a person sees it
            log.exception("a delivery could not be dealt with", extra={"action": "inbox.poison"})
            if not tried:
                return done
            why = f"{type(error).__name__}: {error}"
            parts.database.run(lambda work, row=tried[0], w=why: _failed(parts, work, row, w))  # type: ignore[misc]
        if not tried:
            return done
    return done


def _failed(parts: Parts, work: Work, row: Row[Any], why: str) -> None:
    if row.tries + 1 >= POISON_TRIES:
        inbox.set_aside(work, row.id, why)
    else:
        inbox.put_off(work, row, why, parts.clock())
