"""What follows from how a call ended, once that is final: the attempt's outcome, answers, promises, consent, and the next touch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from orchestrator import promises, scripting
from orchestrator.core.calls import ASKED_ON_THE_PHONE, called
from orchestrator.core.model import Change, End, EndReason, Plan, TouchState
from orchestrator.engine import suppress_by_phone
from orchestrator.errors import InputError, NotFound
from orchestrator.facts import facts_for
from orchestrator.language import typed
from orchestrator.language.dispositions import DEAD_NUMBER, HEARD
from orchestrator.language.fronts import Question
from orchestrator.language.house_rules import label
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import attempts, customers, touches
from orchestrator.store import changes as written
from orchestrator.store.changes import entry
from orchestrator.store.database import Row, Work
from orchestrator.store.sheets import Sheet
from orchestrator.store.touches import Due
from orchestrator.system import emit


def conclude(
    parts: Parts, work: Work, in_use: InUse, due: Due, row: Row[Any], sheet: Sheet, now: datetime, *, by: str | None = None
) -> set[str]:
    """Make the ending on a sheet final. by: who decides, when it is not whoever made the call. Answers the channels to wake."""
    touch, code = due.touch, sheet.disposition or ""
    who = by or sheet.who
    words = label(in_use.house.rules, code).lower()
    outcome = attempts.outcome_row(
        row.id, "accepted", now, row.provider_ref or f"desk:{who}", sheet.note
    )  # a bridged call has a name
    (attempts.close if row.outcome is None else attempts.settle)(work, [outcome])
    touches.move(
        work,
        [{"id": touch.id, "epoch": touch.epoch, "was_state": touch.state, "state": TouchState.DONE, "disposition": code,
          "lease_until": None, "finished_at": now, "reason": None}],
    )  # fmt: skip
    entries = [entry(now, "touch.done", f"{who}: {words}", rule=code, run=due.run.id, touch=touch.id, customer=due.customer.id)]
    values = answers_of(work, in_use, due, sheet)
    if values:
        due = touches.with_answers(due, values)
        written.answer(work, due.run.id, dict(due.run.answers))
    if code in DEAD_NUMBER:
        customers.forget_contact_point(work, due.customer.id, "phone", row.recipient, f"a call: {words}", now)
    changes = _unwanted(parts, work, in_use, due, sheet, row.recipient, now) if code == "do_not_contact" else None
    if changes is None:
        changes = _next(parts, work, in_use, due, sheet, who, now, by)
    written.write(work, changes, entries)
    woken = {c.touch.channel or "wait" for c in changes if isinstance(c, Plan) and c.touch.due_at <= now}
    heard = code in HEARD
    promised_for = {question: day for question, day in days(sheet).items() if question in values and heard}
    promised = promises.noted(parts, work, in_use, due, row.id, promised_for, sheet.who, code, now, sheet.call_back_at)
    finished = emit(parts, work, in_use, "call.finished", [due], {"disposition": code}, now)
    return woken | ({"upkeep"} if promised or finished else set())


def _unwanted(
    parts: Parts, work: Work, in_use: InUse, due: Due, sheet: Sheet, number: str | None, now: datetime
) -> list[Change] | None:
    """The customer wants no more contact: everything else of theirs ends too. None: only on some channel; the playbook says what follows."""
    scope = sheet.scope or "all"
    suppress_by_phone(parts, work, in_use, number, due.customer.id, scope, ASKED_ON_THE_PHONE, now, but=due.run.id)
    if scope != "all":
        return None
    return [] if due.run.ended else [End(due.run.id, EndReason.OPTED_OUT, now, ASKED_ON_THE_PHONE)]


def _next(
    parts: Parts, work: Work, in_use: InUse, due: Due, sheet: Sheet, who: str, now: datetime, by: str | None
) -> list[Change]:
    if due.run.ended is not None:
        return []
    try:
        facts = facts_for(work, in_use, due)
    except InputError as unusable:
        if by is None or due.touch.state is not TouchState.UNKNOWN:
            raise
        why = f"{by} decided how the call ended; what comes next cannot be told, so nobody is contacted: {unusable}"
        return [End(due.run.id, EndReason.ERROR, now, why)]
    by_whom = sheet.call_back_by or "anyone"
    return called(facts, due.touch, sheet.disposition or "", now, parts.new_id, sheet.call_back_at, by_whom, who)


def questions_of(work: Work, in_use: InUse, due: Due) -> Mapping[str, Question]:
    """The questions of a call's script; none when its version cannot be used now."""
    try:
        return scripting.questions_of(work, in_use, due)
    except (InputError, NotFound):
        return {}


def answers_of(work: Work, in_use: InUse, due: Due, sheet: Sheet) -> dict[str, typed.Value]:
    """The answers on a sheet as values."""
    return typed.read(questions_of(work, in_use, due), sheet.answers, days(sheet))[0]


def days(sheet: Sheet) -> dict[str, date]:
    """For which day each commitment on a sheet was promised; what is no day is left out."""
    return {name: day for name, typed_ in sheet.promised_for.items() if (day := _day(typed_)) is not None}


def _day(typed_: str) -> date | None:
    try:
        return date.fromisoformat(typed_)
    except ValueError:
        return None
