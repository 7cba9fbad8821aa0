"""Asking why: the journal in plain words, with local times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from orchestrator.core.zones import zone_of
from orchestrator.errors import NotFound
from orchestrator.parts import Parts
from orchestrator.store import events, journal
from orchestrator.store.database import Row, Work

SAID = {
    "enrollment.started": "follow-up begins",
    "enrollment.ended": "follow-up ends",
    "enrollment.prevented": "no follow-up",
    "enrollment.moved": "moved to another version",
    "touch.planned": "planned",
    "touch.deferred": "put off",
    "touch.sending": "going out",
    "touch.calling": "being called",
    "touch.sent": "sent",
    "touch.ready": "waits for staff",
    "touch.in_call": "taken",
    "touch.done": "done",
    "touch.put_back": "put back",
    "touch.filed": "filed",
    "touch.undone": "undone",
    "touch.changed": "changed",
    "touch.escalated": "passed on",
    "touch.skipped": "not done",
    "touch.cancelled": "called off",
    "touch.expired": "too late",
    "touch.failed": "failed",
    "touch.refused": "refused for now",
    "touch.unknown": "nobody knows",
    "touch.retried": "tried again",
    "touch.passed_over": "passed over",
    "call.spoken": "words said",
    "call.withheld": "nothing said",
    "call.key": "key pressed",
    "call.dialling": "dialling",
    "call.dialled": "line asked for",
    "call.connecting": "connecting",
    "customer.replied": "customer answers",
    "customer.opted_out": "wants no more",
    "customer.opted_in": "wants more",
    "customer.paused": "paused",
    "customer.resumed": "goes on",
    "customer.erased": "erased",
    "touch.moved": "moved",
    "reply.read": "answer read",
    "survey.answered": "survey answered",
    "branch.taken": "branch",
    "split.taken": "split",
    "event.unknown_type": "unknown event",
    "event.warning": "warning",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a timeline."""

    at: datetime  # UTC
    local: str  # the same in the customer's zone, in words
    what: str
    about: str  # the touchpoint, or empty
    why: str
    rule: str
    touch: UUID | None


@dataclass(frozen=True, slots=True)
class Why:
    """Everything there is to say about one touch."""

    touch: UUID
    touchpoint: str | None
    channel: str | None
    state: str
    playbook: str
    version: int
    subject: str
    customer: str
    due: str
    reason: str | None
    disposition: str | None
    lines: Sequence[Line]
    attempts: Sequence[str]


def timeline(parts: Parts, subject: str) -> list[Line]:
    """What happened to a subject and what is planned, each with its why, oldest first. Raises NotFound."""
    with parts.database.work() as work:
        touches = {row.id: row for row in journal.touches_of(work, subject)}
        said = journal.of_subject(work, subject)
        came = events.of_subject(work, subject)
    if not (touches or said or came):
        raise NotFound(f"nothing is known about '{subject}'; subjects look like quote/Q-1042")
    zone = next((row.customer_zones[0] for row in touches.values() if row.customer_zones), "UTC")
    lines = [Line(e.received_at, in_words(e.received_at, zone), "event", "", _event_words(e, zone), "", None) for e in came] + [
        _line(row, touches, zone) for row in said
    ]
    return sorted(lines, key=lambda line: line.at)


def why(parts: Parts, touch: str) -> Why:
    """Why one touch is as it is. touch: its id, or enough of its first characters. Raises NotFound."""
    with parts.database.work() as work:
        id_ = _found(work, touch)
        row = journal.touch_of(work, id_)
        assert row is not None
        said = journal.of_touch(work, id_)
        tried = journal.attempts_of(work, [id_])
    zone = row.customer_zones[0] if row.customer_zones else "UTC"
    return Why(
        touch=id_,
        touchpoint=row.touchpoint,
        channel=row.channel,
        state=row.state,
        playbook=row.playbook,
        version=row.number,
        subject=row.subject,
        customer=row.customer_ref,
        due=in_words(row.due_at, zone),
        reason=row.reason,
        disposition=row.disposition,
        lines=[_line(entry, {id_: row}, zone) for entry in said],
        attempts=[
            f"attempt {a.number} through {a.via}, began {in_words(a.began_at, zone)}: {a.outcome or 'no answer yet'}"
            + (f", {a.detail}" if a.detail else "")
            for a in tried
        ],
    )


def named(touchpoint: object) -> str:
    """A touchpoint's name as words: "quote-check-in" -> "Quote check in"."""
    words = str(touchpoint).replace("-", " ")
    return words[:1].upper() + words[1:]


def in_words(moment: datetime, zone: str) -> str:
    """A moment as a clock on the wall in that zone shows it: "Mon 23 Nov 2026 09:00"."""
    return f"{moment.astimezone(zone_of(zone) or UTC):%a %d %b %Y %H:%M}"


def _found(work: Work, text: str) -> UUID:
    clean = text.replace("-", "").lower()
    if not clean or len(clean) > 32 or any(c not in "0123456789abcdef" for c in clean):
        raise NotFound(f"'{text}' is no touch id: give the id that 'touchpoint timeline' shows, or its first characters")
    ids = journal.ids_like(work, clean)
    if not ids:
        raise NotFound(f"there is no touch {text}")
    if len(ids) > 1:
        raise NotFound(f"several touches begin with {text}: give more characters, e.g. {ids[0]}")
    return ids[0]


def _event_words(event: Row[Any], zone: str) -> str:
    late = event.received_at - event.occurred_at
    words = f"{event.type} came from {event.source}"
    if late.total_seconds() > 60:
        words += f"; it occurred {in_words(event.occurred_at, zone)}"
    return words + ("" if event.known else "; its type is not declared") + ("; backfill" if event.backfill else "")


def _line(row: Row[Any], touches: dict[UUID, Row[Any]], zone: str) -> Line:
    touch = touches.get(row.touch_id) if row.touch_id else None
    about = (touch.touchpoint or "wait") if touch is not None else ""
    why = row.why
    if row.what == "touch.planned" and touch is not None:
        why = f"for {in_words(touch.due_at, zone)}: {why}" if touch.state == "planned" else why
    return Line(
        row.at, in_words(row.at, zone), SAID.get(row.what, row.what.replace(".", " ")), about, why, row.rule, row.touch_id
    )
