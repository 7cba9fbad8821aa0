"""A provider at our own border, made for tests: it remembers what reached people, and does what a test tells it to.

It also is the network and the crash: an answer may get lost on its way back, or the process may die while it is being asked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from orchestrator.channels.base import KINDS, Accepted, Answer, Found, Outgoing, RejectedPermanent, RejectedSafe, Sought, Unknown


class Died(BaseException):
    """The process is gone, as after kill -9: nothing of it runs any more, not even an `except Exception`."""


@dataclass(frozen=True)
class Reached:
    """One message that reached a person."""

    handle: UUID
    at: datetime
    channel: str
    to: str
    touchpoint: str
    body: str
    subject: str | None = None


Manner = Literal[
    "accept",
    "busy",  # refused for now
    "unsubscribed",  # refused for good, and no more on this channel
    "dead",  # refused for good: there is no such number or address
    "answer lost",  # it reached the person, and nobody was told
    "lost",  # it did not reach the person, and nobody was told
    "die before",  # the process dies before the provider has it
    "die after",  # the process dies when the provider has it
    "raise",  # a defect in the channel's own code, before anything went out
]


@dataclass
class Post:
    """Carries every kind of message. Answers "accept" unless told otherwise; what it is told is used up message by message."""

    clock: Callable[[], datetime]
    name: str = "post"
    carries: tuple[str, ...] = KINDS
    reached: list[Reached] = field(default_factory=list)
    asked: list[UUID] = field(default_factory=list)  # every handle it was ever given, in order
    can_tell: bool = True  # whether it has a list that can be asked later
    during: Callable[[Outgoing], None] | None = None  # something that happens while a message is under way
    always: Manner = "accept"
    _next: list[Manner] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def will(self, *manners: Manner) -> None:
        """What it does with the next messages."""
        self._next += manners

    def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        return [self._send_one(message) for message in batch]

    def find(self, sought: Sequence[Sought]) -> Mapping[UUID, Found]:
        if not self.can_tell:
            return {s.handle: "cannot tell" for s in sought}
        with self._lock:
            known = {one.handle for one in self.reached}
        return {s.handle: Accepted(f"post:{s.handle}") if s.handle in known else "absent" for s in sought}

    def _send_one(self, message: Outgoing) -> Answer:
        if self.clock() >= message.not_after:
            return RejectedSafe("the claim was nearly over")
        if self.during is not None:
            self.during(message)
        with self._lock:
            manner: Manner = self._next.pop(0) if self._next else self.always
            self.asked.append(message.handle)
        match manner:
            case "accept":
                self._deliver(message)
                return Accepted(f"post:{message.handle}")
            case "busy":
                return RejectedSafe("too many requests")
            case "unsubscribed":
                return RejectedPermanent("the person unsubscribed", suppresses=True)
            case "dead":
                return RejectedPermanent("there is no such number", contact_point_is_dead=True)
            case "answer lost":
                self._deliver(message)
                return Unknown("timed out")
            case "lost":
                return Unknown("timed out")
            case "die before":
                raise Died
            case "die after":
                self._deliver(message)
                raise Died
            case "raise":
                raise RuntimeError("a defect in a channel")

    def _deliver(self, m: Outgoing) -> None:
        with self._lock:
            self.reached.append(Reached(m.handle, self.clock(), m.channel, m.to, m.touchpoint, m.body, m.subject))
