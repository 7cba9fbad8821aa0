"""Calls that staff make: take the next one or this one, keep it, put it back. One person has one call; one call has one person.

What is noted during a call is in sheets.py, how it ended in filing.py, what a lead does with other people's calls in leading.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from orchestrator import filing
from orchestrator.core import planner
from orchestrator.core.judging import Fate, Go, Later, Over
from orchestrator.core.model import Change, Close, TouchState
from orchestrator.dispatch import judge_all, put_off
from orchestrator.errors import InputError, Problem
from orchestrator.facts import facts_for
from orchestrator.holding import CALL_LEASE as CALL_LEASE
from orchestrator.holding import EAR_LEASE, LONGEST_LINE, at_most_until, held_or_not, let_go, one, task_of
from orchestrator.holding import WEB_LEASE as WEB_LEASE
from orchestrator.holding import Agent as Agent
from orchestrator.holding import CallTask as CallTask
from orchestrator.holding import NotHeld as NotHeld
from orchestrator.holding import NotNow as NotNow
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import attempts, audit, pauses, ready, sheets, staff, touches
from orchestrator.store import changes as written
from orchestrator.store.attempts import Intent
from orchestrator.store.audit import By
from orchestrator.store.changes import entry
from orchestrator.store.database import Work
from orchestrator.store.sheets import Sheet
from orchestrator.store.touches import Due
from orchestrator.system import emit

LOOK_AHEAD = (50, 400)  # calls of each queue that are looked at: 200 people ask at once, and each passes over what others lock
AT_ONCE = (1, 20)  # calls that are locked and judged: the first is nearly always free to go
LATELY = timedelta(
    minutes=30
)  # what somebody took since then and did not keep is not offered to them again, while anything else waits
MOST_LATELY = 20  # of those: fewer than are looked at, so that nobody looks further ahead for it
LATEST = datetime.max.replace(tzinfo=UTC)
MOST_ROUNDS = 50  # of 20 calls that may not be made now, before somebody is told that there is none


def claim_next(
    parts: Parts, who: str | Agent, queues: Sequence[str] | None = None, *, lease: timedelta = CALL_LEASE
) -> CallTask | None:
    """The most urgent call that may be made now, for this person alone. None when there is none.

    queues: the queues they work (None: what the agent says, else all). Policies are asked again here: what is not allowed now
    leaves the queue.
    """
    agent = who if isinstance(who, Agent) else Agent(who)
    if queues is not None:
        agent = replace(agent, queues=tuple(queues))
    now = parts.clock()
    return parts.database.run(lambda work: _claim_next(parts, work, agent, lease, now))


def _claim_next(parts: Parts, work: Work, agent: Agent, lease: timedelta, now: datetime) -> CallTask | None:
    in_use = parts.rulebook.refresh(work)
    held = touches.held_by(work, agent.name)
    if held:
        return task_of(work, in_use, held[0], held[0].touch.epoch, already_held=True)
    paused = pauses.live(work)
    if ("all", "") in paused or ("channel", "call") in paused:
        return None
    still = {name for scope, name in paused if scope == "queue"}  # what waits there stays where it is
    queues = [name for name in (agent.queues if agent.queues is not None else ready.waiting_in(work)) if name not in still]
    ahead, at_once = LOOK_AHEAD[0], AT_ONCE[0]
    not_again = sheets.left_since(work, agent.name, now - LATELY, MOST_LATELY)
    for _ in range(MOST_ROUNDS):
        ids = ready.heads(work, agent.name, queues, agent.skills, agent.languages, now, ahead)
        dues = touches.claim_ready(work, [id_ for id_ in ids if id_ not in not_again], at_once)
        if not dues and ids and ahead < LOOK_AHEAD[1]:
            ahead = LOOK_AHEAD[1]
        elif not dues and not_again:
            not_again = frozenset()  # nothing else waits
        elif not dues:
            return None
        task = _first_free(parts, work, in_use, dues, agent, lease, now)
        if task is not None:
            return task
        at_once = AT_ONCE[1]
    return None


def _first_free(
    parts: Parts, work: Work, in_use: InUse, dues: Sequence[Due], agent: Agent, lease: timedelta, now: datetime
) -> CallTask | None:
    """The first of these that may be made now; those before it are put off or over."""
    for due, _, fate in judge_all(parts, work, in_use, dues, now, only_first=True):
        if isinstance(fate, Go):
            return _take(parts, work, in_use, due, fate, agent.name, lease, now)
        _leaves_the_queue(work, due, fate, now)
    return None


def _leaves_the_queue(work: Work, due: Due, fate: Fate, now: datetime) -> None:
    match fate:
        case Later():
            written.write(work, [], put_off(work, [(due, fate)], now))
        case Over():
            written.write(work, fate.changes)


def _take(parts: Parts, work: Work, in_use: InUse, due: Due, go: Go, who: str, lease: timedelta, now: datetime) -> CallTask:
    touch, attempt = due.touch, parts.new_id()
    number = attempts.numbers(work, [touch.id]).get(touch.id, 0) + 1
    attempts.begin(work, [Intent(attempt, touch.id, number, touch.epoch + 1, "desk", now, due.customer.phone)])
    sheets.begin(work, attempt, touch.id, who, now)
    touches.move(
        work,
        [{"id": touch.id, "epoch": touch.epoch, "was_state": touch.state, "state": TouchState.IN_CALL, "held_by": who, "effect_at": now,
          "lease_until": now + lease}],
    )  # fmt: skip
    said = entry(
        now, "touch.in_call", f"{who} has it; {go.why}", rule=who, run=due.run.id, touch=touch.id, customer=due.customer.id
    )
    written.write(work, [], [said])
    audit.note(work, staff.acting(work, who), "call.taken", f"call:{touch.id}", f"took a call of {touch.queue}", now)
    return task_of(work, in_use, due, touch.epoch + 1)


def claim_this(parts: Parts, touch: UUID, agent: Agent, *, lease: timedelta = CALL_LEASE) -> CallTask | NotHeld | NotNow:
    """This call, for this person alone; who has it instead; or why nobody, or not they, may have it now."""
    now = parts.clock()

    def unit(work: Work) -> CallTask | NotHeld | NotNow:
        in_use = parts.rulebook.refresh(work)
        held = touches.held_by(work, agent.name)
        if held and held[0].touch.id == touch:
            return task_of(work, in_use, held[0], held[0].touch.epoch, already_held=True)
        if held:
            return NotNow("you have another call: finish it, or put it back first")
        due = one(work, touch)
        if due.touch.state is not TouchState.READY:
            return NotHeld(due.touch.state, touches.holder(work, touch))
        against = _not_for(work, due, agent, now)
        if against is not None:
            return NotNow(against)
        ((_, _, fate),) = judge_all(parts, work, in_use, [due], now)
        match fate:
            case Go():
                return _take(parts, work, in_use, due, fate, agent.name, lease, now)
            case Later():
                why = fate.why
            case Over():
                why = next((c.why for c in fate.changes if isinstance(c, Close)), "it is not to be made any more")
        _leaves_the_queue(work, due, fate, now)
        return NotNow(why)

    return parts.database.run(unit)


def _not_for(work: Work, due: Due, agent: Agent, now: datetime) -> str | None:
    """Why this call is for other people."""
    touch, row = due.touch, touches.desk_row(work, due.touch.id)
    if agent.queues is not None and touch.queue not in agent.queues:
        return f"it waits in the queue {touch.queue}, which is not yours"
    theirs = touch.offered_to is not None and touch.offered_to != agent.name.lower()
    if theirs and (touch.offered_until is None or touch.offered_until > now):
        return f"it is kept for {touch.offered_to}"
    if row is not None and row.skill is not None and agent.skills is not None and row.skill not in agent.skills:
        return f"it needs somebody who knows about {row.skill}"
    if row is not None and row.language is not None and agent.languages is not None and row.language not in agent.languages:
        return f"it needs somebody who speaks {row.language}"
    return None


def current(parts: Parts, who: str) -> CallTask | None:
    """The call that this person has, without taking one."""

    def unit(work: Work) -> CallTask | None:
        held = touches.held_by(work, who)
        if not held:
            return None
        return task_of(work, parts.rulebook.refresh(work), held[0], held[0].touch.epoch, already_held=True)

    return parts.database.run(unit)


def renew(parts: Parts, touch: UUID, who: str, *, lease: timedelta = WEB_LEASE, there: bool = True) -> NotHeld | datetime:
    """Until when the call is theirs now: no longer than the house rules allow (`at_most_until`).

    there: whether they have touched anything since the last time. When not, only a line that is open through the voice channel is
    kept: an open page alone is nobody who works.
    """
    now = parts.clock()

    def unit(work: Work) -> NotHeld | datetime:
        due = one(work, touch)
        refused = held_or_not(work, due, who)
        if refused is not None:
            return refused
        in_use = parts.rulebook.refresh(work)
        sheet = sheets.newest(work, touch)
        ends = at_most_until(sheet, in_use.house.rules)
        on_the_ear = sheet is not None and sheet.on_the_line_by_hand and sheet.phase == "talking"
        until = min(now + (max(lease, EAR_LEASE) if on_the_ear else lease), ends or LATEST)
        if not there and not _goes_on_alone(sheet, now):
            row = touches.desk_row(work, touch)
            assert row is not None, "it is locked, so it exists"
            until = min(until, row.lease_until)
        touches.move(
            work,
            [
                {
                    "id": touch,
                    "epoch": due.touch.epoch,
                    "was_state": due.touch.state,
                    "state": due.touch.state,
                    "lease_until": until,
                }
            ],
        )
        return until

    return parts.database.run(unit)


def _goes_on_alone(sheet: Sheet | None, now: datetime) -> bool:
    """Whether a line is open that ends by itself, so that whoever talks need not touch anything."""
    return sheet is not None and sheet.on_the_line_by_bridge and (sheet.dialled_at or sheet.began_at) + LONGEST_LINE > now


def put_back(parts: Parts, touch: UUID, who: str, reason: str = "put back") -> NotHeld | None:
    """The call was not made after all: it waits in its queue again. None when done. reason: for the audit trail.

    Raises InputError when it was dialled: then it happened, and needs its disposition.
    """
    now = parts.clock()

    def unit(work: Work) -> NotHeld | None:
        due = one(work, touch)
        refused = held_or_not(work, due, who)
        if refused is not None:
            return refused
        row = attempts.open_of(work, [touch])[touch]
        sheet = sheets.of_attempt(work, row.id)
        if row.asked_at is not None or (sheet is not None and sheet.dialled_at is not None):
            raise InputError(
                Problem("the customer was dialled, so the call cannot be put back", "say how it ended, e.g. no answer")
            )
        let_go(work, due, row.id, f"{who} put it back", who, now)
        audit.note(work, staff.acting(work, who), "call.put_back", f"call:{touch}", reason, now)
        return None

    return parts.database.run(unit)


def finish(
    parts: Parts,
    touch: UUID,
    who: str,
    disposition: str,
    *,
    note: str = "",
    answers: Mapping[str, Any] | None = None,
    call_back_at: datetime | None = None,
    call_back_by: Literal["me", "anyone"] = "anyone",
    scope: str = "all",
    due: Mapping[str, date] | None = None,
    asks: bool = True,
) -> NotHeld | None:
    """Say how a call ended; what follows is planned at once, and nothing can be undone. None when recorded. For the terminal.

    A call whose disposition is missing may be finished by anyone. scope: of do_not_contact. due: the days of commitments.
    asks: whether the script's questions have to be answered. Raises InputError for a disposition that does not exist, and for answers
    that are missing or wrong.
    """
    unwanted = scope if disposition == "do_not_contact" else None
    said = filing.Filing(disposition, note, dict(answers or {}), None, call_back_at, call_back_by, unwanted, dict(due or {}))
    return filing.finish(parts, touch, who, said, asks=asks)


def settle(
    parts: Parts, touch: UUID, who: str, as_: Literal["sent", "failed", "again"], *, role: str = "terminal"
) -> NotHeld | None:
    """A person decides what became of a message of which nobody knows. None when recorded. role: theirs, for the audit trail."""
    now = parts.clock()

    def unit(work: Work) -> NotHeld | None:
        in_use = parts.rulebook.refresh(work)
        due = one(work, touch)
        if due.touch.state is not TouchState.UNKNOWN or due.touch.channel == "call":
            return NotHeld(due.touch.state, touches.holder(work, touch))
        row = attempts.open_of(work, [touch])[touch]
        outcome, state = {"sent": ("accepted", TouchState.SENT), "failed": ("rejected_permanent", TouchState.FAILED),
                          "again": ("absent", TouchState.PLANNED)}[as_]  # fmt: skip
        ref = f"by {who}" if outcome == "accepted" else None
        attempts.settle(work, [attempts.outcome_row(row.id, outcome, now, ref, f"{who} decided: {as_}")])
        again = state is TouchState.PLANNED
        touches.move(
            work,
            [{"id": touch, "epoch": due.touch.epoch, "was_state": due.touch.state, "state": state, "finished_at": None if again else now,
              "reason": "a person decided" if as_ == "failed" else None,
              "due_at": now if again else due.touch.due_at, "effect_at": None if again else due.touch.effect_at}],
        )  # fmt: skip
        entries = [
            entry(now, f"touch.{state}", f"{who} decided: {as_}", rule=who, run=due.run.id, touch=touch, customer=due.customer.id)
        ]
        follows: list[Change] = []
        if not again and due.run.ended is None:
            follows = planner.after(facts_for(work, in_use, due), due.touch, as_, now, parts.new_id)
        written.write(work, follows, entries)
        audit.note(
            work, By(who, role), "message.decided", f"touch:{touch}", f"{who} decided what became of a message: {as_}", now
        )
        if as_ == "sent":
            emit(parts, work, in_use, "touch.sent", [due], {}, now)
        return None

    return parts.database.run(unit)
