"""What it means to have a call: who may take which, who has it now, and what they work with. Used by every verb of the desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from orchestrator.core.model import Change, Close, TouchState
from orchestrator.core.urgency import rank_at
from orchestrator.errors import InputError, NotFound
from orchestrator.facts import facts_for
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.templates import CannotSay
from orchestrator.rulebook import InUse
from orchestrator.store import attempts, sheets, touches
from orchestrator.store import changes as written
from orchestrator.store.changes import entry
from orchestrator.store.database import Row, Work
from orchestrator.store.sheets import Sheet
from orchestrator.store.staff import Member
from orchestrator.store.touches import Due

CALL_LEASE = timedelta(minutes=30)  # at the terminal: longer than a call with its wrap-up; afterwards the disposition is missing
WEB_LEASE = timedelta(minutes=3)  # pages renew theirs every 45 seconds, while somebody is at them
LONGEST_LINE = timedelta(hours=2)  # after dialling; a line of which we have not heard the end by then is taken for closed
EAR_LEASE = timedelta(minutes=15)  # while they talk by hand: who listens touches neither keys nor mouse


@dataclass(frozen=True, slots=True)
class Agent:
    """Whoever takes calls, and which ones they may take."""

    name: str
    queues: tuple[str, ...] | None = None  # None: every queue
    skills: tuple[str, ...] | None = None  # None: all of them
    languages: tuple[str, ...] | None = None  # None: all of them

    @classmethod
    def of(cls, member: Member) -> Agent:
        """A member of the staff. Who names no language takes them all; who names no skill only calls that need none."""
        return cls(member.name, None if member.every_queue else member.queues, member.skills, member.languages or None)


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
    """The call is not this person's: no ending was recorded, but what they had typed is kept."""

    state: TouchState
    held_by: str | None
    unwanted: str | None = None  # what the customer wants no more of, as this person said: that holds all the same


@dataclass(frozen=True, slots=True)
class NotNow:
    """The call cannot be taken now, by anybody or by this person."""

    why: str


def one(work: Work, touch: UUID) -> Due:
    """A call by its id, locked."""
    found = touches.given(work, [touch])
    if not found:
        raise NotFound(f"there is no touch {touch}")
    return found[0]


def held_or_not(work: Work, due: Due, who: str) -> NotHeld | None:
    """None when this person has the call right now."""
    holder = touches.holder(work, due.touch.id)
    return None if due.touch.state is TouchState.IN_CALL and holder == who else NotHeld(due.touch.state, holder)


def is_missing(due: Due) -> bool:
    """Whether it is a call of which nobody said how it ended."""
    return due.touch.state is TouchState.UNKNOWN and due.touch.channel == "call"


def at_most_until(sheet: Sheet | None, rules: HouseRules) -> datetime | None:
    """Until when they may have a call that stays as it is by now. None: a line is open that ends by itself."""
    if sheet is None or sheet.on_the_line_by_bridge:
        return None
    if sheet.phase == "wrap_up" and sheet.wrap_up_from is not None:
        return sheet.wrap_up_from + rules.wraps_up_in
    if sheet.on_the_line_by_hand and sheet.dialled_at is not None:
        return sheet.dialled_at + rules.by_hand_for
    return sheet.began_at + rules.reads_for


def task_of(work: Work, in_use: InUse, due: Due, epoch: int, *, already_held: bool = False) -> CallTask:
    """The call with its script filled in."""
    try:
        script = in_use.render(work, facts_for(work, in_use, due), due.touch).body
    except (CannotSay, InputError, NotFound) as missing:  # a person reads it: a gap is better than no call
        script = f"(The script cannot be filled in: {missing})"
    return CallTask(due.touch.id, epoch, due, due.touch.why, script, already_held)


def let_go(work: Work, due: Due, attempt: UUID, why: str, rule: str, now: datetime) -> None:
    """The call waits again, or is called off when its follow-up ended meanwhile."""
    touch, ended = due.touch, due.run.ended
    attempts.close(work, [attempts.outcome_row(attempt, "rejected_safe", now, None, why)])
    sheets.leave(work, [attempt])
    touches.move(
        work,
        [{"id": touch.id, "epoch": touch.epoch, "was_state": touch.state, "state": TouchState.READY, "held_by": None,
          "lease_until": None, "effect_at": None, "rank_at": rank_at(touch.priority, touch.due_at, touch.expires_at)}],
    )  # fmt: skip
    over: list[Change] = []
    if ended is not None:
        called_off = f"the enrollment has ended ({ended})"
        over.append(Close(touch.id, due.run.id, TouchState.CANCELLED, ended, now, called_off, touch.epoch + 1))
    said = entry(now, "touch.put_back", why, rule=rule, run=due.run.id, touch=touch.id, customer=due.customer.id)
    written.write(work, over, [said])


def left_unsaid(work: Work, calls: Sequence[tuple[Due, Row[Any]]], why: str, rule: str, now: datetime, **more: Any) -> None:
    """Nobody said how these calls ended: their disposition is missing, and what was noted is kept."""
    attempts.close(work, [attempts.outcome_row(row.id, "unknown", now, row.provider_ref, why) for _, row in calls])
    sheets.leave(work, [row.id for _, row in calls])
    touches.move(
        work,
        [{"id": d.touch.id, "epoch": d.touch.epoch, "was_state": d.touch.state, "state": TouchState.UNKNOWN, "lease_until": None,
          "reason": "disposition missing", "disposition": "disposition_missing", **more} for d, _ in calls],
    )  # fmt: skip
    said = [entry(now, "touch.unknown", why, rule=rule, run=d.run.id, touch=d.touch.id, customer=d.customer.id) for d, _ in calls]
    written.write(work, [], said)
