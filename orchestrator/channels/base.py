"""What every channel is: it takes a batch of messages and answers, for each, what became of it. One file a channel.

How to add one: write a class with `name`, `carries`, `send` and `find` in a file of its own, add one line to registry.py, and
the contract suite (tests/channels/test_contract.py) runs over it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from orchestrator.core.receipts import Report

KINDS = ("email", "text", "voice", "voicemail")  # what a provider carries; staff calls go through the desk


@dataclass(frozen=True, slots=True)
class Company:
    """Who is speaking, as house-rules.yaml says it."""

    name: str = ""
    phone: str = ""
    email: str = ""
    website: str = ""
    address: str = ""  # commercial e-mail has to carry one


@dataclass(frozen=True, slots=True)
class Survey:
    """A question with a scale, answered by one click. Each point of the scale is a link."""

    ask: str
    points: Sequence[tuple[int, str]]  # (0, "https://…"), (1, "https://…") …
    low: str = ""  # what the lowest point means, in words
    high: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message, ready to go: words rendered, policies asked, intent on record."""

    handle: UUID  # the attempt; the only thing of ours that may travel to the provider
    channel: str  # one of KINDS
    not_after: datetime  # nothing may be started after it: the contact window closes, the touch expires or the claim is over
    to: str  # address or E.164 number
    body: str  # e-mails: Markdown with escaped values; calls: what a person hears
    subject: str | None = None  # e-mails
    preheader: str | None = None
    reply_to: str | None = None
    playbook: str = ""
    touchpoint: str = ""
    company: Company = field(default_factory=Company)
    unsubscribe_url: str | None = None  # e-mails: one click ends them (RFC 8058)
    survey: Survey | None = None  # e-mails
    closes_at: datetime | None = None  # until when it may take effect; providers that hold messages are told

    @property
    def fingerprint(self) -> str:
        """What was said, as a hash: finds a message in a provider's list."""
        return fingerprint(self.body)


def fingerprint(words: str) -> str:
    """The same words, the same 64 characters; white space at the ends does not count."""
    return hashlib.sha256(words.strip().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it and gave it a name of its own."""

    ref: str


@dataclass(frozen=True, slots=True)
class Placed:
    """The provider will make the call; how it ends comes later."""

    ref: str


@dataclass(frozen=True, slots=True)
class RejectedSafe:
    """It certainly did not go out, and trying again is safe (connection refused, too many requests)."""

    why: str
    retry_after_s: float | None = None
    slow_down: bool = False  # the provider asks the whole sender to wait (429), not this message alone


@dataclass(frozen=True, slots=True)
class Held:
    """It did not go out, and nothing else will from this sender until somebody mends it (authentication, billing, registration)."""

    why: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class RejectedPermanent:
    """It will never go out to this contact point."""

    why: str
    suppresses: bool = False  # the person unsubscribed there: no more on this channel
    contact_point_is_dead: bool = False  # no such number or address
    code: str = ""  # the provider's own


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether it went out (time-out after the first byte, 5xx, a crash)."""

    why: str


Answer = Accepted | Placed | RejectedSafe | Held | RejectedPermanent | Unknown


@dataclass(frozen=True, slots=True)
class Sought:
    """An attempt of which nobody knows what became of it, with what finds it at the provider."""

    handle: UUID
    channel: str
    to: str
    fingerprint: str
    began_at: datetime
    until: datetime  # it was given up then: it did not begin later
    ref: str | None = None  # the provider's name for it, where we have it
    taken: frozenset[str] = frozenset()  # provider's names of other attempts to the same contact point


Found = Accepted | Placed | Report | Literal["absent", "cannot tell"]


class Channel(Protocol):
    """A way out."""

    @property
    def name(self) -> str:
        """As settings and attempts name it."""

    @property
    def carries(self) -> Collection[str]:
        """Which of KINDS it can take."""

    def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        """Send them, concurrently where that helps; one answer for each, in their order.

        What could not be started before its `not_after` is RejectedSafe: its policies are asked again, and it goes when they agree.
        Never raises for a single message; an exception means that all of them are unknown.
        """

    def find(self, sought: Sequence[Sought]) -> Mapping[UUID, Found]:
        """Whether earlier attempts arrived, for those whose outcome nobody knows. A Report: how a call stands or ended."""


class Caller(Protocol):
    """A channel that makes calls can also ring an agent and connect a customer, and call a call off."""

    def bridge(self, handle: UUID, agent: str, not_after: datetime) -> Answer:
        """Ring the agent's telephone; the customer's rings when the agent answers (web/twilio_hooks.py asks talking.py whom)."""

    def call_off(self, refs: Sequence[str]) -> Mapping[str, Report | Literal["cannot tell"]]:
        """Cancel calls that have not been answered; what was answered meanwhile is left alone. Answers how each stands."""
