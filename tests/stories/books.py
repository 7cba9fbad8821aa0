"""The books balance: what must hold over the whole database and the provider's list after every story, asked by plain SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from orchestrator.core.model import OPEN_STATES
from orchestrator.store import schema
from orchestrator.store.database import Database

MESSAGES = ("email", "text", "voice", "voicemail")
HELD = ("planned", "ready")


def faults(database: Database, reached: Iterable[UUID]) -> list[str]:
    """Every way in which the books do not balance. reached: the provider's list of handles, one for each effect."""
    with database.work() as work:

        def rows(table: Any) -> list[Row[Any]]:
            return list(work.connection.execute(select(table)))

        touches, attempts, runs, said = rows(schema.touch), rows(schema.attempt), rows(schema.enrollment), rows(schema.journal)
    by_id = {t.id: t for t in touches}
    tries: dict[UUID, list[Row[Any]]] = {}
    for attempt in sorted(attempts, key=lambda a: a.number):
        tries.setdefault(attempt.touch_id, []).append(attempt)
    return [
        *_effects(list(reached), attempts, by_id),
        *_attempts(touches, tries),
        *_touches(touches, tries, said),
        *_enrollments(runs, touches),
    ]


def _effects(reached: list[UUID], attempts: list[Row[Any]], touches: dict[UUID, Row[Any]]) -> Iterable[str]:
    """Each effect has an earlier attempt row; each touch has at most one effect."""
    known = {a.id: a for a in attempts}
    for handle, times in Counter(reached).items():
        if times > 1:
            yield f"attempt {handle} took effect {times} times"
        if handle not in known:
            yield f"effect {handle} has no attempt"
    per_touch = Counter(known[handle].touch_id for handle in set(reached) if handle in known)
    for touch, times in per_touch.items():
        if times > 1:
            yield f"{touches[touch].touchpoint} of {touch} took effect {times} times"


def _attempts(touches: list[Row[Any]], tries: dict[UUID, list[Row[Any]]]) -> Iterable[str]:
    """Each sent touch has one accepted attempt with the provider's name for it, each open attempt a touch that waits for it."""
    for touch in touches:
        mine = tries.get(touch.id, [])
        accepted = [a for a in mine if a.outcome == "accepted"]
        about = f"{touch.touchpoint} ({touch.state}, {touch.id})"
        if [a.number for a in mine] != list(range(1, len(mine) + 1)):
            yield f"{about}: its attempts are numbered {[a.number for a in mine]}"
        if (touch.state == "sent" or (touch.state == "done" and touch.channel)) and not (
            len(accepted) == 1 and accepted[0].provider_ref
        ):
            yield f"{about}: {len(accepted)} accepted attempts"
        refused_later = touch.state == "failed" and accepted and accepted[-1].carrier_result in ("undelivered", "failed")
        if accepted and touch.state not in ("sent", "done") and not refused_later:
            yield f"{about}: an attempt was accepted"
        open_now = [a for a in mine if a.outcome in (None, "unknown")]
        if bool(open_now) != (touch.state in ("sending", "in_call", "filed", "calling", "unknown")):
            yield f"{about}: open attempts {[(a.number, a.outcome) for a in open_now]}"
        if touch.state == "unknown" and open_now and open_now[0].outcome != "unknown":
            yield f"{about}: its attempt has no outcome"
        if touch.channel is None and mine:
            yield f"the wait {touch.id} has attempts"


def _touches(touches: list[Row[Any]], tries: dict[UUID, list[Row[Any]]], said: list[Row[Any]]) -> Iterable[str]:
    """Never early; each step of a life on record with its why; each end with a reason."""
    journal = {(entry.touch_id, entry.what) for entry in said if entry.why}
    for touch in touches:
        about = f"{touch.touchpoint or 'wait'} ({touch.state}, {touch.id})"
        early = [a for a in tries.get(touch.id, []) if a.outcome in ("accepted", "unknown", None) and a.began_at < touch.due_at]
        if early:
            yield f"{about} was due {touch.due_at} and began {early[0].began_at}"
        if (touch.id, "touch.planned") not in journal:
            yield f"{about}: the journal does not say why it was planned"
        if touch.state not in ("planned",) and (touch.id, f"touch.{touch.state}") not in journal:
            yield f"{about}: the journal does not say how it came to be {touch.state}"
        if touch.state in ("skipped", "cancelled", "expired", "failed", "unknown") and not touch.reason:
            yield f"{about}: no reason"


def _enrollments(runs: list[Row[Any]], touches: list[Row[Any]]) -> Iterable[str]:
    """An open enrollment stands at one open touch; an ended one has nothing ahead but what was under way when it ended."""
    of: dict[UUID, list[Row[Any]]] = {run.id: [] for run in runs}
    for touch in touches:
        of[touch.enrollment_id].append(touch)
    for run in runs:
        mine = sorted(of[run.id], key=lambda t: t.ordinal)
        open_now = [t for t in mine if t.state in OPEN_STATES]
        about = f"{run.playbook} for {run.subject} ({run.end_reason or 'open'})"
        if run.ended_at is None and len(open_now) != 1:
            yield f"{about} is open and stands at {len(open_now)} touches"
        if any(t.state in HELD and t.epoch == 0 for t in open_now) and run.ended_at is not None:
            yield f"{about} has ended and {open_now[0].touchpoint} is still {open_now[0].state}"
        if [t.ordinal for t in mine] != list(range(1, len(mine) + 1)):
            yield f"{about}: its touches are numbered {[t.ordinal for t in mine]}"
        if open_now and open_now[-1] is not mine[-1]:
            yield f"{about}: {open_now[-1].touchpoint} is open, and something came after it"
        effects = [t.effect_at for t in mine if t.effect_at is not None]
        if any(after < before for before, after in pairwise(effects)):
            yield f"{about}: its effects are out of order"
        late = [t for t in mine if run.ended_at is not None and t.effect_at is not None and t.effect_at > run.ended_at]
        if late:
            yield f"{about}: {late[0].touchpoint} took effect after the end"
