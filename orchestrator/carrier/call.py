"""One call, as it stands, and how Twilio shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from orchestrator.carrier import credentials
from orchestrator.carrier.people import OnPhone
from orchestrator.carrier.texts import places, rfc2822
from orchestrator.carrier.twiml import Verb
from orchestrator.carrier.world import API_VERSION, Entry

# How a call can end, with the answer of the telephone network that goes with it.
ENDED: Mapping[str, str] = {"completed": "200", "busy": "486", "no-answer": "480", "failed": "404", "canceled": "487"}


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that happened on the line."""

    at: datetime
    kind: Literal["said", "left", "played", "pressed", "note"]  # left: on a voicemail
    words: str


@dataclass(slots=True, eq=False)
class Call:
    """One line to one telephone."""

    sid: str
    to: str
    from_: str
    direction: str  # outbound-api | outbound-dial | inbound
    created_at: datetime
    handle: UUID | None = None
    times: int = 1
    parent: Call | None = None
    callback: str | None = None
    callback_method: str = "POST"
    events: tuple[str, ...] = ("completed",)
    url: str | None = None
    method: str = "POST"
    fallback_url: str | None = None
    twiml: str | None = None
    rings_s: float = 60.0
    detection: str = ""  # Enable | DetectMessageEnd
    detection_callback: str | None = None  # set: detection goes on beside the call
    limit_s: float = 14_400.0
    status: str = "queued"
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    answered_by: str | None = None  # as detection has it
    person: OnPhone | None = None  # who takes part, once it rings
    heard: list[Heard] = field(default_factory=list)
    told: int = 0  # status callbacks so far
    turn: int = 0  # grows when the line is redirected or over: what was planned before it no longer counts
    program: list[Verb] = field(default_factory=list)  # what is still to be done
    gather: Verb | None = None  # set while keys are taken
    dial: Verb | None = None  # set while somebody else is rung or spoken to
    dialled: list[Call] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None

    @property
    def customer(self) -> str:
        """The telephone that is not ours."""
        return self.from_ if self.direction == "inbound" else self.to

    def duration_s(self, speed: float) -> int | None:
        """Imagined seconds between answer and end; None before the end."""
        if self.ended_at is None:
            return None
        return round((self.ended_at - self.answered_at).total_seconds() * speed) if self.answered_at else 0

    def params(self, speed: float) -> dict[str, str]:
        """What every request about it carries."""
        known = {
            "AccountSid": credentials.ACCOUNT_SID,
            "ApiVersion": API_VERSION,
            "CallSid": self.sid,
            "CallStatus": self.status,
            "Direction": self.direction,
            "From": self.from_,
            "To": self.to,
            "Caller": self.from_,
            "Called": self.to,
        }
        if self.parent is not None:
            known["ParentCallSid"] = self.parent.sid
        for name, value in places(self.from_, self.to).items():
            known[name] = value
            known[name.replace("From", "Caller").replace("To", "Called", 1)] = value
        return known

    def as_json(self, speed: float) -> dict[str, Any]:
        """As Twilio shows it."""
        uri = f"/{API_VERSION}/Accounts/{credentials.ACCOUNT_SID}/Calls/{self.sid}"
        seconds = self.duration_s(speed)
        return {
            "account_sid": credentials.ACCOUNT_SID,
            "answered_by": self.answered_by,
            "api_version": API_VERSION,
            "caller_name": None,
            "date_created": rfc2822(self.created_at),
            "date_updated": rfc2822(self.ended_at or self.answered_at or self.started_at or self.created_at),
            "direction": self.direction,
            "duration": None if seconds is None else str(seconds),
            "end_time": rfc2822(self.ended_at) if self.ended_at else None,
            "forwarded_from": None,
            "from": self.from_,
            "from_formatted": self.from_,
            "group_sid": None,
            "parent_call_sid": self.parent.sid if self.parent else None,
            "phone_number_sid": None,
            "price": None,
            "price_unit": "USD",
            "queue_time": "0",
            "sid": self.sid,
            "start_time": rfc2822(self.started_at) if self.started_at else None,
            "status": self.status,
            "subresource_uris": {"recordings": f"{uri}/Recordings.json"},
            "to": self.to,
            "to_formatted": self.to,
            "trunk_sid": None,
            "uri": f"{uri}.json",
        }

    def entry(self) -> Entry:
        said = "\n".join(one.words for one in self.heard if one.kind in {"said", "left", "played"})
        return Entry(
            "call",
            self.sid,
            self.handle,
            self.to,
            self.from_,
            "",
            said,
            self.created_at,
            self.times,
            self.status,
            self.answered_by,
            self.parent.sid if self.parent else None,
        )
