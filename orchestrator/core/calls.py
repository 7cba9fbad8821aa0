"""Calls that people make: for whom one is kept, where it goes when nobody takes it, and what follows from how it ended. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from orchestrator.core.house import House
from orchestrator.core.judging import expire, is_held
from orchestrator.core.model import Change, Close, PauseScope, Plan, Run, Touch, TouchState
from orchestrator.core.planner import Facts, after
from orchestrator.core.windows import add, at_time, field_moment
from orchestrator.language.delays import TimeOfDay
from orchestrator.language.program import TouchNode

MORNING = TimeOfDay(9, 0)  # of a promised day, where the customer lives


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """It waits in another queue from now on, where it is anybody's."""

    queue: str
    why: str


def kept_for(touch: Touch, run: Run, facts: Facts, now: datetime) -> tuple[str, datetime] | None:
    """For whom a call is kept first, and until when: whoever the event names, where the step asks for it.

    What was promised by, or given to, somebody else stays theirs.
    """
    node, named = facts.program.nodes[touch.step], run.event.get("owner")
    if not isinstance(node, TouchNode) or node.owner_first is None or not isinstance(named, str) or not named.strip():
        return None
    name = named.strip().lower()
    if touch.offered_to not in (None, name):
        return None
    return name, add(node.owner_first, now, facts.customer.zones, facts.house)


def pass_on(
    touch: Touch,
    run: Run,
    facts: Facts,
    paused: tuple[tuple[PauseScope, str], ...],
    now: datetime,
    new_id: Callable[[], UUID],
) -> list[Change] | Elsewhere | None:
    """What becomes of a call that nobody took until it expires or goes on. None: nothing for now; a hold never drops."""
    node = facts.program.nodes[touch.step]
    if run.ended is not None:  # it was put back after the follow-up had ended
        why = f"the enrollment has ended ({run.ended})"
        return [Close(touch.id, touch.run, TouchState.CANCELLED, run.ended, now, why, touch.epoch)]
    if is_held(touch, run, paused):
        return None  # it expires, or goes on, when that is over
    if touch.expires_at is not None and touch.expires_at <= now:
        return expire(facts, touch, now, new_id)
    if isinstance(node, TouchNode) and node.escalate_to is not None:
        why = f"nobody took it in {node.escalate_after}: it goes from {touch.queue} to {node.escalate_to}"
        return Elsewhere(node.escalate_to, why)
    return None


def called(
    facts: Facts,
    touch: Touch,
    disposition: str,
    now: datetime,
    new_id: Callable[[], UUID],
    asked_for: datetime | None,
    by: str,
    who: str,
) -> list[Change]:
    """What follows a call that somebody made.

    asked_for: when the customer is to be called back. by: "me" (who made it) or "anyone".
    """
    changes = after(facts, touch, disposition, now, new_id, asked_for)
    if by != "me":
        return changes
    return [
        replace(c, touch=_for_them(c.touch, who)) if isinstance(c, Plan) and c.touch.step == touch.step else c for c in changes
    ]


def _for_them(touch: Touch, who: str) -> Touch:
    """Kept for whoever promised to call back, for half of the time there is: then anybody calls, because a call was promised."""
    until = touch.due_at + (touch.expires_at - touch.due_at) / 2 if touch.expires_at is not None else None
    return replace(touch, offered_to=who.lower(), offered_until=until)


def promised_at(day: date, zones: tuple[str, ...], house: House) -> datetime | None:
    """The morning of a promised day where the customer lives; None when there is no such moment."""
    midnight = field_moment(day, zones, house)
    return None if midnight is None else at_time(midnight, MORNING, zones, house, keep_day=True)
