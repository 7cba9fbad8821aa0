"""A case for policies: Dana in Chicago, who asked for a quote and agreed to everything, is due for a call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from orchestrator.core.model import Allow, Case, Contact, Customer, Defer, Deny, Run, Touch, Verdict
from orchestrator.language.delays import Delay
from orchestrator.language.program import EndNode, Program
from tests.core.moments import shown

CHICAGO = "America/Chicago"
LONG = timedelta(days=400)
_START = datetime(2026, 3, 2, 15, tzinfo=UTC)
_PROGRAM = Program(
    playbook="quote-follow-up",
    title="Follow up a sent quote",
    stage="quote",
    owner="sales-ops",
    purpose="service",
    starts_on=frozenset({"quote.sent"}),
    only_if=None,
    stops_on={},
    re_entry="never",
    gives_up_after=Delay.parse("50 weeks"),
    first="exhausted",
    nodes={"exhausted": EndNode("exhausted", "exhausted")},
    waits_for=frozenset(),
)
_TOUCH = Touch(
    id=UUID(int=1),
    run=UUID(int=2),
    customer=UUID(int=3),
    ordinal=1,
    step="quote-check-in",
    touchpoint="quote-check-in",
    channel="call",
    queue="sales",
    priority=5,
    tries=1,
    planned_at=_START,
    due_at=_START,
    expires_at=None,
    escalate_at=None,
    why="quote-check-in: right after the event",
)
_RUN = Run(
    id=UUID(int=2),
    version=UUID(int=4),
    playbook="quote-follow-up",
    number=1,
    subject="quote/Q-1042",
    customer=UUID(int=3),
    anchor=_START,
    gives_up_at=_START + LONG,
    event={},
)
_DANA = Customer(
    id=UUID(int=3),
    ref="C-77",
    email="dana@example.com",
    phone="+13125550142",
    zones=(CHICAGO,),
    consent={"email": "service", "text": "service", "call": "service"},
)


def case(
    *,
    touch: dict[str, Any] | None = None,
    run: dict[str, Any] | None = None,
    customer: dict[str, Any] | None = None,
    **changes: Any,
) -> Case:
    """Dana's case with what matters changed: case(customer={"phone": None}, window="waking")."""
    usual = Case(
        touch=replace(_TOUCH, **(touch or {})),
        run=replace(_RUN, **(run or {})),
        customer=replace(_DANA, **(customer or {})),
        program=_PROGRAM,
        purpose="service",
        window="office",
    )
    return replace(usual, **changes)


def had(*moments: datetime, channel: str = "email") -> tuple[Contact, ...]:
    """Earlier contacts."""
    return tuple(Contact(channel, when) for when in moments)


def told(verdict: Verdict, zone: str = CHICAGO) -> str:
    """A verdict in a line: "allow", "Wed 2026-03-04 09:00 (contact window)", "no (consent)"."""
    match verdict:
        case Allow():
            return "allow"
        case Defer(until, rule, _):
            return f"{shown(until, zone)} ({rule})"
        case Deny(rule, _, _):
            return f"no ({rule})"
