"""Whole rows to start from: say only what matters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from orchestrator.ids import new_id
from orchestrator.store import schema
from orchestrator.store.database import Work

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


def put(work: Work, table: Any, **values: Any) -> Any:
    """Insert one row; answers its values."""
    work.connection.execute(table.insert().values(**values))
    return values


def customer(**more: Any) -> dict[str, Any]:
    id_ = new_id()
    return {"id": id_, "ref": str(id_), "zones": [], "consent": {}, "extra": {}, "told_at": {}, "created_at": AT, **more}


def event(**more: Any) -> dict[str, Any]:
    id_ = new_id()
    return {
        "id": id_, "source": "crm", "key": str(id_), "type": "quote.sent", "subject": "quote/1", "occurred_at": AT, "received_at": AT,
        "data": {}, "body_hash": "h", "known": True, "backfill": False, "state": "handled", "tries": 0, **more,
    }  # fmt: skip


def version(**more: Any) -> dict[str, Any]:
    return {
        "id": new_id(), "playbook": "p", "number": 1, "hash": "h", "document": {}, "listens": [], "current": True,
        "published_at": AT, "published_by": "ops", **more,
    }  # fmt: skip


class Stage:
    """One customer in one enrollment, ready for touches."""

    def __init__(self, work: Work) -> None:
        self.customer = put(work, schema.customer, **customer())["id"]
        self.version = put(work, schema.playbook_version, **version())["id"]
        self.event = put(work, schema.event, **event(customer_id=self.customer))["id"]
        self.run = put(work, schema.enrollment, **self.enrollment())["id"]

    def enrollment(self, **more: Any) -> dict[str, Any]:
        return {
            "id": new_id(), "playbook": "p", "version_id": self.version, "subject": "quote/1", "customer_id": self.customer,
            "event_id": self.event, "anchor": AT, "gives_up_at": LATER, "event_data": {}, "answers": {}, "started_at": AT, **more,
        }  # fmt: skip

    def touch(self, **more: Any) -> dict[str, Any]:
        """A planned e-mail."""
        return {
            "id": new_id(), "enrollment_id": self.run, "customer_id": self.customer, "ordinal": 1, "step": "s", "touchpoint": "t",
            "channel": "email", "queue": None, "priority": 5, "tries": 1, "memory": {}, "state": "planned", "planned_at": AT,
            "due_at": AT, "why": "because", "epoch": 0, **more,
        }  # fmt: skip

    def attempt(self, touch: Any, **more: Any) -> dict[str, Any]:
        return {"id": new_id(), "touch_id": touch, "number": 1, "epoch": 1, "via": "post", "began_at": AT, **more}


SENT = {"state": "sent", "effect_at": AT, "finished_at": AT}
CALL = {"channel": "call", "queue": "sales"}
