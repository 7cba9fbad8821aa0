"""How the line of a bridged call goes, as the provider tells it, moves the sheet of whoever makes the call.

What the customer said is for that person to say. Only a line on which nobody was ever heard ends a call by itself: busy, nobody
answered, no such number. That, too, can be undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from orchestrator.core.model import TouchState
from orchestrator.core.receipts import CALL_ENDS, Result
from orchestrator.filing import put_aside
from orchestrator.language.house_rules import label
from orchestrator.rulebook import InUse
from orchestrator.sheets import wrap_up
from orchestrator.store import attempts, sheets
from orchestrator.store.database import Row, Work
from orchestrator.store.sheets import Sheet
from orchestrator.store.touches import Due

RULE = "carrier"
NOBODY_WAS_HEARD = {Result.BUSY: "busy", Result.NO_ANSWER: "no_answer", Result.FAILED: "failed"}


def follow(
    work: Work, in_use: InUse, due: Due, attempt: Row[Any], result: Result | None, *, dead: bool, fax: bool, now: datetime
) -> None:
    """Bring the sheet up to date with the line. attempt: as it was before this result."""
    sheet = sheets.of_attempt(work, attempt.id)
    if result is None or result == attempt.carrier_result or sheet is None or sheet.dialled_by != "bridge":
        return
    if due.touch.state is not TouchState.IN_CALL or sheet.phase in ("filed", "left"):
        return
    match result:
        case Result.RINGING if sheet.talked_from is None:
            sheets.change(work, attempt.id, phase="ringing")
        case Result.ANSWERED:
            sheets.change(work, attempt.id, phase="talking", talked_from=sheet.talked_from or now)
        case Result.BUSY | Result.NO_ANSWER | Result.FAILED | Result.COMPLETED | Result.CANCELED:
            code = _by_itself(sheet, result, dead=dead, fax=fax)
            if code is None:
                sheets.change(work, attempt.id, phase="wrap_up", wrap_up_from=now)
                wrap_up(work, due, now + in_use.house.rules.wraps_up_in)
            else:
                sheets.change(work, attempt.id, phase="filed", filed_at=now, disposition=code, wrap_up_from=now)
                words = label(in_use.house.rules, code).lower()
                filed = sheets.of_attempt(work, attempt.id)
                assert filed is not None, "it was changed just now"
                put_aside(work, in_use, due, filed, f"the line: {words}", RULE, now)


def our_end(work: Work, due: Due, attempt: Row[Any], results: Sequence[Result | None]) -> None:
    """Our own telephone was not answered, or hung up again: the customer's never rang, and the call is as it was before."""
    if due.touch.state is TouchState.IN_CALL and any(result in CALL_ENDS for result in results):
        sheet = sheets.of_attempt(work, attempt.id)
        if sheet is not None and sheet.dialled_by == "bridge" and sheet.phase == "dialling":
            sheets.never_dialled(work, attempt.id)
            attempts.mark(work, attempt.id, asked_at=None)


def _by_itself(sheet: Sheet, result: Result, *, dead: bool, fax: bool) -> str | None:
    """The ending that the line tells; None: that is for the person to say."""
    if sheet.answers or (sheet.talked_from is not None and not fax):
        return None
    if fax:
        return "fax"
    code = NOBODY_WAS_HEARD.get(result)
    return "invalid_number" if code == "failed" and dead else code
