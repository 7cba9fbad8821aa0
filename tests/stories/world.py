"""A world for stories: a database, a clock that jumps to local moments, a provider, people, and staff.

    world.publish(playbook("- touchpoint: thanks\\n  email: thanks"))
    world.arrives("quote.sent", customer="Dana")
    world.time_passes_until("Tue 09:30")
    world.expect_email("thanks", to="Dana")

What happens and was not expected fails the story at its end.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from orchestrator import authoring, desk, dispatch, engine, reports
from orchestrator.channels.base import KINDS, Channel
from orchestrator.core.model import EndReason, TouchState
from orchestrator.engine import Receipt
from orchestrator.ids import new_id
from orchestrator.parts import Parts
from orchestrator.rulebook import Rulebook
from orchestrator.store import customers, schema, touches
from orchestrator.store.database import Database
from orchestrator.store.events import NewEvent
from orchestrator.sweep import Swept, sweep
from tests.core.moments import WEEKDAYS, moment, shown
from tests.stories import books, designs
from tests.stories.post import Post, Reached

START = "Mon 2026-09-14 09:00"  # an ordinary week: no holiday near, clocks change in November
HOME = "America/Chicago"
CONSENT = {"email": "service", "text": "service", "call": "service"}


class Clock:
    """The time that a story is at."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def person(name: str, **more: Any) -> dict[str, Any]:
    """What events say of somebody: person("Dana", time_zone="America/Denver"). A value of None leaves the field out."""
    number = 100 + int(hashlib.sha256(name.encode()).hexdigest(), 16) % 100  # the range that is kept for fiction
    said = {
        "id": f"C-{name}", "name": f"{name} Ortiz", "first_name": name, "email": f"{name.lower()}@example.com",
        "phone": f"+1312555{number:04}", "time_zone": HOME, "locale": "en-US", "consent": CONSENT, **more,
    }  # fmt: skip
    return {key: value for key, value in said.items() if value is not None}


@dataclass
class Taken:
    """A call that somebody has."""

    world: World
    who: str
    task: desk.CallTask

    @property
    def touchpoint(self) -> str:
        return str(self.task.due.touch.touchpoint)

    def ends(self, disposition: str, *, minutes: int = 3, call_back_at: str | None = None, **answers: Any) -> desk.NotHeld | None:
        """The call ends so, a few minutes later; what follows at once happens."""
        self.world.clock.at += timedelta(minutes=minutes)
        wished = self.world.moment(call_back_at) if call_back_at else None
        refused = desk.finish(
            self.world.parts, self.task.touch, self.who, disposition, answers=answers or None, call_back_at=wished
        )
        self.world.settle()
        return refused

    def is_put_back(self) -> desk.NotHeld | None:
        return desk.put_back(self.world.parts, self.task.touch, self.who)


@dataclass
class Staff:
    """Somebody on the desk."""

    world: World
    who: str

    def takes_next_call(self, *queues: str) -> Taken:
        task = desk.claim_next(self.world.parts, self.who, queues or None)
        assert task is not None, f"there is no call for {self.who}\n{self.world.story()}"
        self.world.known_calls.add(task.touch)
        return Taken(self.world, self.who, task)

    def finds_no_call(self, *queues: str) -> None:
        task = desk.claim_next(self.world.parts, self.who, queues or None)
        assert task is None, f"{self.who} was given {task and task.due.touch.touchpoint}"


class World:
    """See above. One process with everything in it, that can be stopped dead and started again."""

    def __init__(self, url: str, folder: Path, now: str = START) -> None:
        self.url, self.folder = url, folder
        self.clock = Clock(moment(now, HOME))
        self.post = Post(self.clock)
        self._opened: list[Database] = []
        self.parts = self.another_process()
        self.known_calls: set[UUID] = set()
        self._expected: set[int] = set()  # places in post.reached
        self._keys = 0

    # -- processes ----------------------------------------------------------------------------------------------------

    def another_process(self, **channels: Channel) -> Parts:
        """Parts of its own: what one process holds beside others."""
        carried: dict[str, Channel] = {**dict.fromkeys(KINDS, self.post), **channels}
        self._opened.append(Database(self.url, safe_writes=False))
        return Parts(self._opened[-1], Rulebook(), carried, self.clock, new_id)

    def restarts(self) -> None:
        """The process is gone with all it had in memory, and another one starts."""
        self.parts.database.close()
        self.parts = self.another_process()

    def publish(self, *playbooks: str, **more: Any) -> None:
        """Make this design current. more: house, words (see designs.write)."""
        authoring.publish(self.parts, designs.write(self.folder, *playbooks, **more), "ops")

    # -- what happens ---------------------------------------------------------------------------------------------------

    def event(
        self,
        type_: str,
        customer: str | dict[str, Any] | None = "Dana",
        subject: str = "quote/Q-1",
        *,
        key: str | None = None,
        at: str | datetime | None = None,
        backfill: bool = False,
        **data: Any,
    ) -> NewEvent:
        """An event that has not arrived yet. at: when it occurred; now, when not said."""
        self._keys += 1
        said = person(customer) if isinstance(customer, str) else customer
        occurred = self.clock.at if at is None else at if isinstance(at, datetime) else self.moment(at)
        body = json.dumps([type_, subject, occurred.isoformat(), said, data], sort_keys=True)
        return NewEvent(
            new_id(), "crm", key or f"e{self._keys}", type_, subject, occurred, self.clock.at, data, said,
            hashlib.sha256(body.encode()).hexdigest(), True, backfill,
        )  # fmt: skip

    def arrives(self, type_: str, *args: Any, **more: Any) -> Receipt:
        """An event arrives, and what is due at once happens."""
        (receipt,) = engine.handle_events(self.parts, [self.event(type_, *args, **more)])
        self.settle()
        return receipt

    def opts_out(self, name: str, channel: str = "all") -> int:
        """This customer wants no more contact."""
        return engine.opt_out(self.parts, self.customer(name), channel, "asked for it", self.clock.at)

    def staff(self, who: str) -> Staff:
        return Staff(self, who)

    def settle(self) -> None:
        """Workers do what is due now."""
        for _ in range(60):
            done = self.drain()
            if not done and sweep(self.parts) == Swept():
                return
        raise AssertionError(f"the workers never come to rest\n{self.story()}")

    def drain(self) -> int:
        """Workers of every channel that has something to do. Answers how much they did."""
        with self.parts.database.work() as work:
            due = (schema.touch.c.state == TouchState.PLANNED) & (schema.touch.c.due_at <= self.clock.at)
            filed = schema.touch.c.state == TouchState.FILED
            found = set(work.connection.execute(select(schema.touch.c.channel).where(due | filed).distinct()).scalars())
        return sum(
            dispatch.drain(self.parts, channel)
            for channel in dispatch.CHANNELS
            if (None if channel == "wait" else channel) in found
        )

    def time_passes_until(self, text: str) -> None:
        """Workers run all the while: the clock stops at every moment at which something falls due."""
        self.passes(self.moment(text) - self.clock.at)

    def passes(self, span: timedelta) -> None:
        """The same, by the length of time."""
        since, until = self.clock.at, self.clock.at + span
        assert until >= self.clock.at, "time does not run backwards"
        for _ in range(2_000):
            self.settle()
            with self.parts.database.work() as work:
                upcoming = touches.next_change(work)
            if self.touches(state="unknown"):  # the sweep comes every few seconds, and asks about these
                soon = self.clock.at + max(
                    timedelta(hours=1), (self.clock.at - since) / 16
                )  # most of it happens on the first days
                upcoming = min(upcoming or soon, soon)
            if upcoming is None or upcoming > until:
                self.clock.at = until
                self.settle()
                return
            self.clock.at = max(self.clock.at + timedelta(seconds=1), upcoming)
        raise AssertionError(f"time stands still\n{self.story()}")

    def outage_until(self, text: str) -> None:
        """Time passes and nobody works."""
        self.clock.at = self.moment(text)

    # -- what is expected -------------------------------------------------------------------------------------------------

    def expect_email(self, touchpoint: str, to: str = "Dana", at: str | None = None) -> Reached:
        return self._expect("email", touchpoint, to, at)

    def expect_text(self, touchpoint: str, to: str = "Dana", at: str | None = None) -> Reached:
        return self._expect("text", touchpoint, to, at)

    def expect_voicemail(self, touchpoint: str, to: str = "Dana", at: str | None = None) -> Reached:
        return self._expect("voicemail", touchpoint, to, at)

    def expect_call(self, touchpoint: str, queue: str = "sales") -> None:
        """A call waits in that queue."""
        for row in self.touches(state="ready"):
            if row.touchpoint == touchpoint and row.queue == queue and row.id not in self.known_calls:
                self.known_calls.add(row.id)
                return
        raise AssertionError(f"no call {touchpoint} waits in {queue}\n{self.story()}")

    def expect_nothing(self) -> None:
        """Nothing happened beside what was expected already."""
        more = [r for i, r in enumerate(self.post.reached) if i not in self._expected]
        calls = [row.touchpoint for row in self.touches(state="ready") if row.id not in self.known_calls]
        assert not more, f"unexpected: {[(r.touchpoint, r.to, self.local(r.at)) for r in more]}\n{self.story()}"
        assert not calls, f"unexpected calls: {calls}\n{self.story()}"

    def expects_anything(self) -> None:
        """For stories that count instead."""
        self._expected = set(range(len(self.post.reached)))
        self.known_calls |= {row.id for row in self.touches(state="ready")}

    def _expect(self, channel: str, touchpoint: str, to: str, at: str | None) -> Reached:
        address = person(to)["email" if channel == "email" else "phone"]
        for i, one in enumerate(self.post.reached):
            if i not in self._expected and (one.channel, one.touchpoint, one.to) == (channel, touchpoint, address):
                self._expected.add(i)
                came = self.local(one.at)
                assert at is None or came.startswith(at) or came == at or f"{came[:3]} {came[-5:]}" == at, f"it came {came}"
                return one
        raise AssertionError(f"no {channel} {touchpoint} reached {to}\n{self.story()}")

    # -- what can be looked up ----------------------------------------------------------------------------------------------

    def moment(self, text: str) -> datetime:
        """ "Tue 09:30": the next one from now, on a clock in Chicago. Or with its date: "Sun 2026-11-01 01:30"."""
        if len(text.split()) > 2:
            return moment(text, HOME)
        day, clock = text.split()
        there = self.clock.at.astimezone(ZoneInfo(HOME))
        for ahead in range(8):
            date = (there + timedelta(days=ahead)).date()
            found = datetime.fromisoformat(f"{date} {clock}").replace(tzinfo=ZoneInfo(HOME)).astimezone(UTC)
            if WEEKDAYS[date.weekday()] == day and found >= self.clock.at:
                return found
        raise AssertionError(f"{text} does not come")

    def local(self, at: datetime) -> str:
        return shown(at, HOME)

    def customer(self, name: str) -> UUID:
        with self.parts.database.work() as work:
            found = customers.by_ref(work, f"C-{name}")
        assert found is not None
        return found.id

    def touches(self, **match: Any) -> list[Row[Any]]:
        """Touches with these values, in the order of their making."""
        return self.rows(schema.touch, schema.touch.c.planned_at, schema.touch.c.id, **match)

    def runs(self, **match: Any) -> list[Row[Any]]:
        return self.rows(schema.enrollment, schema.enrollment.c.started_at, schema.enrollment.c.id, **match)

    def rows(self, table: Any, *order: Any, **match: Any) -> list[Row[Any]]:
        query = select(table).order_by(*order)
        for name, value in match.items():
            query = query.where(table.c[name] == value)
        with self.parts.database.work() as work:
            return list(work.connection.execute(query))

    def states(self, touchpoint: str) -> list[str]:
        return [row.state for row in self.touches(touchpoint=touchpoint)]

    def ended(self, subject: str = "quote/Q-1") -> EndReason | None:
        """Why the latest enrollment of a subject ended; None while it is open."""
        reason = self.runs(subject=subject)[-1].end_reason
        return EndReason(reason) if reason else None

    def said(self, what: str) -> list[str]:
        """The whys of all journal entries of one kind."""
        return [row.why for row in self.rows(schema.journal, schema.journal.c.id, what=what)]

    def story(self) -> str:
        """Everything that happened, for failing tests."""
        lines = []
        for subject in sorted({row.subject for row in self.rows(schema.event, schema.event.c.id)})[:5]:
            lines.append(f"-- {subject}; now {self.local(self.clock.at)}")
            lines += [f"{e.local} | {e.what} | {e.about} | {e.why}" for e in reports.timeline(self.parts, subject)]
        return "\n".join(lines)

    def close(self) -> None:
        """Let every connection go."""
        for database in self._opened:
            database.close()


def books_balance(world: World) -> None:
    """Fails with every entry that does not fit."""
    found = books.faults(world.parts.database, [r.handle for r in world.post.reached])
    assert not found, "\n".join([*found[:20], world.story()])


def changed(event: NewEvent, **fields: Any) -> NewEvent:
    """The same event sent again, with other words: another body."""
    return replace(event, id=new_id(), body_hash="another", **fields)


def repeated(event: NewEvent) -> NewEvent:
    """The same event sent again."""
    return replace(event, id=new_id())
