"""A world whose messages really leave: through the providers' SDKs to the rehearsal carrier, whose signed callbacks come back by HTTP.

    world.arrives("quote.sent", customer=world.known("Dana", phone="02"))
    world.passes(timedelta(minutes=5))
    assert world.phone("Dana").voicemails

The clock jumps; the carrier's agenda jumps with it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import uvicorn
from pydantic import SecretStr
from sqlalchemy import func, select

from orchestrator import callbacks
from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.people import Chances
from orchestrator.carrier.running import RunningCarrier
from orchestrator.carrier.world import Entry
from orchestrator.channels.base import Channel
from orchestrator.config import Settings
from orchestrator.ids import new_id
from orchestrator.parts import Parts
from orchestrator.rehearsing import rehearsed
from orchestrator.store import inbox, schema, touches
from orchestrator.sweep import Swept, sweep
from orchestrator.web.app import create_app
from orchestrator.wiring import build
from tests.leaving import close_meanwhile
from tests.stories.world import START, World, person

ON_SQLITE = pytest.mark.parametrize(
    "ready_url", ["sqlite"], indirect=True
)  # for long tables of cases; the other stories run on both
AREAS = ("312", "773", "630", "847", "708", "815", "217", "309", "618", "224")
CALM = Chances(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)  # who is in no table picks up, and gets everything


class Web:
    """Our own web part on a port of its own."""

    def __init__(self) -> None:
        self._config = uvicorn.Config("unused", host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off")
        self._socket = self._config.bind_socket()
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.silent = False  # nothing that is posted arrives
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def serves(self, app: Any) -> None:
        async def reached(scope: Any, receive: Any, send: Any) -> None:
            if self.silent:
                raise ConnectionResetError("nobody hears us")
            await app(scope, receive, send)

        config = uvicorn.Config(reached, log_config=None, access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = self._server.force_exit = True  # nobody of ours waits for an answer any more
            self._thread.join(10)
        self._socket.close()


class CarriedWorld(World):
    """See above."""

    def __init__(self, url: str, folder: Path, now: str = START, **settings: Any) -> None:
        self.web = Web()
        self._settings = {"texts_per_second": 500, "calls_per_second": 500, "emails_per_second": 500, **settings}
        self.carrier_seed = 1
        self.running: RunningCarrier | None = None
        super().__init__(url, folder, now)
        self.web.serves(create_app(self.parts, self.settings))

    @property
    def carrier(self) -> Carrier:
        assert self.running is not None
        return self.running.carrier

    def another_process(self, **channels: Channel) -> Parts:
        """Parts of its own, with the real channels."""
        if self.running is None:
            carrier = Carrier(self.clock, self.carrier_seed, hooks=self.web.url, chances=CALM)
            self.running = RunningCarrier(carrier, works=False)
        self.settings = Settings(
            _env_file=None, database_url=self.url, public_url=self.web.url, carrier_url=self.running.url, provider_timeout_s=2,
            **self._settings,
        )  # fmt: skip
        parts = build(self.settings, clock=self.clock, safe_writes=False)
        self._opened.append(parts.database)
        return parts

    def settle(self) -> None:
        """Workers and the carrier do what is due now."""
        for _ in range(200):
            done = self.drain()
            done += callbacks.handle_waiting(self.parts) + self.carrier.work_until(self.clock.at)
            if not done and sweep(self.parts) == Swept():
                return
        raise AssertionError(f"the workers never come to rest\n{self.story()}")

    def passes(self, span: timedelta) -> None:
        """The clock stops at every moment at which something falls due, here or at the carrier."""
        until = self.clock.at + span
        for _ in range(5_000):
            self.settle()
            with self.parts.database.work() as work:
                waiting = work.connection.execute(
                    select(func.min(schema.inbox.c.again_at)).where(schema.inbox.c.state == "waiting")
                )
                held = work.connection.execute(
                    select(func.min(schema.sender.c.held_until)).where(schema.sender.c.held_until > self.clock.at)
                )
                moments = [touches.next_change(work), waiting.scalar(), held.scalar(), self.carrier.next_at()]
            if self.touches(state="unknown") or self.touches(state="calling"):
                moments.append(self.clock.at + timedelta(minutes=10))
            if moments[2] is not None:  # a sender is held: what is due waits for that
                moments = [m for m in moments if m is not None and m > self.clock.at]
            upcoming = min((m for m in moments if m is not None), default=None)
            if upcoming is None or upcoming > until or self.clock.at >= until:
                self.clock.at = until
                self.settle()
                return
            self.clock.at = min(max(self.clock.at + timedelta(seconds=1), upcoming), until)
        raise AssertionError(f"time stands still\n{self.story()}")

    # -- people ---------------------------------------------------------------------------------------------------------

    def known(self, name: str, phone: str | None = None, mailbox: str | None = None, **more: Any) -> dict[str, Any]:
        """A person whose telephone or mailbox behaves as carrier/people.py says. phone: "02"; mailbox: "bounce"."""
        said: dict[str, Any] = dict(more)
        if phone is not None:
            said["phone"] = f"+1{AREAS[sum(map(ord, name)) % len(AREAS)]}55501{phone}"
        if mailbox is not None:
            said["email"] = f"{mailbox}+{name.lower()}@example.com"
        return person(name, **said)

    def reached(self, kind: str | None = None) -> list[Entry]:
        """What arrived at the carrier, in order."""
        return [e for e in self.carrier.ledger() if e.parent is None and kind in (None, e.kind)]

    def handles(self) -> list[UUID]:
        """The handle of every effect, once for each time that it took effect."""
        spoken = [e for e in self.reached() if e.kind != "call" or e.body]  # a call in which nothing was said reached nobody
        return [e.handle for e in spoken if e.handle is not None]

    def texts_us(self, who: dict[str, Any], words: str) -> None:
        """A customer texts one of our numbers, and what follows happens."""
        self.carrier.text_us(who["phone"], words)
        self.passes(timedelta(seconds=30))

    def attempts(self, **match: Any) -> list[Any]:
        return self.rows(schema.attempt, schema.attempt.c.began_at, schema.attempt.c.id, **match)

    def suppressed(self, name: str) -> set[str]:
        """The scopes in which somebody wants no more."""
        live = self.rows(schema.suppression, schema.suppression.c.id, customer_id=self.customer(name))
        return {row.channel for row in live if row.lifted_at is None}

    def with_token(self, token: str) -> Parts:
        """A process that was given another token for Twilio."""
        settings = rehearsed(self.settings).model_copy(update={"twilio_auth_token": SecretStr(token)})
        parts = build(settings, clock=self.clock, safe_writes=False)
        self._opened.append(parts.database)
        return parts

    def during_the_call(self, act: Callable[[], None]) -> None:
        """Something happens at the carrier's side while our request is under way."""
        threading.Thread(target=act, daemon=True).start()

    def report_everything(self) -> None:
        """The carrier reports all that it has accepted, and it is dealt with; waits until there is something."""
        until = time.monotonic() + 20
        while time.monotonic() < until and "done" not in self.states("hello"):
            self.carrier.work_until(self.clock.at + timedelta(minutes=1))
            callbacks.handle_waiting(self.parts)

    def delivery(self, kind: str, body: dict[str, str]) -> inbox.Delivery:
        """Something that a provider posts about an attempt that we do not know."""
        return inbox.Delivery("twilio", kind, str(new_id()), body, self.clock.at, new_id(), body.get("MessageSid"))

    def close(self) -> None:
        close_meanwhile(self.web.close)
        if self.running is not None:
            close_meanwhile(self.running.close)
        super().close()
