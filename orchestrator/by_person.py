"""What staff change about one customer by hand: stop and lift, pause and resume, end a follow-up, move what is planned.

Policies apply to all of it: a moved touch is judged for its new moment before it moves, and again when it comes due.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from orchestrator.core.intake import ended
from orchestrator.core.model import Allow, Case, Defer, Deny, EndReason, Note, TouchState, Verdict
from orchestrator.core.planner import Facts
from orchestrator.core.policies import HOLDS, POLICIES, agree, held, pause
from orchestrator.core.windows import add, local_words
from orchestrator.engine import suppress
from orchestrator.errors import InputError, NotFound, Problem
from orchestrator.facts import facts_for
from orchestrator.language.program import TouchNode
from orchestrator.parts import Parts
from orchestrator.store import audit, customers, enrollments, erasure, events, pauses, touches
from orchestrator.store import changes as written
from orchestrator.store import person as kept
from orchestrator.store.audit import By
from orchestrator.store.changes import entry
from orchestrator.store.database import Work
from orchestrator.store.touches import Due

CHANNELS = ("all", "call", "text", "email", "voice", "voicemail")
MOST_REASON = 500  # characters
_LASTING = tuple(policy for policy in POLICIES if policy not in (pause.judge, held.judge))  # what holds is over one day


@dataclass(frozen=True, slots=True)
class CanMove:
    """What would become of a touch that is moved to a moment."""

    at: datetime  # when it would be due: as asked, or later where a policy says so
    why: str  # why not as asked; empty: nothing speaks against that moment
    holds: str  # what holds it whatever the hour: a pause, an answer that nobody has read; empty: nothing


@dataclass(frozen=True, slots=True)
class CannotMove:
    """It stays where it is."""

    why: str


def stop(parts: Parts, customer: UUID, channel: str, by: By) -> int:
    """No more contact on this channel ("all": on none), at once. Answers how many follow-ups ended. Raises InputError, NotFound."""
    if channel not in CHANNELS:
        raise InputError(Problem(f"'{channel[:40]}' is no channel", f"one of {', '.join(CHANNELS)}", "channel"))
    now = parts.clock()

    def unit(work: Work) -> int:
        _there(work, customer)
        ended = suppress(parts, work, parts.rulebook.refresh(work), customer, channel, f"{by.name} was asked for it", now)
        audit.note(work, by, "customer.stopped", f"customer:{customer}", _what(channel), now)
        return ended

    ended = parts.database.run(unit)
    parts.wake({"upkeep"})
    return ended


def lift(parts: Parts, customer: UUID, channel: str, reason: str, by: By) -> bool:
    """The customer wants contact again. False when nothing was stopped there. reason: for the record. Raises InputError, NotFound."""
    said = " ".join(reason.split())
    if not said or len(said) > MOST_REASON:
        raise InputError(
            Problem("say how they told you", f"e.g. asked for it on the phone; at most {MOST_REASON} characters", "reason")
        )
    now = parts.clock()

    def unit(work: Work) -> bool:
        _there(work, customer)
        customers.lock(work, [customer])
        if customers.can_be_undone(work, customer, channel):
            raise InputError(Problem("a call was filed just now that asks for this stop", "wait half a minute, then decide"))
        if not customers.lift(work, customer, [channel], "", now, now):
            return False
        note = Note("customer.opted_in", now, f"{by.name} lifted the stop ({channel}): {said}", rule=by.name, customer=customer)
        written.write(work, [note])
        audit.note(work, by, "customer.lifted", f"customer:{customer}", f"{_what(channel)}; the reason is in the journal", now)
        return True

    return parts.database.run(unit)


def hold(parts: Parts, customer: UUID, by: By) -> bool:
    """Nothing goes out to this customer until it is resumed; nothing is dropped. False when it was paused before."""
    now = parts.clock()

    def unit(work: Work) -> bool:
        _there(work, customer)
        events.lock_subjects(work, ["pauses"])
        if not pauses.put(work, "customer", str(customer), by.name, now):
            return False
        _note(work, "customer.paused", f"{by.name} paused everything for this customer", customer, by, now)
        return True

    return parts.database.run(unit)


def resume(parts: Parts, customer: UUID, by: By) -> bool:
    """Go on after a pause. False when it was not paused."""
    now = parts.clock()

    def unit(work: Work) -> bool:
        if not pauses.lift(work, "customer", str(customer)):
            return False
        pauses.wake(work, pause.ASK_AGAIN, now)
        _note(work, "customer.resumed", f"{by.name} lets it go on", customer, by, now)
        return True

    return parts.database.run(unit)


def end_run(parts: Parts, customer: UUID, run: UUID, by: By) -> bool:
    """End one follow-up. False when it had ended. Raises NotFound when it is not this customer's."""
    now = parts.clock()

    def unit(work: Work) -> bool:
        if not kept.run_of(work, customer, run):
            raise NotFound("this customer has no such follow-up")
        found = next(((r, t) for r, t in enrollments.open_of_customers(work, [customer]) if r.id == run), None)
        if found is None:
            return False
        written.write(work, ended(*found, EndReason.STOPPED, now, f"{by.name} ended it by hand"))
        said = f"{found[0].playbook}, follow-up {run}"  # no subject: it may name the person, and this is kept for ever
        audit.note(work, by, "follow_up.stopped", f"customer:{customer}", said, now)
        return True

    return parts.database.run(unit)


def can_move(parts: Parts, customer: UUID, touch: UUID, to: datetime) -> CanMove | CannotMove:
    """What the policies say to that moment; nothing changes. Raises NotFound."""
    now = parts.clock()
    return parts.database.run(lambda work: _judged(parts, work, _due(work, customer, touch), to, now)[0])


def move(parts: Parts, customer: UUID, touch: UUID, to: datetime, by: By) -> CanMove | CannotMove:
    """Move what is planned to that moment, or to the first one after it that the policies allow. Raises NotFound."""
    now = parts.clock()

    def unit(work: Work) -> tuple[CanMove | CannotMove, str]:
        due = _due(work, customer, touch)
        verdict, facts = _judged(parts, work, due, to, now)
        if isinstance(verdict, CannotMove) or facts is None:
            return verdict, ""
        t, zone = due.touch, (due.customer.zones or ("UTC",))[0]
        touches.move(
            work,
            [{"id": t.id, "epoch": t.epoch, "was_state": t.state, "state": TouchState.PLANNED, "due_at": verdict.at,
              "expires_at": _useful_until(facts, due, verdict.at), "escalate_at": None}],
        )  # fmt: skip
        asked = f"; asked for {local_words(to, zone, now)}: {verdict.why}" if verdict.why else ""
        why = f"{by.name} moved it from {local_words(t.due_at, zone, now)} to {local_words(verdict.at, zone, now)}{asked}"
        done = entry(now, "touch.moved", why, rule=by.name, run=due.run.id, touch=t.id, customer=customer)
        written.write(work, [], [done])
        about = f"{t.touchpoint}, touch {t.id}, to {verdict.at:%Y-%m-%d %H:%M} UTC"
        audit.note(work, by, "touch.moved", f"customer:{customer}", about, now)
        return verdict, str(t.channel)

    verdict, channel = parts.database.run(unit)
    if channel and isinstance(verdict, CanMove) and verdict.at <= now:
        parts.wake({channel})
    return verdict


def _judged(parts: Parts, work: Work, due: Due, to: datetime, now: datetime) -> tuple[CanMove | CannotMove, Facts | None]:
    touch, at = due.touch, max(to, now)
    if touch.state not in (TouchState.PLANNED, TouchState.READY) or due.run.ended is not None:
        return CannotMove("it is not planned any more: look at the page again"), None
    if touch.channel is None:
        return CannotMove("it only waits; what comes after it can be moved once it is planned"), None
    in_use = parts.rulebook.refresh(work)
    facts = facts_for(work, in_use, due)
    node = facts.program.nodes[touch.step]
    assert isinstance(node, TouchNode), "what has a channel is a touchpoint"
    paused = pauses.live(work)
    contacts = tuple(touches.contacts(work, [due.customer.id], now).get(due.customer.id, ()))
    moved = replace(touch, due_at=at, expires_at=_useful_until(facts, due, at))
    case = Case(moved, due.run, due.customer, facts.program, node.purpose, node.window, contacts, paused)
    try:
        lasting: Verdict = agree(case, at, facts.house, _LASTING)
        held_by = agree(case, at, facts.house, (pause.judge, held.judge))
    except (ArithmeticError, LookupError, TypeError, ValueError):  # a policy that cannot answer has said no
        return CannotMove("a policy could not answer"), None
    holds = held_by.why if isinstance(held_by, Defer) and held_by.rule in HOLDS else ""
    match lasting:
        case Deny():
            return CannotMove(lasting.why), None
        case Defer():
            return CanMove(lasting.until, lasting.why, holds), facts
        case Allow():
            return CanMove(at, "", holds), facts


def _useful_until(facts: Facts, due: Due, at: datetime) -> datetime:
    """It is of use for as long after its new moment as it was after the old one."""
    node = facts.program.nodes[due.touch.step]
    assert isinstance(node, TouchNode), "what has a channel is a touchpoint"
    useful = node.due_within or node.not_later_than or facts.house.skip_when_late
    return add(useful, at, due.customer.zones, facts.house)


def _due(work: Work, customer: UUID, touch: UUID) -> Due:
    found = touches.given(work, [touch])
    if not found or found[0].customer.id != customer:
        raise NotFound("this customer has no such touch")
    return found[0]


def _there(work: Work, customer: UUID) -> None:
    if customer not in customers.load(work, [customer]) or erasure.is_erased(work, customer):
        raise NotFound("there is no such customer, or nothing is left of them")


Happened = Literal["customer.paused", "customer.resumed"]


def _note(work: Work, what: Happened, why: str, customer: UUID, by: By, now: datetime) -> None:
    written.write(work, [], [entry(now, what, why, rule=by.name, customer=customer)])
    audit.note(work, by, what, f"customer:{customer}", "everything for this customer", now)


def _what(channel: str) -> str:
    return "contact on every channel" if channel == "all" else f"contact by {channel}"
