"""What becomes of touches when a pause is over: they move by its length, follow at once but spaced out, or are not made. Pure.

Nothing here contacts anybody. Each touch that moves or follows is judged by every policy when it takes effect, as always.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from orchestrator.core.judging import is_call
from orchestrator.core.model import Change, Close, End, EndReason, Touch, TouchState
from orchestrator.core.planner import Facts, after, was_asked_for
from orchestrator.language.program import Node, TouchNode, WaitNode

A_MINUTE = timedelta(minutes=1)


class How(StrEnum):
    """What to do with what a pause held."""

    IN_TIME = "in-time"  # what is still of use follows now, spaced out; what is too late expires
    SHIFT = "shift"  # everything moves by as long as it was held, with its deadlines
    EXPIRE = "expire"  # what came due meanwhile is not made; each follow-up goes on with what comes after it


@dataclass(frozen=True, slots=True)
class Held:
    """A touch under a pause, as the journal tells it."""

    touch: Touch
    since: datetime  # from when the pause was in its way: from its beginning, or from when the touch was planned
    came_due: datetime | None  # when it would have happened; None: it is due after the pause


@dataclass(frozen=True, slots=True)
class Moved:
    """Its new moments."""

    due_at: datetime
    expires_at: datetime | None
    escalate_at: datetime | None
    by: timedelta  # how much later than before the pause


def slots(deadlines: Sequence[datetime | None], now: datetime, per_minute: int) -> list[datetime]:
    """When each of these follows: so many a minute, in this order, and none because of that after its deadline."""
    answer: list[datetime] = []
    for place, deadline in enumerate(deadlines):
        slot = now + (place // per_minute) * A_MINUTE
        answer.append(slot if deadline is None or slot < deadline else max(now, deadline - A_MINUTE))
    return answer


def shifted(held: Held, node: Node, now: datetime) -> Moved:
    """As much later as the pause was in its way; deadlines too. What has a date of its own keeps it: it follows at once when it is past.

    A date of its own: counted from the event's ("2 days before visit.starts_at"), or asked for by the customer.
    """
    touch = held.touch
    if touch.state is not TouchState.READY and has_its_own_date(touch, node):
        due = now if held.came_due is not None else touch.due_at
        return Moved(due, touch.expires_at, touch.escalate_at, timedelta())
    by = max(now - held.since, timedelta())
    due = touch.due_at if touch.state is TouchState.READY else max((held.came_due or touch.due_at) + by, now)
    return Moved(due, _later(touch.expires_at, by), _later(touch.escalate_at, by), by)


def has_its_own_date(touch: Touch, node: Node) -> bool:
    """Whether its moment means a day of somebody else's calendar."""
    timing = node.timing if isinstance(node, TouchNode | WaitNode) else None
    return (timing is not None and timing.when is not None) or was_asked_for(touch)


def _later(moment: datetime | None, by: timedelta) -> datetime | None:
    return moment + by if moment is not None else None


def expired(facts: Facts, touch: Touch, why: str, now: datetime, new_id: Callable[[], UUID]) -> list[Change]:
    """It is not made. The follow-up goes on with what comes after it, counted from now, or is over when it has given up meanwhile."""
    ending = "expired" if is_call(touch) else None
    changes: list[Change] = [Close(touch.id, touch.run, TouchState.EXPIRED, "paused", now, why, touch.epoch, ending)]
    if now >= facts.run.gives_up_at:
        return [*changes, End(touch.run, EndReason.EXPIRED, now, "the playbook gives up")]
    result = "not_taken" if touch.channel == "call" else "expired"
    return [*changes, *after(facts, replace(touch, due_at=now), result, now, new_id)]
