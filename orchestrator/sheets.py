"""What is noted during a call, and how it goes: typed words, the line's state by hand, and whether dialling is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from orchestrator import drafts
from orchestrator.core.model import TouchState
from orchestrator.core.still import may_still
from orchestrator.errors import InputError, Problem
from orchestrator.facts import Defect, facts_of
from orchestrator.holding import EAR_LEASE, NotHeld, at_most_until, held_or_not, is_missing, one
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import attempts, audit, pauses, staff, touches
from orchestrator.store import changes as written
from orchestrator.store import sheets as kept
from orchestrator.store.changes import entry
from orchestrator.store.database import Row, Work
from orchestrator.store.sheets import Sheet as Sheet
from orchestrator.store.touches import Due

LINE_SAYS_WITHIN = timedelta(seconds=45)  # as long as a second click on "dial" waits (bridging.NOT_TWICE_WITHIN)


def sheet_of(parts: Parts, touch: UUID) -> Sheet | None:
    """What is noted about a call by now: of its newest attempt."""
    return parts.database.run(lambda work: kept.newest(work, touch))


def save(
    parts: Parts, touch: UUID, who: str, *, note: str | None = None, answers: Mapping[str, str] | None = None,
    sentiment: str | None = None, promised_for: Mapping[str, str] | None = None,
) -> NotHeld | None:  # fmt: skip
    """Keep what they have typed so far. None: it is their call. When it is not any more, their own sheet has it all the same."""

    def unit(work: Work) -> NotHeld | None:
        due = one(work, touch)
        refused = held_or_not(work, due, who)
        theirs = refused is None or (is_missing(due) and refused.held_by == who)
        if theirs and kept.newest(work, touch, who) is None:  # they took it before there were sheets
            row = attempts.open_of(work, [touch])[touch]
            drafts.sheet_for(work, row, who, parts.clock())
            if is_missing(due):
                kept.leave(work, [row.id])
        drafts.keep(work, touch, who, note, answers, sentiment, note_is_whole=True)
        mine = kept.newest(work, touch, who) if promised_for is not None else None
        if mine is not None and mine.phase != "filed":
            kept.change(
                work, mine.attempt_id, promised_for={k: v for k, v in {**mine.promised_for, **(promised_for or {})}.items() if v}
            )
        return None if theirs else refused

    return parts.database.run(unit)


def ends_at(parts: Parts, touch: UUID) -> datetime | None:
    """Until when the call may be had at most, as it stands. None: until its line ends."""
    return parts.database.run(lambda work: at_most_until(kept.newest(work, touch), parts.rulebook.refresh(work).house.rules))


def phase(parts: Parts, touch: UUID, who: str, phase: Literal["talking", "wrap_up", "reading"]) -> NotHeld | None:
    """Say by hand how a call goes that was dialled by hand. None when noted.

    Raises InputError when the line tells that by itself, or when the customer may not be called now and was not dialled before.
    """
    now = parts.clock()

    def unit(work: Work) -> NotHeld | None:
        in_use = parts.rulebook.refresh(work)
        due = one(work, touch)
        refused = held_or_not(work, due, who)
        if refused is not None:
            return refused
        row = attempts.open_of(work, [touch])[touch]
        sheet = drafts.sheet_for(work, row, who, now)
        if sheet.dialled_by == "bridge":
            raise InputError(Problem("the line says by itself how this call goes", "wait for it, or say how the call ended"))
        if phase == "reading" and sheet.dialled_at is not None:
            raise InputError(Problem("the customer was dialled already", "say how the call ended"))
        changed: dict[str, Any] = {"phase": phase}
        if phase == "talking":
            if sheet.dialled_at is None:
                _may_or_raise(work, in_use, due, now)
                changed |= {"dialled_at": now, "dialled_by": "hand", "dials": 1}
            changed |= {"talked_from": sheet.talked_from or now, "wrap_up_from": None}
        elif phase == "wrap_up":
            changed["wrap_up_from"] = sheet.wrap_up_from or now
        kept.change(work, row.id, **changed)
        if phase == "wrap_up":
            keep_until(work, due, (sheet.wrap_up_from or now) + in_use.house.rules.wraps_up_in)
        elif phase == "talking":  # also from wrap-up: "it is over" is pressed by mistake
            dialled_at = sheet.dialled_at or now
            keep_until(work, due, min(now + EAR_LEASE, dialled_at + in_use.house.rules.by_hand_for))
        return None

    return parts.database.run(unit)


def keep_until(work: Work, due: Due, until: datetime) -> None:
    """Whoever has the call has it no longer than until then, when nothing renews it."""
    if due.touch.state is TouchState.IN_CALL:
        touches.move(
            work,
            [
                {
                    "id": due.touch.id,
                    "epoch": due.touch.epoch,
                    "was_state": due.touch.state,
                    "state": due.touch.state,
                    "lease_until": until,
                }
            ],
        )


def may_dial(parts: Parts, touch: UUID, who: str) -> str | None:
    """What speaks against dialling now, in words; None: nothing does."""
    now = parts.clock()

    def unit(work: Work) -> str | None:
        due = one(work, touch)
        refused = held_or_not(work, due, who)
        if refused is not None:
            return f"{refused.held_by} has this call" if refused.held_by not in (None, who) else "this call is not yours any more"
        return against(work, parts.rulebook.refresh(work), due, now)

    return parts.database.run(unit)


def dial_by_hand(parts: Parts, touch: UUID, who: str) -> NotHeld | None:
    """They dial with a telephone of their own now. None when noted; InputError when the customer may not be called now."""
    now = parts.clock()

    def unit(work: Work) -> NotHeld | None:
        in_use = parts.rulebook.refresh(work)
        due = one(work, touch)
        refused = held_or_not(work, due, who)
        if refused is not None:
            return refused
        _may_or_raise(work, in_use, due, now)
        row = attempts.open_of(work, [touch])[touch]
        sheet = drafts.sheet_for(work, row, who, now)
        if sheet.on_the_line_by_bridge and not _unheard_of(row, now):
            raise InputError(Problem("the call is on the line already", "end it first, or wait until it is over"))
        again = sheet.dialled_by == "hand" and sheet.phase == "dialling"
        dials = sheet.dials if again else sheet.dials + 1
        kept.change(work, row.id, phase="dialling", dialled_by="hand", dialled_at=now, wrap_up_from=None, dials=dials)
        if not again:  # a second click
            said = f"{who} dials by hand"
            written.write(
                work, [],
                [entry(now, "call.dialling", said, rule=who, run=due.run.id, touch=touch, customer=due.customer.id)],
            )  # fmt: skip
            audit.note(work, staff.acting(work, who), "call.dialled", f"call:{touch}", "by hand", now)
        return None

    return parts.database.run(unit)


def _unheard_of(row: Row[Any], now: datetime) -> bool:
    """Whether a bridge was asked for a while ago and the line has said nothing since: then people may help themselves."""
    return row.carrier_result is None and (row.asked_at is None or row.asked_at + LINE_SAYS_WITHIN <= now)


def against(work: Work, in_use: InUse, due: Due, now: datetime) -> str | None:
    """What every policy says about calling this customer at this moment; None when nothing speaks against it."""
    facts = facts_of(work, in_use, [due])[0]
    if isinstance(facts, Defect):
        return facts.why
    return may_still(due.touch, due.run, facts, pauses.live(work), now)


def _may_or_raise(work: Work, in_use: InUse, due: Due, now: datetime) -> None:
    why = against(work, in_use, due, now)
    if why is not None:
        raise InputError(Problem(f"this customer may not be called now: {why}", "put the call back"))
