"""What is said when somebody, or something, picks up: asked for by the provider at that moment, and decided again then.

A call that was cancelled, opted out of or is outside its window by now says nothing. Detection that does not know counts as a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from orchestrator import incoming
from orchestrator.core.model import TouchState
from orchestrator.core.receipts import MACHINES, is_human
from orchestrator.core.speech import PRESSED_STOP, Key, Speech
from orchestrator.core.still import may_still
from orchestrator.engine import suppress_everybody
from orchestrator.facts import Defect, facts_of
from orchestrator.parts import Parts
from orchestrator.store import attempts, pauses, sheets, touches
from orchestrator.store import changes as written
from orchestrator.store.changes import entry
from orchestrator.store.database import Row, Work
from orchestrator.store.touches import Due

GOING = frozenset({TouchState.SENDING, TouchState.CALLING, TouchState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Say:
    """The words, and who they are for."""

    speech: Speech
    to: Literal["person", "machine"]


@dataclass(frozen=True, slots=True)
class HangUp:
    """Nothing is said. why: for the journal, never spoken."""

    why: str


@dataclass(frozen=True, slots=True)
class Connect:
    """The agent is there: this number is rung."""

    customer: str


def picked_up(parts: Parts, handle: UUID, answered_by: str | None) -> Say | HangUp:
    """Somebody or something answered an automatic call. Asking twice gives the same answer."""
    now = parts.clock()

    def unit(work: Work) -> Say | HangUp:
        found = _found(work, handle)
        if isinstance(found, HangUp):
            return found
        row, due = found
        if due.touch.state not in GOING or row.speech is None:
            return HangUp(f"the call is {due.touch.state} already")
        against = _against(parts, work, due, now)
        if against is not None:
            if row.heard is None:  # asked a second time: what was said before was said
                attempts.mark(work, handle, heard="nothing", answered_by=answered_by or row.answered_by)
            _note(work, due, "call.withheld", f"picked up, and nothing was said: {against}", now)
            return HangUp(against)
        speech = Speech.from_json(row.speech)
        to: Literal["person", "machine"] = "person" if is_human(answered_by) else "machine"
        known: dict[str, Any] = {"answered_by": answered_by or row.answered_by}
        if answered_by == "fax" or (answered_by in MACHINES and speech.machine is None and speech.recording is None):
            attempts.mark(work, handle, **known)
            return HangUp("a fax machine" if answered_by == "fax" else "a machine, and this call leaves no message")
        attempts.mark(work, handle, heard=to, **known)
        _note(work, due, "call.spoken", f"answered by {answered_by or 'somebody'}: the words for a {to} are said", now)
        return Say(speech, to)

    return parts.database.run(unit)


def pressed(parts: Parts, handle: UUID, digits: str) -> tuple[Key, Speech] | None:
    """A key was pressed during an automatic call; "stop" has taken effect when this returns. None: the key means nothing."""
    now = parts.clock()

    def unit(work: Work) -> tuple[Key, Speech] | None:
        found = _found(work, handle)
        if isinstance(found, HangUp) or found[0].speech is None:
            return None
        row, due = found
        speech = Speech.from_json(row.speech)
        key = speech.keys.get(digits[:1])
        if key is None:
            return None
        if row.pressed is not None and row.pressed != "stop" and key != "stop":
            return key, speech  # asked again
        attempts.mark(work, handle, pressed=key)
        _note(work, due, "call.key", f"pressed {digits[:1]} ({key.replace('_', ' ')})", now)
        if key == "stop":
            where: tuple[Literal["email", "phone"], str | None] = ("phone", row.recipient)
            in_use = parts.rulebook.refresh(work)
            suppress_everybody(parts, work, in_use, where, due.customer.id, "call", PRESSED_STOP, now, but=due.run.id)
        elif (
            key in ("call_back", "speak") and row.pressed is None
        ):  # also when they were connected: we said that we would call back
            said = "Pressed the key to be called back." if key == "call_back" else "Pressed the key to speak to us."
            incoming.put_before_staff(
                parts, work, due.customer.id, due.run.id, [], "asked_for_call", "call", said, now, row.provider_ref
            )
        return key, speech

    return parts.database.run(unit)


def agent_answered(parts: Parts, handle: UUID) -> Connect | HangUp:
    """The agent's telephone was answered: whether the customer's may ring now."""
    now = parts.clock()

    def unit(work: Work) -> Connect | HangUp:
        found = _found(work, handle)
        if isinstance(found, HangUp):
            return found
        row, due = found
        if due.touch.state is not TouchState.IN_CALL or row.outcome is not None:
            return HangUp("this call is over")
        against = _against(parts, work, due, now)
        if against is not None or due.customer.phone is None:
            why = against or "there is no number any more"
            _note(work, due, "call.withheld", f"the customer was not rung: {why}", now)
            return HangUp(why)
        _note(
            work,
            due,
            "call.connecting",
            f"{touches.holder(work, due.touch.id)} is on the line; the customer's telephone rings",
            now,
        )
        sheets.change(work, handle, phase="ringing")
        return Connect(due.customer.phone)

    return parts.database.run(unit)


def _found(work: Work, handle: UUID) -> tuple[Row[Any], Due] | HangUp:
    row = attempts.given(work, [handle]).get(handle)
    if row is None:
        return HangUp("no call of ours has this handle")
    due = touches.given(work, [row.touch_id])[0]  # locked: an opt-out comes before or after, never between
    return attempts.given(work, [handle])[handle], due


def _against(parts: Parts, work: Work, due: Due, now: datetime) -> str | None:
    """What speaks against the call at this moment; None when nothing does."""
    facts = facts_of(work, parts.rulebook.refresh(work), [due])[0]
    if isinstance(facts, Defect):
        return facts.why
    return may_still(due.touch, due.run, facts, pauses.live(work), now)


def _note(work: Work, due: Due, what: str, why: str, now: datetime) -> None:
    written.write(work, [], [entry(now, what, why, run=due.run.id, touch=due.touch.id, customer=due.customer.id)])
