"""Events as they came, each to its end: read, handled, and answered. One that is wrong stops no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from orchestrator.engine import handle_events
from orchestrator.errors import EventError, Problem
from orchestrator.parts import Parts
from orchestrator.receiving import Received, read_event

Raw = Mapping[str, Any]  # an event in the plain form, not yet checked; Any: whatever the sender wrote
Status = Literal["accepted", "repeated", "later", "conflict", "refused"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one event that somebody sent.

    accepted, repeated, later: it is stored. conflict, refused: nothing of it was, and `problems` says why.
    """

    key: str | None  # the sender's id, as far as there was one
    status: Status
    event: UUID | None = None
    enrollments: tuple[UUID, ...] = ()
    warnings: Sequence[Problem] = ()
    problems: Sequence[Problem] = ()


def accept(parts: Parts, raws: Sequence[Raw | EventError], *, backfill: bool = False) -> list[Answer]:
    """Take events in, in the order given; one answer for each. An EventError stands for an event that could not be unpacked."""
    now = parts.clock()
    lifecycle = parts.database.run(parts.rulebook.refresh).lifecycle

    def read(raw: Raw | EventError) -> Received | EventError:
        if isinstance(raw, EventError):
            return raw
        try:
            return read_event(raw, lifecycle=lifecycle, received_at=now, new_id=parts.new_id, backfill=backfill)
        except EventError as error:
            return error

    received = [read(raw) for raw in raws]
    good = [r for r in received if not isinstance(r, EventError)]
    receipts = iter(handle_events(parts, [replace(r.event, warnings=tuple(map(str, r.warnings))) for r in good]))
    answers = []
    for raw, one in zip(raws, received, strict=True):
        if isinstance(one, EventError):
            answers.append(Answer(_key(raw), "refused", problems=one.problems))
            continue
        receipt, event = next(receipts), one.event
        if receipt.status == "conflict":
            answers.append(Answer(event.key, "conflict", problems=[_conflict(event.key, event.source)]))
        else:
            answers.append(Answer(event.key, receipt.status, receipt.event, receipt.enrollments, one.warnings))
    return answers


def _key(raw: Raw | EventError) -> str | None:
    key = None if isinstance(raw, EventError) else raw.get("id")
    return key[:200] if isinstance(key, str) else None


def _conflict(key: str, source: str) -> Problem:
    hint = "give every event an id of its own; to correct an event, send a new one"
    return Problem(f"the id '{key}' of '{source}' was used before for another event: nothing was stored", hint, "id")
