"""What a simulation keeps: touches, runs and the journal. Whoever reads them changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from orchestrator.core.model import EndReason, Run, Touch, TouchState
from orchestrator.language.words import Rendered


@dataclass(slots=True, eq=False)
class RunRecord:
    """One enrollment."""

    run: Run
    customer: str  # the business's own id
    started_at: datetime
    event: UUID  # that started it
    event_type: str
    ended_at: datetime | None = None
    ended_why: str = ""
    touches: list[TouchRecord] = field(default_factory=list, repr=False)  # in order

    @property
    def id(self) -> UUID:
        return self.run.id

    @property
    def subject(self) -> str:
        return self.run.subject

    @property
    def playbook(self) -> str:
        return self.run.playbook

    @property
    def version(self) -> int:
        return self.run.number

    @property
    def reason(self) -> EndReason | None:
        """Why it ended; None while it is open."""
        return self.run.ended


@dataclass(slots=True, eq=False)
class TouchRecord:
    """One touch. Its fields have the names that the ledger uses."""

    touch: Touch
    run: RunRecord
    finished_at: datetime | None = None
    disposition: str | None = None
    reason: str | None = None
    rank_at: datetime | None = None  # of calls that wait: the most urgent first
    phone: str | None = None  # of calls that were taken: the number that was called
    held_by: str | None = None
    words: Rendered | None = field(default=None, repr=False)

    @property
    def id(self) -> UUID:
        return self.touch.id

    @property
    def subject(self) -> str:
        return self.run.run.subject

    @property
    def playbook(self) -> str:
        return self.run.run.playbook

    @property
    def version(self) -> int:
        return self.run.run.number

    @property
    def customer(self) -> str:
        return self.run.customer

    @property
    def step(self) -> str:
        return self.touch.step

    @property
    def touchpoint(self) -> str | None:
        return self.touch.touchpoint

    @property
    def channel(self) -> str | None:
        return self.touch.channel

    @property
    def queue(self) -> str | None:
        return self.touch.queue

    @property
    def priority(self) -> int:
        return self.touch.priority

    @property
    def tries(self) -> int:
        return self.touch.tries

    @property
    def planned_at(self) -> datetime:
        return self.touch.planned_at

    @property
    def due_at(self) -> datetime:
        return self.touch.due_at

    @property
    def expires_at(self) -> datetime | None:
        return self.touch.expires_at

    @property
    def escalate_at(self) -> datetime | None:
        return self.touch.escalate_at

    @property
    def effect_at(self) -> datetime | None:
        return self.touch.effect_at

    @property
    def state(self) -> TouchState:
        return self.touch.state

    @property
    def why(self) -> str:
        return self.touch.why


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal."""

    at: datetime
    what: str
    why: str
    rule: str = ""
    run: UUID | None = None
    touch: UUID | None = None
    event: UUID | None = None
    subject: str | None = None
    customer: str | None = None  # the business's own id


def ledger_order(record: TouchRecord) -> tuple[object, ...]:
    """By effect, subject and touchpoint; what took no effect last. Texts byte by byte, as databases compare them."""
    return (
        record.effect_at or _NEVER, record.subject.encode(), (record.touchpoint or "").encode(), record.due_at, record.planned_at,
        record.playbook.encode(), record.id.int,
    )  # fmt: skip


_NEVER = datetime.max.replace(tzinfo=UTC)
