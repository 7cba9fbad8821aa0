"""The events of the system itself: what they are about, under which key, and what they carry. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.core.model import Run, Touch

SOURCE = "touchpoint"


@dataclass(frozen=True, slots=True)
class Told:
    """One event of ours, before it has an id."""

    type: str
    key: str  # unique with the type
    subject: str
    customer: str  # the business's own id
    data: Mapping[str, Any] = field(default_factory=dict)


def about_touch(type_: str, touch: Touch, run: Run, customer: str, more: Mapping[str, Any]) -> Told:
    """`touch.sent`, `call.finished` and the like: about the subject of the follow-up."""
    data = {"touchpoint": touch.touchpoint, "channel": touch.channel, "playbook": run.playbook, **more}
    return Told(type_, str(touch.id), run.subject, customer, data)


def opt_out(customer: str, channel: str, now: datetime) -> Told:
    """That a customer wants no more contact; its subject is the customer."""
    key = hashlib.sha256(f"{customer}/{channel}/{now.isoformat()}".encode()).hexdigest()  # a customer's id may be long
    return Told("customer.opted_out", key, f"customer/{customer}", customer, {"channel": channel})


def promise(
    id_: UUID, what: str, at: datetime, owner: str, queue: str | None, run: Run, customer: str, now: datetime, of: str
) -> Told:
    """That something was promised on a call; its subject is the promise. of: the playbook that reminds of promises."""
    again = str(run.event.get("about") or "") if run.playbook == of else ""  # promised on the reminder of another promise
    data = {
        "promise": str(id_), "what": what, "due_at": at.isoformat(), "made_at": now.isoformat(), "owner": owner,
        "queue": queue, "about": again or run.subject,
    }  # fmt: skip
    return Told("promise.made", str(id_), f"promise/{id_}", customer, data)
