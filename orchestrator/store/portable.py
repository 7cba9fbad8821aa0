"""One customer's rows with readable keys, by kind: what an export carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select

from orchestrator.store import schema as s
from orchestrator.store.database import Work

# Columns that say nothing about the customer: how a row finds its others, and what only the machine needs.
_LEFT_OUT = frozenset(
    {"body_hash", "epoch", "fingerprint", "lease_until", "told_at", "memory", "name_key", "family_key", "earlier_lines", "rank_at",
     "version_id", "step"}
)  # fmt: skip


def everything(work: Work, customer: UUID) -> dict[str, Any] | None:
    """Everything that is kept about a customer; None when there is none."""
    row = work.connection.execute(select(s.customer).where(s.customer.c.id == customer)).first()
    if row is None:
        return None
    runs = select(s.enrollment.c.id).where(s.enrollment.c.customer_id == customer)
    touches = select(s.touch.c.id).where(s.touch.c.enrollment_id.in_(runs))
    attempts = select(s.attempt.c.id).where(s.attempt.c.touch_id.in_(touches))
    j = s.journal.c
    journal = _rows(work, s.journal, j.enrollment_id.in_(runs)) + _rows(
        work, s.journal, j.enrollment_id.is_(None) & (j.customer_id == customer)
    )
    return {
        "customer": _readable(s.customer, row),
        "last_told": dict(row.told_at),  # field -> when somebody last said so
        "dead_contact_points": _rows(work, s.dead_contact, s.dead_contact.c.customer_id == customer),
        "opt_outs": _rows(work, s.suppression, s.suppression.c.customer_id == customer),
        "events": _rows(work, s.event, s.event.c.customer_id == customer),
        "follow_ups": _rows(work, s.enrollment, s.enrollment.c.customer_id == customer),
        "touches": _rows(work, s.touch, s.touch.c.enrollment_id.in_(runs)),
        "attempts": _rows(work, s.attempt, s.attempt.c.touch_id.in_(touches)),
        "calls": _rows(work, s.call_sheet, s.call_sheet.c.touch_id.in_(touches)),
        "replies": _rows(work, s.reply, s.reply.c.customer_id == customer),
        "survey_answers": _rows(work, s.survey_answer, s.survey_answer.c.attempt_id.in_(attempts)),
        "promises": _rows(work, s.promise, s.promise.c.customer_id == customer),
        "journal": sorted(journal, key=lambda one: (one["at"], one["id"])),
        "changes_by_staff": _rows(work, s.audit, s.audit.c.about == f"customer:{customer}"),
    }


def _rows(work: Work, table: Table, which: Any) -> list[dict[str, Any]]:
    found = work.connection.execute(select(table).where(which).order_by(*table.primary_key.columns))
    return [_readable(table, row) for row in found]


def _readable(table: Table, row: Any) -> dict[str, Any]:
    values: Sequence[Any] = tuple(row)
    return {c.name: v for c, v in zip(table.columns, values, strict=True) if v is not None and c.name not in _LEFT_OUT}
