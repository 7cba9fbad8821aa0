"""A call that staff make through the provider: their own telephone rings, then the customer's, and the line is on record.

What the customer said is for staff to say; how the line went (ringing, answered, busy, how long) comes from the provider.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
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
from orchestrator.store import attempts, audit, pauses, sheets, staff
from orchestrator.store import changes as written
from orchestrator.store.changes import entry
from orchestrator.store.database import Row, Work
from orchestrator.store.sheets import Sheet
from orchestrator.store.touches import Due

NOT_TWICE_WITHIN = timedelta(seconds=45)  # a second click while the agent's telephone still rings


@dataclass(frozen=True, slots=True)
class _Begun:
    """A dial that is about to be made, and how the call stood before it."""

    attempt: Row[Any]
    sheet: Sheet


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
    answer = cast(Caller, via).bridge(begun.attempt.id, agent, now + NOT_TWICE_WITHIN)  # no database session is open here
    parts.database.run(lambda work: _record(work, touch, begun, answer, parts.clock()))
    refusal = _refusal(answer)
    if refusal is not None:
        raise InputError(Problem(f"the call could not be begun: {refusal}", "try again, or dial by hand"))
    return None


def _begin(parts: Parts, work: Work, touch: UUID, who: str, agent: str, now: datetime) -> _Begun | NotHeld:
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
    sheet = sheet_for(work, row, who, now)
    if sheet.on_the_line_by_hand:
        raise InputError(Problem("you dialled by hand already", "say that this call is over first"))
    # The intent, before the provider is called. What was said of an earlier line of this call is not of this one; that they talked stays.
    attempts.mark(
        work, row.id, asked_at=now, provider_ref=None, carrier_result=None, carrier_at=None, carrier_code=None, answered_by=None
    )
    earlier = [*sheet.earlier_lines, *([row.provider_ref] if row.provider_ref else [])]
    sheets.change(
        work, row.id, phase="dialling", dialled_by="bridge", dialled_at=now, wrap_up_from=None, dials=sheet.dials + 1,
        earlier_lines=earlier,
    )  # fmt: skip
    written.write(work, [], [_entry(due, "call.dialling", f"{who}'s telephone rings first", who, now)])
    audit.note(work, staff.acting(work, who), "call.dialled", f"call:{touch}", "through the bridge", now)
    return _Begun(row, sheet)


def _record(work: Work, touch: UUID, begun: _Begun, answer: Answer, now: datetime) -> None:
    due = one(work, touch)
    if isinstance(answer, Placed):
        attempts.place(work, [{"id": begun.attempt.id, "provider_ref": answer.ref}])
    elif not isinstance(answer, Unknown):
        _as_before(work, begun)
    why = f"placed as {answer.ref}" if isinstance(answer, Placed) else _refusal(answer) or ""
    written.write(work, [], [_entry(due, "call.dialled", why, "", now)])


def _as_before(work: Work, begun: _Begun) -> None:
    """No telephone rang: the call is what it was, also when it was dialled before and somebody answered then."""
    row, was = begun.attempt, begun.sheet
    attempts.mark(
        work, row.id, asked_at=row.asked_at, provider_ref=row.provider_ref, carrier_result=row.carrier_result, carrier_at=row.carrier_at,
        carrier_code=row.carrier_code, answered_by=row.answered_by,
    )  # fmt: skip
    now = sheets.of_attempt(work, row.id)
    if now is not None:
        its = (
            {"phase": was.phase, "wrap_up_from": was.wrap_up_from} if now.phase == "dialling" else {}
        )  # not filed or left meanwhile
        sheets.change(
            work, row.id, dialled_by=was.dialled_by, dialled_at=was.dialled_at, dials=was.dials, earlier_lines=list(was.earlier_lines),
            **its,
        )  # fmt: skip


def _refusal(answer: Answer) -> str | None:
    return answer.why if isinstance(answer, RejectedSafe | RejectedPermanent | Held | Unknown) else None


def _entry(due: Due, what: str, why: str, rule: str, now: datetime) -> dict[str, object]:
    return entry(now, what, why, rule=rule, run=due.run.id, touch=due.touch.id, customer=due.customer.id)
