"""Calls that staff make: take the next one, put it back, say how it ended. One person has one call; one call has one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from orchestrator.core import planner
from orchestrator.core.judging import Go, Later, Over
from orchestrator.core.model import Change, Close, End, EndReason, TouchState
from orchestrator.dispatch import judge_all, put_off
from orchestrator.engine import suppress
from orchestrator.errors import InputError, NotFound, Problem, did_you_mean
from orchestrator.facts import facts_for
from orchestrator.language.dispositions import BY_CODE
from orchestrator.language.templates import CannotSay
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import attempts, customers, touches
from orchestrator.store import changes as written
from orchestrator.store.attempts import Intent
from orchestrator.store.changes import entry
from orchestrator.store.database import Work
from orchestrator.store.touches import Due
from orchestrator.system import emit

CALL_LEASE = timedelta(minutes=30)  # longer than a call with its wrap-up; afterwards the disposition is missing
LOOK_AT = 20  # ready calls that are judged before giving up for this round
DEAD_NUMBER = frozenset({"wrong_number", "invalid_number", "fax"})


@dataclass(frozen=True, slots=True)
class CallTask:
    """A call that somebody has: whom to call, why now, and what to say."""

    touch: UUID
    epoch: int
    due: Due
    why: str
    script: str  # Markdown
    already_held: bool = False


@dataclass(frozen=True, slots=True)
class NotHeld:
    """The call is not this person's: the result was not recorded."""

    state: TouchState
    held_by: str | None


def claim_next(parts: Parts, who: str, queues: Sequence[str] | None = None) -> CallTask | None:
    """The most urgent call that may be made now, for this person alone. None when there is none.

    queues: the queues they work (None: all). Policies are asked again here: what is not allowed now leaves the queue.
    """
    now = parts.clock()
    return parts.database.run(lambda work: _claim_next(parts, work, who, queues, now))


def _claim_next(parts: Parts, work: Work, who: str, queues: Sequence[str] | None, now: datetime) -> CallTask | None:
    in_use = parts.rulebook.refresh(work)
    held = touches.held_by(work, who)
    if held:
        return _task(work, in_use, held[0], held[0].touch.epoch, already_held=True)
    while dues := touches.claim_ready(work, queues, now, LOOK_AT):
        changes: list[Change] = []
        entries: list[dict[str, Any]] = []
        task = None
        for due, _, fate in judge_all(parts, work, in_use, dues, now, only_first=True):
            match fate:
                case Go():
                    task = _take(parts, work, in_use, due, who, now)
                    entries.append(
                        entry(now, "touch.in_call", f"{who} has it; {fate.why}", rule=who, run=due.run.id, touch=due.touch.id,
                              customer=due.customer.id)
                    )  # fmt: skip
                case Later():
                    entries += put_off(work, [(due, fate)], now)
                case Over():
                    changes += fate.changes
        written.write(work, changes, entries)
        if task is not None:
            return task
    return None


def _take(parts: Parts, work: Work, in_use: InUse, due: Due, who: str, now: datetime) -> CallTask:
    touch = due.touch
    numbers = attempts.numbers(work, [touch.id])
    attempts.begin(
        work,
        [Intent(parts.new_id(), touch.id, numbers.get(touch.id, 0) + 1, touch.epoch + 1, "desk", now, due.customer.phone)],
    )
    touches.move(
        work,
        [{"id": touch.id, "epoch": touch.epoch, "was_state": touch.state, "state": TouchState.IN_CALL, "held_by": who, "effect_at": now,
          "lease_until": now + CALL_LEASE}],
    )  # fmt: skip
    return _task(work, in_use, due, touch.epoch + 1)


def _task(work: Work, in_use: InUse, due: Due, epoch: int, *, already_held: bool = False) -> CallTask:
    facts = facts_for(work, in_use, due)
    try:
        script = in_use.render(work, facts, due.touch).body
    except CannotSay as missing:  # a person reads it: a gap is better than no call
        script = f"(The script cannot be filled in: {missing})"
    return CallTask(due.touch.id, epoch, due, due.touch.why, script, already_held)


def put_back(parts: Parts, touch: UUID, who: str) -> NotHeld | None:
    """The call was not made after all: it waits in its queue again. None when done."""
    now = parts.clock()

    def unit(work: Work) -> NotHeld | None:
        due = _one(work, touch)
        if due.touch.state is not TouchState.IN_CALL or touches.holder(work, touch) != who:
            return NotHeld(due.touch.state, touches.holder(work, touch))
        row = attempts.open_of(work, [touch])[touch]
        attempts.close(work, [attempts.outcome_row(row.id, "rejected_safe", now, None, f"{who} put it back")])
        _let_go(work, due, who, now)
        return None

    return parts.database.run(unit)


def _let_go(work: Work, due: Due, who: str, now: datetime) -> None:
    """The call waits again, or is called off when its follow-up ended meanwhile."""
    touch, ended = due.touch, due.run.ended
    released = {
        "id": touch.id,
        "epoch": touch.epoch,
        "was_state": touch.state,
        "held_by": None,
        "lease_until": None,
        "effect_at": None,
    }
    touches.move(work, [{**released, "state": TouchState.READY}])
    entries = [
        entry(now, "touch.put_back", f"{who} put it back", rule=who, run=due.run.id, touch=touch.id, customer=due.customer.id)
    ]
    over: list[Change] = []
    if ended is not None:
        why = f"the enrollment has ended ({ended})"
        over.append(Close(touch.id, due.run.id, TouchState.CANCELLED, ended, now, why, touch.epoch + 1))
    written.write(work, over, entries)


def finish(
    parts: Parts,
    touch: UUID,
    who: str,
    disposition: str,
    *,
    note: str = "",
    answers: Mapping[str, Any] | None = None,
    call_back_at: datetime | None = None,
) -> NotHeld | None:
    """Say how a call ended; what follows is planned. None when recorded.

    A call whose disposition is missing may be finished by anyone. Raises InputError for a disposition that does not exist.
    """
    if disposition not in BY_CODE:
        raise InputError(Problem(f"'{disposition}' is no disposition", did_you_mean(disposition, BY_CODE)))
    if call_back_at is not None and disposition != "call_back":
        raise InputError(Problem(f"a time to call back was given, but the disposition is {disposition}", "use call_back"))
    now = parts.clock()
    if call_back_at is not None and call_back_at <= now:
        raise InputError(Problem("the time to call back has passed", "give a moment in the future, with its zone"))

    def unit(work: Work) -> tuple[NotHeld | None, bool]:
        return _finish(parts, work, touch, who, disposition, note, dict(answers or {}), call_back_at, now)

    refused, emitted = parts.database.run(unit)
    if emitted:
        parts.wake({"upkeep"})
    return refused


def _finish(
    parts: Parts,
    work: Work,
    touch: UUID,
    who: str,
    code: str,
    note: str,
    answers: dict[str, Any],
    asked_for: datetime | None,
    now: datetime,
) -> tuple[NotHeld | None, bool]:
    in_use = parts.rulebook.refresh(work)
    due = _one(work, touch)
    holder = touches.holder(work, touch)
    mine = due.touch.state is TouchState.IN_CALL and holder == who
    missing = due.touch.state is TouchState.UNKNOWN and due.touch.channel == "call"
    if not (mine or missing):
        return NotHeld(due.touch.state, holder), False
    row = attempts.open_of(work, [touch])[touch]
    recorded = attempts.outcome_row(row.id, "accepted", now, row.provider_ref or f"desk:{who}", note)  # a bridged call has a name
    (attempts.close if mine else attempts.settle)(work, [recorded])
    touches.move(
        work,
        [{"id": touch, "epoch": due.touch.epoch, "was_state": due.touch.state, "state": TouchState.DONE,
          "disposition": code, "lease_until": None,
          "finished_at": now, "reason": None}],
    )  # fmt: skip
    why = f"{who}: {BY_CODE[code].label.lower()}"
    entries = [entry(now, "touch.done", why, rule=code, run=due.run.id, touch=touch, customer=due.customer.id)]
    if answers:
        due = touches.with_answers(due, answers)
        written.answer(work, due.run.id, dict(due.run.answers))
    changes = _follows(parts, work, in_use, due, code, asked_for, now)
    written.write(work, changes, entries)
    return None, emit(parts, work, in_use, "call.finished", [due], {"disposition": code}, now)


def _follows(
    parts: Parts, work: Work, in_use: InUse, due: Due, code: str, asked_for: datetime | None, now: datetime
) -> list[Change]:
    if code in DEAD_NUMBER:
        customers.forget_contact_point(work, due.customer.id, "phone", None, f"a call: {BY_CODE[code].label.lower()}", now)
    if code == "do_not_contact":
        suppress(parts, work, in_use, due.customer.id, "all", "asked on the phone not to be contacted", now, but=due.run.id)
        return [] if due.run.ended else [End(due.run.id, EndReason.OPTED_OUT, now, "asked on the phone not to be contacted")]
    if due.run.ended is not None:
        return []
    return planner.after(facts_for(work, in_use, due), due.touch, code, now, parts.new_id, asked_for)


def settle(parts: Parts, touch: UUID, who: str, as_: Literal["sent", "failed", "again"]) -> NotHeld | None:
    """A person decides what became of a message of which nobody knows. None when recorded."""
    now = parts.clock()

    def unit(work: Work) -> NotHeld | None:
        in_use = parts.rulebook.refresh(work)
        due = _one(work, touch)
        if due.touch.state is not TouchState.UNKNOWN or due.touch.channel == "call":
            return NotHeld(due.touch.state, touches.holder(work, touch))
        row = attempts.open_of(work, [touch])[touch]
        outcome, state = {"sent": ("accepted", TouchState.SENT), "failed": ("rejected_permanent", TouchState.FAILED),
                          "again": ("absent", TouchState.PLANNED)}[as_]  # fmt: skip
        ref = f"by {who}" if outcome == "accepted" else None
        attempts.settle(work, [attempts.outcome_row(row.id, outcome, now, ref, f"{who} decided: {as_}")])
        again = state is TouchState.PLANNED
        touches.move(
            work,
            [{"id": touch, "epoch": due.touch.epoch, "was_state": due.touch.state, "state": state, "finished_at": None if again else now,
              "reason": "a person decided" if as_ == "failed" else None,
              "due_at": now if again else due.touch.due_at, "effect_at": None if again else due.touch.effect_at}],
        )  # fmt: skip
        entries = [
            entry(now, f"touch.{state}", f"{who} decided: {as_}", rule=who, run=due.run.id, touch=touch, customer=due.customer.id)
        ]
        follows: list[Change] = []
        if not again and due.run.ended is None:
            follows = planner.after(facts_for(work, in_use, due), due.touch, as_, now, parts.new_id)
        written.write(work, follows, entries)
        if as_ == "sent":
            emit(parts, work, in_use, "touch.sent", [due], {}, now)
        return None

    return parts.database.run(unit)


def _one(work: Work, touch: UUID) -> Due:
    found = touches.given(work, [touch])
    if not found:
        raise NotFound(f"there is no touch {touch}")
    return found[0]
