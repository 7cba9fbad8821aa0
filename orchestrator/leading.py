"""What a lead does with other people's calls: take back, give to somebody, move, decide. Each is in the journal and the audit trail."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from orchestrator import filing
from orchestrator.core.model import TouchState
from orchestrator.core.urgency import rank_at
from orchestrator.errors import InputError, Problem, did_you_mean
from orchestrator.filing import Filing
from orchestrator.holding import NotHeld, is_missing, left_unsaid, let_go, one
from orchestrator.language.house_rules import label
from orchestrator.parts import Parts
from orchestrator.store import attempts, audit, sheets, staff, touches
from orchestrator.store import changes as written
from orchestrator.store.audit import By
from orchestrator.store.changes import entry
from orchestrator.store.database import Work
from orchestrator.store.staff import Member
from orchestrator.store.touches import Due

WAITING = (TouchState.PLANNED, TouchState.READY)


def take_back(parts: Parts, touch: UUID, by: By) -> NotHeld | None:
    """Take a call away from whoever has it. None when done; their notes are kept.

    It waits again; or, when it was dialled, nobody knows how it ended, and a lead decides.
    """
    now = parts.clock()

    def unit(work: Work) -> NotHeld | None:
        due = one(work, touch)
        holder = touches.holder(work, touch)
        if due.touch.state is not TouchState.IN_CALL:
            return NotHeld(due.touch.state, holder)
        row = attempts.open_of(work, [touch])[touch]
        sheet = sheets.of_attempt(work, row.id)
        why = f"{by.name} took it back from {holder}"
        if row.asked_at is not None or (sheet is not None and sheet.dialled_at is not None):
            why = f"{why}; it was dialled, so a person decides how it ended"
            left_unsaid(work, [(due, row)], why, by.name, now, held_by=None)
        else:
            let_go(work, due, row.id, why, by.name, now)
        _audit(work, by, "call.taken_back", touch, f"taken back from {holder}", now)
        return None

    return parts.database.run(unit)


def reassign(parts: Parts, touch: UUID, to: str | None, by: By) -> NotHeld | None:
    """A waiting call is for this person, for half of the time it may still wait; then for anyone. to=None: for anyone now.

    None when done. Raises InputError when they may not take it: nobody would.
    """
    now, name = parts.clock(), to.lower() if to is not None else None
    values: dict[str, Any] = {"offered_to": name, "offered_until": None}

    def allowed(work: Work, due: Due) -> None:
        member = staff.by_name(work, name) if name is not None else None
        if name is not None and (member is None or member.disabled_at is not None):
            raise InputError(Problem(f"nobody who works here is called '{name}'", "choose somebody of the staff", place="to"))
        if member is not None and not member.works(due.touch.queue):
            hint = "move the call to a queue of theirs first"
            raise InputError(Problem(f"{member.title} does not work the queue {due.touch.queue}", hint, place="to"))
        row = touches.desk_row(work, touch)
        if member is not None and row is not None:
            _may_take(member, row.skill, row.language)
            values["offered_until"] = _half_way(now, due.touch.expires_at)

    said = f"it is for {name} now" if name else "it is for anyone again"
    return _change(parts, touch, by, values, "call.reassigned", said, allowed)


def _may_take(member: Member, skill: str | None, language: str | None) -> None:
    if skill is not None and skill not in member.skills:
        raise InputError(Problem(f"this call needs somebody who knows about {skill}; {member.title} does not", place="to"))
    if language is not None and member.languages and language not in member.languages:
        raise InputError(Problem(f"this call needs somebody who speaks {language}; {member.title} does not", place="to"))


def _half_way(now: datetime, until: datetime | None) -> datetime | None:
    return None if until is None else now + max(until - now, timedelta(0)) / 2


def reprioritise(parts: Parts, touch: UUID, priority: int, by: By) -> NotHeld | None:
    """A waiting call becomes more, or less, urgent: 1 is most urgent, 9 least. None when done."""
    if not 1 <= priority <= 9:
        raise InputError(Problem(f"{priority} is no priority", "from 1, most urgent, to 9", place="priority"))
    return _change(parts, touch, by, {"priority": priority}, "call.reprioritised", f"its priority is {priority} now")


def requeue(parts: Parts, touch: UUID, queue: str, by: By) -> NotHeld | None:
    """A waiting call goes to another queue, where it is anybody's. None when done."""

    def allowed(work: Work, due: Due) -> None:
        queues = parts.rulebook.refresh(work).house.queues
        if queue not in queues:
            raise InputError(Problem(f"there is no queue '{queue}'", did_you_mean(queue, queues), place="queue"))

    values = {"queue": queue, "escalate_at": None, "offered_to": None, "offered_until": None}
    return _change(parts, touch, by, values, "call.requeued", f"it waits in {queue} now", allowed)


def decide_missing(parts: Parts, touch: UUID, by: By, filing_: Filing) -> NotHeld | None:
    """Say how a call ended of which nobody said it; final at once. None when recorded. InputError as of `filing.file`."""
    now = parts.clock()
    woken: set[str] = set()

    def unit(work: Work) -> NotHeld | filing.Wrong | None:
        due = one(work, touch)
        if not is_missing(due):
            return NotHeld(due.touch.state, touches.holder(work, touch))
        in_use = parts.rulebook.refresh(work)
        row = attempts.open_of(work, [touch])[touch]
        wrong = filing.decide(parts, work, in_use, due, row, by.name, filing_, now, woken, asks=False)
        if wrong is None:
            _audit(work, by, "call.decided", touch, f"ended as: {label(in_use.house.rules, filing_.disposition).lower()}", now)
        return wrong

    outcome = parts.database.run(unit)
    if isinstance(outcome, filing.Wrong):
        raise InputError(outcome.problems)
    if woken:
        parts.wake(woken)
    return outcome


def _change(
    parts: Parts, touch: UUID, by: By, values: dict[str, Any], what: str, said: str, allowed: Any = None
) -> NotHeld | None:
    """Change a call that waits, or that will."""
    now = parts.clock()

    def unit(work: Work) -> NotHeld | None:
        due = one(work, touch)
        if due.touch.state not in WAITING or due.touch.channel != "call":
            return NotHeld(due.touch.state, touches.holder(work, touch))
        if allowed is not None:
            allowed(work, due)
        row: dict[str, Any] = {
            "id": touch,
            "epoch": due.touch.epoch,
            "was_state": due.touch.state,
            "state": due.touch.state,
            **values,
        }
        if "priority" in values and due.touch.state is TouchState.READY:
            row["rank_at"] = rank_at(values["priority"], due.touch.due_at, due.touch.expires_at)
        touches.move(work, [row])
        why = f"{by.name}: {said}"
        written.write(
            work, [], [entry(now, "touch.changed", why, rule=by.name, run=due.run.id, touch=touch, customer=due.customer.id)]
        )
        _audit(work, by, what, touch, said, now)
        return None

    return parts.database.run(unit)


def _audit(work: Work, by: By, what: str, touch: UUID, said: str, now: datetime) -> None:
    audit.note(work, by, what, f"call:{touch}", said, now)
