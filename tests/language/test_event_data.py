"""What an event's data must look like, and what the sender is told when it does not."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.language.lifecycle import MOST_ENTRIES, MOST_TEXT, EventDeclaration, FieldType, check_data

DECLARED = EventDeclaration.model_validate({
    "stage": "quote",
    "fields": {"amount": "number", "currency": "text", "rush": "boolean", "starts_at": "time", "due_on": "date", "options": "list",
               "note": "optional text", "ends_at": "optional time"},
})  # fmt: skip
DATA: dict[str, Any] = {
    "amount": 1850,
    "currency": "USD",
    "rush": False,
    "starts_at": "2026-11-24T10:00:00-06:00",
    "due_on": "2026-11-24",
    "options": ["deck"],
}


def test_data_as_declared_is_fine() -> None:
    assert check_data(DECLARED, DATA) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 0), ("amount", -3.5), ("amount", 10**15), ("currency", ""), ("currency", "x" * MOST_TEXT), ("currency", "Zoë \U0001f600\n"),
        ("rush", True), ("starts_at", "2026-11-24T16:00:00Z"), ("starts_at", "2026-11-24T16:00:00.123456+05:30"), ("due_on", "2028-02-29"),
        ("options", []), ("options", ["x"] * MOST_ENTRIES), ("note", None), ("note", "call first"), ("ends_at", None),
        ("anything_else", {"deep": [1, 2, {"x": None}]}),  # what is not declared is kept and no mistake
    ],
)  # fmt: skip
def test_these_fit(field: str, value: object) -> None:
    assert check_data(DECLARED, {**DATA, field: value}) == []


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("amount", None, "'amount' is missing"),
        ("amount", "1850", "'amount' is not a number, without quotes"),
        ("amount", True, "'amount' is not a number, without quotes"),
        ("amount", float("nan"), "'amount' is not a number, without quotes"),
        ("amount", float("inf"), "'amount' is not a number, without quotes"),
        ("amount", 10**400, "'amount' is not a number, without quotes"),
        ("amount", [1], "'amount' is not a number, without quotes"),
        ("currency", 7, "'currency' is not a text of at most 10,000 characters"),
        ("currency", "x" * (MOST_TEXT + 1), "'currency' is not a text of at most 10,000 characters"),
        ("currency", "a\x00b", "'currency' is not a text of at most 10,000 characters"),
        ("currency", "a\ud800b", "'currency' is not a text of at most 10,000 characters"),
        ("rush", 1, "'rush' is not true or false, without quotes"),
        ("rush", "true", "'rush' is not true or false, without quotes"),
        ("starts_at", "2026-11-24T10:00:00", "'starts_at' is not a time with its zone, such as 2026-11-24T10:00:00-06:00"),
        ("starts_at", "2026-11-24", "'starts_at' is not a time with its zone, such as 2026-11-24T10:00:00-06:00"),
        ("starts_at", 1_763_000_000, "'starts_at' is not a time with its zone, such as 2026-11-24T10:00:00-06:00"),
        ("ends_at", "tomorrow", "'ends_at' is not a time with its zone, such as 2026-11-24T10:00:00-06:00"),
        ("due_on", "2026-02-30", "'due_on' is not a date such as 2026-11-24"),
        ("due_on", "20261124", "'due_on' is not a date such as 2026-11-24"),
        ("due_on", "2026-W48-2", "'due_on' is not a date such as 2026-11-24"),
        ("due_on", "2026-11-24T00:00:00Z", "'due_on' is not a date such as 2026-11-24"),
        ("options", "deck", "'options' is not a list of texts"),
        ("options", [1], "'options' is not a list of texts"),
        ("options", ["x"] * (MOST_ENTRIES + 1), "'options' is not a list of texts"),
    ],
)
def test_these_do_not_and_the_sender_is_told_why(field: str, value: object, problem: str) -> None:
    (found,) = check_data(DECLARED, {**DATA, field: value})

    assert (found.place, found.problem) == (f"data.{field}", problem)
    assert len(found.hint) <= 60


def test_a_field_that_is_left_out_is_missing() -> None:
    data = {name: value for name, value in DATA.items() if name not in ("amount", "due_on")}

    assert [(p.place, p.hint) for p in check_data(DECLARED, data)] == [
        ("data.amount", "send it as a number, without quotes"), ("data.due_on", "send it as a date such as 2026-11-24"),
    ]  # fmt: skip


def test_an_event_without_declared_fields_may_carry_anything() -> None:
    assert check_data(EventDeclaration(stage="quote"), {"x": object()}) == []


@pytest.mark.parametrize(("text", "kind"), [("number", FieldType("number")), ("optional date", FieldType("date", True))])
def test_a_kind_reads_and_prints_the_same(text: str, kind: FieldType) -> None:
    assert FieldType.parse(text) == kind
    assert str(kind) == text
