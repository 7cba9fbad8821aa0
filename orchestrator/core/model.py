"""The words of the core: facts that go in, changes that come out. Plain frozen values; nothing here acts.

All moments are aware datetimes in UTC. Ids are made by the shell and passed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from orchestrator.language.program import NodeId, Program


class TouchState(StrEnum):
    """Where one touch stands. core/life.py has the ways between them."""

    PLANNED = "planned"  # dated; nothing has happened yet (a deferred touch is planned again, later)
    SENDING = "sending"  # intent is on record, the provider is being called; held by a lease
    READY = "ready"  # a call that waits in its queue for staff
    IN_CALL = "in_call"  # one person has it; held by a lease
    FILED = "filed"  # the person said how it ended and may still undo it; what follows is planned when the lease is over
    CALLING = "calling"  # a provider makes the call by itself; how it ends is awaited until the lease is over
    SENT = "sent"  # the provider accepted it
    DONE = "done"  # it has its final result: a receipt, a disposition, a wait that is over
    UNKNOWN = "unknown"  # nobody knows whether it took effect; never blindly repeated
    FAILED = "failed"  # refused for good
    SKIPPED = "skipped"  # a policy or a condition said no
    CANCELLED = "cancelled"  # the enrollment ended first
    EXPIRED = "expired"  # too late to be of use


OPEN_STATES = frozenset(
    {
        TouchState.PLANNED,
        TouchState.SENDING,
        TouchState.READY,
        TouchState.IN_CALL,
        TouchState.FILED,
        TouchState.CALLING,
        TouchState.UNKNOWN,
    }
)
AUTOMATIC_CALLS = frozenset(
    {"voice", "voicemail"}
)  # channels on which a provider calls by itself: calls, as far as consent and caps go


class EndReason(StrEnum):
    """Why an enrollment ended."""

    GOAL = "goal"
    STOPPED = "stopped"
    OPTED_OUT = "opted_out"
    EXHAUSTED = "exhausted"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Event:
    """A lifecycle event as the engine sees it: validated, its customer known."""

    id: UUID  # our own
    source: str
    key: str  # the sender's id; unique with the source
    type: str
    subject: str
    occurred_at: datetime
    received_at: datetime
    data: Mapping[str, object]
    customer: UUID | None  # None: nobody can be contacted because of it; it may still stop or satisfy a wait
    backfill: bool = False  # history: it stops things and is remembered, but starts and advances nothing


@dataclass(frozen=True, slots=True)
class Customer:
    """The person, as far as policies and templates need to know."""

    id: UUID
    ref: str  # the business's own id, e.g. "C-77"
    name: str | None = None
    email: str | None = None
    phone: str | None = None  # E.164
    locale: str | None = None
    time_zone: str | None = None  # the customer's own, when known
    zones: tuple[str, ...] = ()  # every zone they may be in; empty: the house's strictest
    hours: str | None = None  # the customer's wish, "mon-fri 10:00-12:00"
    consent: Mapping[str, str] = field(default_factory=dict)  # channel -> none | service | marketing
    suppressed: Mapping[str, str] = field(default_factory=dict)  # channel or "all" -> why
    extra: Mapping[str, object] = field(default_factory=dict)  # further fields the business sent


@dataclass(frozen=True, slots=True)
class Run:
    """An enrollment: one run of a subject through one pinned playbook version."""

    id: UUID
    version: UUID
    playbook: str
    number: int  # of the version
    subject: str
    customer: UUID
    anchor: datetime  # when the event that started it occurred
    gives_up_at: datetime
    event: Mapping[str, object]  # data of the event that started it
    answers: Mapping[str, object] = field(default_factory=dict)  # script and survey answers so far
    ended: EndReason | None = None
    held: str | None = None  # why nothing goes out for now: the customer answered, and a person reads it first


@dataclass(frozen=True, slots=True)
class Touch:
    """One dated instance of a step for an enrollment. A wait is a touch without a channel."""

    id: UUID
    run: UUID
    customer: UUID
    ordinal: int  # 1, 2, 3 … within the enrollment
    step: NodeId
    touchpoint: str | None  # None: a wait
    channel: str | None
    queue: str | None
    priority: int
    tries: int  # which try of this step it is: 1, 2 …
    planned_at: datetime
    due_at: datetime  # earliest moment; policies may move it later
    expires_at: datetime | None  # after this it is of no use
    escalate_at: datetime | None
    why: str  # one sentence: why it is planned, and for then
    memory: Mapping[str, int] = field(default_factory=dict)  # step -> tries so far, of steps that may come again
    state: TouchState = TouchState.PLANNED
    epoch: int = 0
    effect_at: datetime | None = None
    offered_to: str | None = None  # calls: for this person first …
    offered_until: datetime | None = None  # … until then; None: for nobody else


# -- changes: what the core decides; store/changes.py writes them, in bulk ----------------------------------------


@dataclass(frozen=True, slots=True)
class Enroll:
    """A subject enters a playbook version."""

    run: Run
    cause: UUID  # the event
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A touch is dated."""

    touch: Touch
    at: datetime


@dataclass(frozen=True, slots=True)
class Close:
    """A touch reaches an end without an attempt of ours: cancelled, expired, skipped, or a wait that is done."""

    touch: UUID
    run: UUID
    state: TouchState
    reason: str  # short and countable: a rule's name, "goal", "wait over"
    at: datetime
    why: str
    epoch: int
    disposition: str | None = None  # of a call: suppressed, expired; language/dispositions.py SET_BY_ENGINE


@dataclass(frozen=True, slots=True)
class End:
    """An enrollment ends."""

    run: UUID
    reason: EndReason
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something was decided that changes no row: it goes to the journal alone."""

    what: str  # e.g. "enrollment.prevented"
    at: datetime
    why: str
    rule: str = ""
    run: UUID | None = None
    touch: UUID | None = None
    event: UUID | None = None
    subject: str | None = None
    customer: UUID | None = None


Change = Enroll | Plan | Close | End | Note


# -- verdicts of policies -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Allow:
    """Nothing against it at this moment."""


@dataclass(frozen=True, slots=True)
class Defer:
    """Not now: ask again at `until`."""

    until: datetime
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Deny:
    """Not at all. `ends` says that the whole enrollment ends with it."""

    rule: str
    why: str
    ends: EndReason | None = None


Verdict = Allow | Defer | Deny


@dataclass(frozen=True, slots=True)
class Contact:
    """One earlier contact, for caps: on which channel, when it took effect."""

    channel: str
    at: datetime


PauseScope = Literal["all", "channel", "playbook", "queue", "customer"]  # a customer by our own id


@dataclass(frozen=True, slots=True)
class Case:
    """What policies are asked about: one touch of one customer, with all the facts they may use."""

    touch: Touch
    run: Run
    customer: Customer
    program: Program
    purpose: str
    window: str
    contacts: tuple[Contact, ...] = ()  # of this customer, over all playbooks, the last eight days
    paused: tuple[tuple[PauseScope, str], ...] = ()  # e.g. ("channel", "text")
