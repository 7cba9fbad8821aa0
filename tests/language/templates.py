"""A template with what it may use: the values that are declared, those of one customer, and the words that come of it."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.language.lifecycle import FieldType
from orchestrator.language.templates import Style, compile_template

DECLARED = {
    name: FieldType.parse(kind)
    for name, kind in {
        "event.amount": "number",
        "event.currency": "text",
        "event.note": "optional text",
        "event.starts_at": "time",
        "event.ends_at": "optional time",
        "event.due_on": "date",
        "event.options": "list",
        "customer.first_name": "optional text",
        "customer.name": "optional text",
        "house.name": "text",
    }.items()
}


def facts(**event: object) -> dict[str, Mapping[str, object]]:
    said: dict[str, object] = {
        "amount": 1850,
        "currency": "USD",
        "starts_at": "2026-11-24T16:00:00+00:00",
        "due_on": "2026-11-24",
        "options": ["deck", "gutter"],
    }
    customer = {"first_name": "Dana", "name": None, "zone": "America/Chicago", "locale": "en-US"}
    return {"event": {**said, **event}, "customer": customer, "house": {"name": "Northside"}}


def render(text: str, style: Style = "plain", /, **event: object) -> str:
    return compile_template(text, "hello", "emails/hello.md", style=style).render(facts(**event))
