"""How a call ended: said in one go, undone for half a minute, then final. Only then what follows from it is planned.

Until then the attempt stays open and the touch is `filed`. What the customer must not wait for takes effect at once: a wish not to
be contacted. Undoing lifts exactly that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from orchestrator import concluding, drafts, scripting
from orchestrator.core.calls import ASKED_ON_THE_PHONE, BY_PHONE, ENDINGS, SCOPES, Ended, is_far, refusals
from orchestrator.core.model import TouchState
from orchestrator.core.receipts import CALL_ENDS, Result
from orchestrator.engine import suppress_by_phone
from orchestrator.errors import InputError, Problem
from orchestrator.holding import WEB_LEASE, CallTask, NotHeld, is_missing, one, task_of
from orchestrator.language import typed
from orchestrator.language.dispositions import STAFF_CODES, TALKED
from orchestrator.language.house_rules import label
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import attempts, audit, customers, erasure, sheets, staff, touches
from orchestrator.store import changes as written
from orchestrator.store.changes import entry
from orchestrator.store.database import Row, Work
from orchestrator.store.sheets import Sheet
from orchestrator.store.touches import Due

UNDO_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Filing:
    """How a call ended, as somebody says it."""

    disposition: str
    note: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)  # question -> as typed
    sentiment: str | None = None  # good | neutral | bad
    call_back_at: datetime | None = None  # call_back: when; None: no time was asked for
    call_back_by: Literal["me", "anyone"] = "anyone"
    scope: str | None = None  # do_not_contact: what is not wanted; it has to be said
    due: Mapping[str, date] = field(default_factory=dict)  # commitment -> the day for which it was promised


@dataclass(frozen=True, slots=True)
class Filed:
    """An ending that is on record."""

    touch: UUID
    disposition: str
    label: str
    until: datetime  # it may be undone until then


@dataclass(frozen=True, slots=True)
class TooLate:
    """It cannot be undone."""

    why: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is missing or not possible; notes and answers are kept."""

    problems: tuple[Problem, ...]


def file(parts: Parts, touch: UUID, who: str, filing: Filing) -> Filed | NotHeld:
    """Say how a call of one's own ended. Saying the same twice is saying it once.

    Raises InputError when something is missing or wrong, with the question or field as its place. Notes and answers are kept in
    every case. Who walked away may still say it while nobody else has decided; then it is final at once.
    """
    now = parts.clock()
    outcome = parts.database.run(lambda work: _file(parts, work, touch, who, filing, now))
    if isinstance(outcome, Wrong):
        raise InputError(outcome.problems)
    if isinstance(outcome, Filed) and outcome.until == now:
        parts.wake({"upkeep"})
    return outcome


def _file(parts: Parts, work: Work, touch: UUID, who: str, filing: Filing, now: datetime) -> Filed | NotHeld | Wrong:
    in_use = parts.rulebook.refresh(work)
    due = one(work, touch)
    stands = touches.desk_row(work, touch)
    assert stands is not None, "it is locked, so it exists"
    mine = stands.held_by == who
    words = label(in_use.house.rules, filing.disposition)
    if mine and due.touch.state in (TouchState.FILED, TouchState.DONE):
        drafts.add_note(work, touch, who, filing.note)
        same = stands.disposition == filing.disposition
        if same and _is_repeat(sheets.newest(work, touch, who), filing):
            return Filed(touch, filing.disposition, words, stands.lease_until or now - UNDO_FOR)
        if due.touch.state is TouchState.FILED:
            said = f"you said '{label(in_use.house.rules, stands.disposition)}' already{', but not the same about it' if same else ''}"
            return Wrong((Problem(said, "undo that first", place="disposition"),))
        return NotHeld(due.touch.state, stands.held_by, _holds_all_the_same(parts, work, in_use, due, who, filing, now))
    if not mine or not (due.touch.state is TouchState.IN_CALL or is_missing(due)):
        drafts.keep(work, touch, who, filing.note, filing.answers, filing.sentiment)
        return NotHeld(due.touch.state, stands.held_by, _holds_all_the_same(parts, work, in_use, due, who, filing, now))
    row = attempts.open_of(work, [touch])[touch]
    sheet = drafts.write(work, drafts.sheet_for(work, row, who, now), filing.note, filing.answers, filing.sentiment)
    problems = _problems(work, in_use, due, sheet, filing, now)
    if problems:
        return Wrong(tuple(problems))
    sheet = _noted(work, sheet, filing, now)
    _audit(work, who, "call.filed", touch, filing.disposition, now)
    if due.touch.state is TouchState.UNKNOWN:
        concluding.conclude(parts, work, in_use, due, row, sheet, now)
        return Filed(touch, filing.disposition, words, now)
    return put_aside(work, in_use, due, sheet, f"{who}: {words.lower()}", filing.disposition, now)


def _holds_all_the_same(parts: Parts, work: Work, in_use: InUse, due: Due, who: str, filing: Filing, now: datetime) -> str | None:
    """A wish not to be contacted is the customer's word, no result: it takes effect whoever has the call by now. Answers what it is about.

    Only of somebody who had this call: they have a sheet of it.
    """
    sheet = sheets.newest(work, due.touch.id, who)
    if filing.disposition != "do_not_contact" or filing.scope not in SCOPES or sheet is None:
        return None
    if erasure.is_about_erased(work, due.touch.id):
        return filing.scope  # from then on nobody contacts them
    if sheet.phase != "filed":
        sheets.change(work, sheet.attempt_id, scope=filing.scope)
    number = attempts.given(work, [sheet.attempt_id])[sheet.attempt_id].recipient
    suppress_by_phone(parts, work, in_use, number, due.customer.id, filing.scope, ASKED_ON_THE_PHONE, now)
    why = f"{who}: {ASKED_ON_THE_PHONE} ({filing.scope}); the call was not theirs any more"
    written.write(
        work, [], [entry(now, "call.unwanted", why, rule=who, run=due.run.id, touch=due.touch.id, customer=due.customer.id)]
    )
    _audit(work, who, "call.unwanted", due.touch.id, filing.disposition, now)
    return filing.scope


def _is_repeat(sheet: Sheet | None, filing: Filing) -> bool:
    """Whether an ending says the same as the sheet, where it says anything. The note is no part of it."""
    if sheet is None:
        return True
    when = (filing.call_back_at, filing.call_back_by)
    if filing.disposition == "call_back" and when != (sheet.call_back_at, sheet.call_back_by):
        return False
    if filing.disposition == "do_not_contact" and filing.scope != sheet.scope:
        return False
    answers = {name: typed.storable(given).strip() for name, given in filing.answers.items() if isinstance(given, str)}
    days = concluding.days(sheet)
    return all(not given or sheet.answers.get(name, "").strip() == given for name, given in answers.items()) and all(
        days.get(name) == day for name, day in filing.due.items()
    )


def put_aside(work: Work, in_use: InUse, due: Due, sheet: Sheet, why: str, rule: str, now: datetime) -> Filed:
    """The ending is on record and can be undone; a wish not to be contacted is kept from now on."""
    touch, code, until = due.touch, sheet.disposition or "", now + UNDO_FOR
    touches.move(
        work,
        [{"id": touch.id, "epoch": touch.epoch, "was_state": touch.state, "state": TouchState.FILED, "disposition": code,
          "lease_until": until}],
    )  # fmt: skip
    if code == "do_not_contact" and sheet.scope is not None:
        number = attempts.given(work, [sheet.attempt_id])[sheet.attempt_id].recipient
        customers.suppress(work, [due.customer.id], sheet.scope, ASKED_ON_THE_PHONE, now, sheet.attempt_id)
        for channel in BY_PHONE.get(sheet.scope, ()):
            others = customers.sharing_phone(work, number, due.customer.id)
            customers.suppress(work, others, channel, ASKED_ON_THE_PHONE, now, sheet.attempt_id)
    said = entry(now, "touch.filed", why, rule=rule, run=due.run.id, touch=touch.id, customer=due.customer.id)
    written.write(work, [], [said])
    return Filed(touch.id, code, label(in_use.house.rules, code), until)


def _problems(
    work: Work, in_use: InUse, due: Due, sheet: Sheet, filing: Filing, now: datetime,
    codes: Collection[str] = STAFF_CODES, *, asks: bool = True,
) -> list[Problem]:  # fmt: skip
    """Everything that is missing or wrong, at once. asks: also what the script asks; else only what is said here."""
    questions, code = concluding.questions_of(work, in_use, due), filing.disposition
    noted = {n: day for n, day in concluding.days(sheet).items() if n in questions and sheet.answers.get(n, "").strip()}
    promised = {**noted, **filing.due}
    ended = Ended(code, sheet.answers, promised, filing.call_back_at, filing.call_back_by, filing.scope)
    here = {*filing.due, *(name for name, given in filing.answers.items() if given is not None and str(given).strip())}
    found = _against_the_notes(filing)
    found += refusals(ended, questions, codes, due.run, due.customer.zones, in_use.house, now, None if asks else here)
    if asks and code in TALKED and questions:
        said = {p.place for p in found}
        asked = scripting.script_of(work, in_use, due, sheet.answers).asked  # of a branch that was not taken nothing is required
        values = typed.read(questions, sheet.answers, promised)[0]
        needed = {name: question for name, question in questions.items() if name in asked}
        found += [p for p in typed.missing(needed, values, code) if p.place not in said]
    return found


def _against_the_notes(filing: Filing) -> list[Problem]:
    """What only the desk writes down."""
    found = []
    if len(filing.note) > typed.MOST:
        found.append(Problem(f"the note has {len(filing.note)} characters", f"at most {typed.MOST}", place="note"))
    if filing.sentiment not in (None, "good", "neutral", "bad"):
        found.append(Problem("that is no mood", "good, neutral or bad", place="sentiment"))
    return found


def _noted(work: Work, sheet: Sheet, filing: Filing, now: datetime) -> Sheet:
    """The sheet with its ending."""
    call_back = filing.disposition == "call_back"
    promised = {**concluding.days(sheet), **filing.due}
    days = {name: day.isoformat() for name, day in promised.items() if not is_far(day, now)}  # what was typed may be anything
    sheets.change(
        work, sheet.attempt_id, phase="filed", filed_at=now, disposition=filing.disposition, promised_for=days,
        call_back_at=filing.call_back_at if call_back else None, call_back_by=filing.call_back_by if call_back else None,
        scope=filing.scope if filing.disposition == "do_not_contact" else None,
    )  # fmt: skip
    return drafts.must(work, sheet.attempt_id)


def _audit(work: Work, who: str, what: str, touch: UUID, disposition: str, now: datetime) -> None:
    audit.note(work, staff.acting(work, who), what, f"call:{touch}", disposition.replace("_", " "), now)


def undo(parts: Parts, touch: UUID, who: str, *, lease: timedelta = WEB_LEASE) -> CallTask | NotHeld | TooLate:
    """Take back what one said of a call: it is theirs again, as if nothing had been said."""
    now = parts.clock()

    def unit(work: Work) -> CallTask | NotHeld | TooLate:
        in_use = parts.rulebook.refresh(work)
        other = touches.held_by(work, who)
        due = one(work, touch)
        stands = touches.desk_row(work, touch)
        assert stands is not None, "it is locked, so it exists"
        if stands.held_by != who or due.touch.state not in (TouchState.FILED, TouchState.DONE):
            return NotHeld(due.touch.state, stands.held_by)
        if due.touch.state is TouchState.DONE or stands.lease_until is None or stands.lease_until <= now:
            return TooLate(f"that was more than {UNDO_FOR.seconds} seconds ago")
        if other:
            return TooLate("you have another call by now: finish it, or put it back first")
        row = attempts.open_of(work, [touch])[touch]
        sheet = drafts.must(work, row.id)
        dialled = sheet.dialled_at is not None
        over = sheet.dialled_by == "bridge" and dialled and row.carrier_result in CALL_ENDS  # the line, while the call was filed
        wrapping = sheet.wrap_up_from is not None or over
        answered = sheet.dialled_by == "hand" or row.carrier_result == Result.ANSWERED  # this time: they may have talked before
        talking = dialled and sheet.talked_from is not None and answered
        sheets.change(
            work, row.id, phase="wrap_up" if wrapping else "talking" if talking else "dialling" if dialled else "reading",
            wrap_up_from=now if wrapping else None, disposition=None, filed_at=None, call_back_at=None, call_back_by=None, scope=None,
            undone=sheet.undone + 1,
        )  # fmt: skip
        customers.lift_of(work, row.id, now)
        touches.move(
            work,
            [{"id": touch, "epoch": due.touch.epoch, "was_state": due.touch.state, "state": TouchState.IN_CALL, "disposition": None,
              "lease_until": now + lease}],
        )  # fmt: skip
        why = f"{who} took back: {label(in_use.house.rules, stands.disposition).lower()}"
        written.write(
            work, [], [entry(now, "touch.undone", why, rule=who, run=due.run.id, touch=touch, customer=due.customer.id)]
        )
        _audit(work, who, "call.undone", touch, stands.disposition, now)
        return task_of(work, in_use, one(work, touch), due.touch.epoch + 1, already_held=True)

    return parts.database.run(unit)


def last_filed(parts: Parts, who: str) -> Filed | None:
    """What this person said last and may still undo."""
    now = parts.clock()

    def unit(work: Work) -> Filed | None:
        row = touches.last_filed(work, who, now)
        if row is None:
            return None
        return Filed(row.id, row.disposition, label(parts.rulebook.refresh(work).house.rules, row.disposition), row.lease_until)

    return parts.database.run(unit)


def finish(parts: Parts, touch: UUID, who: str, filing: Filing, *, asks: bool = True) -> NotHeld | None:
    """`file` and settle in one: for the terminal. A call whose disposition is missing may be finished by anyone. asks: as of `decide`."""
    now = parts.clock()
    woken: set[str] = set()

    def unit(work: Work) -> NotHeld | Wrong | None:
        in_use = parts.rulebook.refresh(work)
        due = one(work, touch)
        holder = touches.holder(work, touch)
        if not ((due.touch.state is TouchState.IN_CALL and holder == who) or is_missing(due)):
            return NotHeld(due.touch.state, holder, _holds_all_the_same(parts, work, in_use, due, who, filing, now))
        row = attempts.open_of(work, [touch])[touch]
        wrong = decide(parts, work, in_use, due, row, who, filing, now, woken, asks=asks)
        if wrong is None:
            _audit(work, who, "call.filed", touch, filing.disposition, now)
        return wrong

    outcome = parts.database.run(unit)
    if isinstance(outcome, Wrong):
        raise InputError(outcome.problems)
    if woken:
        parts.wake(woken)
    return outcome


def decide(
    parts: Parts, work: Work, in_use: InUse, due: Due, row: Row[Any], who: str, filing: Filing, now: datetime,
    woken: set[str], *, asks: bool = True,
) -> Wrong | None:  # fmt: skip
    """An ending that is final at once: also one that otherwise the line tells.

    asks: whether the script's questions have to be answered; who was not on the call cannot. What was typed half is left out then.
    """
    before = drafts.sheet_for(work, row, who, now)
    note = f"{before.note}\n\n{who}: {filing.note}" if filing.note and before.note and before.who != who else filing.note
    sheet = drafts.write(work, before, note, filing.answers, filing.sentiment)
    problems = _problems(work, in_use, due, sheet, filing, now, ENDINGS, asks=asks)
    if problems:
        return Wrong(tuple(problems))
    sheet = _noted(work, sheet, filing, now)
    woken |= concluding.conclude(parts, work, in_use, due, row, sheet, now, by=who)
    return None
