"""Due touches become attempts: claim a batch, judge it, write the intents, commit; send; record the answers and what follows, commit.

No database session is open while a provider is called. Nothing is decided here: fates come from core/judging.py, what follows
from the planner.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from orchestrator.channels.base import Answer, Unknown
from orchestrator.composing import compose
from orchestrator.core.calls import kept_for
from orchestrator.core.judging import LARGE, SMALL, Fate, Go, Later, Over, fate, refuse
from orchestrator.core.model import Change, Contact, Deny, TouchState
from orchestrator.core.planner import Facts
from orchestrator.core.urgency import rank_at
from orchestrator.errors import DatabaseError
from orchestrator.facts import Defect, facts_of
from orchestrator.language.program import TouchNode
from orchestrator.language.templates import CannotSay
from orchestrator.outcomes import Sending, record
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.settling import settle_filed
from orchestrator.store import attempts, pauses, senders, staff, touches
from orchestrator.store import changes as written
from orchestrator.store.attempts import Intent
from orchestrator.store.changes import entry
from orchestrator.store.database import Work
from orchestrator.store.touches import Due

log = logging.getLogger(__name__)

TAKES_AT_MOST = timedelta(seconds=30)  # from when a channel begins a message until it reaches the customer
DEFECT_WAITS = timedelta(minutes=15)  # until a touch whose version cannot be used is looked at again
Judged = tuple[Due, Facts | None, Fate]  # no facts: its version cannot be used

CHANNELS = ("wait", "email", "text", "voice", "voicemail", "call")  # the queues of workers; "wait" has no provider


def drain(parts: Parts, channel: str, *, stop: Callable[[], bool] = lambda: False, most: int = 100_000) -> int:
    """Do what is due on a channel until nothing is left, `stop` says so, or `most` touches are done. Answers how many were handled."""
    handled, size = (_settled(parts) if channel == "call" else 0), SMALL  # here, because this runs every second
    while handled < most and not stop():
        found = drain_once(parts, channel, min(size, most - handled))
        handled += found
        if not found or (found < size and channel not in parts.paces):  # with a pace, a batch is as large as there is room
            break
        size = LARGE  # a backlog
    return handled


def _settled(parts: Parts) -> int:
    try:
        return settle_filed(parts)
    except DatabaseError:
        raise
    except Exception as error:  # shell: whoever waits for a call must not wait for what others filed
        log.error("filed calls could not be settled", extra={"action": "filed.failed", "error": type(error).__name__})
        return 0


def drain_once(parts: Parts, channel: str, size: int = SMALL) -> int:
    """One batch of one channel. Answers how many touches were claimed."""
    now = parts.clock()
    claimed, sending = parts.database.run(lambda work: _claim(parts, work, channel, now, size))
    if sending:
        via = parts.channels[channel]
        try:
            answers: list[Answer] = via.send([s.message for s in sending])
        except Exception as error:  # shell: a defect in a channel must not make us say that nothing was sent
            log.exception("a channel failed; its batch is unknown", extra={"action": "channel.failed", "channel": channel})
            answers = [Unknown(f"the channel failed: {type(error).__name__}")] * len(sending)
        record(parts, sending, answers)
    return claimed


def judge_all(
    parts: Parts, work: Work, in_use: InUse, dues: Sequence[Due], now: datetime, *, only_first: bool = False
) -> list[Judged]:
    """The fate of each, in order; those that may go count towards the caps of those after them.

    only_first: stop at the first that may go; those after it are left out.
    """
    paused = pauses.live(work)
    reached = touches.contacts(work, {d.customer.id for d in dues if d.touch.channel}, now)
    judged: list[Judged] = []
    for due, facts in zip(dues, facts_of(work, in_use, dues), strict=True):
        if isinstance(facts, Defect):
            judged.append((due, None, Later(now + DEFECT_WAITS, "defect", facts.why)))
            continue
        contacts = reached.setdefault(due.customer.id, [])
        decided = fate(due.touch, due.run, facts, contacts, paused, now, parts.new_id)
        if isinstance(decided, Go) and due.touch.channel:
            contacts.append(Contact(due.touch.channel, now))
        judged.append((due, facts, decided))
        if only_first and isinstance(decided, Go):
            break
    return judged


def put_off(work: Work, late: Sequence[tuple[Due, Later]], now: datetime) -> list[dict[str, Any]]:
    """Touches are planned again for later; answers their journal entries."""
    touches.move(
        work,
        [
            {"id": d.touch.id, "epoch": d.touch.epoch, "was_state": d.touch.state, "state": TouchState.PLANNED,
             "due_at": f.until, "lease_until": None, "held_by": None, "effect_at": None}
            for d, f in late
        ],
    )  # fmt: skip
    return [
        entry(now, "touch.deferred", f"put off to {f.until:%Y-%m-%d %H:%M} UTC: {f.why}", rule=f.rule, run=d.run.id,
              touch=d.touch.id, customer=d.customer.id)
        for d, f in late
    ]  # fmt: skip


def _claim(parts: Parts, work: Work, channel: str, now: datetime, size: int) -> tuple[int, list[Sending]]:
    """Claim and judge a batch, and write everything that was decided, intents included."""
    pace = parts.paces.get(channel)
    if pace is not None:  # what has no room now stays planned and due: a burst is spread out
        size = senders.room(work, pace.sender, pace.per_second, now, size)
    dues = touches.claim_due(work, channel, now, size) if size else []
    if not dues:
        return 0, []
    in_use = parts.rulebook.refresh(work)
    judged = judge_all(parts, work, in_use, dues, now)
    changes: list[Change] = [c for _, _, f in judged if isinstance(f, Over) for c in f.changes]
    entries = put_off(work, [(d, f) for d, _, f in judged if isinstance(f, Later)], now)
    free = [(d, x, f) for d, x, f in judged if x is not None and isinstance(f, Go)]
    sending: list[Sending] = []
    if channel == "call":
        entries += _offer(work, in_use, free, now)
    elif channel != "wait":
        sending, refused = _write_intents(parts, work, in_use, free, entries, now)
        changes += refused
    written.write(work, changes, entries)
    if pace is not None:
        senders.take(work, pace.sender, pace.per_second, now, len(sending))
    return len(dues), sending


def _offer(work: Work, in_use: InUse, free: Sequence[tuple[Due, Facts, Go]], now: datetime) -> list[dict[str, Any]]:
    """Calls become tasks in their queues, for whom they are."""
    owners = {d.touch.id: kept for d, f, _ in free if (kept := kept_for(d.touch, d.run, f, now)) is not None}
    here = staff.enabled(work, {name for name, _ in owners.values()}) if owners else set()
    nodes = {d.touch.id: f.program.nodes[d.touch.step] for d, f, _ in free}
    rows = []
    for d, _, _ in free:
        node, owner = nodes[d.touch.id], owners.get(d.touch.id)
        offered: tuple[str | None, datetime | None] = (d.touch.offered_to, d.touch.offered_until)
        if owner is not None:
            offered = owner if owner[0] in here else (None, None)
        rows.append((node.skill if isinstance(node, TouchNode) else None, _language(in_use, d), *offered))
    touches.move(
        work,
        [
            {
                "id": d.touch.id,
                "epoch": d.touch.epoch,
                "was_state": d.touch.state,
                "state": TouchState.READY,
                "escalate_at": f.escalate_at,
                "rank_at": rank_at(d.touch.priority, d.touch.due_at, d.touch.expires_at),
                "skill": skill,
                "language": language,
                "offered_to": offered_to,
                "offered_until": offered_until,
            }
            for (d, _, f), (skill, language, offered_to, offered_until) in zip(free, rows, strict=True)
        ],
    )
    return [
        entry(
            now,
            "touch.ready",
            f"waits in the queue {d.touch.queue}; {f.why}",
            run=d.run.id,
            touch=d.touch.id,
            customer=d.customer.id,
        )
        for d, _, f in free
    ]


def _language(in_use: InUse, due: Due) -> str | None:
    """The customer's language, where somebody on the desk speaks it."""
    spoken = (due.customer.locale or "").replace("_", "-").partition("-")[0].lower()
    return spoken if spoken in in_use.house.rules.languages else None


def _write_intents(
    parts: Parts, work: Work, in_use: InUse, free: Sequence[tuple[Due, Facts, Go]], entries: list[dict[str, Any]], now: datetime
) -> tuple[list[Sending], list[Change]]:
    """Render each message and put the attempt on record; what cannot be rendered is not sent."""
    tried_before = [d.touch.id for d, _, _ in free if d.touch.epoch > 0]
    numbers = attempts.numbers(work, tried_before) if tried_before else {}
    via = parts.channels[free[0][0].touch.channel or ""].name if free else ""
    sending: list[Sending] = []
    intents: list[Intent] = []
    refused: list[Change] = []
    for due, facts, go in free:
        attempt = parts.new_id()
        try:
            not_after = min(go.closes_at - TAKES_AT_MOST, now + parts.lease / 2)
            message, speech = compose(parts, work, in_use, due, facts, attempt, not_after, go.closes_at)
        except CannotSay as missing:
            deny = Deny("missing value", f"{due.touch.touchpoint} cannot be written: {missing}")
            refused += refuse(facts, due.touch, deny, now, parts.new_id)
            continue
        except Exception as error:  # shell: a defect in one touch's words must not hold up its channel
            log.error(
                "a touch cannot be composed",
                extra={"action": "touch.defect", "touch": str(due.touch.id), "error": type(error).__name__},
            )
            put_by = Later(now + DEFECT_WAITS, "defect", f"it cannot be composed: {type(error).__name__}")
            entries += put_off(work, [(due, put_by)], now)
            continue
        number = numbers.get(due.touch.id, 0) + 1
        sending.append(Sending(due, facts, attempt, number, due.touch.epoch + 1, now, message))
        intents.append(
            Intent(
                attempt, due.touch.id, number, due.touch.epoch + 1, via, now, message.to, message.fingerprint, go.closes_at,
                speech.as_json() if speech else None,
            )
        )  # fmt: skip
        why = f"attempt {number} goes out" if number > 1 else "goes out"
        entries.append(
            entry(now, "touch.sending", f"{why}; {go.why}", run=due.run.id, touch=due.touch.id, customer=due.customer.id)
        )
    attempts.begin(work, intents)
    touches.move(
        work,
        [
            {"id": s.due.touch.id, "epoch": s.due.touch.epoch, "was_state": s.due.touch.state, "state": TouchState.SENDING, "effect_at": now,
             "lease_until": now + parts.lease}
            for s in sending
        ],
    )  # fmt: skip
    return sending, refused
