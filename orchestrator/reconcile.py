"""Attempts of which nobody knows what became of them: the provider is asked, and what it says is adopted. Never blindly repeated."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from orchestrator import receipts, silence
from orchestrator.channels.base import Accepted, Found, Sought
from orchestrator.core import planner
from orchestrator.core.model import Change, TouchState
from orchestrator.core.planner import Facts
from orchestrator.core.receipts import CALL_ENDS, Report
from orchestrator.facts import usable
from orchestrator.language.program import TouchNode
from orchestrator.parts import Parts
from orchestrator.store import attempts, customers, touches
from orchestrator.store import changes as written
from orchestrator.store.changes import entry
from orchestrator.store.database import Row, Work
from orchestrator.store.touches import Due
from orchestrator.system import emit

BATCH = 200
MOST_S = 20.0  # of one sweep
SOONEST, LATEST = timedelta(seconds=5), timedelta(minutes=10)  # between two questions about the same attempt
NEARBY = timedelta(days=2)  # how far around an attempt its contact point's other messages are looked at


@dataclass(frozen=True, slots=True)
class _Asked:
    touch: UUID
    row: Row[Any]
    sought: Sought


def reconcile(parts: Parts) -> tuple[int, int]:
    """Ask the channels what became of unknown attempts, each at growing intervals. Answers (adopted, planned again)."""
    found = again = 0
    after: UUID | None = None
    until = time.monotonic() + MOST_S  # clock: bounds one sweep; the next one goes on with those that it did not reach
    while time.monotonic() < until:  # clock: the same
        after, asked = parts.database.run(lambda work, a=after: _unknown(parts, work, a))  # type: ignore[misc]
        if after is None:
            break
        answers = _ask(parts, asked)  # no database session is open here
        known = {a.touch: (a.row, answers.get(a.row.id, "cannot tell")) for a in asked}
        if known:
            now = parts.clock()
            f, a = parts.database.run(lambda work, k=known, n=now: _adopt(parts, work, k, n))  # type: ignore[misc]
            found, again = found + f, again + a
    return found, again


def _unknown(parts: Parts, work: Work, after: UUID | None) -> tuple[UUID | None, list[_Asked]]:
    """Those whose time to be asked about has come, and how far the list was read."""
    now = parts.clock()
    dues = touches.unknown(work, BATCH, after, messages_only=True)
    open_attempts = attempts.open_of(work, [d.touch.id for d in dues])
    asked: list[_Asked] = []
    for due in dues:
        row = open_attempts.get(due.touch.id)
        if row is None or (row.asked_at is not None and row.asked_at + _pause(row) > now):
            continue
        channel = str(due.touch.channel)
        where: Literal["email", "phone"] = "email" if channel == "email" else "phone"
        same = customers.reached_at(work, where, row.recipient) if row.recipient else []
        others = touches.with_customers_of(work, sorted({*same, due.customer.id}), row.began_at - NEARBY)
        taken = attempts.refs_to(work, others) - {row.provider_ref}
        sought = Sought(
            row.id, channel, row.recipient or "", row.fingerprint or "", row.began_at, row.ended_at or now, row.provider_ref,
            frozenset(taken),
        )  # fmt: skip
        asked.append(_Asked(due.touch.id, row, sought))
    attempts.asked(work, [a.row.id for a in asked], now)
    return (dues[-1].touch.id if dues else None), asked


def _pause(row: Row[Any]) -> timedelta:
    """Until it is asked about again: a tenth of how long it has been unknown."""
    known_for: timedelta = row.asked_at - row.began_at
    return min(max(known_for / 10, SOONEST), LATEST)


def _ask(parts: Parts, asked: Sequence[_Asked]) -> dict[UUID, Found]:
    answers: dict[UUID, Found] = {}
    for via in {channel.name: channel for channel in parts.channels.values()}.values():
        sought = [a.sought for a in asked if a.row.via == via.name]
        if sought:
            answers |= via.find(sought)
    return answers


def _adopt(parts: Parts, work: Work, known: Mapping[UUID, tuple[Row[Any], Found]], now: datetime) -> tuple[int, int]:
    in_use = parts.rulebook.refresh(work)
    dues = [d for d in touches.given(work, list(known)) if d.touch.state is TouchState.UNKNOWN]
    arrived: list[tuple[Due, Facts, Row[Any], str]] = []
    absent: list[tuple[Due, Row[Any]]] = []
    over: list[tuple[Due, Row[Any]]] = []  # absent, and their follow-up has ended
    reports: dict[UUID, list[Report]] = {}
    for due, facts in usable(work, in_use, dues):
        attempt, answer = known[due.touch.id]
        if answer == "cannot tell" and silence.means_absent(work, attempt, parts.silence, now):
            answer = "absent"
        if isinstance(answer, Report):  # a call: it goes on, or it has ended
            reports[attempt.id] = [answer]
        elif isinstance(answer, Accepted):
            arrived.append((due, facts, attempt, answer.ref))
        elif answer == "absent" and _may_retry(facts, due) and attempt.began_at + 2 * parts.lease < now and due.run.ended is None:
            absent.append((due, attempt))
        elif answer == "absent" and attempt.began_at + 2 * parts.lease < now and due.run.ended is not None:
            over.append((due, attempt))
    mine = attempts.settle(
        work,
        [attempts.outcome_row(a.id, "accepted", now, ref, "found at the provider") for _, _, a, ref in arrived]
        + [attempts.outcome_row(a.id, "absent", now, None, "it provably never arrived") for _, a in [*absent, *over]],
    )
    arrived = [x for x in arrived if x[2].id in mine]
    absent = [x for x in absent if x[1].id in mine]
    over = [x for x in over if x[1].id in mine]
    touches.move(
        work,
        [{"id": d.touch.id, "epoch": d.touch.epoch, "was_state": d.touch.state, "state": TouchState.FAILED, "finished_at": now,
          "reason": "never arrived"} for d, _ in over],
    )  # fmt: skip
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
    gone = "it provably never arrived, and the follow-up has ended"
    entries += [entry(now, "touch.failed", gone, run=d.run.id, touch=d.touch.id, customer=d.customer.id) for d, _ in over]
    written.write(work, changes, entries)
    emit(parts, work, in_use, "touch.sent", [d for d, _, _, _ in arrived], {}, now)
    if reports:
        receipts.apply(parts, work, in_use, reports, now)
    ended = sum(any(r.result in CALL_ENDS for r in found) for found in reports.values())
    return len(arrived) + ended, len(absent)


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
