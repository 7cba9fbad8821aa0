"""What every channel is: it takes a batch of messages and answers, for each, what became of it. One file a channel.

How to add one: write a class with `name`, `carries`, `send` and `find` in a file of its own, add one line to registry.py, and
the contract suite (tests/channels/test_contract.py) runs over it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message, ready to go: words rendered, policies asked, intent on record."""

    handle: UUID  # the attempt; the only thing of ours that may travel to the provider
    channel: str  # email | text | voicemail
    not_after: datetime  # nothing may be started after it: the contact window closes, the touch expires or the claim is over
    to: str  # address or E.164 number
    body: str
    subject: str | None = None  # e-mails
    preheader: str | None = None
    reply_to: str | None = None
    playbook: str = ""
    touchpoint: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it and gave it a name of its own."""

    ref: str


@dataclass(frozen=True, slots=True)
class RejectedSafe:
    """It certainly did not go out, and trying again is safe (connection refused, too many requests)."""

    why: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class RejectedPermanent:
    """It will never go out to this contact point."""

    why: str
    suppresses: bool = False  # the person unsubscribed there: no more on this channel
    contact_point_is_dead: bool = False  # no such number or address


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether it went out (time-out after the first byte, 5xx, a crash)."""

    why: str


Answer = Accepted | RejectedSafe | RejectedPermanent | Unknown
Found = Accepted | Literal["absent", "cannot tell"]


class Channel(Protocol):
    """A way out."""

    @property
    def name(self) -> str:
        """As settings and attempts name it."""

    @property
    def carries(self) -> Collection[str]:
        """Which of email, text, voicemail it can take."""

    def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        """Send them, concurrently where that helps; one answer for each, in their order.

        What could not be started before its `not_after` is RejectedSafe: its policies are asked again, and it goes when they agree.
        Never raises for a single message; an exception means that all of them are unknown.
        """

    def find(self, handles: Sequence[UUID]) -> Mapping[UUID, Found]:
        """Whether earlier attempts arrived, for those whose outcome nobody knows."""
