"""A business in practice: an e-mail with a survey, a text and a voice call went out, and providers post what became of them, signed."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Row, select
from starlette.testclient import TestClient
from twilio.request_validator import RequestValidator

from orchestrator import desk, dispatch
from orchestrator.accepting import accept
from orchestrator.authoring import publish
from orchestrator.carrier import credentials
from orchestrator.channels.base import KINDS, Accepted, Answer, Found, Outgoing, Placed, Sought
from orchestrator.channels.hook_urls import SENDGRID_EVENTS
from orchestrator.config import Settings
from orchestrator.parts import Parts
from orchestrator.store import attempts, schema
from orchestrator.web.app import create_app
from tests.intake.ready import Hands, quote_sent
from tests.stories import designs

PUBLIC_URL = "https://touch.example.com"
SETTINGS = Settings(_env_file=None, public_url=PUBLIC_URL)
FORM = "application/x-www-form-urlencoded"
DANA = "+13125550142"
VOICE = """\
---
keys: {1: speak, 9: stop}
voicemail: Hello, this is {{ house.name }}. Your quote is ready.
---
Your quote is ready.
"""
MAIL = """\
---
subject: How did it go?
survey: {scale: "0-10", ask: Would you have us back?, low: Never, high: Any time}
---
Hello.
"""
STEPS = """
- touchpoint: ask
  email: ask
- touchpoint: nudge
  text: nudge
  after: 1 minute
- touchpoint: ring
  voice: ring
  after: 1 minute
- wait_for: survey.answered
  within: 1 week
  then: [goal]
"""
CALL = """
- touchpoint: check-in
  call: check-in
  queue: sales
"""


@dataclass
class Wire:
    """Carries everything, and remembers it."""

    name: str = "wire"
    carries: Sequence[str] = KINDS
    sent: list[Outgoing] = field(default_factory=list)

    def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        self.sent += batch
        return [Placed(f"CA{m.handle.hex}") if m.channel == "voice" else Accepted(f"SM{m.handle.hex}") for m in batch]

    def find(self, sought: Sequence[Sought]) -> Mapping[UUID, Found]:
        return {s.handle: "cannot tell" for s in sought}


class Business:
    """Its system, and what customers and providers do with it."""

    def __init__(self, parts: Parts, folder: Path, clock: Hands, *, customer: Mapping[str, Any] | None = None) -> None:
        self.wire, self.clock = Wire(), clock
        self.parts = replace(parts, channels=dict.fromkeys(KINDS, self.wire))
        (folder / "voices").mkdir(parents=True)
        words = {"emails/ask.md": MAIL, "voices/ring.md": VOICE}
        playbooks = designs.playbook(STEPS), designs.playbook(CALL, "call-too")
        publish(self.parts, designs.write(folder, *playbooks, words=words), "ops")
        accept(self.parts, [quote_sent(data={"amount": 1850}, **({"customer": customer} if customer else {}))])
        for channel in ("call", "email", "text", "voice"):
            self.clock.now += timedelta(minutes=2)
            dispatch.drain(self.parts, channel)

    def client(self, settings: Settings = SETTINGS) -> TestClient:
        return TestClient(create_app(self.parts, settings), base_url=PUBLIC_URL, raise_server_exceptions=False)

    def handle(self, channel: str) -> UUID:
        """The attempt that went out on it."""
        return next(m.handle for m in self.wire.sent if m.channel == channel)

    def agent_takes_the_call(self) -> UUID:
        """Somebody of the staff takes it and their telephone rings; the attempt."""
        task = desk.claim_next(self.parts, "ari")
        assert task is not None
        with self.parts.database.work() as work:
            return attempts.open_of(work, [task.touch])[task.touch].id

    @property
    def mail(self) -> Outgoing:
        return next(m for m in self.wire.sent if m.channel == "email")

    def unsubscribe_link(self) -> str:
        assert self.mail.unsubscribe_url is not None
        return "/u/" + self.mail.unsubscribe_url.rpartition("/")[2]

    def survey_link(self) -> str:
        assert self.mail.survey is not None
        return "/s/" + self.mail.survey.points[0][1].rpartition("/")[2].partition("?")[0]

    def inbox(self) -> list[Row[Any]]:
        return self._rows(select(schema.inbox).order_by(schema.inbox.c.id))

    def suppressed(self) -> dict[str, str]:
        table = schema.suppression
        return {row.channel: row.why for row in self._rows(select(table))}

    def answers(self) -> list[tuple[int, str | None]]:
        return [(row.rating, row.comment) for row in self._rows(select(schema.survey_answer))]

    def events(self) -> list[str]:
        return [row.type for row in self._rows(select(schema.event.c.type).order_by(schema.event.c.id))]

    def attempt(self, channel: str) -> Row[Any]:
        return self._rows(select(schema.attempt).where(schema.attempt.c.id == self.handle(channel)))[0]

    def _rows(self, query: Any) -> list[Row[Any]]:
        with self.parts.database.work() as work:
            return list(work.connection.execute(query))


def twilio_headers(path: str, params: Mapping[str, Any], token: str = credentials.AUTH_TOKEN, **more: str) -> dict[str, str]:
    """As Twilio signs a form that it posts to our public address."""
    signature = RequestValidator(token).compute_signature(PUBLIC_URL + path, params)
    return {"Content-Type": FORM, "X-Twilio-Signature": signature, **more}


def post_twilio(client: TestClient, path: str, params: Mapping[str, Any], **more: str) -> Any:
    return client.post(path, content=urlencode(params), headers=twilio_headers(path, params, **more))


def sendgrid_headers(body: bytes, at: datetime, key: ec.EllipticCurvePrivateKey | None = None) -> dict[str, str]:
    """As SendGrid signs a batch of events."""
    stamp = str(int(at.timestamp()))
    signature = (key or credentials.private_key()).sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {
        "Content-Type": "application/json",
        "X-Twilio-Email-Event-Webhook-Signature": b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }


def post_sendgrid(client: TestClient, events: Any, at: datetime) -> Any:
    body = json.dumps(events).encode()
    return client.post(SENDGRID_EVENTS, content=body, headers=sendgrid_headers(body, at))
