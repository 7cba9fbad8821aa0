"""What the system does itself enters the same stream of events, so that playbooks can start, wait and stop on it.

Only when some published version listens to it: an event nobody hears is not written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from orchestrator.core import told
from orchestrator.core.told import SOURCE as SOURCE
from orchestrator.core.told import Told
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import events
from orchestrator.store.database import Work
from orchestrator.store.events import NewEvent
from orchestrator.store.touches import Due


def emit(
    parts: Parts, work: Work, in_use: InUse, type_: str, dues: Sequence[Due], more: Mapping[str, Any], now: datetime
) -> bool:
    """Write one event for each touch, in the same unit of work as its cause. Answers whether any was written."""
    return type_ in in_use.listens and _write(
        work,
        in_use,
        type_,
        [_event(parts, told.about_touch(type_, d.touch, d.run, d.customer.ref, more), now) for d in dues],
    )


def emit_opt_out(parts: Parts, work: Work, in_use: InUse, customer: str, channel: str, now: datetime) -> bool:
    """Write that a customer wants no more contact; its subject is the customer. Answers whether it was written."""
    return emit_told(parts, work, in_use, told.opt_out(customer, channel, now), now)


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
    return emit_told(parts, work, in_use, Told(type_, key, subject, customer, data), now)


def emit_told(parts: Parts, work: Work, in_use: InUse, said: Told, now: datetime) -> bool:
    """The same of an event that is put together already."""
    return _write(work, in_use, said.type, [_event(parts, said, now)])


def _write(work: Work, in_use: InUse, type_: str, batch: Sequence[NewEvent]) -> bool:
    if type_ not in in_use.listens or not batch:
        return False
    return bool(events.store(work, batch, {}, state="waiting"))


def _event(parts: Parts, said: Told, now: datetime) -> NewEvent:
    key = f"{said.type}/{said.key}"
    digest = hashlib.sha256(key.encode()).hexdigest()  # our own: the key says it all
    return NewEvent(
        parts.new_id(), SOURCE, key, said.type, said.subject, now, now, said.data, {"id": said.customer}, digest, known=True
    )  # fmt: skip
