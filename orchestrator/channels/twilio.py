"""Texts and calls by Twilio, through its own SDK. Without an account it speaks to the rehearsal carrier in the same way."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from orchestrator.channels.base import (
    Accepted,
    Answer,
    Found,
    Held,
    Outgoing,
    Placed,
    RejectedPermanent,
    RejectedSafe,
    Sought,
    Unknown,
)
from orchestrator.channels.hook_urls import AGENT_LEG, BRIDGE, CALL_STATUS, SPEAK, TEXT_STATUS, hook
from orchestrator.channels.segments import segments
from orchestrator.channels.transport import Transport
from orchestrator.clock import Clock
from orchestrator.config import Settings
from orchestrator.core.receipts import Report

TEXT_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}")
LONGEST_VALIDITY_S = 36_000  # Twilio's own limit
RING_S = 25  # before a voicemail that picks up late would
CALL_LASTS_S = 300  # an automatic call: words twice, and a conversation that a key began
BRIDGE_LASTS_S = 7200
TOO_LATE = RejectedSafe("it was too late to begin")


class Twilio:
    """Sends texts and makes calls; one request each, many at once."""

    name = "twilio"
    carries = ("text", "voice", "voicemail")

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        # Some more connections than senders: bridging and looking for lost messages must not wait for a batch.
        self._transport = Transport(total_s=settings.provider_timeout_s, pool=settings.sends_at_once + 4)
        self._lock = threading.Lock()
        self._made: tuple[Any, Any] | None = None  # the SDK's client and its HTTP side; Any: the SDK has no types
        self._pool: ThreadPoolExecutor | None = None

    def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        """One answer for each, in their order. Each begins only while its `not_after` has not come."""
        if not batch:
            return []
        if (missing := self._missing()) is not None:
            return [missing] * len(batch)
        self._sdk()  # once, here: its import by sixteen threads at once would be sixteen times as slow
        return list(self._threads().map(self._send_one, batch))

    def bridge(self, handle: UUID, agent: str, not_after: datetime) -> Answer:
        """Ring the agent; nobody listens for a machine, for staff pick up themselves."""
        if (missing := self._missing() or self._no_caller_id()) is not None:
            return missing
        url = self._settings.public_url

        def create(client: Any) -> Any:  # Any: the SDK has no types
            return client.calls.create(
                to=agent, from_=self._settings.caller_id, url=hook(url, BRIDGE, handle), method="POST",
                timeout=RING_S, time_limit=BRIDGE_LASTS_S, **_call_reports(url, AGENT_LEG, handle),
            )  # fmt: skip

        return self._create(create, CALL_SID, Placed, not_after)

    def call_off(self, refs: Sequence[str]) -> Mapping[str, Report | Literal["cannot tell"]]:
        """Cancel calls that ring or wait. One that was answered meanwhile goes on, and its report says so."""
        from orchestrator.channels.twilio_finding import cancelled

        if self._missing() is not None or not refs:
            return dict.fromkeys(refs, "cannot tell")
        client, _ = self._sdk()
        asked = list(dict.fromkeys(refs))
        answers = self._threads().map(lambda ref: cancelled(client, ref, self._clock()), asked)
        return dict(zip(asked, answers, strict=True))

    def find(self, sought: Sequence[Sought]) -> Mapping[UUID, Found]:
        """What became of attempts without an answer, by Twilio's own name or by its lists."""
        from orchestrator.channels.twilio_finding import Finding

        if self._missing() is not None or not sought:
            return dict.fromkeys((s.handle for s in sought), "cannot tell")
        client, _ = self._sdk()
        finding = Finding(client, self._settings.text_from, self._settings.caller_id, self._clock())
        answers: dict[UUID, Found] = {}
        for part in self._threads().map(finding.look, finding.groups(sought)):
            answers |= part
        return answers

    def _send_one(self, message: Outgoing) -> Answer:
        return self._text(message) if message.channel == "text" else self._call(message)

    def _text(self, message: Outgoing) -> Answer:
        settings = self._settings
        if not settings.text_from:
            return Held("no sender of texts is set (TOUCHPOINT_TEXT_FROM)", "no sender")
        if (too_long := _too_long(message.body, settings.most_segments)) is not None:
            return too_long
        sender = "messaging_service_sid" if settings.text_from.startswith("MG") else "from_"
        more: dict[str, Any] = {sender: settings.text_from}  # Any: keywords of several types
        if message.closes_at is not None:
            # A text that waits at Twilio past the contact window is not sent at all.
            valid_s = int((message.closes_at - self._clock()).total_seconds())
            if valid_s < 1:
                return TOO_LATE
            more["validity_period"] = min(valid_s, LONGEST_VALIDITY_S)

        def create(client: Any) -> Any:  # Any: the SDK has no types
            report_to = hook(settings.public_url, TEXT_STATUS, message.handle)
            return client.messages.create(to=message.to, body=message.body, status_callback=report_to, **more)

        return self._create(create, TEXT_SID, Accepted, message.not_after)

    def _call(self, message: Outgoing) -> Answer:
        if (missing := self._no_caller_id()) is not None:
            return missing
        url = self._settings.public_url

        def create(client: Any) -> Any:  # Any: the SDK has no types
            # Detection before the first word (not AsyncAmd): the request for what to say then carries AnsweredBy, so that a
            # voicemail hears its message after the beep, once, and a person hears theirs. People wait a moment for it; the other
            # way they would hear the beginning, and a voicemail's message would begin before the beep.
            return client.calls.create(
                to=message.to, from_=self._settings.caller_id, url=hook(url, SPEAK, message.handle), method="POST",
                machine_detection="DetectMessageEnd", machine_detection_timeout=30, timeout=RING_S, time_limit=CALL_LASTS_S,
                **_call_reports(url, CALL_STATUS, message.handle),
            )  # fmt: skip

        return self._create(create, CALL_SID, Placed, message.not_after)

    def _create(
        self, create: Callable[[Any], Any], sid: re.Pattern[str], taken: Callable[[str], Answer], not_after: datetime
    ) -> Answer:
        """One request, begun in time, and what its answer means."""
        from orchestrator.channels.twilio_client import FAILURES, answer_to

        client, http = self._sdk()
        if self._clock() >= not_after:
            return TOO_LATE
        try:
            given = create(client).sid
        except FAILURES as error:
            return answer_to(error, http.latest_headers, self._clock())
        if isinstance(given, str) and sid.fullmatch(given):
            return taken(given)
        return Unknown("Twilio's answer does not name what it took")

    def _missing(self) -> Held | None:
        """Held when the account is not set: nothing can go out until it is."""
        if self._settings.twilio_account_sid and self._settings.twilio_auth_token.get_secret_value():
            return None
        return Held("Twilio's keys are not set (TOUCHPOINT_TWILIO_ACCOUNT_SID, TOUCHPOINT_TWILIO_AUTH_TOKEN)", "no keys")

    def _no_caller_id(self) -> Held | None:
        return None if self._settings.caller_id else Held("no number for calls is set (TOUCHPOINT_CALLER_ID)", "no caller")

    def _sdk(self) -> tuple[Any, Any]:
        with self._lock:
            if self._made is None:
                from orchestrator.channels.twilio_client import connect

                self._made = connect(self._settings, self._transport)
            return self._made

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._settings.sends_at_once, thread_name_prefix="twilio")
            return self._pool


def _call_reports(public_url: str, path: str, handle: UUID) -> dict[str, Any]:  # Any: keywords of several types
    return {
        "status_callback": hook(public_url, path, handle),
        "status_callback_method": "POST",
        "status_callback_event": ["initiated", "ringing", "answered", "completed"],
    }


def _too_long(body: str, most: int) -> RejectedPermanent | None:
    """Why a text is not sent for its length. It would be paid for by the part, and a broken template could write a book."""
    takes = segments(body)
    if takes.count <= most:
        return None
    why = f"the text takes {takes.count} messages, and at most {most} are allowed (TOUCHPOINT_MOST_SEGMENTS)"
    if takes.first_foreign is not None:
        why += f"; the character U+{ord(takes.first_foreign):04X} makes it need more than twice as many"
    return RejectedPermanent(why, code="too long")
