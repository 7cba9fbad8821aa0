"""The business's books beside the carrier's own ledger: what must hold after a bad day, asked of both sides.

What came before what is told by the ids of the journal. Whoever writes of a contact or of an opt-out holds the customer's row
until the commit (on SQLite there is one writer at all), and takes the entry's id meanwhile. So for one customer the order of ids
is the order of commits; moments of clocks are not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from orchestrator import reports
from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.world import Entry
from orchestrator.channels.twilio_reports import CALL_RESULTS, TEXT_RESULTS
from orchestrator.core.receipts import FINAL, Result
from orchestrator.store import replies, schema, touches
from orchestrator.store.database import Database
from tests.stories import books
from tests.workers.carried_business import CarriedBusiness

MESSAGES = ("email", "text", "voice", "voicemail")
SCOPES = {"email": "email", "text": "text", "call": "call", "voice": "call", "voicemail": "call"}
ENDS = ("sent", "done", "failed", "skipped", "cancelled", "expired")
MAILED = {
    "delivered": Result.DELIVERED,
    "bounce": Result.UNDELIVERED,
    "dropped": Result.UNDELIVERED,
    "spamreport": Result.DELIVERED,
}
_SCOPE = re.compile(r"\((email|text|call|all)\)$")
# Books of stories without receipts know no failure after an acceptance (a bounce), and no call that goes on.
NOT_HERE = ": an attempt was accepted"


@dataclass(frozen=True, slots=True)
class Wrong:
    """One promise that was not kept."""

    what: str
    touch: UUID | None = None

    def __str__(self) -> str:
        return f"{self.what} (touch {self.touch})" if self.touch else self.what


@dataclass(slots=True)
class Counted:
    """How it went, for people who read the test's output."""

    touches: int = 0
    effects: int = 0
    states: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)  # channel and how it stands in the ledger
    reconciled: int = 0  # attempts that were unknown and were found, or provably absent
    opt_outs: Counter[str] = field(default_factory=Counter)
    held: int = 0  # touches that wait because nobody has read a reply
    faults: int = 0
    kills: int = 0


@dataclass(slots=True)
class _Books:
    """Everything that is on record, on both sides."""

    touches: dict[UUID, Row[Any]]
    attempts: dict[UUID, Row[Any]]
    runs: dict[UUID, Row[Any]]
    journal: list[Row[Any]]
    listed: set[UUID]  # unknown touches as a person is shown them
    answered: set[UUID]  # customers whose answer waits to be read
    ledger: list[Entry]


def audit(b: CarriedBusiness) -> tuple[Counted, list[Wrong]]:
    """What happened, and every promise that was not kept."""
    read = _read(b.parts.database, b.carrier)
    wrong = [
        *_twice(read),
        *_ends(read),
        *_unknown(read),
        *_sent(read),
        *_after_opt_out(read),
        *_forward(read),
        *(Wrong(w) for w in books.faults(b.parts.database, _effects(read)) if NOT_HERE not in w),
    ]
    return _counted(b, read), wrong


def stories(b: CarriedBusiness, wrong: Iterable[Wrong]) -> list[str]:
    """What happened to the follow-ups in question."""
    lines = []
    with b.parts.database.work() as work:
        found = {t.id: t for t in work.connection.execute(select(schema.touch))}
        subjects = {r.id: r.subject for r in work.connection.execute(select(schema.enrollment.c.id, schema.enrollment.c.subject))}
        tried = list(work.connection.execute(select(schema.attempt).order_by(schema.attempt.c.began_at)))
    for one in wrong:
        if one.touch is not None and one.touch in found:
            lines.append(f"-- {one}")
            lines += [
                f"{x.at:%H:%M:%S.%f} | {x.what} | {x.about} | {x.why}"
                for x in reports.timeline(b.parts, subjects[found[one.touch].enrollment_id])
            ]
            lines += [
                f"attempt {a.number} {a.id} began {a.began_at:%H:%M:%S.%f} {a.outcome} {a.provider_ref} {a.carrier_result} {a.detail}"
                for a in tried
                if a.touch_id == one.touch
            ]
            handles = {a.id for a in tried if a.touch_id == one.touch}
            lines += [
                f"ledger: {e.at:%H:%M:%S.%f} {e.kind} {e.sid} {e.handle} {e.status}"
                for e in b.carrier.ledger()
                if e.handle in handles
            ]
    return lines


def _read(database: Database, carrier: Carrier) -> _Books:
    with database.work() as work:

        def rows(table: Any, order: Any) -> list[Row[Any]]:
            return list(work.connection.execute(select(table).order_by(order)))

        listed: set[UUID] = set()
        last: UUID | None = None
        while found := touches.unknown(work, 200, last):
            listed |= {d.touch.id for d in found}
            last = found[-1].touch.id
        return _Books(
            {t.id: t for t in rows(schema.touch, schema.touch.c.planned_at)},
            {a.id: a for a in rows(schema.attempt, schema.attempt.c.number)},
            {r.id: r for r in rows(schema.enrollment, schema.enrollment.c.id)},
            rows(schema.journal, schema.journal.c.id),
            listed,
            {row.customer_id for row in replies.open_ones(work, 10_000)},
            [e for e in carrier.ledger() if e.parent is None],
        )


def _effects(read: _Books) -> list[UUID]:
    """The handle of each effect, once for each time."""
    mine = [(e, read.attempts.get(e.handle)) for e in read.ledger if e.handle is not None]
    return [e.handle for e, attempt in mine if e.handle is not None and not (attempt is not None and _is_silent(e, attempt))]


def _twice(read: _Books) -> Iterable[Wrong]:
    """Promises 3 and 11: each effect has an earlier attempt; no touch has two."""
    of: dict[UUID, list[Entry]] = {}
    for entry in read.ledger:
        attempt = read.attempts.get(entry.handle) if entry.handle else None
        if attempt is None:
            yield Wrong(f"the {entry.kind} {entry.sid} has no attempt")
            continue
        if attempt.began_at > entry.at:
            yield Wrong(f"the {entry.kind} {entry.sid} came before its attempt", attempt.touch_id)
        if _is_silent(entry, attempt):
            continue
        of.setdefault(attempt.touch_id, []).append(entry)
        if entry.times > 1:
            yield Wrong(f"the {entry.kind} {entry.sid} is the {entry.times}. of its attempt", attempt.touch_id)
    for touch, entries in of.items():
        if len(entries) > 1:
            yield Wrong(f"{read.touches[touch].touchpoint} took effect {len(entries)} times", touch)


def _is_silent(entry: Entry, attempt: Row[Any]) -> bool:
    """Whether it is a call that was called off, or hung up on, before a word was said: its policies are asked again, and it may be made."""
    return entry.kind == "call" and attempt.outcome == "rejected_safe" and not entry.body


def _ends(read: _Books) -> Iterable[Wrong]:
    """Promise 4: each touch is at an end, or where a person sees it."""
    for touch in read.touches.values():
        run = read.runs[touch.enrollment_id]
        held = touch.state in ("planned", "ready") and run.held_at is not None
        if held and touch.customer_id not in read.answered:
            yield Wrong(f"{touch.touchpoint} is held, and no answer waits to be read", touch.id)
        elif touch.state == "unknown" and touch.id not in read.listed:
            yield Wrong(f"{touch.touchpoint} is unknown and nobody is shown it", touch.id)
        elif touch.state not in (*ENDS, "unknown") and not held:
            yield Wrong(f"{touch.touchpoint} is {touch.state}", touch.id)


def _unknown(read: _Books) -> Iterable[Wrong]:
    """What the ledger knows was adopted, unless two of the same to one number cannot be told apart."""
    there = {e.handle for e in read.ledger}
    for attempt in read.attempts.values():
        touch = read.touches[attempt.touch_id]
        doubtful = attempt.outcome in (None, "unknown")
        if attempt.id in there and attempt.outcome == "absent":
            yield Wrong(f"an attempt counts as absent and is in the ledger: {touch.touchpoint}", touch.id)
        if attempt.id in there and doubtful and not _ambiguous(read, attempt, touch):
            yield Wrong(f"{touch.touchpoint} is in the ledger and was not found there", touch.id)


def _ambiguous(read: _Books, attempt: Row[Any], touch: Row[Any]) -> bool:
    """Whether the provider's list has, or lacks, something that another attempt in doubt may be: the same words, or any call."""
    if touch.channel == "email":
        return False  # its events carry our handle
    for other in read.attempts.values():
        theirs = read.touches[other.touch_id]
        if other.id == attempt.id or other.recipient != attempt.recipient or SCOPES[theirs.channel] != SCOPES[touch.channel]:
            continue
        near = abs((other.began_at - attempt.began_at).total_seconds()) < 90
        if (
            near
            and other.outcome in ("unknown", "absent")
            and (touch.channel != "text" or other.fingerprint == attempt.fingerprint)
        ):
            return True
    return False


def _sent(read: _Books) -> Iterable[Wrong]:
    """Promise 11: what counts as sent is in the provider's ledger."""
    there = {e.handle for e in read.ledger}
    for attempt in read.attempts.values():
        touch = read.touches[attempt.touch_id]
        if attempt.outcome == "accepted" and attempt.via != "desk" and attempt.id not in there:
            yield Wrong(f"{touch.touchpoint} counts as {touch.state}, and the ledger does not know it", touch.id)


def _after_opt_out(read: _Books) -> Iterable[Wrong]:
    """Promise 6: nothing was begun after the opt-out was committed."""
    stopped: dict[tuple[UUID, str], int] = {}
    for said in read.journal:
        if said.what == "customer.opted_out" and (scope := _SCOPE.search(said.why)):
            stopped.setdefault((said.customer_id, scope[1]), said.id)
        touch = read.touches.get(said.touch_id) if said.what in ("touch.sending", "touch.in_call") else None
        if touch is not None and any((touch.customer_id, s) in stopped for s in (SCOPES[touch.channel], "all")):
            yield Wrong(f"{touch.touchpoint} began after the customer had opted out of it", touch.id)


def _forward(read: _Books) -> Iterable[Wrong]:
    """Promise 10: what we hold for final is what the ledger says in the end; every call and e-mail has its end."""
    of = {e.handle: e for e in read.ledger}
    for attempt in read.attempts.values():
        entry = of.get(attempt.id)
        if entry is None:
            if attempt.carrier_result is not None and attempt.via != "desk":
                yield Wrong(f"a result ({attempt.carrier_result}) of something that the ledger does not know", attempt.touch_id)
            continue
        ours = Result(attempt.carrier_result) if attempt.carrier_result else None
        theirs = (MAILED if entry.kind == "email" else TEXT_RESULTS if entry.kind == "text" else CALL_RESULTS).get(entry.status)
        if ours in FINAL and ours is not theirs:
            yield Wrong(f"we hold {ours} for final, and the ledger says {entry.status}", attempt.touch_id)
        if ours not in FINAL and entry.kind != "text" and attempt.outcome not in (None, "unknown"):
            yield Wrong(f"an {entry.kind} that ended as {entry.status} has no final result ({ours})", attempt.touch_id)


def _counted(b: CarriedBusiness, read: _Books) -> Counted:
    there = {e.handle for e in read.ledger}
    lasting = {a.touch_id: a for a in read.attempts.values() if a.outcome == "unknown"}
    met = b.carrier.world.dice.met
    return Counted(
        touches=len(read.touches),
        effects=len(read.ledger) + b.staff_calls,
        states=Counter(t.state for t in read.touches.values()),
        unknown=Counter(
            f"{t.channel}, {'in' if lasting[t.id].id in there else 'not in'} the ledger"
            for t in read.touches.values()
            if t.state == "unknown"
        ),
        reconciled=sum(s.rule in ("reconciled", "reported") or s.what == "touch.retried" for s in read.journal),
        opt_outs=Counter(m[1] for s in read.journal if s.what == "customer.opted_out" and (m := _SCOPE.search(s.why))),
        held=sum(t.state == "planned" for t in read.touches.values()),
        faults=sum(met.values()),
        kills=b.kills,
    )
