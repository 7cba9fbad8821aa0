"""Where the story is played: the rehearsal carrier and our own web part, on two ports of this machine that speak real HTTP.

While the story jumps through time, so does the carrier; afterwards both go on as time does, at the same addresses.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from orchestrator.carrier import credentials
from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.people import Chances
from orchestrator.carrier.running import RunningCarrier, port_of
from orchestrator.clock import Clock
from orchestrator.config import Settings
from orchestrator.demo.company import Person
from orchestrator.demo.story import TELEPHONES
from orchestrator.errors import SettingsError
from orchestrator.parts import Parts
from orchestrator.web.app import create_app

WEB_PORTS = range(8000, 8010)
CARRIER_PORTS = range(8010, 8050)
STOP_S = 5.0
HERE = "127.0.0.1"
# Nobody surprises the story: who picks up, answers a text or clicks in an e-mail is for the scenes to say.
CALM = Chances(machine=0, nobody=1, busy=0, unsure=0, hangs_up=0, undelivered=0, replies=0, bounces=0, deferred=0.02, opens=0.6)


class Stage:
    """A carrier and a web part. Use as a context: nothing is left of it afterwards."""

    def __init__(self, settings: Settings, clock: Clock, seed: int) -> None:
        self._listener = _free_port()
        port = self._listener.getsockname()[1]
        address = f"http://{HERE}:{port}"
        self.carrier = Carrier(clock, seed, hooks=address, chances=CALM)
        self._running = _carrier_on_a_free_port(self.carrier)
        self.settings = settings.model_copy(
            update={"host": HERE, "port": port, "public_url": address, "carrier_url": self._running.url}
        )
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._running.close()
        self._close_web()
        self._listener.close()

    def introduce(self, people: Iterable[Person]) -> None:
        """Names for the carrier's page, which would show numbers and addresses otherwise."""
        self.carrier.introduce("Harbor & Pine, the office", credentials.TEXT_FROM)
        for who, telephone in TELEPHONES.items():
            self.carrier.introduce(f"{who.capitalize()}, of the staff", telephone)
        for person in people:
            self.carrier.introduce(person.name, person.phone, person.email)

    def open_web(self, parts: Parts) -> None:
        """Our own web part answers from here on, with these parts; it takes the place of the one before."""
        self._close_web()
        config = uvicorn.Config(
            create_app(parts, self.settings), log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        # the server closes what it is given; ours stays, and with it the address
        self._thread = threading.Thread(target=self._server.run, args=([self._listener.dup()],), name="demo-web", daemon=True)
        self._thread.start()

    def let_time_pass(self) -> None:
        """The carrier works by itself from here on, and its customers do as they like. What they have and were about to do stays."""
        self.carrier.world.chances = Chances()
        port = port_of(self._running)
        self._running.close()
        self._running = RunningCarrier(self.carrier, host=HERE, port=port)

    def write_ledger(self, file: Path) -> None:
        """Everything that the carrier has accepted, one JSON object a line, oldest first."""
        lines = [
            json.dumps(
                {"at": one.at.isoformat(), "kind": one.kind, "to": one.to, "sid": one.sid, "handle": str(one.handle),
                 "times": one.times, "status": one.status, "words": one.body, "part_of": one.parent}
            )
            for one in self.carrier.ledger()
        ]  # fmt: skip
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def _close_web(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(STOP_S)
        self._server = self._thread = None


def _carrier_on_a_free_port(carrier: Carrier) -> RunningCarrier:
    for port in CARRIER_PORTS:
        try:
            return RunningCarrier(carrier, host=HERE, port=port, works=False)
        except SettingsError:  # taken
            continue
    return RunningCarrier(carrier, host=HERE, works=False)


def _free_port() -> socket.socket:
    """A listening socket on port 8000, or on the next one that is free."""
    # The protocol is named because asyncio switches Nagle's delay off only then: 40 ms for each answer with a body.
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for port in (*WEB_PORTS, 0):
        try:
            found.bind((HERE, port))
            found.listen(256)
        except OSError:  # taken
            continue
        break
    return found
