"""What becomes of touches that are due: gone too late, called off, put off, refused, or free to go. Pure: facts in, fates out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from orchestrator.core.model import (
    AUTOMATIC_CALLS,
    Allow,
    Case,
    Change,
    Close,
    Contact,
    Defer,
    Deny,
    End,
    EndReason,
    PauseScope,
    Run,
    Touch,
    TouchState,
    Verdict,
)
from orchestrator.core.planner import Facts, after
from orchestrator.core.policies import held, judge
from orchestrator.core.windows import add, opening
from orchestrator.language.program import TouchNode

SMALL, LARGE = 100, 500  # touches judged together: small while little is due, so that lateness stays low
NewId = Callable[[], UUID]


@dataclass(frozen=True, slots=True)
class Go:
    """Every policy allows it now. `why` names what they were asked about."""

    why: str
    closes_at: datetime  # when the contact window closes or the touch expires: nothing may begin after it
    escalate_at: datetime | None = None  # a call that nobody takes until then goes to another queue


@dataclass(frozen=True, slots=True)
class Later:
    """Put off: the touch is planned again for `until`."""

    until: datetime
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Over:
    """It ends without contact; `changes` say how and what follows."""

    changes: Sequence[Change]


Fate = Go | Later | Over


def fate(
    touch: Touch,
    run: Run,
    facts: Facts,
    contacts: Sequence[Contact],
    paused: tuple[tuple[PauseScope, str], ...],
    now: datetime,
    new_id: NewId,
) -> Fate:
    """What becomes of a touch that is due at `now`. contacts: those of the customer, this batch's included."""
    if run.ended is not None:
        why = f"the enrollment has ended ({run.ended})"
        return Over([Close(touch.id, run.id, TouchState.CANCELLED, run.ended, now, why, touch.epoch)])
    node = facts.program.nodes[touch.step]
    if not isinstance(node, TouchNode):
        if run.held is not None:
            return Later(now + held.ASK_AGAIN, held.RULE, run.held)
        done = Close(touch.id, run.id, TouchState.DONE, "wait over", now, "the wait is over", touch.epoch)
        return Over([done, *after(facts, touch, "over", now, new_id)])
    if touch.expires_at is not None and touch.expires_at <= now and not is_held(touch, run, paused):
        return Over(expire(facts, touch, now, new_id))
    case = Case(touch, run, facts.customer, facts.program, node.purpose, node.window, tuple(contacts), paused)
    return read(judge(case, now, facts.house), facts, touch, len(contacts), now, new_id)


def read(verdict: Verdict, facts: Facts, touch: Touch, contacts: int, now: datetime, new_id: NewId) -> Fate:
    """What a verdict means for a touch."""
    match verdict:
        case Allow():
            node = facts.program.nodes[touch.step]
            assert isinstance(node, TouchNode)
            level = facts.customer.consent.get("call" if touch.channel in AUTOMATIC_CALLS else str(touch.channel), "none")
            week = f"{contacts} other {'contact' if contacts == 1 else 'contacts'} of late"
            windows = (node.window, facts.house.never_outside[node.channel])
            span = opening(facts.house, windows, facts.customer.zones, facts.customer.hours, now)
            closes_at = min(m for m in (span.end if span else now, touch.expires_at) if m is not None)
            passed_on = add(node.escalate_after, now, facts.customer.zones, facts.house) if node.escalate_after else None
            return Go(
                f"all policies agree: consent is {level}, {node.window} is open, {week}, nothing is paused", closes_at, passed_on
            )
        case Defer():
            return Later(verdict.until, verdict.rule, verdict.why)
        case Deny():
            return Over(refuse(facts, touch, verdict, now, new_id))


def refuse(facts: Facts, touch: Touch, deny: Deny, now: datetime, new_id: NewId) -> list[Change]:
    """A policy says no: the touch is skipped, and the playbook goes on or the enrollment ends."""
    unwanted = "suppressed" if is_call(touch) and deny.rule in ("suppression", "consent") else None
    changes: list[Change] = [Close(touch.id, touch.run, TouchState.SKIPPED, deny.rule, now, deny.why, touch.epoch, unwanted)]
    if deny.ends is not None:
        return [*changes, End(touch.run, deny.ends, now, deny.why)]
    return [*changes, *after(facts, touch, "skipped", now, new_id)]


def expire(facts: Facts, touch: Touch, now: datetime, new_id: NewId) -> list[Change]:
    """Too late to be of use. A call that waited for staff was not taken; anything else was not made in time."""
    taken = touch.state is TouchState.READY
    why = (
        "nobody took the call in time"
        if taken
        else f"it was to be made by {touch.expires_at:%Y-%m-%d %H:%M} UTC; now it is too late"
    )
    changes: list[Change] = [
        Close(touch.id, touch.run, TouchState.EXPIRED, "not taken" if taken else "too late", now, why, touch.epoch,
              "expired" if is_call(touch) else None)
    ]  # fmt: skip
    if now >= facts.run.gives_up_at:
        return [*changes, End(touch.run, EndReason.EXPIRED, now, "the playbook gives up")]
    result = "not_taken" if touch.channel == "call" else "expired"
    return [*changes, *after(facts, touch, result, now, new_id)]


def is_call(touch: Touch) -> bool:
    """Whether somebody's telephone is to ring: calls end with a disposition."""
    return touch.channel == "call" or touch.channel in AUTOMATIC_CALLS


def is_held(touch: Touch, run: Run, paused: tuple[tuple[PauseScope, str], ...]) -> bool:
    """A pause holds and never drops, and so does an answer that nobody has read. A pause of calls holds automatic ones too."""
    if run.held is not None:
        return True
    mine: set[tuple[str, str]] = {
        ("all", ""),
        ("channel", str(touch.channel)),
        ("playbook", run.playbook),
        ("queue", str(touch.queue)),
        ("customer", str(touch.customer)),
    }
    if touch.channel in AUTOMATIC_CALLS:
        mine.add(("channel", "call"))
    return any(p in mine for p in paused)
