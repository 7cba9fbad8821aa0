"""Everything that is known of one customer, by where it is kept: read for their page, for an export, and nowhere else.

Past things come newest first and page by page: each source answers what lies before a place on the common timeline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select

from orchestrator.core.model import TouchState
from orchestrator.store import schema as s
from orchestrator.store.database import Work

COMING = (TouchState.PLANNED, TouchState.READY)
MOST_COMING = 200  # one for each open follow-up
SOURCES = (
    "touch",
    "survey",
    "reply",
    "promise",
    "event",
    "journal",
    "audit",
)  # of the timeline; the first stands on top of a moment


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the timeline: everything older than this thing comes after it."""

    at: datetime
    source: str  # one of SOURCES
    id: UUID | int


def customer(work: Work, id_: UUID) -> Row[Any] | None:
    """The customer's own row."""
    return work.connection.execute(select(s.customer).where(s.customer.c.id == id_)).first()


def suppressions(work: Work, id_: UUID) -> list[Row[Any]]:
    """What they wanted no more of, lifted or not, newest first."""
    table = s.suppression
    query = select(table).where(table.c.customer_id == id_).order_by(table.c.since.desc(), table.c.id.desc())
    return list(work.connection.execute(query.limit(500)))


def dead_points(work: Work, id_: UUID) -> list[Row[Any]]:
    """Numbers and addresses that turned out to be nobody's, or somebody else's."""
    table = s.dead_contact
    return list(
        work.connection.execute(select(table).where(table.c.customer_id == id_).order_by(table.c.since.desc()).limit(100))
    )


def paused(work: Work, id_: UUID) -> Row[Any] | None:
    """Since when, and by whom, everything for them is held."""
    table = s.pause
    return work.connection.execute(select(table).where(table.c.scope == "customer", table.c.name == str(id_))).first()


def running(work: Work, id_: UUID) -> list[Row[Any]]:
    """Open follow-ups, oldest first."""
    table = s.enrollment
    query = (
        select(table.c.id, table.c.playbook, table.c.version_id, table.c.subject, table.c.started_at, table.c.gives_up_at,
               table.c.held_at, table.c.held_why, s.playbook_version.c.number)
        .join(s.playbook_version, s.playbook_version.c.id == table.c.version_id)
        .where(table.c.customer_id == id_, table.c.ended_at.is_(None))
    )  # fmt: skip
    return list(work.connection.execute(query.order_by(table.c.started_at, table.c.id).limit(MOST_COMING)))


def coming(work: Work, id_: UUID) -> list[Row[Any]]:
    """What is planned or waits for staff, the soonest first."""
    query = _touches(id_).where(s.touch.c.state.in_(COMING)).order_by(s.touch.c.due_at, s.touch.c.id)
    return list(work.connection.execute(query.limit(MOST_COMING)))


def touches_before(work: Work, id_: UUID, before: Place | None, most: int) -> list[Row[Any]]:
    """What was done, called off or is being done, with `at`: when it took effect or ended."""
    at = func.coalesce(s.touch.c.effect_at, s.touch.c.finished_at, type_=s.Moment)
    query = _touches(id_).add_columns(at.label("at")).where(s.touch.c.state.not_in(COMING), at.is_not(None))
    return _page(work, query, at, s.touch.c.id, "touch", before, most)


def surveys_before(work: Work, id_: UUID, before: Place | None, most: int) -> list[Row[Any]]:
    """Answers to surveys, with the touch that asked."""
    table = s.survey_answer
    query = (
        select(table.c.attempt_id.label("id"), table.c.rating, table.c.scale_most, table.c.comment, table.c.answered_at.label("at"),
               s.touch.c.id.label("touch_id"), s.touch.c.touchpoint, s.enrollment.c.playbook, s.enrollment.c.subject)
        .join(s.attempt, s.attempt.c.id == table.c.attempt_id)
        .join(s.touch, s.touch.c.id == s.attempt.c.touch_id)
        .join(s.enrollment, s.enrollment.c.id == s.touch.c.enrollment_id)
        .where(s.enrollment.c.customer_id == id_)
    )  # fmt: skip
    return _page(work, query, table.c.answered_at, table.c.attempt_id, "survey", before, most)


def replies_before(work: Work, id_: UUID, before: Place | None, most: int) -> list[Row[Any]]:
    """What they said to us of themselves."""
    query = select(s.reply, s.reply.c.came_at.label("at")).where(s.reply.c.customer_id == id_)
    return _page(work, query, s.reply.c.came_at, s.reply.c.id, "reply", before, most)


def promises_before(work: Work, id_: UUID, before: Place | None, most: int) -> list[Row[Any]]:
    """What was promised to them."""
    query = select(s.promise, s.promise.c.made_at.label("at")).where(s.promise.c.customer_id == id_)
    return _page(work, query, s.promise.c.made_at, s.promise.c.id, "promise", before, most)


def events_before(work: Work, id_: UUID, before: Place | None, most: int) -> list[Row[Any]]:
    """What the business's systems told us about them."""
    c = s.event.c
    query = select(
        c.id, c.source, c.key, c.type, c.subject, c.occurred_at, c.received_at.label("at"), c.data, c.state, c.known, c.backfill
    )
    return _page(work, query.where(c.customer_id == id_), c.received_at, c.id, "event", before, most)


def journal_before(work: Work, id_: UUID, before: Place | None, most: int) -> list[Row[Any]]:
    """What was decided about them and is about no single touch: in their follow-ups, and where none came of it."""
    c = s.journal.c
    runs = select(s.enrollment.c.id).where(s.enrollment.c.customer_id == id_)
    columns: tuple[Any, ...] = (c.id, c.at, c.what, c.rule, c.why, c.subject, c.enrollment_id, c.event_id)
    answer: list[Row[Any]] = []
    for theirs in (c.enrollment_id.in_(runs), and_(c.enrollment_id.is_(None), c.customer_id == id_)):  # each has its index
        query = select(*columns).where(theirs, c.touch_id.is_(None), c.what != "customer.replied")
        answer += _page(work, query, c.at, c.id, "journal", before, most)
    return sorted(answer, key=lambda row: (row.at, row.id), reverse=True)[:most]


def audit_before(work: Work, id_: UUID, before: Place | None, most: int) -> list[Row[Any]]:
    """What the staff changed about them by hand."""
    c = s.audit.c
    return _page(work, select(s.audit).where(c.about == f"customer:{id_}"), c.at, c.id, "audit", before, most)


def attempts_of(work: Work, touches: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    """The attempts of these touches, in order."""
    c = s.attempt.c
    columns: tuple[Any, ...] = (
        c.id, c.touch_id, c.number, c.via, c.began_at, c.outcome, c.detail, c.recipient, c.carrier_result, c.carrier_code,
        c.answered_by, c.duration_s, c.heard, c.pressed,
    )  # fmt: skip
    return _by_touch(work, select(*columns).where(c.touch_id.in_(list(touches))).order_by(c.touch_id, c.number), touches)


def sheets_of(work: Work, touches: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    """What staff noted during these calls, in order."""
    c = s.call_sheet.c
    columns: tuple[Any, ...] = (c.touch_id, c.who, c.phase, c.note, c.answers, c.sentiment, c.disposition, c.began_at)
    return _by_touch(work, select(*columns).where(c.touch_id.in_(list(touches))).order_by(c.began_at, c.attempt_id), touches)


def said_of(work: Work, runs: Sequence[UUID], touches: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    """The journal of these touches, in order."""
    c = s.journal.c
    query = select(c.touch_id, c.at, c.what, c.rule, c.why).where(c.enrollment_id.in_(list(runs)), c.touch_id.in_(list(touches)))
    return _by_touch(work, query.order_by(c.at, c.id), touches)


def touch_of(work: Work, customer_id: UUID, touch_id: UUID) -> Row[Any] | None:
    """One touch, when it is this customer's."""
    return work.connection.execute(_touches(customer_id).where(s.touch.c.id == touch_id)).first()


def run_of(work: Work, customer_id: UUID, run_id: UUID) -> bool:
    """Whether this follow-up is this customer's."""
    c = s.enrollment.c
    return work.connection.execute(select(c.id).where(c.id == run_id, c.customer_id == customer_id)).first() is not None


def sharing(work: Work, id_: UUID, email: str | None, phone: str | None, limit: int = 20) -> list[Row[Any]]:
    """Others with the same number or address: id, ref, name. They may be the same person twice."""
    c = s.customer.c
    found: dict[UUID, Row[Any]] = {}
    for column, value in ((c.phone, phone), (c.email, email)):
        if value is not None:
            query = select(c.id, c.ref, c.name).where(column == value, c.id != id_).order_by(c.id).limit(limit)
            found |= {row.id: row for row in work.connection.execute(query)}
    return list(found.values())[:limit]


def _touches(id_: UUID) -> Select[Any]:
    t = s.touch.c
    return (
        select(t.id, t.enrollment_id, t.step, t.touchpoint, t.channel, t.queue, t.tries, t.state, t.planned_at, t.due_at, t.expires_at,
               t.why, t.held_by, t.effect_at, t.finished_at, t.disposition, t.reason, t.epoch,
               s.enrollment.c.playbook, s.enrollment.c.subject, s.enrollment.c.version_id, s.enrollment.c.ended_at)
        .join(s.enrollment, s.enrollment.c.id == t.enrollment_id)
        .where(s.enrollment.c.customer_id == id_)
    )  # fmt: skip


def _page(
    work: Work, query: Select[Any], at: ColumnElement[Any], id_: ColumnElement[Any], source: str, before: Place | None, most: int
) -> list[Row[Any]]:
    if before is not None:
        query = query.where(_older(at, id_, source, before))
    return list(work.connection.execute(query.order_by(at.desc(), id_.desc()).limit(most)))


def _older(at: ColumnElement[Any], id_: ColumnElement[Any], source: str, before: Place) -> ColumnElement[bool]:
    """Below that place: by moment, then by source, then by id."""
    mine, theirs = SOURCES.index(source), SOURCES.index(before.source)
    if mine < theirs:
        return at < before.at
    if mine > theirs:
        return at <= before.at
    return or_(at < before.at, and_(at == before.at, id_ < before.id))


def _by_touch(work: Work, query: Select[Any], touches: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    answer: dict[UUID, list[Row[Any]]] = {}
    if touches:
        for row in work.connection.execute(query):
            answer.setdefault(row.touch_id, []).append(row)
    return answer
