"""What nobody came back for: claims that are over, calls that nobody took, events that failed; reconcile.py and calls.py ask providers.

Runs every few seconds in any number of processes; each verb claims what it works on, so doubling costs nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from orchestrator.access.limits import prune
from orchestrator.callbacks import handle_waiting
from orchestrator.calls import call_off
from orchestrator.core.calls import Elsewhere, pass_on
from orchestrator.core.model import Change, TouchState
from orchestrator.core.receipts import Result
from orchestrator.engine import retry_waiting
from orchestrator.facts import usable
from orchestrator.holding import LONGEST_LINE, left_unsaid
from orchestrator.parts import Parts
from orchestrator.reconcile import reconcile
from orchestrator.settling import settle_filed
from orchestrator.store import attempts, pauses, sheets, touches
from orchestrator.store import changes as written
from orchestrator.store.changes import entry
from orchestrator.store.database import Row, Work
from orchestrator.store.touches import Due

log = logging.getLogger(__name__)
T = TypeVar("T")
BATCH = 200
GOING_ON = (Result.RINGING, Result.ANSWERED)  # a line that is open
ASK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Swept:
    """How much there was of each."""

    leases: int = 0  # claims that were over
    found: int = 0  # unknown attempts that turned out to have arrived
    again: int = 0  # unknown attempts that provably did not, planned again
    untaken: int = 0  # calls that nobody took, or that went to another queue
    events: int = 0  # events that failed before and are handled now
    reports: int = 0  # of providers, that no wake-up had announced
    called_off: int = 0  # automatic calls that were not to be made any more
    settled: int = 0  # endings of calls that can be undone no more


def sweep(parts: Parts) -> Swept:
    """Everything once, what is most urgent first. A part that fails holds up none of the others; its error is raised at the end."""
    failed: list[Exception] = []

    def surely(act: Callable[[Parts], T], otherwise: T) -> T:
        try:
            return act(parts)
        except Exception as error:  # shell: Celery calls us; the other parts look after other people
            log.error(
                "a part of the sweep failed",
                extra={"action": "sweep.failed", "part": act.__name__, "error": type(error).__name__},
            )
            failed.append(error)
            return otherwise

    called_off = surely(call_off, 0)
    settled = surely(settle_filed, 0)
    leases = surely(end_leases, 0)
    reports = surely(handle_waiting, 0)
    untaken = surely(pass_on_calls, 0)
    events = surely(retry_waiting, 0)
    surely(prune, 0)
    found, again = surely(reconcile, (0, 0))  # asks providers, which may take long
    if failed:
        raise failed[0]
    return Swept(leases, found, again, untaken, events, reports, called_off, settled)


def end_leases(parts: Parts) -> int:
    """Claims whose holder has not come back: nobody knows what happened, so the touch is unknown, never simply done again."""
    now = parts.clock()
    return parts.database.run(lambda work: _end_leases(work, now))


def _end_leases(work: Work, now: datetime) -> int:
    dues = touches.lease_over(work, now, BATCH)
    if not dues:
        return 0
    open_attempts = attempts.open_of(work, [d.touch.id for d in dues])
    calls = [(d, open_attempts[d.touch.id]) for d in dues if d.touch.state is TouchState.IN_CALL]
    still = {d.touch.id for d in _line_open(work, calls, now)}
    over = [(d, row) for d, row in calls if d.touch.id not in still]
    if over:
        left_unsaid(work, over, "nobody said how the call ended; a person decides", "disposition missing", now)
    messages = [d for d in dues if d.touch.state is not TouchState.IN_CALL]
    if messages:
        _messages_over(work, messages, open_attempts, now)
    if over or messages:
        log.warning("claims were over", extra={"action": "lease.over", "count": len(over) + len(messages)})
    return len(over) + len(messages)


def _line_open(work: Work, calls: Sequence[tuple[Due, Row[Any]]], now: datetime) -> list[Due]:
    """Calls that go on although whoever makes them has closed their browser: looked at again when the line has had time to end."""
    found = sheets.of_attempts(work, [row.id for _, row in calls])
    going = [
        due
        for due, row in calls
        if row.carrier_result in GOING_ON
        and (sheet := found.get(row.id)) is not None
        and sheet.dialled_by == "bridge"
        and sheet.dialled_at is not None
        and sheet.dialled_at + LONGEST_LINE > now
    ]
    touches.move(
        work,
        [{"id": d.touch.id, "epoch": d.touch.epoch, "was_state": d.touch.state, "state": d.touch.state, "lease_until": now + ASK_AGAIN}
         for d in going],
    )  # fmt: skip
    return going


def _messages_over(work: Work, dues: Sequence[Due], open_attempts: Mapping[UUID, Row[Any]], now: datetime) -> None:
    detail = "whoever made it has not come back"
    attempts.close(
        work,
        [
            attempts.outcome_row(open_attempts[d.touch.id].id, "unknown", now, open_attempts[d.touch.id].provider_ref, detail)
            for d in dues
            if d.touch.id in open_attempts
        ],
    )
    rows = []
    entries = []
    for due in dues:
        reason = "no answer"
        rows.append(
            {"id": due.touch.id, "epoch": due.touch.epoch, "was_state": due.touch.state, "state": TouchState.UNKNOWN,
             "lease_until": None, "reason": reason}
        )  # fmt: skip
        why = f"nobody knows whether it went out: {detail}"
        entries.append(
            entry(now, "touch.unknown", why, rule=reason, run=due.run.id, touch=due.touch.id, customer=due.customer.id)
        )  # fmt: skip
    touches.move(work, rows)
    written.write(work, [], entries)


def pass_on_calls(parts: Parts) -> int:
    """Calls that nobody took in time expire, or go to the queue that the playbook names."""
    now, done, last = parts.clock(), 0, UUID(int=0)
    more = True
    while more:  # page by page: what is held here must not keep what is late elsewhere from its turn
        passed_on, last, more = parts.database.run(partial(_pass_on, parts, now, last))
        done += passed_on
    return done


def _pass_on(parts: Parts, now: datetime, after: UUID, work: Work) -> tuple[int, UUID, bool]:
    """One page. Answers how many, the last one looked at, and whether there may be more."""
    paused = pauses.live(work)
    if ("all", "") in paused or ("channel", "call") in paused:
        return 0, after, False
    dues = touches.overdue_ready(work, now, [name for scope, name in paused if scope == "queue"], after, BATCH)
    if not dues:
        return 0, after, False
    in_use = parts.rulebook.refresh(work)
    changes: list[Change] = []
    entries: list[dict[str, Any]] = []
    passed_on = 0
    for due, facts in usable(work, in_use, dues):
        match pass_on(due.touch, due.run, facts, paused, now, parts.new_id):
            case None:
                continue
            case Elsewhere(queue, why):
                touches.requeue(work, due.touch.id, queue)
                entries.append(entry(now, "touch.escalated", why, run=due.run.id, touch=due.touch.id, customer=due.customer.id))
            case follows:
                changes += follows
        passed_on += 1
    written.write(work, changes, entries)
    return passed_on, dues[-1].touch.id, len(dues) == BATCH
