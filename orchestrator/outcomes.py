"""What providers answered becomes the state of touches, and the next touches are planned: the third commit of every attempt."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from orchestrator.channels.base import Accepted, Answer, Held, Outgoing, Placed, RejectedPermanent, RejectedSafe, Unknown
from orchestrator.core import planner
from orchestrator.core.model import AUTOMATIC_CALLS, Change, TouchState
from orchestrator.core.planner import Facts
from orchestrator.engine import suppress_everybody
from orchestrator.facts import usable
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import attempts, customers, enrollments, senders, touches
from orchestrator.store import changes as written
from orchestrator.store.changes import entry
from orchestrator.store.database import Work
from orchestrator.store.touches import Due
from orchestrator.system import emit

log = logging.getLogger(__name__)
LONGEST_PAUSE_S = 3_600.0  # that a provider may ask a sender for
FIRST_RETRY_S, LONGEST_RETRY_S = 15.0, 900.0  # after a safe refusal: doubling, until the touch expires
CALL_TAKES = timedelta(minutes=10)  # an automatic call, from placing it to its last report; then the provider is asked


@dataclass(frozen=True, slots=True)
class Sending:
    """A claimed touch whose intent is on record."""

    due: Due
    facts: Facts
    attempt: UUID
    number: int  # of the attempt
    epoch: int  # of the claim
    began_at: datetime
    message: Outgoing


@dataclass(frozen=True, slots=True)
class _Moved:
    """What one answer makes of one touch."""

    outcome: str | None  # None: the attempt goes on
    state: TouchState
    what: str
    why: str
    result: str | None  # for the planner; None: nothing follows yet
    ref: str | None = None
    due_at: datetime | None = None  # when it is planned again
    reason: str | None = None


def record(parts: Parts, sending: Sequence[Sending], answers: Sequence[Answer]) -> None:
    """Write the answers of one batch and what follows from them. A claim that was lost meanwhile changes nothing."""
    assert len(answers) == len(sending), "a channel answers for each message, in their order"
    now = parts.clock()
    emitted = parts.database.run(lambda work: _record(parts, work, list(zip(sending, answers, strict=True)), now))
    if emitted:
        parts.wake({"upkeep"})


def _record(parts: Parts, work: Work, pairs: list[tuple[Sending, Answer]], now: datetime) -> bool:
    in_use = parts.rulebook.refresh(work)
    _lock_customers_of_refusals(work, pairs)
    ended = enrollments.lock(work, [s.due.run.id for s, _ in pairs])
    moves = [_move(s, a, now) for s, a in pairs]
    named = _named_meanwhile(work, pairs)
    rows = [
        attempts.outcome_row(s.attempt, m.outcome, now, m.ref or named.get(s.attempt), m.why)
        for (s, _), m in zip(pairs, moves, strict=True)
        if m.outcome
    ]
    placed = [{"id": s.attempt, "provider_ref": m.ref} for (s, _), m in zip(pairs, moves, strict=True) if not m.outcome]
    closed = attempts.close(work, rows) | attempts.place(work, placed)
    # what comes after its claim changes no state, but the provider's name for it finds it when it is asked about
    attempts.remember(
        work, {s.attempt: m.ref for (s, _), m in zip(pairs, moves, strict=True) if m.ref and s.attempt not in closed}
    )
    _tell_senders(parts, work, pairs, now)
    mine = [(s, a, m) for (s, a), m in zip(pairs, moves, strict=True) if s.attempt in closed]
    moved = touches.move(work, [_touch_row(s, m, now) for s, _, m in mine])
    facts = _fresh(work, in_use, [s for s, _, _ in mine])
    changes: list[Change] = []
    entries: list[dict[str, Any]] = []
    sent: list[Due] = []
    for s, a, m in mine:
        if s.due.touch.id not in moved:
            continue
        due = s.due
        entries.append(
            entry(now, m.what, m.why, rule=m.reason or "", run=due.run.id, touch=due.touch.id, customer=due.customer.id)
        )  # fmt: skip
        if isinstance(a, RejectedPermanent):
            _refused(parts, work, in_use, due, s.message.to, a, now)
        if m.result is not None and ended.get(due.run.id) is None:
            changes += planner.after(facts.get(due.touch.id, s.facts), due.touch, m.result, now, parts.new_id)
        if m.result == "sent":
            sent.append(due)
    if len(moved) < len(pairs):
        log.warning(
            "answers came after their claim was over", extra={"action": "outcome.stale", "count": len(pairs) - len(moved)}
        )
    written.write(work, changes, entries)
    return emit(parts, work, in_use, "touch.sent", sent, {}, now)


def _named_meanwhile(work: Work, pairs: Sequence[tuple[Sending, Answer]]) -> dict[UUID, str]:
    """The provider's names of those of which we do not know, where a callback has brought them."""
    unclear = [s.attempt for s, a in pairs if isinstance(a, Unknown)]
    return {id_: row.provider_ref for id_, row in attempts.given(work, unclear).items() if row.provider_ref} if unclear else {}


def _fresh(work: Work, in_use: InUse, sending: Sequence[Sending]) -> dict[UUID, Facts]:
    """Facts of playbooks with waits, read again: what they wait for may have come while the message was being sent."""
    waiting = [s.due for s in sending if s.facts.program.waits_for]
    return {d.touch.id: f for d, f in usable(work, in_use, waiting)} if waiting else {}


def _lock_customers_of_refusals(work: Work, pairs: Sequence[tuple[Sending, Answer]]) -> None:
    """Customers come before enrollments in the order of locks."""
    customers.lock(work, [s.due.customer.id for s, a in pairs if isinstance(a, RejectedPermanent)])


def _tell_senders(parts: Parts, work: Work, pairs: Sequence[tuple[Sending, Answer]], now: datetime) -> None:
    """A sender that was told to wait, or that cannot be used, holds what is due on its channels; one that works again lets go."""
    for channel, pace in {str(s.due.touch.channel): parts.paces.get(str(s.due.touch.channel)) for s, _ in pairs}.items():
        if pace is None:
            continue
        mine = [a for s, a in pairs if s.due.touch.channel == channel]
        waits = [a.retry_after_s or FIRST_RETRY_S for a in mine if isinstance(a, RejectedSafe) and a.slow_down]
        if waits:
            senders.slow_down(work, pace.sender, now + timedelta(seconds=min(max(waits), LONGEST_PAUSE_S)), now)
        stopped = next((a for a in mine if isinstance(a, Held)), None)
        if stopped is not None:
            if senders.hold(work, pace.sender, stopped.code, stopped.why, now):
                log.error(
                    "nothing goes out from a sender until somebody mends it; see 'touchpoint status'",
                    extra={"action": "sender.held", "channel": channel, "code": stopped.code},
                )
        elif began := max(
            (s.began_at for s, a in pairs if s.due.touch.channel == channel and isinstance(a, Accepted | Placed)), default=None
        ):
            if not senders.release(work, pace.sender, began):
                continue
            log.warning("a sender works again", extra={"action": "sender.released", "channel": channel})


def _move(s: Sending, answer: Answer, now: datetime) -> _Moved:
    due = s.due.touch
    match answer:
        case Accepted():
            return _Moved("accepted", TouchState.SENT, "touch.sent", f"accepted as {answer.ref}", "sent", answer.ref)
        case Placed():
            why = f"the call is placed as {answer.ref}; how it ends comes later"
            return _Moved(None, TouchState.CALLING, "touch.calling", why, None, answer.ref)
        case Held():
            why = f"nothing goes out from this sender until somebody mends it: {answer.why}"
            return _Moved("rejected_safe", TouchState.PLANNED, "touch.refused", why, None, due_at=now)
        case RejectedSafe():
            again = now + timedelta(seconds=_backoff(s.number, answer.retry_after_s))
            if due.expires_at is not None and again >= due.expires_at:
                why = f"refused until it was too late: {answer.why}"
                return _Moved("rejected_safe", TouchState.FAILED, "touch.failed", why, "failed", reason="refused")
            why = f"refused for now ({answer.why}); again at {again:%H:%M:%S} UTC"
            return _Moved("rejected_safe", TouchState.PLANNED, "touch.refused", why, None, due_at=again)
        case RejectedPermanent():
            return _Moved(
                "rejected_permanent", TouchState.FAILED, "touch.failed", answer.why, "failed", reason="refused for good"
            )
        case Unknown():
            why = f"nobody knows whether it went out: {answer.why}"
            return _Moved("unknown", TouchState.UNKNOWN, "touch.unknown", why, None, reason="no answer")


def _backoff(number: int, asked_s: float | None) -> float:
    doubled: float = min(FIRST_RETRY_S * 2.0 ** min(number - 1, 10), LONGEST_RETRY_S)
    return max(doubled, asked_s or 0.0)


def _touch_row(s: Sending, m: _Moved, now: datetime) -> dict[str, Any]:
    touch = s.due.touch
    return {
        "id": touch.id,
        "epoch": s.epoch,
        "was_state": TouchState.SENDING,
        "state": m.state,
        "due_at": m.due_at or touch.due_at,
        "lease_until": now + CALL_TAKES if m.state is TouchState.CALLING else None,
        "effect_at": None if m.state is TouchState.PLANNED else s.began_at,
        "finished_at": now if m.state in (TouchState.SENT, TouchState.FAILED) else None,
        "reason": m.reason,
        "disposition": "failed" if m.state is TouchState.FAILED and touch.channel in AUTOMATIC_CALLS else None,
    }


def _refused(parts: Parts, work: Work, in_use: InUse, due: Due, sent_to: str, answer: RejectedPermanent, now: datetime) -> None:
    """A refusal for good changes what we know about the contact point."""
    channel = "call" if due.touch.channel in AUTOMATIC_CALLS else str(due.touch.channel)
    if answer.suppresses:
        there: tuple[Literal["email", "phone"], str | None] = ("email" if channel == "email" else "phone", sent_to)
        why = f"the provider says: {answer.why}"
        suppress_everybody(parts, work, in_use, there, due.customer.id, channel, why, now, but=due.run.id)
    if answer.contact_point_is_dead:
        where: Literal["email", "phone"] = "email" if channel == "email" else "phone"
        customers.forget_contact_point(work, due.customer.id, where, sent_to, answer.why, now)
