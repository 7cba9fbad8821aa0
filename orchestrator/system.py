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
    if type_ not in in_use.listens or not dues:
        return False
    batch = [_event(parts, type_, due, more, now) for due in dues]
    events.store(work, batch, {}, state="waiting")
    return True


def _event(parts: Parts, type_: str, due: Due, more: Mapping[str, Any], now: datetime) -> NewEvent:
    key = f"{type_}/{due.touch.id}"
    data = {"touchpoint": due.touch.touchpoint, "channel": due.touch.channel, "playbook": due.run.playbook, **more}
    digest = hashlib.sha256(key.encode()).hexdigest()  # our own: the key says it all
    return NewEvent(
        parts.new_id(), SOURCE, key, type_, due.run.subject, now, now, data, {"id": due.customer.ref}, digest, known=True
    )  # fmt: skip
