"""What arrives in a simulation: events as the engine stores them, or made up by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from orchestrator.core.told import SOURCE

OPTED_OUT = "customer.opted_out"


class Arrival(Protocol):
    """An event with what it says of its customer; store.events.NewEvent is one."""

    @property
    def id(self) -> UUID: ...
    @property
    def source(self) -> str: ...
    @property
    def key(self) -> str:
        """The sender's id; unique with the source."""

    @property
    def type(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def occurred_at(self) -> datetime: ...
    @property
    def received_at(self) -> datetime: ...
    @property
    def data(self) -> Mapping[str, Any]: ...
    @property
    def customer_said(self) -> Mapping[str, Any] | None:
        """{"id": …, fields}; None: the event names nobody."""

    @property
    def body_hash(self) -> str: ...
    @property
    def known(self) -> bool:
        """Whether its type is declared."""

    @property
    def backfill(self) -> bool: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Happening:
    """An event made up by hand. Received when it occurred, unless said otherwise."""

    type: str
    subject: str
    occurred_at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    customer_said: Mapping[str, Any] | None = None
    late_at: datetime | None = None  # when it was received, where that is later
    named: str = ""  # the sender's id; one is made of what it says when there is none
    source: str = "rehearsal"
    backfill: bool = False
    known: bool = True
    warnings: tuple[str, ...] = ()

    @property
    def id(self) -> UUID:
        return UUID(bytes=hashlib.sha256(f"{self.source}/{self.key}".encode()).digest()[:16])

    @property
    def key(self) -> str:
        return self.named or f"{self.type}/{self.subject}/{self.occurred_at.isoformat()}"

    @property
    def received_at(self) -> datetime:
        return self.late_at or self.occurred_at

    @property
    def body_hash(self) -> str:
        said = f"{self.type}/{self.subject}/{self.occurred_at.isoformat()}/{dict(self.data)}/{self.customer_said}"
        return hashlib.sha256(said.encode()).hexdigest()


def is_opt_out(event: Arrival) -> bool:
    """Whether it is an opt-out of the past, told by the system itself: data has the channel, and why."""
    return event.source == SOURCE and event.type == OPTED_OUT
