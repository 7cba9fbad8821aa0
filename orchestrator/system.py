"""What the system does itself enters the same stream of events, so that playbooks can start, wait and stop on it.

Only when some published version listens to it: an event nobody hears is not written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import events
from orchestrator.store.database import Work
from orchestrator.store.events import NewEvent
from orchestrator.store.touches import Due

SOURCE = "touchpoint"


def emit(
    parts: Parts, work: Work, in_use: InUse, type_: str, dues: Sequence[Due], more: Mapping[str, Any], now: datetime
) -> bool:
    """Write one event for each touch, in the same unit of work as its cause. Answers whether any was written."""
    return type_ in in_use.listens and _write(
        work,
        in_use,
        type_,
        [
            _event(
                parts,
                type_,
                str(d.touch.id),
                d.run.subject,
                d.customer.ref,
                {"touchpoint": d.touch.touchpoint, "channel": d.touch.channel, "playbook": d.run.playbook, **more},
                now,
            )
            for d in dues
        ],
    )


def emit_opt_out(parts: Parts, work: Work, in_use: InUse, customer: str, channel: str, now: datetime) -> bool:
    """Write that a customer wants no more contact; its subject is the customer. Answers whether it was written."""
    key = hashlib.sha256(f"{customer}/{channel}/{now.isoformat()}".encode()).hexdigest()  # a customer's id may be long
    said = _event(parts, "customer.opted_out", key, f"customer/{customer}", customer, {"channel": channel}, now)
    return _write(work, in_use, "customer.opted_out", [said])


def emit_about(
    parts: Parts,
    work: Work,
    in_use: InUse,
    type_: str,
    key: str,
    subject: str,
    customer: str,
    data: Mapping[str, Any],
    now: datetime,
) -> bool:
    """Write one event that belongs to no touch. Answers whether it was written: not when one with this key was, or nobody listens.

    customer: the business's own id.
    """
    return _write(work, in_use, type_, [_event(parts, type_, key, subject, customer, data, now)])


def _write(work: Work, in_use: InUse, type_: str, batch: Sequence[NewEvent]) -> bool:
    if type_ not in in_use.listens or not batch:
        return False
    return bool(events.store(work, batch, {}, state="waiting"))


def _event(parts: Parts, type_: str, key: str, subject: str, customer: str, data: Mapping[str, Any], now: datetime) -> NewEvent:
    digest = hashlib.sha256(f"{type_}/{key}".encode()).hexdigest()  # our own: the key says it all
    return NewEvent(
        parts.new_id(), SOURCE, f"{type_}/{key}", type_, subject, now, now, data, {"id": customer}, digest, known=True
    )  # fmt: skip
