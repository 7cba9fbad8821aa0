"""Writing what the core decided: a list of changes becomes rows and journal entries, a few statements for any number of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import update

from orchestrator.core.model import Change, Close, End, Enroll, Note, Plan, Touch
from orchestrator.store import bulk
from orchestrator.store.database import Contended, Work
from orchestrator.store.schema import enrollment, journal, touch


def entry(
    at: datetime,
    what: str,
    why: str,
    *,
    rule: str = "",
    subject: str | None = None,
    customer: UUID | None = None,
    run: UUID | None = None,
    touch: UUID | None = None,
    event: UUID | None = None,
) -> dict[str, Any]:
    """A journal row."""
    return {
        "at": at, "what": what, "rule": rule, "why": why, "subject": subject, "customer_id": customer,
        "enrollment_id": run, "touch_id": touch, "event_id": event,
    }  # fmt: skip


def write(work: Work, changes: Sequence[Change], entries: Sequence[dict[str, Any]] = ()) -> None:
    """Write changes in order of need: ends, enrollments, closed touches, new touches, journal.

    entries: further journal rows of the same moment. Raises Contended when a touch was no longer as the core saw it: then the
    unit of work starts again from fresh facts.
    """
    said: list[dict[str, Any]] = list(entries)
    runs: dict[UUID, dict[str, Any]] = {}
    ends: list[dict[str, Any]] = []
    plans: dict[UUID, dict[str, Any]] = {}
    closes: list[dict[str, Any]] = []
    for change in changes:
        match change:
            case Enroll():
                runs[change.run.id] = _run_row(change)
                said.append(
                    entry(change.at, "enrollment.started", change.why, subject=change.run.subject,
                          customer=change.run.customer, run=change.run.id, event=change.cause)
                )  # fmt: skip
            case Plan():
                plans[change.touch.id] = touch_row(change.touch)
                said.append(
                    entry(change.at, "touch.planned", change.touch.why, customer=change.touch.customer,
                          run=change.touch.run, touch=change.touch.id)
                )  # fmt: skip
            case Close():
                if change.touch in plans:  # planned and closed in the same breath: one row, already at its end
                    plans[change.touch] |= {"state": change.state, "finished_at": change.at, "reason": change.reason,
                                            "disposition": change.disposition}  # fmt: skip
                else:
                    closes.append(
                        {"id": change.touch, "epoch": change.epoch, "state": change.state, "finished_at": change.at,
                         "reason": change.reason, "disposition": change.disposition}
                    )  # fmt: skip
                said.append(
                    entry(change.at, f"touch.{change.state}", change.why, rule=change.reason, run=change.run, touch=change.touch)
                )
            case End():
                if change.run in runs:
                    runs[change.run] |= {"ended_at": change.at, "end_reason": change.reason}
                else:
                    ends.append({"id": change.run, "ended_at": change.at, "end_reason": change.reason, "was_ended_at": None})
                said.append(entry(change.at, "enrollment.ended", change.why, rule=change.reason, run=change.run))
            case Note():
                said.append(
                    entry(change.at, change.what, change.why, rule=change.rule, subject=change.subject,
                          customer=change.customer, run=change.run, touch=change.touch, event=change.event)
                )  # fmt: skip
            case _:
                assert_never(change)
    if len(bulk.update(work, enrollment, ends, match=("id", "was_ended_at"))) < len(
        ends
    ):  # first: a restart needs the place free
        raise Contended("an enrollment was ended by somebody else meanwhile")
    bulk.insert(work, enrollment, list(runs.values()))
    done = bulk.update(work, touch, closes, match=("id", "epoch"))  # the epoch grows with every way a touch takes
    if len(done) < len(closes):
        raise Contended(f"{len(closes) - len(done)} touches were taken by somebody else meanwhile")
    bulk.insert(work, touch, list(plans.values()))
    bulk.insert(work, journal, said)


def _run_row(change: Enroll) -> dict[str, Any]:
    run = change.run
    return {
        "id": run.id, "playbook": run.playbook, "version_id": run.version, "subject": run.subject,
        "customer_id": run.customer, "event_id": change.cause, "anchor": run.anchor, "gives_up_at": run.gives_up_at,
        "event_data": run.event, "answers": run.answers, "started_at": change.at, "ended_at": None, "end_reason": None,
        "held_at": None, "held_why": None,
    }  # fmt: skip


def touch_row(t: Touch) -> dict[str, Any]:
    """A planned touch as a row."""
    return {
        "id": t.id, "enrollment_id": t.run, "customer_id": t.customer, "ordinal": t.ordinal, "step": t.step,
        "touchpoint": t.touchpoint, "channel": t.channel, "queue": t.queue, "priority": t.priority, "tries": t.tries,
        "memory": t.memory, "state": t.state, "planned_at": t.planned_at, "due_at": t.due_at, "expires_at": t.expires_at,
        "escalate_at": t.escalate_at, "why": t.why, "epoch": t.epoch, "lease_until": None, "held_by": None,
        "effect_at": None, "finished_at": None, "disposition": None, "reason": None,
        "offered_to": t.offered_to, "offered_until": t.offered_until,
    }  # fmt: skip


def answer(work: Work, run: UUID, answers: dict[str, Any]) -> None:
    """Keep what a customer said, for later conditions and templates."""
    work.connection.execute(update(enrollment).where(enrollment.c.id == run).values(answers=answers))
