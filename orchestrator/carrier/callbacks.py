"""How the carrier tells the sender what happened: signed as the vendors sign, repeated as they repeat, and with faults if wanted."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from twilio.request_validator import RequestValidator  # provider: signs as Twilio does

from orchestrator.carrier import credentials
from orchestrator.carrier.wire import NOBODY, Ask, Reply, form
from orchestrator.carrier.world import World

EVENTS = "/hooks/sendgrid/events"  # below the hooks' address, as are the next two
INCOMING_TEXT = "/hooks/twilio/texts"
INCOMING_CALL = "/hooks/twilio/calls"
GATHER_S = 1.0  # e-mail events that happen within it travel together
MOST_EVENTS = 500  # of one post
REPEAT_TWILIO_S = 5.0
FIRST_REPEAT_S, LONGEST_REPEAT_S, GIVE_UP_S = 60.0, 3600.0, 86_400.0  # SendGrid tries for a day
SHUFFLE_S = 20.0

Then = Callable[[Reply, datetime], None]


class Callbacks:
    """The way back to the sender."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.log: list[tuple[datetime, str, int]] = []  # when, which path, what was answered; the newest thousand
        self._validator = RequestValidator(credentials.AUTH_TOKEN)
        self._waiting: list[Mapping[str, Any]] = []  # e-mail events for the next post

    def twilio(self, url: str | None, params: Mapping[str, str], now: datetime, *, method: str = "POST", lane: str = "") -> None:
        """Post a status; once more when it is not taken."""
        if not url:
            return
        token = self.world.name("", 36)
        met = self.world.dice.for_callback()
        post = self._signed(method, url, params, token)

        def again(at: datetime) -> None:
            self._post(post, at)

        def first(at: datetime) -> None:
            reply = NOBODY if "lost_once" in met else self._post(post, at)
            if not reply.is_good:
                self.world.agenda.after(REPEAT_TWILIO_S, again, now=at, lane=lane)

        self._plan(first, again, met, now, lane)

    def fetch(self, url: str, params: Mapping[str, str], now: datetime, *, method: str = "POST") -> Reply:
        """Ask for instructions (TwiML), signed. Nobody repeats such a request."""
        return self._post(self._signed(method, url, params, self.world.name("", 36)), now)

    def sendgrid(self, event: Mapping[str, Any], now: datetime) -> None:
        """Put an e-mail event into the next post."""
        if not self.world.hooks:
            return
        with self.world.lock:
            self._waiting.append(event)
            if len(self._waiting) > 1:
                return  # the first of them has planned the post
        self.world.agenda.after(GATHER_S, self._flush, now=now, lane="events")

    def _flush(self, now: datetime) -> None:
        with self.world.lock:
            events, self._waiting = self._waiting, []
        for start in range(0, len(events), MOST_EVENTS):
            self._post_events(json.dumps(events[start : start + MOST_EVENTS]).encode(), now)

    def _post_events(self, body: bytes, now: datetime) -> None:
        met = self.world.dice.for_callback()

        def attempt(number: int, lost: bool) -> Callable[[datetime], None]:
            def act(at: datetime) -> None:
                if not lost and self._post(signed_events(self._events_url(), body, at), at).is_good:
                    return
                wait = min(LONGEST_REPEAT_S, FIRST_REPEAT_S * 2**number)
                if sum(min(LONGEST_REPEAT_S, FIRST_REPEAT_S * 2**n) for n in range(number + 1)) <= GIVE_UP_S:
                    self.world.agenda.after(wait, attempt(number + 1, lost=False), now=at, lane="events")

            return act

        self._plan(attempt(0, "lost_once" in met), attempt(0, lost=False), met, now, "events")

    def _plan(
        self,
        first: Callable[[datetime], None],
        again: Callable[[datetime], None],
        met: frozenset[str],
        now: datetime,
        lane: str,
    ) -> None:
        """Do it next, or at the moment that a fault moves it to."""
        wait = self.world.dice.faults.delay_s if "delayed" in met else 0.0
        if "shuffled" in met:
            wait += self.world.dice.seconds(SHUFFLE_S)
            lane += "/shuffled"
        if "doubled" in met:
            self.world.agenda.after(wait + self.world.dice.seconds(SHUFFLE_S), again, now=now, lane=f"{lane}/doubled")
        self.world.agenda.after(wait, first, now=now, lane=lane)  # never at once: our caller may hold the lock

    def _events_url(self) -> str:
        return (self.world.hooks or "").rstrip("/") + EVENTS

    def _signed(self, method: str, url: str, params: Mapping[str, str], token: str) -> Ask:
        plain = form(method, url, params)
        signature = self._validator.compute_signature(plain.url, params if method == "POST" else {})
        headers = {**plain.headers, "X-Twilio-Signature": signature, "I-Twilio-Idempotency-Token": token}
        return Ask(method, plain.url, headers, plain.body)

    def _post(self, ask: Ask, now: datetime) -> Reply:
        reply = self.world.deliver(ask)
        with self.world.lock:
            self.log.append((now, ask.url.partition("?")[0], reply.status))
            del self.log[:-1000]
            self.world.changed()
        return reply


def signed_events(url: str, body: bytes, now: datetime) -> Ask:
    """E-mail events as SendGrid posts them: ECDSA over the time stamp and the raw body."""
    stamp = str(int(now.timestamp()))
    signature = credentials.private_key().sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "Content-Type": "application/json;charset=utf-8",
        "User-Agent": "SendGrid Event API",
        "X-Twilio-Email-Event-Webhook-Signature": b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }
    return Ask("POST", url, headers, body)
