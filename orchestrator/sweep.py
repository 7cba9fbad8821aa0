"""What nobody came back for: claims that are over, attempts without an answer, calls that nobody took, events that failed.

Runs every few seconds in any number of processes; each verb claims what it works on, so doubling costs nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.channels.base import Accepted, Found
from orchestrator.core import planner
from orchestrator.core.judging import expire
from orchestrator.core.model import Change, Close, TouchState
from orchestrator.core.planner import Facts
from orchestrator.engine import retry_waiting
from orchestrator.facts import usable
from orchestrator.language.program import TouchNode
from orchestrator.parts import Parts
from orchestrator.store import attempts, touches
from orchestrator.store import changes as written
from orchestrator.store.changes import entry
from orchestrator.store.database import Row, Work
from orchestrator.store.touches import Due
from orchestrator.system import emit

log = logging.getLogger(__name__)
BATCH = 200


@dataclass(frozen=True, slots=True)
class Swept:
    """How much there was of each."""

    leases: int = 0  # claims that were over
    found: int = 0  # unknown attempts that turned out to have arrived
    again: int = 0  # unknown attempts that provably did not, planned again
    untaken: int = 0  # calls that nobody took, or that went to another queue
    events: int = 0  # events that failed before and are handled now


def sweep(parts: Parts) -> Swept:
    """Everything once."""
    leases = end_leases(parts)
    found, again = reconcile(parts)
    return Swept(leases, found, again, pass_on_calls(parts), retry_waiting(parts))


def end_leases(parts: Parts) -> int:
    """Claims whose holder has not come back: nobody knows what happened, so the touch is unknown, never simply done again."""
    now = parts.clock()
    return parts.database.run(lambda work: _end_leases(work, now))


def _end_leases(work: Work, now: datetime) -> int:
    dues = touches.lease_over(work, now, BATCH)
    if not dues:
        return 0
    open_attempts = attempts.open_of(work, [d.touch.id for d in dues])
    detail = "whoever made it has not come back"
    attempts.close(
        work,
        [
            attempts.outcome_row(open_attempts[d.touch.id].id, "unknown", now, None, detail)
            for d in dues
            if d.touch.id in open_attempts
        ],
    )
    rows = []
    entries = []
    for due in dues:
        call = due.touch.state is TouchState.IN_CALL
        reason = "disposition missing" if call else "no answer"
        rows.append(
            {"id": due.touch.id, "epoch": due.touch.epoch, "was_state": due.touch.state, "state": TouchState.UNKNOWN,
             "lease_until": None, "reason": reason}
        )  # fmt: skip
        why = "nobody said how the call ended; a person decides" if call else f"nobody knows whether it went out: {detail}"
        entries.append(
            entry(now, "touch.unknown", why, rule=reason, run=due.run.id, touch=due.touch.id, customer=due.customer.id)
        )  # fmt: skip
    touches.move(work, rows)
    written.write(work, [], entries)
    log.warning("claims were over", extra={"action": "lease.over", "count": len(dues)})
    return len(dues)


def reconcile(parts: Parts) -> tuple[int, int]:
    """Ask the channels what became of unknown attempts. Answers (adopted, planned again)."""
    found = again = 0
    after: UUID | None = None
    while True:
        asked = parts.database.run(lambda work, a=after: _unknown(work, a))  # type: ignore[misc]
        if not asked:
            return found, again
        after = asked[-1][0]
        answers = _ask(parts, [attempt for _, attempt in asked])  # no database session is open here
        known = {
            touch: (attempt, answers[attempt.id])
            for touch, attempt in asked
            if answers.get(attempt.id, "cannot tell") != "cannot tell"
        }
        if known:
            now = parts.clock()
            f, a = parts.database.run(lambda work, k=known, n=now: _adopt(parts, work, k, n))  # type: ignore[misc]
            found, again = found + f, again + a


def _unknown(work: Work, after: UUID | None) -> list[tuple[UUID, Row[Any]]]:
    dues = touches.unknown(work, BATCH, after, messages_only=True)
    open_attempts = attempts.open_of(work, [d.touch.id for d in dues])
    return [(d.touch.id, open_attempts[d.touch.id]) for d in dues if d.touch.id in open_attempts]


def _ask(parts: Parts, rows: Sequence[Row[Any]]) -> dict[UUID, Found]:
    answers: dict[UUID, Found] = {}
    for via in {channel.name: channel for channel in parts.channels.values()}.values():
        handles = [row.id for row in rows if row.via == via.name]
        if handles:
            answers |= via.find(handles)
    return answers


def _adopt(parts: Parts, work: Work, known: Mapping[UUID, tuple[Row[Any], Found]], now: datetime) -> tuple[int, int]:
    in_use = parts.rulebook.refresh(work)
    dues = [d for d in touches.given(work, list(known)) if d.touch.state is TouchState.UNKNOWN]
    arrived: list[tuple[Due, Facts, Row[Any], str]] = []
    absent: list[tuple[Due, Row[Any]]] = []
    for due, facts in usable(work, in_use, dues):
        attempt, answer = known[due.touch.id]
        if isinstance(answer, Accepted):
            arrived.append((due, facts, attempt, answer.ref))
        elif _may_retry(facts, due) and attempt.began_at + 2 * parts.lease < now and due.run.ended is None:
            absent.append((due, attempt))
    mine = attempts.settle(
        work,
        [attempts.outcome_row(a.id, "accepted", now, ref, "found at the provider") for _, _, a, ref in arrived]
        + [attempts.outcome_row(a.id, "absent", now, None, "it provably never arrived") for _, a in absent],
    )
    arrived = [x for x in arrived if x[2].id in mine]
    absent = [x for x in absent if x[1].id in mine]
    changes, entries = _arrived(parts, work, arrived, now)
    touches.move(
        work,
        [
            {
                "id": d.touch.id,
                "epoch": d.touch.epoch,
                "was_state": d.touch.state,
                "state": TouchState.PLANNED,
                "due_at": now,
                "effect_at": None,
                "reason": None,
            }
            for d, _ in absent
        ],
    )
    why = "it provably never arrived, and this step may be tried again"
    entries += [entry(now, "touch.retried", why, run=d.run.id, touch=d.touch.id, customer=d.customer.id) for d, _ in absent]
    written.write(work, changes, entries)
    emit(parts, work, in_use, "touch.sent", [d for d, _, _, _ in arrived], {}, now)
    return len(arrived), len(absent)


def _may_retry(facts: Facts, due: Due) -> bool:
    node = facts.program.nodes[due.touch.step]
    return isinstance(node, TouchNode) and node.retry_unknown


def _arrived(
    parts: Parts, work: Work, arrived: Sequence[tuple[Due, Facts, Row[Any], str]], now: datetime
) -> tuple[list[Change], list[dict[str, Any]]]:
    touches.move(
        work,
        [
            {
                "id": d.touch.id,
                "epoch": d.touch.epoch,
                "was_state": d.touch.state,
                "state": TouchState.SENT,
                "finished_at": now,
                "reason": None,
            }
            for d, _, _, _ in arrived
        ],
    )
    changes: list[Change] = []
    entries = []
    for due, facts, attempt, ref in arrived:
        why = f"found at {attempt.via} as {ref}: it did arrive"
        entries.append(
            entry(now, "touch.sent", why, rule="reconciled", run=due.run.id, touch=due.touch.id, customer=due.customer.id)
        )
        if due.run.ended is None:
            changes += planner.after(facts, due.touch, "sent", now, parts.new_id)
    return changes, entries


def pass_on_calls(parts: Parts) -> int:
    """Calls that nobody took in time expire, or go to the queue that the playbook names."""
    now = parts.clock()
    return parts.database.run(lambda work: _pass_on(parts, work, now))


def _pass_on(parts: Parts, work: Work, now: datetime) -> int:
    dues = touches.overdue_ready(work, now, BATCH)
    if not dues:
        return 0
    in_use = parts.rulebook.refresh(work)
    changes: list[Change] = []
    entries: list[dict[str, Any]] = []
    for due, facts in usable(work, in_use, dues):
        touch = due.touch
        node = facts.program.nodes[touch.step]
        if due.run.ended is not None:  # it was put back after the follow-up had ended
            why = f"the enrollment has ended ({due.run.ended})"
            changes.append(Close(touch.id, touch.run, TouchState.CANCELLED, due.run.ended, now, why, touch.epoch))
        elif touch.expires_at is not None and touch.expires_at <= now:
            changes += expire(facts, touch, now, parts.new_id)
        elif isinstance(node, TouchNode) and node.escalate_to is not None:
            touches.requeue(work, touch.id, node.escalate_to)
            why = f"nobody took it in {node.escalate_after}: it goes from {touch.queue} to {node.escalate_to}"
            entries.append(entry(now, "touch.escalated", why, run=due.run.id, touch=touch.id, customer=due.customer.id))
    written.write(work, changes, entries)
    return len(dues)
