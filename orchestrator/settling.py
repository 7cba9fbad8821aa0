"""Filed calls become final once they can be undone no more. What cannot become final goes to a lead, who sees why and decides."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from orchestrator import concluding, drafts
from orchestrator.core.model import TouchState
from orchestrator.errors import DatabaseError, InputError, NotFound, TouchpointError
from orchestrator.holding import left_unsaid, one
from orchestrator.language.house_rules import label
from orchestrator.parts import Parts
from orchestrator.store import attempts, sheets, touches
from orchestrator.store.database import Unstorable, Work

log = logging.getLogger(__name__)
MOST_AT_ONCE = 500  # filed calls that one round settles
MAY_HEAL_FOR = timedelta(minutes=2)  # while somebody may be publishing what a version needs
STUCK = "cannot be settled"  # the reason on the touch, and the rule in the journal


def settle_filed(parts: Parts) -> int:
    """Endings that can be undone no more become final, and what follows is planned. Each in a unit of work of its own."""
    tried: list[UUID] = []
    settled = 0
    woken: set[str] = set()
    while len(tried) < MOST_AT_ONCE:
        before = len(tried)
        try:
            settled += parts.database.run(lambda work: _settle_one(parts, work, tried, woken))
        except Exception as error:  # shell: one call that cannot be settled must hold up no other
            nobodys = isinstance(error, DatabaseError) and not isinstance(error, Unstorable)
            if nobodys or len(tried) == before:
                raise  # it is not about this call: the next round tries again
            _set_aside(parts, tried[-1], error)
        if len(tried) == before:
            break
    if woken:
        parts.wake(woken)
    return settled


def _settle_one(parts: Parts, work: Work, tried: list[UUID], woken: set[str]) -> int:
    now = parts.clock()
    dues = touches.filed_over(work, now, tried, 1)
    if not dues:
        return 0
    due, in_use = dues[0], parts.rulebook.refresh(work)
    tried.append(due.touch.id)
    row = attempts.open_of(work, [due.touch.id])[due.touch.id]
    woken |= concluding.conclude(parts, work, in_use, due, row, drafts.must(work, row.id), now)
    return 1


def _set_aside(parts: Parts, touch: UUID, error: Exception) -> None:
    """After a while, or at once when it cannot heal, the call waits for a lead."""
    # the words of other errors may hold what somebody typed
    why = str(error) if isinstance(error, TouchpointError) else f"a defect ({type(error).__name__})"
    try:
        left = parts.database.run(lambda work: _leave(parts, work, touch, why, may_heal=isinstance(error, InputError | NotFound)))
    except Exception:  # shell: the other calls go on; this one is tried again in a second
        log.exception("a call that cannot be settled could not be given to a lead", extra={"action": "filed.stuck"})
        return
    if left:
        extra = {"action": "filed.stuck", "touch": str(touch), "error": type(error).__name__}
        log.error("a call cannot be settled; a lead decides", extra=extra)


def _leave(parts: Parts, work: Work, touch: UUID, why: str, *, may_heal: bool) -> bool:
    now = parts.clock()
    due, stands = one(work, touch), touches.desk_row(work, touch)
    if due.touch.state is not TouchState.FILED or stands is None:
        return False  # settled by somebody else meanwhile
    if may_heal and now < stands.lease_until + MAY_HEAL_FOR:
        return False
    row = attempts.open_of(work, [touch])[touch]
    sheet = sheets.of_attempt(work, row.id)
    said = label(parts.rulebook.refresh(work).house.rules, stands.disposition).lower()
    if sheet is not None and sheet.call_back_at is not None:
        said += f" at {sheet.call_back_at:%Y-%m-%d %H:%M} UTC"
    if sheet is not None and sheet.scope is not None:
        said += f" ({sheet.scope})"
    # its scope stays on the sheet: that wish is in force until somebody decides otherwise
    sheets.change(work, row.id, phase="left", disposition=None, filed_at=None)
    left_unsaid(work, [(due, row)], f"{stands.held_by} said: {said}; that {STUCK}: {why}", STUCK, now, reason=STUCK)
    return True
