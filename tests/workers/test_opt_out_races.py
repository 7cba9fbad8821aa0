"""Whoever says stop while something is being sent gets nothing of it that begins afterwards: 500 interleavings of the two.

The sender and the opt-out run in two threads, and hand a baton to each other at points inside both: where they read the clock, make
an id (in the middle of their transactions, locks held), call the provider, and wake others. A seed decides at which points. Whoever
has the baton keeps it when the other waits for a lock of the database. In every fourth interleaving both simply run.

What began before what is told by the ids of the journal: a claim and an opt-out both hold the customer's row until they commit (on
SQLite there is one writer at all) and write their entry meanwhile. So for one customer the order of ids is the order of commits.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

import pytest
from sqlalchemy import select, text

from orchestrator import answering, authoring, callbacks, dispatch, engine, talking
from orchestrator.channels.base import KINDS, Accepted, Answer, Found, Outgoing, Placed, Sought
from orchestrator.ids import new_id
from orchestrator.links import UNSUBSCRIBE
from orchestrator.parts import Parts
from orchestrator.rulebook import Rulebook
from orchestrator.store import customers, schema
from orchestrator.store.database import Database
from orchestrator.store.events import NewEvent
from orchestrator.store.inbox import Delivery
from orchestrator.store.upgrade import upgrade
from tests.stories import designs
from tests.stories.world import person
from tests.workers.processes import ALWAYS

pytestmark = pytest.mark.timeout(240)
NOW = datetime(2026, 9, 15, 15, 0, tzinfo=UTC)
ALREADY, OPEN = "quote.viewed", "quote.sent"  # what starts the follow-up with an earlier contact, and those that race
LOST_AFTER_S = 20.0  # a baton that does not come back

Kind = Literal["stop", "nine", "unsubscribe", "spam"]
SCOPE: Mapping[Kind, str] = {"stop": "text", "nine": "call", "unsubscribe": "email", "spam": "email"}
CHANNELS = {"text": ("text",), "call": ("voice", "voicemail"), "email": ("email",)}
STEPS = {
    "text": ("text: {0}", "email: other"),
    "call": ("voice: {0}\n  outcomes: {{do_not_contact: continue}}", "email: other"),
    "email": ("email: {0}", "text: other"),
}


class Baton:
    """Two threads, of which the seed lets one go on at each point."""

    def __init__(self, chance: random.Random, is_blocked: Callable[[], bool] | None) -> None:
        self._chance, self._is_blocked = chance, is_blocked
        self._turn = threading.Condition()
        self._has = chance.choice(("sender", "customer"))
        self._free = chance.random() < 0.25  # nobody waits for anybody: what lies between the points gets its turn too
        self._gone: set[str] = set()
        self.handed = 0

    def point(self, me: str, *, holds_all: bool = False) -> None:
        """A place at which the other may go first. holds_all: it cannot, for I hold what it needs (SQLite has one writer)."""
        other = "customer" if me == "sender" else "sender"
        with self._turn:
            if not self._free and self._chance.random() < 0.5 and other not in self._gone:
                self._has = other
                self.handed += 1
                self._turn.notify_all()
            if holds_all or self._free:
                return
            for _ in range(int(LOST_AFTER_S / 0.002)):
                if self._turn.wait_for(lambda: self._has == me or other in self._gone, 0.002):
                    return
                if self._is_blocked is not None and self._is_blocked():
                    self._has = me
                    return
            raise AssertionError(f"{me} never got the baton back")

    def leaves(self, me: str) -> None:
        with self._turn:
            self._gone.add(me)
            self._turn.notify_all()


class Provider:
    """Takes everything. Calls go on until somebody says how they ended."""

    name = "provider"
    carries = KINDS

    def __init__(self) -> None:
        self.reached: list[Outgoing] = []
        self.during: Callable[[], None] = lambda: None

    def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        self.during()
        self.reached += batch
        self.during()
        return [Placed(f"CA{m.handle.hex}") if m.channel in CHANNELS["call"] else Accepted(f"M{m.handle.hex}") for m in batch]

    def find(self, sought: Sequence[Sought]) -> Mapping[UUID, Found]:
        return {s.handle: "cannot tell" for s in sought}


@dataclass
class Race:
    """One business in which customers opt out while they are written to and called."""

    parts: Parts
    provider: Provider
    kind: Kind
    customers: int = 0
    races: int = 0

    def arrive(self, type_: str, *who: int, each: int = 1) -> None:
        """Events of this type, one for each follow-up."""
        batch = []
        for n in who:
            for i in range(each):
                id_ = new_id()
                subject = f"quote/{type_}-{n}-{i}"
                batch.append(NewEvent(id_, "crm", subject, type_, subject, NOW, NOW, {}, _somebody(n), subject, True))
        assert all(len(r.enrollments) == 1 for r in engine.handle_events(self.parts, batch))

    def opt_out(self, parts: Parts, n: int, handle: UUID) -> None:
        """The customer's wish, as the hook or the page hands it on; returning means that it is committed."""
        said = _somebody(n)
        match self.kind:
            case "stop":
                body = {"From": said["phone"], "Body": "STOP", "MessageSid": f"SM{n}"}
                callbacks.take_in(parts, [Delivery("twilio", "incoming_text", f"stop {n}", body, NOW)])
            case "spam":
                event = {
                    "event": "spamreport",
                    "email": said["email"],
                    "touch_attempt": str(handle),
                    "timestamp": int(NOW.timestamp()),
                }
                callbacks.take_in(parts, [Delivery("sendgrid", "email_event", f"spam {n}", event, NOW, handle)])
            case "unsubscribe":
                with parts.database.work() as work:
                    url = parts.links.unsubscribe(work, handle)
                assert answering.unsubscribe(parts, url.rpartition(f"{UNSUBSCRIBE}/")[2])
            case "nine":
                pressed = talking.pressed(parts, handle, "9")
                assert pressed is not None
                assert pressed[0] == "stop"
        with parts.database.work() as work:
            person = customers.by_ref(work, said["id"])
        assert person is not None
        assert SCOPE[self.kind] in person.suppressed, "whoever was told that it is done must not be told so before it is"

    def run(self, chance: random.Random, n: int, handle: UUID) -> int:
        """Two follow-ups fall due, and the customer opts out meanwhile. Answers how often the baton was handed over."""
        self.arrive(OPEN, n, each=2)
        postgres = self.parts.database.postgres
        baton = Baton(chance, (lambda: _somebody_waits(self.parts.database)) if postgres else None)
        self.provider.during = lambda: baton.point("sender")
        failed: list[BaseException] = []

        def thread(me: str, act: Callable[[Parts], object]) -> threading.Thread:
            def moment() -> datetime:
                baton.point(me)
                return NOW

            def identity() -> UUID:
                baton.point(me, holds_all=not postgres)
                return new_id()

            def wake(_: Collection[str]) -> None:
                baton.point(me)

            mine = replace(self.parts, clock=moment, new_id=identity, wake=wake)

            def work() -> None:
                try:
                    baton.point(me)
                    act(mine)
                except BaseException as error:  # shell: the test says so
                    failed.append(error)
                finally:
                    baton.leaves(me)

            return threading.Thread(target=work, name=me)

        def send(mine: Parts) -> None:
            for channel in CHANNELS[SCOPE[self.kind]]:
                dispatch.drain(mine, channel)

        both = [thread("sender", send), thread("customer", lambda mine: self.opt_out(mine, n, handle))]
        for one in both:
            one.start()
        for one in both:
            one.join(LOST_AFTER_S * 2)
        self.provider.during = lambda: None
        if failed:
            raise failed[0]
        assert not any(one.is_alive() for one in both)
        self.settle(self.parts)
        return baton.handed

    def settle(self, parts: Parts) -> None:
        while callbacks.handle_waiting(parts) + sum(dispatch.drain(parts, channel) for channel in dispatch.CHANNELS):
            pass


@pytest.mark.parametrize("kind", ["stop", "nine", "unsubscribe", "spam"])
def test_nothing_begins_after_an_opt_out_that_races_with_a_send(database_url: str, tmp_path: Path, kind: Kind) -> None:
    interleavings = 100 if database_url.startswith("postgres") else 25
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)
    race = _race(database_url, tmp_path, kind)
    try:
        race.arrive(ALREADY, *range(interleavings))
        race.settle(race.parts)
        earlier = {m.to: m.handle for m in race.provider.reached}
        column = "email" if SCOPE[kind] == "email" else "phone"

        handed = sum(race.run(random.Random(seed * 1_000 + n), n, earlier[_somebody(n)[column]]) for n in range(interleavings))

        counted, wrong = _audit(race, interleavings)
        later = replace(race.parts, clock=lambda: NOW + timedelta(hours=2))
        race.settle(later)
        wrong += _audit(race, interleavings)[1]
        print(handed, counted)
        assert not wrong, "\n".join(wrong[:20])
        assert handed > interleavings
        assert counted["began before"] > 0, "sometimes the sender was first"
        assert counted["skipped"] > 0, "and sometimes the customer"
    finally:
        race.parts.database.close()


def _audit(race: Race, customers: int) -> tuple[Counter[str], list[str]]:
    """How the races ended, and everything that an opt-out should have prevented, or should not have."""
    with race.parts.database.work() as work:
        touches = {t.id: t for t in work.connection.execute(select(schema.touch))}
        journal = list(work.connection.execute(select(schema.journal).order_by(schema.journal.c.id)))
        attempts = {a.id: a for a in work.connection.execute(select(schema.attempt))}
    scope = SCOPE[race.kind]
    stopped: dict[UUID, int] = {}
    counted: Counter[str] = Counter()
    wrong = []
    for said in journal:
        if said.what == "customer.opted_out":
            if said.customer_id in stopped:
                wrong.append("somebody opted out twice")
            stopped[said.customer_id] = said.id
            if not said.why.endswith(f"({scope})"):
                wrong.append(f"it closed something else: {said.why}")
        touch = touches.get(said.touch_id)
        if said.what == "touch.sending" and touch is not None and touch.channel in CHANNELS[scope]:
            counted["began before"] += 1
            if touch.customer_id in stopped:
                wrong.append(f"{touch.touchpoint} {touch.id} began after the opt-out")
    if len(stopped) != customers:
        wrong.append(f"{len(stopped)} of {customers} opted out")
    began = {s.touch_id for s in journal if s.what == "touch.sending"}
    wrong += [
        f"the {message.channel} {message.handle} has no intent on record"
        for message in race.provider.reached
        if attempts[message.handle].touch_id not in began
    ]
    for touch in touches.values():
        if touch.channel in CHANNELS[scope] and touch.id not in began:
            counted["skipped"] += touch.state == "skipped"
            if (touch.state, touch.reason) != ("skipped", "suppression"):
                wrong.append(f"{touch.touchpoint} {touch.id} was not stopped: {touch.state} ({touch.reason})")
        elif touch.channel not in CHANNELS[scope] and touch.state not in ("sent", "planned"):
            wrong.append(f"{touch.touchpoint} on another channel did not go on: {touch.state} ({touch.reason})")
    return counted, wrong


def _race(url: str, folder: Path, kind: Kind) -> Race:
    provider = Provider()
    carried = dict.fromkeys(KINDS, provider)
    parts = Parts(Database(url, safe_writes=False), Rulebook(), carried, lambda: NOW, new_id)
    upgrade(parts.database)
    contact, other = STEPS[SCOPE[kind]]
    later = "- touchpoint: {1}\n  " + contact + "\n  after: {2}\n"
    playbooks = [
        designs.playbook(
            later.format("first", "first", "0 minutes") + later.format("second", "second", "1 hour") + f"- touchpoint: other\n  {other}\n",
            name="already", starts_on=ALREADY, stops_on="{quote.accepted: goal}",
        ),
        designs.playbook(
            later.format("race", "race", "0 minutes") + later.format("race-two", "race-two", "0 minutes") + f"- touchpoint: other\n  {other}\n",
            name="open", starts_on=OPEN, stops_on="{quote.accepted: goal}",
        ),
    ]  # fmt: skip
    authoring.publish(parts, designs.write(folder / "playbooks", *playbooks, house={**ALWAYS, "holidays": "[]"}), "ops")
    return Race(parts, provider, kind)


def _somebody(n: int) -> dict[str, str]:
    return person(f"P{n}", phone=f"+1555{n // 90:05}{n % 90:02}", email=f"p{n}@example.com")


def _somebody_waits(database: Database) -> bool:
    """Whether a transaction of this database waits for a lock of another."""
    with database.work() as work:
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return bool(work.connection.execute(waiting).scalar_one())
