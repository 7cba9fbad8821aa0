"""A customer wants no more contact: which of their follow-ups end, and what of the others is called off. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from orchestrator.core.intake import ended
from orchestrator.core.judging import refuse
from orchestrator.core.model import AUTOMATIC_CALLS, Change, Deny, EndReason, Note, Run, Touch, TouchState
from orchestrator.core.planner import Facts


def opted_out(customer: UUID, channel: str, why: str, now: datetime) -> Note:
    """That it was said, for the journal."""
    return Note("customer.opted_out", now, f"{why} ({channel})", rule="suppression", customer=customer)


def end_all(standing: Sequence[tuple[Run, Touch | None]], why: str, now: datetime) -> list[Change]:
    """No contact at all any more: every follow-up ends."""
    return [change for run, touch in standing for change in ended(run, touch, EndReason.OPTED_OUT, now, why)]


def is_called_off(touch: Touch | None, channel: str) -> bool:
    """Whether a touch is not made any more once there is no contact on that channel. Automatic calls are calls."""
    theirs = {channel, *AUTOMATIC_CALLS} if channel == "call" else {channel}
    return touch is not None and touch.channel in theirs and touch.state in (TouchState.PLANNED, TouchState.READY)


def call_off(facts: Facts, touch: Touch, channel: str, why: str, now: datetime, new_id: Callable[[], UUID]) -> list[Change]:
    """It is not made; the enrollment goes on with what comes next, on other channels."""
    return refuse(facts, touch, Deny("suppression", f"no more {channel} to this customer: {why}"), now, new_id)
