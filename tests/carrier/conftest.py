"""A carrier whose time jumps, and the vendors' own SDKs pointed at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from sendgrid import SendGridAPIClient
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from orchestrator.carrier import credentials
from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.people import Chances
from orchestrator.carrier.running import RunningCarrier
from tests.carrier.receiver import Receiver
from tests.leaving import close_meanwhile

START = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
CALM = Chances(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)  # everybody answers, nobody does anything by chance


class Jumping:
    """A clock that stands until it is told to go."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class ToCarrier(TwilioHttpClient):
    """Twilio's own client, with every host replaced by the carrier's."""

    def __init__(self, base: str, timeout: float = 10) -> None:
        super().__init__(timeout=timeout)
        self.base = urlsplit(base)

    def request(self, method: str, url: str, *args: Any, **more: Any) -> Any:
        there = urlsplit(url)
        return super().request(method, urlunsplit((*self.base[:2], there.path, there.query, "")), *args, **more)


@dataclass
class Stage:
    """A running carrier, its clock, and the receiver of its callbacks."""

    carrier: Carrier
    clock: Jumping
    receiver: Receiver
    url: str

    def twilio(self, *, token: str = credentials.AUTH_TOKEN, timeout: float = 10) -> Client:
        return Client(credentials.ACCOUNT_SID, token, http_client=ToCarrier(self.url, timeout))

    def sendgrid(self, key: str = credentials.SENDGRID_KEY) -> SendGridAPIClient:
        client = SendGridAPIClient(key, host=self.url)
        client.client.timeout = 10
        return client

    def pass_time(self, **span: float) -> None:
        """Let time go by, and everything happen that is due."""
        until = self.clock.now + timedelta(**span)
        while (due := self.carrier.next_at()) is not None and due <= until:
            self.clock.now = max(self.clock.now, due)
            self.carrier.work_until(self.clock.now)
        self.clock.now = until


@pytest.fixture
def stage() -> Iterator[Stage]:
    clock = Jumping()
    with Receiver() as receiver:
        carrier = Carrier(clock, seed=7, hooks=receiver.url, chances=CALM)
        running = RunningCarrier(carrier, works=False)
        yield Stage(carrier, clock, receiver, running.url)
        close_meanwhile(running.close)
