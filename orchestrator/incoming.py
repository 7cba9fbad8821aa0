"""Customers who write or call of themselves: STOP takes effect, everything else waits for a person, and the follow-up with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from orchestrator.core.intake import ended
from orchestrator.core.keywords import Asks, asks
from orchestrator.core.model import Change, EndReason, Note
from orchestrator.core.policies.held import ASK_AGAIN
from orchestrator.engine import suppress
from orchestrator.errors import NotFound
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import audit, customers, enrollments, replies, touches
from orchestrator.store import changes as written
from orchestrator.store.audit import By
from orchestrator.store.database import Row, Work
from orchestrator.store.replies import Verdict

ANSWERS_FOR = timedelta(days=7)  # what comes within a week of a contact is taken for an answer to it
SAID_STOP = "answered STOP to a text"  # the beginning of the reason: START lifts what begins so
MOST_SAID = 1_600  # characters of a reply that are kept: no text is longer


def is_stop(body: Mapping[str, Any]) -> bool:
    """Whether an incoming text is a plain opt-out."""
    return _asks(body) == "stop"


def stop(parts: Parts, work: Work, in_use: InUse, body: Mapping[str, Any], now: datetime) -> int:
    """Everybody with that number gets no more texts. Answers how many there are."""
    who = _from(work, body)
    for id_ in who:
        suppress(parts, work, in_use, id_, "text", SAID_STOP, now)
    return len(who)


def take(parts: Parts, work: Work, in_use: InUse, row: Row[Any], now: datetime) -> str:
    """One incoming text or call. Answers what became of it, in words."""
    who = _from(work, row.body)
    if not who:
        return "nobody we know has this number"
    customers.lock(work, who)
    if row.kind == "incoming_call":
        return _put_before_staff(parts, work, who, "missed_call", "call", "They called us.", row, now)
    match _asks(row.body):
        case "stop":
            stop(parts, work, in_use, row.body, row.received_at)
            return SAID_STOP
        case "start" if _start(work, who, row.received_at, now):
            return "texts may go out again"
        case "maybe_stop":
            return _put_before_staff(parts, work, who, "maybe_stop", "text", str(row.body.get("Body", "")), row, now)
        case _:
            return _put_before_staff(parts, work, who, "reply", "text", str(row.body.get("Body", "")), row, now)


Kind = Literal["reply", "maybe_stop", "missed_call", "asked_for_call"]


def _put_before_staff(
    parts: Parts, work: Work, who: Sequence[UUID], kind: Kind, channel: str, said: str, row: Row[Any], now: datetime
) -> str:
    answers = _answers_what(work, who, now, any_channel=channel == "call")
    # who may want no more is everybody with this number; another answer comes from whom we wrote to last
    mine = answers if kind == "maybe_stop" else [a for a in answers if a.run is not None] or answers
    for a in mine:
        # a text that may mean stop holds everything; another answer what it answers, or everything where that cannot be told
        runs = a.open_runs if kind == "maybe_stop" or a.run not in a.open_runs else [a.run]
        put_before_staff(parts, work, a.customer, a.run, runs, kind, channel, said, row.received_at, row.ref)
    return "waits for somebody to read it"


def put_before_staff(
    parts: Parts, work: Work, customer: UUID, run: UUID | None, hold: Sequence[UUID | None], kind: Kind, channel: str, said: str,
    came_at: datetime, ref: str | None,
) -> None:  # fmt: skip
    """Keep what a customer said, and hold these enrollments until a person has read it."""
    replies.put(
        work,
        [{"id": parts.new_id(), "customer_id": customer, "enrollment_id": run, "channel": channel, "kind": kind,
          "said": said[:MOST_SAID], "came_at": came_at, "provider_ref": ref}],
    )  # fmt: skip
    held = [r for r in hold if r is not None]
    words = {"reply": "the customer answered", "maybe_stop": "the customer may want no more", "missed_call": "the customer called us",
             "asked_for_call": "the customer asked to be called"}  # fmt: skip
    why = f"{words[kind]}; nothing goes out until somebody has seen to it"
    replies.hold(work, held, why, came_at)
    held_or_none: list[UUID | None] = [*held] or [None]
    notes: list[Change] = [Note("customer.replied", came_at, why, rule="reply", run=r, customer=customer) for r in held_or_none]
    written.write(work, notes)


@dataclass(frozen=True, slots=True)
class _Answers:
    """What a customer most likely answers."""

    customer: UUID
    run: UUID | None  # the follow-up of our last contact, within ANSWERS_FOR
    open_runs: Sequence[UUID]


def _answers_what(work: Work, who: Sequence[UUID], now: datetime, *, any_channel: bool) -> list[_Answers]:
    last = touches.last_contacts(work, who, None if any_channel else "text", now - ANSWERS_FOR)
    return [_Answers(id_, last.get(id_), [run.id for run, _ in enrollments.open_of_customers(work, [id_])]) for id_ in who]


def _start(work: Work, who: Sequence[UUID], wished_at: datetime, now: datetime) -> bool:
    """Lift what they had stopped by text. False when there was nothing: then "yes" is an answer like any other."""
    lifted = [id_ for id_ in who if customers.lift(work, id_, ["text"], SAID_STOP, wished_at, now)]
    written.write(work, [Note("customer.opted_in", now, "texted START: texts may go out again", customer=id_) for id_ in lifted])
    return bool(lifted)


def _from(work: Work, body: Mapping[str, Any]) -> list[UUID]:
    return customers.reached_at(work, "phone", str(body.get("From", "")))


def _asks(body: Mapping[str, Any]) -> Asks:
    kind = body.get("OptOutType")
    return asks(str(body.get("Body", "")), kind if isinstance(kind, str) else None)


# -- what staff make of it ------------------------------------------------------------------------------------------------


def read(parts: Parts, reply: UUID, who: str, verdict: Verdict, *, role: str = "terminal") -> bool:
    """Somebody has read what a customer said. Answers False when somebody else had before.

    role: theirs, for the audit trail.
    verdict: stop: no more contact at all. end: these follow-ups are over. go_on: they go on where they stood.
    """
    now = parts.clock()

    def unit(work: Work) -> bool:
        row = replies.one(work, reply)
        if row is None:
            raise NotFound(f"there is no reply {reply}")
        customers.lock(work, [row.customer_id])
        if not replies.read(work, reply, who, verdict, now):
            return False
        said = {"stop": "they want no more contact", "end": "this follow-up is over", "go_on": "the follow-up goes on"}[verdict]
        audited = f"{who} read what a customer said: {said}"
        audit.note(work, By(who, role), "reply.read", f"customer:{row.customer_id}", audited, now)
        changes: list[Change] = [
            Note("reply.read", now, f"{who}: {said}", rule=who, customer=row.customer_id, run=row.enrollment_id)
        ]
        in_use = parts.rulebook.refresh(work)
        if verdict == "end":
            for run, touch in enrollments.open_of_customers(work, [row.customer_id]):
                if run.held is not None:
                    changes += ended(run, touch, EndReason.STOPPED, now, f"{who} read the customer's answer and ended it")
        written.write(work, changes)
        if verdict == "stop":
            suppress(parts, work, in_use, row.customer_id, "all", f"{who} read that they want no more contact", now)
        if not replies.still_open_for(work, row.customer_id):
            replies.wake(work, replies.let_go(work, row.customer_id), ASK_AGAIN, now)
        return True

    return parts.database.run(unit)
