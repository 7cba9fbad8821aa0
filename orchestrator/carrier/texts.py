"""Texts: accepted, carried, delivered or not, answered by imaginary people; and texts that come in."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from orchestrator.carrier import credentials, parameters
from orchestrator.carrier.callbacks import INCOMING_TEXT, Callbacks
from orchestrator.carrier.parameters import Given, moment
from orchestrator.carrier.refusals import DELIVERY_WORDS, Refused, twilio
from orchestrator.carrier.world import API_VERSION, Entry, World, handle_in

NUMBER = re.compile(r"\+[1-9]\d{7,14}")
CLOSED_REGIONS = ("+7", "+53", "+850", "+98", "+963", "+881", "+882", "+883")  # not enabled in this account
NOT_MOBILE = re.compile(r"\+1(800|833|844|855|866|877|888|900)\d{7}")  # toll-free and premium numbers of North America
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
STOPPED = "You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe."
STARTED = "You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to unsubscribe."
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWICE = frozenset("^{}\\[~]|€\f")


@dataclass(slots=True)
class Text:
    """One text, either way."""

    sid: str
    to: str
    from_: str
    body: str
    direction: str  # outbound-api | inbound | outbound-reply
    status: str
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None = None
    error: int | None = None
    service: str | None = None
    callback: str | None = None
    handle: UUID | None = None
    times: int = 1

    def as_json(self) -> dict[str, Any]:
        """As Twilio shows it."""
        uri = f"/{API_VERSION}/Accounts/{credentials.ACCOUNT_SID}/Messages/{self.sid}"
        return {
            "account_sid": credentials.ACCOUNT_SID,
            "api_version": API_VERSION,
            "body": self.body,
            "date_created": rfc2822(self.created_at),
            "date_sent": rfc2822(self.sent_at) if self.sent_at else None,
            "date_updated": rfc2822(self.updated_at),
            "direction": self.direction,
            "error_code": self.error,
            "error_message": DELIVERY_WORDS[self.error] if self.error else None,
            "from": self.from_,
            "messaging_service_sid": self.service,
            "num_media": "0",
            "num_segments": str(segments(self.body)),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.to,
            "uri": f"{uri}.json",
        }

    def entry(self) -> Entry:
        return Entry(
            "text",
            self.sid,
            self.handle,
            self.to,
            self.from_,
            "",
            self.body,
            self.created_at,
            self.times,
            self.status,
            None,
            None,
        )


class Texts:
    """All texts, oldest first."""

    def __init__(self, world: World, callbacks: Callbacks) -> None:
        self.world = world
        self.callbacks = callbacks
        self.by_sid: dict[str, Text] = {}
        self._of: dict[str, list[Text]] = {}  # number of the recipient -> texts

    def create(self, given: Given) -> Text | Refused:
        """Take a text, or say why not."""
        if refused := parameters.check(parameters.CREATE_MESSAGE, given, "message") or self._refusal(given):
            return refused
        one = {name: values[0] for name, values in given.items()}
        now = self.world.now()
        handle = handle_in(one.get("StatusCallback"))
        with self.world.lock:
            text = Text(
                sid=self.world.name("SM"),
                to=one["To"],
                from_=one.get("From") or credentials.TEXT_FROM,
                body=one["Body"],
                direction="outbound-api",
                status="accepted" if "MessagingServiceSid" in one else "queued",
                created_at=now,
                updated_at=now,
                service=one.get("MessagingServiceSid"),
                callback=one.get("StatusCallback"),
                handle=handle,
                times=self.world.times("text", handle, one["To"]),
            )
            self._keep(text)
        wait = 0.0
        if "SendAt" in one and (later := moment(one["SendAt"])):
            text.status = "scheduled"
            wait = (later - now).total_seconds() * self.world.agenda.speed
        self.world.agenda.after(max(0.3, wait), lambda at: self._carry(text, at), now=now, lane=text.sid)
        return text

    def find(self, sid: str) -> Text | None:
        """The text of this name."""
        return self.by_sid.get(sid)

    def listed(self, given: Given) -> list[Text]:
        """Texts that fit the filters, newest first. Days are whole days in UTC, as Twilio has them."""
        one = {name: values[0] for name, values in given.items()}
        with self.world.lock:
            found = list(self._of.get(one["To"], ())) if one.get("To") else list(self.by_sid.values())
        if one.get("From"):
            found = [text for text in found if text.from_ == one["From"]]
        for name in ("DateSent", "DateSent<", "DateSent>"):
            if name in one and (day := moment(one[name])) is not None:
                found = [text for text in found if fits_day(text.sent_at or text.created_at, name, day)]
        return found[::-1]

    def receive(self, from_: str, words: str, to: str = credentials.TEXT_FROM) -> Text:
        """Somebody texts one of our numbers: remembered, and posted to the hook."""
        now = self.world.now()
        return self._incoming(from_, words, to, now)

    def _incoming(self, from_: str, words: str, to: str, now: datetime) -> Text:
        word = words.strip().upper()
        with self.world.lock:
            text = Text(self.world.name("SM"), to, from_, words, "inbound", "received", now, now, sent_at=now)
            self._keep(text)
            if word in STOP_WORDS:
                self.world.stopped.add(from_)
                self._reply(from_, to, STOPPED, now)
            elif word in START_WORDS and from_ in self.world.stopped:
                self.world.stopped.discard(from_)
                self._reply(from_, to, STARTED, now)
        self.world.agenda.after(0.2, lambda at: self._post_incoming(text, at), now=now, lane=from_)
        return text

    def _post_incoming(self, text: Text, now: datetime) -> None:
        if not self.world.hooks:
            return
        params = {
            "AccountSid": credentials.ACCOUNT_SID,
            "ApiVersion": API_VERSION,
            "Body": text.body,
            "From": text.from_,
            "MessageSid": text.sid,
            "NumMedia": "0",
            "NumSegments": str(segments(text.body)),
            "SmsMessageSid": text.sid,
            "SmsSid": text.sid,
            "SmsStatus": "received",
            "To": text.to,
            **places(text.from_, text.to),
        }
        answer = self.callbacks.fetch(self.world.hooks.rstrip("/") + INCOMING_TEXT, params, now)
        if not answer.is_good:
            again = self.callbacks.twilio  # an incoming text is not lost with one failure: once more, a little later
            url = self.world.hooks.rstrip("/") + INCOMING_TEXT
            self.world.agenda.after(5.0, lambda at: again(url, params, at, lane=text.from_), now=now, lane=text.from_)
            return
        with self.world.lock:
            for words in replies_in(answer.text):
                self._reply(text.from_, text.to, words, now)

    def _reply(self, to: str, from_: str, words: str, now: datetime) -> None:
        """What the network or our answer to the hook says back."""
        self._keep(Text(self.world.name("SM"), to, from_, words, "outbound-reply", "delivered", now, now, sent_at=now))

    def _carry(self, text: Text, now: datetime) -> None:
        chance = self.world.chance(text.to, text.sid)
        person = self.world.phone(text.to)
        if text.status != "queued":
            self._move(text, "queued", now)
        else:
            self._tell(text, now)

        def arrive(at: datetime) -> None:
            if person.text_error:
                text.error = person.text_error
                self._move(text, "undelivered", at)
                return
            self._move(text, "delivered", at)
            if person.replies and not self.world.manual:
                wait = chance.uniform(60, 240)
                self.world.agenda.after(
                    wait, lambda then: self._answer(text, person.replies, then), now=at, lane=text.to
                )  # fmt: skip

        def send(at: datetime) -> None:
            text.sent_at = at
            self._move(text, "sent", at)
            self.world.agenda.after(chance.uniform(1, 4), arrive, now=at, lane=text.sid)

        self.world.agenda.after(chance.uniform(0.3, 1.0), send, now=now, lane=text.sid)

    def _answer(self, text: Text, words: str, now: datetime) -> None:
        self._incoming(text.to, words, text.from_, now)

    def _move(self, text: Text, status: str, now: datetime) -> None:
        with self.world.lock:
            text.status, text.updated_at = status, now
            self.world.changed()
        self._tell(text, now)

    def _tell(self, text: Text, now: datetime) -> None:
        params = {
            "AccountSid": credentials.ACCOUNT_SID,
            "ApiVersion": API_VERSION,
            "From": text.from_,
            "MessageSid": text.sid,
            "MessageStatus": text.status,
            "SmsSid": text.sid,
            "SmsStatus": text.status,
            "To": text.to,
        }
        if text.service:
            params["MessagingServiceSid"] = text.service
        if text.error:
            params["ErrorCode"] = str(text.error)
        if text.status in {"delivered", "undelivered"}:
            params["RawDlrDoneDate"] = now.astimezone(UTC).strftime("%y%m%d%H%M")
        self.callbacks.twilio(text.callback, params, now, lane=text.sid)

    def _keep(self, text: Text) -> None:
        self.by_sid[text.sid] = text
        self._of.setdefault(text.to, []).append(text)
        self.world.changed()

    def _refusal(self, given: Given) -> Refused | None:
        """What Twilio checks once the form is right."""
        one = {name: values[0] for name, values in given.items()}
        to, body = one["To"], one.get("Body", "")
        if not one.get("From") and not one.get("MessagingServiceSid"):
            return twilio(21603)
        if one.get("From") and one["From"] not in self.world.senders:
            return twilio(21606 if NUMBER.fullmatch(one["From"]) else 21212)
        if not body and not given.get("MediaUrl") and not given.get("ContentSid"):
            return twilio(21602)
        if len(body) > 1600:
            return twilio(21617)
        if not NUMBER.fullmatch(to):
            return twilio(21211)
        if to.startswith(CLOSED_REGIONS):
            return twilio(21408)
        if NOT_MOBILE.fullmatch(to):
            return twilio(21614)
        person = self.world.phone(to)
        if person.pickup == "no such number":
            return twilio(21211)
        if person.has_stopped or to in self.world.stopped:
            return twilio(21610)
        if "SendAt" in one and ("MessagingServiceSid" not in one or one.get("ScheduleType") != "fixed"):
            return twilio(20001, more="SendAt needs ScheduleType=fixed and a MessagingServiceSid")
        return None


def segments(body: str) -> int:
    """In how many parts a text travels."""
    if all(letter in GSM or letter in GSM_TWICE for letter in body):
        length, single, several = sum(2 if letter in GSM_TWICE else 1 for letter in body), 160, 153
    else:
        length, single, several = len(body.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= single else -(-length // several)


def replies_in(twiml: str) -> list[str]:
    """The texts that an answer to an incoming text asks for: <Response><Message>…</Message></Response>."""
    if "<!" in twiml or len(twiml) > 64_000:
        return []
    try:
        root = ET.fromstring(twiml)  # noqa: S314 - small, and without a document type nothing can grow
    except ET.ParseError:
        return []
    return [words for one in root.iter("Message") if (words := "".join(one.itertext()).strip())]


def fits_day(at: datetime, name: str, day: datetime) -> bool:
    """Whether a moment fits a filter such as `DateSent>` (on that day or after it)."""
    mine, theirs = at.astimezone(UTC).date(), day.astimezone(UTC).date()
    return mine <= theirs if name.endswith("<") else mine >= theirs if name.endswith(">") else mine == theirs


def rfc2822(at: datetime) -> str:
    """As Twilio writes moments: Fri, 20 Nov 2026 15:12:00 +0000."""
    return format_datetime(at.astimezone(UTC))


def places(from_: str, to: str) -> Mapping[str, str]:
    """Where numbers are, as far as Twilio knows it."""
    known: dict[str, str] = {}
    for side, number in (("From", from_), ("To", to)):
        known |= {
            f"{side}City": "",
            f"{side}State": "",
            f"{side}Zip": "",
            f"{side}Country": "US" if number.startswith("+1") else "",
        }
    return known
