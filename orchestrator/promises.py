"""What is promised on calls: on its day it is in the queue again, for whoever promised it, by the playbook that is built in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from orchestrator.core.calls import promised_at
from orchestrator.core.told import promise
from orchestrator.errors import InputError, Problem
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import changes as written
from orchestrator.store import promises
from orchestrator.store.changes import entry
from orchestrator.store.database import Work
from orchestrator.store.promises import Promise
from orchestrator.store.touches import Due
from orchestrator.system import emit_told

PLAYBOOK = "promise"
NOT_YET = "not yet"  # the choice of built_in/scripts/promise.md
KEPT = frozenset({"completed", "goal_met", "already_done"})


def noted(
    parts: Parts,
    work: Work,
    in_use: InUse,
    due: Due,
    attempt: UUID,
    days: Mapping[str, date],
    owner: str,
    code: str,
    now: datetime,
    asked_for: datetime | None = None,
) -> bool:
    """A call is over for good: what was promised on it is kept in mind, and if it was about a promise, so is what became of that.

    due: with the answers of this call. days: of the commitments among them. owner: who made the call. asked_for: when to call back.
    Answers whether an event was written, so that "upkeep" has something to do.
    """
    made = [
        make(parts, work, in_use, due, attempt, question, str(due.run.answers[question]), day, owner, now)
        for question, day in days.items()
        if due.run.answers.get(question)
    ]
    settled(work, due, attempt, code, now, asked_for)
    return any(made)


def make(
    parts: Parts,
    work: Work,
    in_use: InUse,
    due: Due,
    attempt: UUID,
    question: str,
    what: str,
    day: date,
    owner: str,
    now: datetime,
) -> UUID | None:
    """Keep a promise that was made on this call; answers its id, None when it was kept already.

    question: of the script. what: in words. day: where the customer lives. The caller wakes "upkeep" afterwards.
    """
    at = promised_at(day, due.customer.zones, in_use.house)
    if at is None:
        raise InputError(Problem(f"no promise can be made for {day}", "choose another day", question))
    one = Promise(parts.new_id(), due.customer.id, due.run.id, attempt, question, what, at, owner[:120], now)
    if not promises.make(work, one):
        return None
    told = promise(one.id, what, at, one.owner, due.touch.queue, due.run, due.customer.ref, now, PLAYBOOK)
    emit_told(parts, work, in_use, told, now)
    why = f"{owner} promised something for {day}"
    said = entry(now, "promise.made", why, rule=owner, run=due.run.id, touch=due.touch.id, customer=due.customer.id)
    written.write(work, [], [said])
    return one.id


def settled(work: Work, due: Due, attempt: UUID, code: str, now: datetime, asked_for: datetime | None = None) -> None:
    """A call has its disposition: when it was the reminder of a promise, that is kept, dropped, or gets another day.

    Asked after what was promised on this call was made. due: with the answers of this call. asked_for: when to call back.
    """
    if due.run.playbook != PLAYBOOK:
        return
    id_ = UUID(str(due.run.event["promise"]))
    if code in KEPT and due.run.answers.get("done") != NOT_YET:
        what, done = "promise.kept", promises.keep(work, id_, now)
    elif code in ("declined", "do_not_contact"):
        what, done = "promise.dropped", promises.drop(work, id_, now)
    elif promises.made_on(work, attempt):
        what, done = "promise.renewed", promises.drop(work, id_, now)
    elif code == "call_back" and asked_for is not None:
        what, done = "promise.moved", promises.move(work, id_, asked_for)
    else:
        return  # it stays open, and whoever looks at the customer sees it
    if done:
        said = entry(now, what, _WORDS[what], rule=code, run=due.run.id, touch=due.touch.id, customer=due.customer.id)
        written.write(work, [], [said])


_WORDS = {
    "promise.kept": "the promise is kept",
    "promise.dropped": "the customer wants no more of it, so the promise is dropped",
    "promise.renewed": "another promise, with a day of its own, takes the place of this one",
    "promise.moved": "the promise is for another time, that the customer asked for",
}
