"""A call that staff make through the provider: their own telephone rings, then the customer's, and the line is on record.

What the customer said is for staff to say; how the line went (ringing, answered, busy, how long) comes from the provider.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from orchestrator.channels.base import Answer, Caller, Held, Placed, RejectedPermanent, RejectedSafe, Unknown
from orchestrator.core.numbers import why_not
from orchestrator.core.receipts import Result
from orchestrator.core.still import may_still
from orchestrator.drafts import sheet_for
from orchestrator.errors import InputError, Problem
from orchestrator.facts import facts_for
from orchestrator.holding import NotHeld, held_or_not, one
from orchestrator.parts import Parts
from orchestrator.store import attempts, pauses, sheets
from orchestrator.store import changes as written
from orchestrator.store.changes import entry
from orchestrator.store.database import Work
from orchestrator.store.touches import Due

NOT_TWICE_WITHIN = timedelta(seconds=45)  # a second click while the agent's telephone still rings


def dial(parts: Parts, touch: UUID, who: str, agent: str) -> NotHeld | None:
    """Ring `agent` (E.164), and the customer when they answer. None: it rings.

    Raises InputError when the call may not be made now, when nothing that makes calls is set up, or when the provider refuses.
    """
    via = parts.channels["voice"]
    if not callable(getattr(via, "bridge", None)):
        raise InputError(Problem(f"{via.name} makes no calls", "set TOUCHPOINT_VOICE_VIA=twilio, or dial by hand"))
    now = parts.clock()
    begun = parts.database.run(lambda work: _begin(parts, work, touch, who, agent, now))
    if isinstance(begun, NotHeld):
        return begun
    answer = cast(Caller, via).bridge(begun, agent, now + NOT_TWICE_WITHIN)  # no database session is open here
    parts.database.run(lambda work: _record(work, touch, begun, answer, parts.clock()))
    refusal = _refusal(answer)
    if refusal is not None:
        raise InputError(Problem(f"the call could not be begun: {refusal}", "try again, or dial by hand"))
    return None


def _begin(parts: Parts, work: Work, touch: UUID, who: str, agent: str, now: datetime) -> UUID | NotHeld:
    due = one(work, touch)
    refused = held_or_not(work, due, who)
    if refused is not None:
        return refused
    row = attempts.open_of(work, [touch])[touch]
    if row.asked_at is not None and row.asked_at + NOT_TWICE_WITHIN > now:
        raise InputError(Problem("your telephone rings already", f"wait {NOT_TWICE_WITHIN.seconds} seconds before trying again"))
    if row.carrier_result in (Result.RINGING, Result.ANSWERED):
        raise InputError(Problem("the line to the customer is open already", "end that call first"))
    facts = facts_for(work, parts.rulebook.refresh(work), due)
    wrong = why_not(agent, facts.house.countries)
    if wrong is not None:
        raise InputError(Problem(f"your own number cannot be rung: {wrong}", "give the number you can be reached at"))
    against = may_still(due.touch, due.run, facts, pauses.live(work), now)
    if against is not None:
        raise InputError(Problem(f"this customer may not be called now: {against}", "put the call back"))
    attempts.asked(work, [row.id], now)  # the intent, before the provider is called
    if row.carrier_result is not None:  # an earlier line of the same call is over: the new one is told about from its beginning
        attempts.mark(work, row.id, carrier_result=None, carrier_at=None, carrier_code=None)
    sheet_for(work, row, who, now)
    sheets.change(work, row.id, phase="dialling", dialled_by="bridge", dialled_at=now, talked_from=None, wrap_up_from=None)
    written.write(work, [], [_entry(due, "call.dialling", f"{who}'s telephone rings first", who, now)])
    handle: UUID = row.id
    return handle


def _record(work: Work, touch: UUID, handle: UUID, answer: Answer, now: datetime) -> None:
    due = one(work, touch)
    if isinstance(answer, Placed):
        attempts.place(work, [{"id": handle, "provider_ref": answer.ref}])
    elif not isinstance(answer, Unknown):  # no telephone rang
        sheets.never_dialled(work, handle)
        attempts.mark(work, handle, asked_at=None)
    why = f"placed as {answer.ref}" if isinstance(answer, Placed) else _refusal(answer) or ""
    written.write(work, [], [_entry(due, "call.dialled", why, "", now)])


def _refusal(answer: Answer) -> str | None:
    return answer.why if isinstance(answer, RejectedSafe | RejectedPermanent | Held | Unknown) else None


def _entry(due: Due, what: str, why: str, rule: str, now: datetime) -> dict[str, object]:
    return entry(now, what, why, rule=rule, run=due.run.id, touch=due.touch.id, customer=due.customer.id)
