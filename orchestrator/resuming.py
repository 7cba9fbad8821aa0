"""Going on after a pause: what it held moves by its length, follows spaced out, or is not made; how much of each is said beforehand.

The pause is lifted last, in the unit of work that decides on what comes first; everything before that one is dated later, or over.
So a process that dies on the way leaves a pause that can be resumed again, and nothing that went out too early.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from orchestrator.channels.base import KINDS
from orchestrator.core.model import Change, TouchState
from orchestrator.core.policies.pause import ASK_AGAIN
from orchestrator.core.resuming import Held, How, Moved, expired, shifted, slots
from orchestrator.core.windows import local_words
from orchestrator.errors import InputError, Overtaken, Problem
from orchestrator.facts import usable
from orchestrator.holds import What, noted
from orchestrator.parts import Parts
from orchestrator.store import bulk, events, pauses, touches
from orchestrator.store import changes as written
from orchestrator.store.audit import By
from orchestrator.store.changes import entry
from orchestrator.store.database import Work
from orchestrator.store.schema import enrollment
from orchestrator.store.touches import Due

PER_MINUTE = 60  # touches that follow in one minute after a pause
BATCH = 1_000  # touches that are decided on in one unit of work


@dataclass(frozen=True, slots=True)
class Outlook:
    """What resuming would do, in each of the three ways."""

    since: datetime
    length: timedelta
    in_time: int  # came due meanwhile and can still be made
    too_late: int  # came due meanwhile and has passed its deadline
    later: int  # planned for later, waits included
    calls: int  # that wait for staff
    last_at: datetime  # when the last of them follows, spaced out

    @property
    def held(self) -> int:
        """What came due meanwhile."""
        return self.in_time + self.too_late

    @property
    def is_spaced(self) -> bool:
        """Whether some of it follows later than at once."""
        return self.last_at > self.since + self.length


@dataclass(frozen=True, slots=True)
class Resumed:
    """What resuming did."""

    followed: int = 0  # due again, now or spaced out
    shifted: int = 0
    expired: int = 0


@dataclass(frozen=True, slots=True)
class _Listed:
    """A touch under the pause, before anything is decided."""

    id: UUID
    due_at: datetime
    since: datetime
    came_due: datetime | None
    expires_at: datetime | None
    slot: datetime


def look(parts: Parts, what: What, per_minute: int = PER_MINUTE) -> Outlook | None:
    """What resuming would do; nothing changes. None: it does not stand still. What is in time may still meet closed hours."""
    now = parts.clock()

    def unit(work: Work) -> Outlook | None:
        since = pauses.since(work, what.scope, what.name)
        if since is None:
            return None
        rows = pauses.covered(work, what.scope, what.name, since, [TouchState.PLANNED])
        held = [r for r in rows if r.channel is not None and _came_due(r, since, now) is not None]
        late = sum(1 for r in held if r.expires_at is not None and r.expires_at <= now)
        calls = pauses.calls(work, what.scope, what.name)
        last = max(slots([r.expires_at for r in held], now, per_minute), default=now)
        return Outlook(since, now - since, len(held) - late, late, len(rows) - len(held), calls, last)

    return parts.database.run(unit)


def resume(
    parts: Parts,
    what: What,
    by: By,
    how: How = How.IN_TIME,
    per_minute: int = PER_MINUTE,
    batch: int = BATCH,
    *,
    looked_at: datetime | None = None,
) -> Resumed | None:
    """Go on. None when it did not stand still. Raises Overtaken when it went on and was paused again meanwhile.

    looked_at: since when the pause lasted that somebody looked at; None: nobody looked at one.
    """
    if not 1 <= per_minute <= 100_000:
        raise InputError(Problem(f"{per_minute} a minute is no pace", "say how many may follow in one minute, e.g. 60"))
    now = parts.clock()
    found = parts.database.run(lambda work: _listed(work, what, how, now, per_minute))
    if found is None:
        return None
    since, listed = found
    if looked_at not in (None, since):
        raise _another_pause(what)
    done = Resumed()
    chunks = [listed[n : n + batch] for n in range(0, len(listed), batch)] or [[]]
    for place, chunk in reversed(list(enumerate(chunks))):  # what comes first is decided on last

        def unit(
            work: Work, chunk: Sequence[_Listed] = chunk, so_far: Resumed = done, *, last: bool = place == 0
        ) -> Resumed | None:
            events.lock_subjects(work, ["pauses"])  # two leads at once: one of them hears that it goes on already
            still = pauses.since(work, what.scope, what.name)
            if still is None:
                return None
            if still != since:
                raise _another_pause(what)
            did = _decide(parts, work, what, by, how, now, chunk)
            if last:
                pauses.lift(work, what.scope, what.name)
                noted(work, what, by, "resumed", "pause.lifted", now, _told(how, so_far, did))
            return did

        did = parts.database.run(unit)
        if did is None:
            return None
        done = Resumed(done.followed + did.followed, done.shifted + did.shifted, done.expired + did.expired)
    parts.wake({*KINDS, "wait"})
    return done


def _another_pause(what: What) -> Overtaken:
    return Overtaken(Problem(f"{what} was resumed and paused again meanwhile", "look again, then resume"))


def _told(how: How, done: Resumed, last: Resumed) -> str:
    """Which way was chosen, and what it decided."""
    counts = {
        "shifted": done.shifted + last.shifted, "sent one after the other": done.followed + last.followed,
        "given up": done.expired + last.expired,
    }  # fmt: skip
    said = ", ".join(f"{n} {words}" for words, n in counts.items() if n)
    return f" ({how}: {said or 'nothing waited'})"


def _listed(work: Work, what: What, how: How, now: datetime, per_minute: int) -> tuple[datetime, list[_Listed]] | None:
    """Since when it is paused, and what this way of resuming decides on, in the order in which it follows. None: it is not."""
    since = pauses.since(work, what.scope, what.name)
    if since is None:
        return None
    rows = [(r, _came_due(r, since, now)) for r in pauses.covered(work, what.scope, what.name, since)]
    if how is not How.SHIFT:
        rows = [(r, due) for r, due in rows if due is not None and r.channel is not None]
    rows.sort(key=lambda found: (found[1] or found[0].due_at, found[0].id))
    times = slots([r.expires_at for r, _ in rows], now, per_minute)
    return since, [
        _Listed(r.id, r.due_at, max(since, r.planned_at, r.shifted or since), due, r.expires_at, slot)
        for (r, due), slot in zip(rows, times, strict=True)
    ]


def _came_due(row: Any, since: datetime, now: datetime) -> datetime | None:
    """When a touch would have happened but for the pause. None: it is due later, or somebody moved it meanwhile."""
    if row.state != TouchState.PLANNED:
        return None
    if row.last is not None and row.due_at == row.last + ASK_AGAIN:
        return row.first if row.shifted is None or row.first > row.shifted else row.last  # type: ignore[no-any-return]
    return row.due_at if row.due_at <= now else None


def _decide(parts: Parts, work: Work, what: What, by: By, how: How, now: datetime, chunk: Sequence[_Listed]) -> Resumed:
    seen = {one.id: one for one in chunk}
    # whoever moved one meanwhile has decided on it
    dues = [
        d for d in touches.given(work, [one.id for one in chunk]) if d.touch.due_at == seen[d.touch.id].due_at and _is_open(d)
    ]
    match how:
        case How.IN_TIME:
            return _follow(work, what, by, now, dues, seen)
        case How.SHIFT:
            return _shift(parts, work, what, by, now, dues, seen)
        case How.EXPIRE:
            return _expire(parts, work, what, by, now, dues)


def _is_open(due: Due) -> bool:
    return due.touch.state in (TouchState.PLANNED, TouchState.READY) and due.run.ended is None


def _follow(work: Work, what: What, by: By, now: datetime, dues: Sequence[Due], seen: dict[UUID, _Listed]) -> Resumed:
    rows = [_row(d, due_at=seen[d.touch.id].slot) for d in dues]
    moved = touches.move(work, rows)
    said = [
        _said(d, now, "touch.spaced", f"{by.name} resumed {what}: it follows at {_local(d, seen[d.touch.id].slot, now)}", by)
        for d in dues
        if d.touch.id in moved and seen[d.touch.id].slot > now
    ]
    written.write(work, [], said)
    return Resumed(followed=len(moved))


def _shift(
    parts: Parts, work: Work, what: What, by: By, now: datetime, dues: Sequence[Due], seen: dict[UUID, _Listed]
) -> Resumed:
    decided: list[tuple[Due, Moved]] = []
    for due, facts in usable(work, parts.rulebook.refresh(work), dues):
        one = seen[due.touch.id]
        new = shifted(Held(due.touch, one.since, one.came_due), facts.program.nodes[due.touch.step], now)
        if (new.due_at, new.expires_at, new.escalate_at) != (due.touch.due_at, due.touch.expires_at, due.touch.escalate_at):
            decided.append((due, new))
    rows = [_row(d, due_at=m.due_at, expires_at=m.expires_at, escalate_at=m.escalate_at) for d, m in decided]
    moved = touches.move(work, rows)
    decided = [(d, m) for d, m in decided if d.touch.id in moved]
    later = [{"id": d.run.id, "gives_up_at": d.run.gives_up_at + m.by} for d, m in decided if m.by]
    bulk.update(work, enrollment, later, match=("id",))
    written.write(work, [], [_said(d, now, "touch.shifted", _shift_words(what, by, d, m, now), by) for d, m in decided])
    return Resumed(shifted=len(decided))


def _expire(parts: Parts, work: Work, what: What, by: By, now: datetime, dues: Sequence[Due]) -> Resumed:
    why = f"it came due while {what} was paused, and {by.name} let it expire"
    changes: list[Change] = []
    over = usable(work, parts.rulebook.refresh(work), dues)
    for due, facts in over:
        changes += expired(facts, due.touch, why, now, parts.new_id)
    written.write(work, changes)
    return Resumed(expired=len(over))


def _row(due: Due, **values: datetime | None) -> dict[str, Any]:
    t = due.touch
    return {"id": t.id, "epoch": t.epoch, "was_state": t.state, "state": t.state, **values}


def _said(due: Due, now: datetime, what: str, why: str, by: By) -> dict[str, Any]:
    return entry(now, what, why, rule=by.name, run=due.run.id, touch=due.touch.id, customer=due.customer.id)


def _shift_words(what: What, by: By, due: Due, new: Moved, now: datetime) -> str:
    if not new.by:
        return f"{by.name} resumed {what}: its day is set by a date of its own, so it follows now"
    return f"{by.name} resumed {what}: {how_long(new.by)} later than planned, at {_local(due, new.due_at, now)}"


def _local(due: Due, moment: datetime, now: datetime) -> str:
    return local_words(moment, (due.customer.zones or ("UTC",))[0], now)


def how_long(span: timedelta) -> str:
    """ "3 days 4 hours"; "12 minutes"; "less than a minute"."""
    minutes = int(span.total_seconds()) // 60
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    said = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((days, "day"), (hours, "hour"), (minutes, "minute")) if n]
    return " ".join(said[:2]) or "less than a minute"
