"""A house that is at work: our web part, the rehearsal carrier and somebody who does what is due, on real ports of this machine.

The clock goes as the real one, from a Monday morning in office hours, and leaps when it is told to: `house.leaps(minutes=6)`.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from orchestrator import authoring, callbacks, dispatch
from orchestrator.accepting import accept
from orchestrator.access import invitations, passwords, people
from orchestrator.carrier.call import Call
from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.lines import Lines
from orchestrator.carrier.people import Chances
from orchestrator.carrier.running import RunningCarrier
from orchestrator.carrier.world import Entry
from orchestrator.clock import utc_now
from orchestrator.config import Settings
from orchestrator.errors import TouchpointError
from orchestrator.parts import Parts
from orchestrator.store import schema, staff
from orchestrator.store.audit import AT_THE_TERMINAL
from orchestrator.store.database import Work
from orchestrator.store.staff import Member
from orchestrator.store.upgrade import upgrade
from orchestrator.sweep import sweep
from orchestrator.web.app import create_app
from orchestrator.wiring import build
from tests.core.moments import moment
from tests.stories.carried import Web
from tests.workers.processes import wait_for

ROOT = Path(__file__).resolve().parents[2]
SENT, NOW = "Thu 2026-09-10 09:40", "Mon 2026-09-14 10:30"  # two business days later the call is due
PASSWORD = "a long way to the harbor"  # of everybody here; the database is gone with the test
CALM = Chances(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)  # who is in no table picks up
SPEED = 30.0  # of the carrier: a telephone rings for parts of a second
PATIENCE_S = 20.0
AREAS = (312, 773, 630, 847, 708, 815, 217, 309, 618, 224, 331, 464, 779, 872, 260, 317, 219, 574, 765, 812)


class Leaping:
    """The real clock, from another moment on; it leaps when it is told to."""

    def __init__(self, at: datetime) -> None:
        self._ahead = at - utc_now()

    def __call__(self) -> datetime:
        return utc_now() + self._ahead

    def leap_to(self, at: datetime) -> None:
        self._ahead = at - utc_now()


class Patient(Lines):
    """Who answers a call talks until the house lets them hang up: no talk is over before anybody could hear that it began."""

    def talk(self, parent: Call, child: Call, now: datetime) -> None:
        self._note(child, "they are connected", now)


class House:
    """See above."""

    def __init__(self, folder: Path) -> None:
        self.clock = Leaping(moment(SENT, "America/Chicago"))
        self.web = Web()
        self.running = RunningCarrier(Carrier(self.clock, 1, hooks=self.web.url, speed=SPEED, chances=CALM))
        calls = self.running.carrier.calls
        calls.lines = Patient(calls.world, calls.callbacks, calls)
        self.settings = Settings(
            _env_file=None, database_url=f"sqlite:///{folder / 'house.sqlite3'}", public_url=self.web.url,
            carrier_url=self.running.url, playbooks=Path(shutil.copytree(ROOT / "playbooks", folder / "playbooks")),
        )  # fmt: skip
        self._wake, self._over, self._lock = threading.Event(), threading.Event(), threading.Lock()
        self.parts: Parts = build(self.settings, clock=self.clock, wake=lambda _: self._wake.set(), safe_writes=False)
        upgrade(self.parts.database)
        authoring.publish(self.parts, self.settings.playbooks, "test")
        self._hash = passwords.hashed(PASSWORD)
        self._phones = 0
        self.web.serves(create_app(self.parts, self.settings))
        self._worker = threading.Thread(target=self._work, name="house-worker", daemon=True)

    def opens(self, *names: str) -> None:
        """Quotes went out on Thursday; now it is Monday, their calls are due, and the work goes on by itself."""
        for name in names:
            self.quote(name)
        self.does_what_is_due()
        self.clock.leap_to(moment("Thu 2026-09-10 10:10", "America/Chicago"))
        self.does_what_is_due()  # the thank-you mail
        self.clock.leap_to(moment(NOW, "America/Chicago"))
        self.does_what_is_due()
        self._worker.start()

    def quote(self, name: str, /, **more: Any) -> None:
        """Somebody got a quote this minute."""
        self._accept([self._quote(name, **more)])

    def quotes(self, *names: str) -> None:
        """Each of them got one: more people at once, in a few units of work."""
        for first in range(0, len(names), 50):
            self._accept([self._quote(name) for name in names[first : first + 50]])

    def _accept(self, events: list[dict[str, Any]]) -> None:
        for answer in accept(self.parts, events):
            assert not answer.problems, answer.problems

    def _quote(self, name: str, /, **more: Any) -> dict[str, Any]:
        ref = f"C-{abs(hash(name)) % 10**8}" if not name.isidentifier() else f"C-{name}"
        self._phones += 1
        # every customer's number ends in 01: they pick up; the rest of it makes them different people
        customer = {
            "id": ref, "name": f"{name} Ortiz" if name.isidentifier() else name, "first_name": name.split()[0] if name.split() else name,
            "email": f"customer{self._phones}@example.com", "phone": f"+1{AREAS[self._phones % len(AREAS)]}5550101",
            "time_zone": "America/Chicago", "locale": "en-US", "consent": {"email": "service", "text": "service", "call": "service"}, **more,
        }  # fmt: skip
        return {
            "id": f"k-{ref}", "source": "crm", "type": "quote.sent", "subject": f"quote/{ref.removeprefix('C-')}",
            "time": self.clock().isoformat(), "customer": customer,
            "data": {"amount": 1850, "currency": "USD", "owner": "ari", "work": "the back deck"},
        }  # fmt: skip

    def member(self, name: str, role: str = "agent", *queues: str, **more: Any) -> Member:
        """Somebody of the staff, made as an admin makes them."""
        profile = people.Profile(name.capitalize(), role, queues or (("sales",) if role == "agent" else ("*",)), **more)

        def make(work: Work) -> Member:
            made = people.add(self.parts, work, name, profile, AT_THE_TERMINAL, self.clock())
            invitations.set_password(work, made.id, self._hash, self.clock())
            return made

        return self.parts.database.run(make)

    def ends_sessions(self, name: str) -> None:
        """An admin signs them out everywhere."""

        def end(work: Work) -> None:
            found = staff.by_name(work, name)
            assert found is not None
            people.sign_out_everywhere(work, found.id, AT_THE_TERMINAL, self.clock())

        self.parts.database.run(end)

    def hangs_up(self, name: str) -> None:
        """The customer, who talks to one of the staff, hangs up."""
        calls = self.running.carrier.calls
        (line,) = calls.listed({"To": [self.phone(name)], "Status": ["in-progress"]})
        calls.end(line, "completed", self.clock())

    # -- time ----------------------------------------------------------------------------------------------------------

    def leaps(self, **span: float) -> None:
        """Time goes by at once, and what falls due is done."""
        self.clock.leap_to(self.clock() + timedelta(**span))
        self.does_what_is_due()

    def does_what_is_due(self) -> None:
        """What workers do when they are woken."""
        with self._lock:
            for _ in range(50):
                done = sum(dispatch.drain(self.parts, channel) for channel in dispatch.CHANNELS)
                done += callbacks.handle_waiting(self.parts)
                sweep(self.parts)
                if not done:
                    return

    def _work(self) -> None:
        while not self._over.is_set():
            self._wake.wait(0.1)
            self._wake.clear()
            try:
                self.does_what_is_due()
            except TouchpointError:  # what a worker of ours survives, and looks at again
                continue

    # -- what there is -------------------------------------------------------------------------------------------------

    def customer(self, name: str) -> UUID:
        return UUID(str(self.rows(select(schema.customer.c.id).where(schema.customer.c.ref == f"C-{name}"))[0].id))

    def phone(self, name: str) -> str:
        return str(self.rows(select(schema.customer.c.phone).where(schema.customer.c.id == self.customer(name)))[0].phone)

    def touches(self, name: str) -> list[Row[Any]]:
        """Everything planned for and done with this customer, in order."""
        table = schema.touch
        return self.rows(select(table).where(table.c.customer_id == self.customer(name)).order_by(table.c.ordinal))

    def call(self, name: str, touchpoint: str = "quote-check-in") -> Row[Any]:
        """Their call."""
        return next(row for row in reversed(self.touches(name)) if row.touchpoint == touchpoint)

    def comes_true(self, fact: Callable[[], object], what: str) -> None:
        """Wait for a fact."""
        wait_for(lambda: bool(fact()), PATIENCE_S, what)

    def reached(self, kind: str) -> list[Entry]:
        """What arrived at the carrier."""
        return [one for one in self.running.carrier.ledger() if one.kind == kind and one.parent is None]

    def rows(self, query: Any) -> list[Row[Any]]:
        with self.parts.database.work() as work:
            return list(work.connection.execute(query))

    def close(self) -> None:
        self._over.set()
        self._wake.set()
        if self._worker.is_alive():
            self._worker.join(10)
        self.web.close()
        self.running.close()
        self.parts.database.close()
