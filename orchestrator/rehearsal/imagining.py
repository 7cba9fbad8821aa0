"""Made-up values for rehearsals that begin without any: an event's fields, and a customer who is nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from orchestrator import likely, made_up
from orchestrator.language.lifecycle import EventDeclaration, FieldType
from orchestrator.language.program import Program
from orchestrator.language.rehearsal import Person
from orchestrator.rehearsal.clocks import Clock

REF = "C-77"


def somebody(zone: str, purpose: str = "service", ref: str = REF) -> Person:
    """An imaginary customer with everything that can be known, who agreed to what the purpose needs."""
    name = made_up.name(ref)
    return Person.model_validate(
        {"id": ref, "name": name, "zone": zone, "email": made_up.email(ref), "phone": made_up.phone(ref), "consent": purpose,
         "more": {"first_name": made_up.first_name(ref)}}
    )  # fmt: skip


def subject_of(program: Program) -> str:
    """ "quote/R-1"."""
    return f"{min(program.starts_on, default=program.stage).partition('.')[0]}/R-1"


def values_of(declared: EventDeclaration, clock: Clock, at: datetime, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Values for the fields of an event that comes at that moment; those that were given first."""
    soon = (at.astimezone(clock.zone) + timedelta(days=7)).replace(hour=10, minute=0, second=0, microsecond=0)
    made = {name: likely.value(name, kind, soon) for name, kind in declared.fields.items() if name != "owner"}
    return {**made, **(given or {})}


def typed(text: str, kind: FieldType | None) -> Any:
    """What somebody typed for a field: a number where one is declared."""
    match kind.kind if kind is not None else "text":
        case "number":
            try:
                return float(text) if "." in text else int(text)
            except ValueError:
                return text
        case "boolean":
            return {"true": True, "yes": True, "false": False, "no": False}.get(text.lower(), text)
        case "list":
            return [part.strip() for part in text.split(";") if part.strip()]
        case _:
            return text
