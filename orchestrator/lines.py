"""How the line of a bridged call goes, as the provider tells it, moves the sheet of whoever makes the call.

What the customer said is for that person to say. Only a line on which nobody was ever heard ends a call by itself: busy, nobody
answered, no such number. That, too, can be undone. A call may be dialled more than once: it is the last line that counts, and that
somebody was heard on an earlier one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from orchestrator.core.model import TouchState
from orchestrator.core.receipts import CALL_ENDS, Report, Result
from orchestrator.filing import put_aside
from orchestrator.language.house_rules import label
from orchestrator.rulebook import InUse
from orchestrator.sheets import keep_until
from orchestrator.store import attempts, sheets
from orchestrator.store.database import Row, Work
from orchestrator.store.sheets import Sheet
from orchestrator.store.touches import Due

RULE = "carrier"
SILENT = (None, Result.QUEUED)  # what is told of a customer's line that has not rung
NOBODY_WAS_HEARD = {Result.BUSY: "busy", Result.NO_ANSWER: "no_answer", Result.FAILED: "failed"}


def follow(
    work: Work, in_use: InUse, due: Due, attempt: Row[Any], result: Result | None, *, dead: bool, fax: bool, duration_s: int | None,
    now: datetime,
) -> None:  # fmt: skip
    """Bring the sheet up to date with the line. attempt: as it was before this result."""
    sheet = sheets.of_attempt(work, attempt.id)
    if result is None or result == attempt.carrier_result or sheet is None or sheet.dialled_by != "bridge":
        return
    if due.touch.state is not TouchState.IN_CALL or sheet.phase in ("filed", "left"):
        return
    match result:
        case Result.RINGING:
            sheets.change(work, attempt.id, phase="ringing")
        case Result.ANSWERED:
            sheets.change(work, attempt.id, phase="talking", talked_from=sheet.talked_from or now)
        case Result.BUSY | Result.NO_ANSWER | Result.FAILED | Result.COMPLETED | Result.CANCELED:
            code = _by_itself(sheet, attempt, result, dead=dead, fax=fax)
            if code is None:
                talked_from = _began_to_talk(sheet, now, duration_s) if result is Result.COMPLETED else sheet.talked_from
                sheets.change(work, attempt.id, phase="wrap_up", talked_from=talked_from, wrap_up_from=now)
                keep_until(work, due, now + in_use.house.rules.wraps_up_in)
            else:
                sheets.change(work, attempt.id, phase="filed", filed_at=now, disposition=code, wrap_up_from=now)
                words = label(in_use.house.rules, code).lower()
                filed = sheets.of_attempt(work, attempt.id)
                assert filed is not None, "it was changed just now"
                put_aside(work, in_use, due, filed, f"the line: {words}", RULE, now)


def _began_to_talk(sheet: Sheet, now: datetime, duration_s: int | None) -> datetime:
    """When somebody was first heard on a line that is over. That they answered, and that it is over, may reach us together."""
    return sheet.talked_from or max(now - timedelta(seconds=duration_s or 0), sheet.dialled_at or now)


def of_the_last(work: Work, attempt: Row[Any], reports: Sequence[Report], now: datetime) -> list[Report]:
    """These reports without those about an earlier line of the same call, which come late or again.

    Of an earlier line one thing counts: that somebody was heard on it.
    """
    sheet = sheets.of_attempt(work, attempt.id)
    if sheet is None:
        return list(reports)
    old = [r for r in reports if _is_old(r, attempt.provider_ref, sheet)]
    if sheet.talked_from is None and any(r.result is Result.ANSWERED or (r.result and r.duration_s) for r in old):
        sheets.change(work, attempt.id, talked_from=now)
    return [r for r in reports if r not in old]


def _is_old(report: Report, now: str | None, sheet: Sheet) -> bool:
    """now: the provider's name for the line to our own telephone, once we know it."""
    ours = report.parent if report.our_end is None else report.ref
    return ours in sheet.earlier_lines or report.ref in sheet.earlier_lines or (None not in (ours, now) and ours != now)


def our_end(
    work: Work, in_use: InUse, due: Due, attempt: UUID, line: Result | None, results: Sequence[Result | None], now: datetime
) -> None:
    """Our own telephone was not answered, or hung up again: the customer's never rang, and the call is as it was before.

    line: how the customer's line stands.
    """
    if due.touch.state not in (TouchState.IN_CALL, TouchState.FILED) or not any(result in CALL_ENDS for result in results):
        return
    sheet = sheets.of_attempt(work, attempt)
    if sheet is None or sheet.dialled_by != "bridge" or sheet.phase not in ("dialling", "filed") or line not in SILENT:
        return
    attempts.mark(work, attempt, asked_at=None)
    again = sheet.dials > 1  # it was dialled before this, so it cannot be put back as if nobody had tried
    filed = sheet.phase == "filed"
    if again:
        over = {"wrap_up_from": sheet.wrap_up_from or now, "dials": sheet.dials - 1}
        sheets.change(work, attempt, **over, phase="filed" if filed else "wrap_up")
        if not filed:
            keep_until(work, due, now + in_use.house.rules.wraps_up_in)
    else:
        sheets.change(work, attempt, phase="filed" if filed else "reading", dialled_by=None, dialled_at=None, dials=0)


def _by_itself(sheet: Sheet, attempt: Row[Any], result: Result, *, dead: bool, fax: bool) -> str | None:
    """The ending that the line tells; None: that is for the person to say."""
    talked_before = sheet.talked_from is not None and attempt.asked_at is not None and sheet.talked_from < attempt.asked_at
    if sheet.answers or talked_before or (sheet.talked_from is not None and not fax):
        return None
    if fax:
        return "fax"
    code = NOBODY_WAS_HEARD.get(result)
    return "invalid_number" if code == "failed" and dead else code
