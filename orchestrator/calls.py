"""Automatic calls that are going on: called off when they are not to be made any more, as long as nobody has answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast
from uuid import UUID

from orchestrator import receipts
from orchestrator.channels.base import Caller
from orchestrator.core.receipts import Report, Result
from orchestrator.core.still import may_still
from orchestrator.facts import usable
from orchestrator.parts import Parts
from orchestrator.store import attempts, pauses, touches
from orchestrator.store.database import Work

BATCH = 500
NOT_YET = (None, Result.QUEUED, Result.RINGING)  # nobody has answered


def call_off(parts: Parts) -> int:
    """Cancel what the provider still queues or rings past its window, after an opt-out, or after the goal. Answers how many ended so."""
    ended, after = 0, None
    while True:
        unwanted, after = parts.database.run(lambda work, a=after: _unwanted(parts, work, parts.clock(), a))  # type: ignore[misc]
        ended += _cancel(parts, unwanted)
        if after is None:
            return ended


def _cancel(parts: Parts, unwanted: Mapping[str, Mapping[str, UUID]]) -> int:
    ended = 0
    for channel, calls in unwanted.items():
        via = parts.channels[channel]
        if calls and callable(getattr(via, "call_off", None)):
            stands = cast(Caller, via).call_off(list(calls))  # no database session is open here
            reports = {calls[ref]: report for ref, report in stands.items() if isinstance(report, Report)}
            ended += parts.database.run(_writing(parts, reports)) if reports else 0
    return ended


def _writing(parts: Parts, reports: Mapping[UUID, Report]) -> Callable[[Work], int]:
    def unit(work: Work) -> int:
        now = parts.clock()
        receipts.apply(parts, work, parts.rulebook.refresh(work), {handle: [r] for handle, r in reports.items()}, now)
        return sum(r.result is Result.CANCELED for r in reports.values())

    return unit


def _unwanted(parts: Parts, work: Work, now: datetime, after: UUID | None) -> tuple[dict[str, dict[str, UUID]], UUID | None]:
    """Calls that nobody has answered and that may not be made any more: channel -> provider's name -> handle. And how far it looked."""
    going = touches.calling(work, BATCH, after)
    if not going:
        return {}, None
    rows = attempts.latest_of(work, going)
    paused = pauses.live(work)
    answer: dict[str, dict[str, UUID]] = {}
    for due, facts in usable(work, parts.rulebook.refresh(work), touches.given(work, going)):
        row = rows.get(due.touch.id)
        if row is None or row.provider_ref is None or row.carrier_result not in NOT_YET:
            continue
        if may_still(due.touch, due.run, facts, paused, now) is not None or (row.not_after is not None and row.not_after <= now):
            answer.setdefault(str(due.touch.channel), {})[row.provider_ref] = row.id
    return answer, (going[-1] if len(going) == BATCH else None)
