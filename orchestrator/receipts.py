"""What providers report moves touches on: by batch, only forward, whatever comes late, twice or out of order.

One report may be the first word that an attempt arrived (our own request was never answered), its end, or the customer's wish
to hear no more. core/receipts.py says what is news; what follows comes from the planner.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from orchestrator import lines
from orchestrator.core import planner
from orchestrator.core.model import AUTOMATIC_CALLS, Change, Close, TouchState
from orchestrator.core.planner import Facts
from orchestrator.core.receipts import CALL_ENDS, FINAL, Report, Result, call_disposition, is_news
from orchestrator.engine import suppress_everybody
from orchestrator.facts import usable
from orchestrator.language.house_rules import label
from orchestrator.language.program import TouchNode
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import attempts, customers, enrollments, senders, touches
from orchestrator.store import changes as written
from orchestrator.store.changes import entry
from orchestrator.store.database import Row, Work
from orchestrator.store.touches import Due
from orchestrator.system import emit

log = logging.getLogger(__name__)
AWAITS_SENT = frozenset({TouchState.SENDING, TouchState.UNKNOWN})  # nobody knew yet that it had arrived
AFTER_SILENCE = timedelta(hours=1)  # until a call is tried again that was answered when nothing might be said
ON_THE_WAY = AWAITS_SENT | {TouchState.CALLING}


@dataclass(slots=True)
class _Standing:
    """An attempt with what the reports so far make of it."""

    attempt: Row[Any]
    due: Due
    facts: Facts | None
    result: Result | None
    ref: str | None
    code: str
    why: str
    at: datetime | None
    answered_by: str | None
    duration_s: int | None
    final: Result | None  # the first final one: it stays
    dead: bool = False  # the contact point leads nowhere

    @property
    def is_stuck(self) -> bool:
        """Whether what follows cannot be told now, because the playbook's version cannot be used: then nothing moves yet."""
        return self.facts is None and self.due.run.ended is None


def apply(parts: Parts, work: Work, in_use: InUse, reports: Mapping[UUID, Sequence[Report]], now: datetime) -> set[UUID]:
    """Reports by attempt, each attempt's in the order in which they came. Answers the attempts that exist and could be dealt with."""
    found = attempts.given(work, list(reports))
    dues = {d.touch.id: d for d in touches.given(work, sorted({row.touch_id for row in found.values()}))}
    found = attempts.given(work, list(found))  # again, now that they are locked
    facts = {d.touch.id: f for d, f in usable(work, in_use, list(dues.values()))}
    dealt_with: set[UUID] = set()
    for id_ in sorted(found):
        due = dues[found[id_].touch_id]
        desk = found[id_].via == "desk"
        heard = lines.of_the_last(work, found[id_], reports[id_], now) if desk else reports[id_]
        s = _fold(found[id_], due, facts.get(due.touch.id), heard)
        _keep(work, s)
        c, e = _advance(parts, work, in_use, s, now)
        written.write(work, c, e)
        if desk:
            lines.our_end(work, in_use, due, id_, s.result, [r.our_end for r in heard], now)
        for report in reports[id_]:
            _consequences(parts, work, in_use, s, report, now)
        if not s.is_stuck:
            dealt_with.add(id_)
    return dealt_with


def _fold(row: Row[Any], due: Due, facts: Facts | None, reports: Sequence[Report]) -> _Standing:
    before = Result(row.carrier_result) if row.carrier_result else None
    s = _Standing(
        row, due, facts, before, row.provider_ref, row.carrier_code or "", "", row.carrier_at, row.answered_by, row.duration_s,
        before if before in FINAL else None,
    )  # fmt: skip
    for r in reports:
        if row.via != "desk" or r.our_end is not None:  # of a bridged call it is the line to our own telephone that has the name
            s.ref = s.ref or r.ref
        s.ref = s.ref or r.parent
        s.dead = s.dead or r.contact_point_is_dead
        if r.answered_by is not None and s.answered_by in (None, "unknown"):
            s.answered_by = r.answered_by
        s.duration_s = max((d for d in (s.duration_s, r.duration_s) if d is not None), default=None)
        if r.result is None or not is_news(s.result, r.result):
            continue
        s.result, s.at, s.code, s.why = r.result, r.at, r.code or s.code, r.why
        s.final = s.final or (r.result if r.result in FINAL else None)
    return s


def _keep(work: Work, s: _Standing) -> None:
    row = s.attempt
    now = (s.ref, s.result, s.code or None, s.answered_by, s.duration_s)
    if now != (row.provider_ref, row.carrier_result, row.carrier_code, row.answered_by, row.duration_s):
        attempts.report(
            work,
            [{"id": row.id, "provider_ref": s.ref, "carrier_result": s.result, "carrier_at": s.at, "carrier_code": s.code or None,
              "answered_by": s.answered_by, "duration_s": s.duration_s}],
        )  # fmt: skip


def _advance(parts: Parts, work: Work, in_use: InUse, s: _Standing, now: datetime) -> tuple[list[Change], list[dict[str, Any]]]:
    """What the reports make of the touch."""
    touch = s.due.touch
    if s.attempt.via == "desk":
        fax = s.answered_by == "fax"
        lines.follow(work, in_use, s.due, s.attempt, s.result, dead=s.dead, fax=fax, duration_s=s.duration_s, now=now)
        return [], []
    if s.result is None:
        return [], []
    if s.is_stuck:
        return [], []
    if touch.channel in AUTOMATIC_CALLS and touch.state in ON_THE_WAY:
        return _call_ended(parts, work, in_use, s, now) if s.final in CALL_ENDS else ([], [])
    if touch.state in AWAITS_SENT:
        return _arrived(parts, work, in_use, s, now)
    if touch.state is TouchState.SENT and s.final is not None and s.attempt.outcome == "accepted":  # not an earlier attempt's end
        return _receipt(parts, work, s, now)
    latest = attempts.latest_of(work, [touch.id]).get(touch.id)
    news = s.result != s.attempt.carrier_result and s.result is not Result.CANCELED and s.attempt.heard != "nothing"
    if touch.state is TouchState.PLANNED and latest is not None and latest.id == s.attempt.id and news:
        return _went_out_after_all(parts, s, now)
    return [], []


def _arrived(parts: Parts, work: Work, in_use: InUse, s: _Standing, now: datetime) -> tuple[list[Change], list[dict[str, Any]]]:
    """The provider speaks of a message of which nobody knew whether it had arrived: it had."""
    touch, row = s.due.touch, s.attempt
    state = TouchState.SENT if s.final is None else TouchState.DONE if s.final is Result.DELIVERED else TouchState.FAILED
    result = "failed" if state is TouchState.FAILED else "sent"
    if not _close(work, s, "accepted", "the provider reports it", now):
        return [], []
    moved = touches.move(work, [_row(s, state, now, reason=_reason(s) if state is TouchState.FAILED else None)])
    if touch.id not in moved:
        return [], []
    what = "touch.sent" if state is not TouchState.FAILED else "touch.failed"
    why = f"{row.via} reports it ({s.result}): it did arrive there" if state is not TouchState.FAILED else _refusal(s)
    changes: list[Change] = []
    if s.due.run.ended is None and s.facts is not None:
        changes = planner.after(s.facts, touch, result, now, parts.new_id)
    if result == "sent":
        emit(parts, work, in_use, "touch.sent", [s.due], {}, now)
    entries = [_entry(s, what, why, "reported", now)]
    if state is TouchState.DONE:
        entries.append(_entry(s, "touch.done", "delivered", "receipt", now))
    return changes, entries


def _receipt(parts: Parts, work: Work, s: _Standing, now: datetime) -> tuple[list[Change], list[dict[str, Any]]]:
    """The end of a message that was sent. What follows it was planned when it was sent, unless it turns out that it never arrived."""
    delivered = s.final in (Result.DELIVERED, Result.COMPLETED)
    state = TouchState.DONE if delivered else TouchState.FAILED
    moved = touches.move(work, [_row(s, state, now, reason=None if delivered else _reason(s))])
    if s.due.touch.id not in moved:
        return [], []
    why = "delivered" if delivered else _refusal(s)
    entries = [_entry(s, "touch.done" if delivered else "touch.failed", why, "receipt", now)]
    return ([] if delivered else _another_way(parts, work, s, now)), entries


def _another_way(parts: Parts, work: Work, s: _Standing, now: datetime) -> list[Change]:
    """The playbook says what follows when it fails: that takes the place of what is planned, as long as that has not begun."""
    touch, facts = s.due.touch, s.facts
    node = facts.program.nodes[touch.step] if facts is not None else None
    if facts is None or not isinstance(node, TouchNode) or "failed" not in node.outcomes or s.due.run.ended is not None:
        return []
    planned = enrollments.stands_at(work, touch.run)
    if planned is None or planned.state is not TouchState.PLANNED:
        return []
    why = f"{touch.touchpoint} did not arrive, and the playbook goes another way then"
    instead = Close(planned.id, planned.run, TouchState.CANCELLED, "not delivered", now, why, planned.epoch)
    return [instead, *planner.after(facts, replace(touch, ordinal=planned.ordinal), "failed", now, parts.new_id)]


def _call_ended(
    parts: Parts, work: Work, in_use: InUse, s: _Standing, now: datetime
) -> tuple[list[Change], list[dict[str, Any]]]:
    """An automatic call is over: it gets its disposition, and the playbook goes on."""
    touch, row, ended = s.due.touch, s.attempt, s.due.run.ended
    assert s.final is not None, "a call that goes on has not ended"
    disposition = call_disposition(s.final, s.answered_by, row.heard, row.pressed)
    if disposition == "failed" and s.dead:
        disposition = "invalid_number"
    if disposition == "canceled":
        return _called_off(work, s, now)
    failed = disposition == "failed"
    if not _close(work, s, "rejected_permanent" if failed else "accepted", s.why or str(s.result), now):
        return [], []
    state = TouchState.FAILED if failed else TouchState.DONE
    moved = touches.move(work, [_row(s, state, now, reason=_reason(s) if failed else None, disposition=disposition)])
    if touch.id not in moved:
        return [], []
    said = label(in_use.house.rules, disposition).lower() if not failed else _refusal(s)
    line = f"{said}; the line: {s.result}, answered by: {s.answered_by or 'not told'}, {s.duration_s or 0} s"
    changes = planner.after(s.facts, touch, disposition, now, parts.new_id) if ended is None and s.facts is not None else []
    if not failed:
        emit(parts, work, in_use, "call.finished", [s.due], {"disposition": disposition}, now)
    return changes, [_entry(s, f"touch.{state}", line, disposition, now)]


def _called_off(work: Work, s: _Standing, now: datetime) -> tuple[list[Change], list[dict[str, Any]]]:
    """A call that ended before anything was said, because we wanted it so: it is judged anew, or over with its enrollment."""
    touch, ended = s.due.touch, s.due.run.ended
    if not _close(work, s, "rejected_safe", "called off before anything was said", now):
        return [], []
    why = "called off before anything was said"
    if ended is not None:
        state = TouchState.CANCELLED if touch.state is TouchState.CALLING else TouchState.FAILED
        touches.move(work, [_row(s, state, now, reason=str(ended))])
        return [], [_entry(s, f"touch.{state}", f"{why}: the enrollment has ended ({ended})", str(ended), now)]
    # it rang, somebody picked up and heard nothing: not again at once
    due_at = now + AFTER_SILENCE if s.attempt.heard == "nothing" else now
    touches.move(work, [{**_row(s, TouchState.PLANNED, now), "due_at": due_at, "effect_at": None, "finished_at": None}])
    return [], [_entry(s, "touch.refused", f"{why}; its policies are asked again", "called off", now)]


def _went_out_after_all(parts: Parts, s: _Standing, now: datetime) -> tuple[list[Change], list[dict[str, Any]]]:
    """We took it for refused and planned it again, and the provider says otherwise: it is not sent a second time."""
    touch = s.due.touch
    why = f"{s.attempt.via} reports attempt {s.attempt.number} after all ({s.result}): it is not sent again"
    changes: list[Change] = [Close(touch.id, touch.run, TouchState.SKIPPED, "went out already", now, why, touch.epoch)]
    if s.due.run.ended is None and s.facts is not None:
        changes += planner.after(s.facts, touch, _became(s), now, parts.new_id)
    return changes, []


def _became(s: _Standing) -> str:
    """What the planner is told of a touch that went out although we thought it had not."""
    if s.due.touch.channel in AUTOMATIC_CALLS and s.final in CALL_ENDS and s.final is not None:
        return call_disposition(s.final, s.answered_by, s.attempt.heard, s.attempt.pressed)
    return "failed" if s.final is Result.UNDELIVERED else "sent"


def _consequences(parts: Parts, work: Work, in_use: InUse, s: _Standing, report: Report, now: datetime) -> None:
    """What a report changes beyond its touch: consent, the contact point, the sender."""
    customer = s.due.customer
    column: Literal["email", "phone"] = "email" if s.due.touch.channel == "email" else "phone"
    if report.suppresses is not None and report.suppresses not in customer.suppressed:
        why = report.why or "the provider reports it"
        suppress_everybody(parts, work, in_use, (column, s.attempt.recipient), customer.id, report.suppresses, why, now)
    if report.contact_point_is_dead:
        customers.forget_contact_point(work, customer.id, column, s.attempt.recipient, report.why, now)
    pace = parts.paces.get(str(s.due.touch.channel))
    if pace is not None and report.result in (Result.SENT, Result.DELIVERED):
        senders.release(work, pace.sender, s.attempt.began_at, by_report=True)
    if report.holds_sender and pace is not None and senders.hold(work, pace.sender, report.code, report.why, now, by_report=True):
        log.error("nothing goes out from a sender until somebody mends it", extra={"action": "sender.held", "code": report.code})


def _close(work: Work, s: _Standing, outcome: str, detail: str, now: datetime) -> bool:
    """Record the attempt's outcome; answers False when it had one."""
    row = attempts.outcome_row(s.attempt.id, outcome, now, s.ref or f"reported:{s.attempt.id}", detail)
    if s.attempt.outcome is None:
        return bool(attempts.close(work, [row]))
    return s.attempt.outcome == "unknown" and bool(attempts.settle(work, [row]))


def _row(
    s: _Standing, state: TouchState, now: datetime, *, reason: str | None = None, disposition: str | None = None
) -> dict[str, Any]:
    touch = s.due.touch
    return {
        "id": touch.id, "epoch": touch.epoch, "was_state": touch.state, "state": state, "lease_until": None, "finished_at": now,
        "reason": reason, "disposition": disposition,
    }  # fmt: skip


def _reason(s: _Standing) -> str:
    return f"{s.result} {s.code}".strip()[:80]


def _refusal(s: _Standing) -> str:
    return f"{s.result}: {s.why}" if s.why else str(s.result)


def _entry(s: _Standing, what: str, why: str, rule: str, now: datetime) -> dict[str, Any]:
    return entry(now, what, why, rule=rule, run=s.due.run.id, touch=s.due.touch.id, customer=s.due.customer.id)
