"""What conditions and words can know about one touch."""

from __future__ import annotations

import pytest

from orchestrator.language.facts import customer_facts, facts, flat, subject_facts
from orchestrator.language.house_rules import Company
from orchestrator.language.names import FIXED, HOUSE, declared_names, which_name
from tests.language.designs import design


def test_every_name_that_is_always_declared_has_a_value() -> None:
    house = Company(name="Northside").model_dump()
    known = facts({}, customer_facts(ref="C-77", extra={"first_name": "Dana"}), "quote/Q-1", house, ("follow-up", "Follow up"))

    assert flat(known).keys() >= FIXED.keys() | {f"house.{name}" for name in HOUSE}
    assert all(flat(known)[name] is not None for name, kind in FIXED.items() if not kind.optional)


def test_names_are_dotted_for_conditions_and_nested_for_words() -> None:
    known = facts({"amount": 1850}, customer_facts(ref="C-77"), "quote/Q-1", {"name": "Northside"}, ("a", "A"), 2, {"rating": 3})

    assert known["event"]["amount"] == flat(known)["event.amount"] == 1850
    assert (flat(known)["touch.tries"], flat(known)["answers.rating"]) == (2, 3)


@pytest.mark.parametrize(
    ("subject", "kind", "key"),
    [("quote/Q-1042", "quote", "Q-1042"), ("invoice/2026/311", "invoice", "2026/311"), ("Q-1042", "", "Q-1042")],
)
def test_a_subject_has_a_kind_and_a_key(subject: str, kind: str, key: str) -> None:
    assert subject_facts(subject) == {"id": subject, "kind": kind, "key": key}


@pytest.mark.parametrize(
    ("own", "zones", "shown"),
    [
        ("Europe/Berlin", ("America/Chicago",), "Europe/Berlin"),
        (None, ("America/Chicago", "America/Denver"), "America/Chicago"),
        (None, (), "UTC"),
    ],
)
def test_times_are_shown_in_the_customers_own_zone_or_the_likeliest(own: str | None, zones: tuple[str, ...], shown: str) -> None:
    assert customer_facts(ref="C-77", time_zone=own, zones=zones)["zone"] == shown


def test_further_fields_of_a_customer_hide_none_of_ours() -> None:
    known = customer_facts(ref="C-77", email="dana@example.com", extra={"email": "evil@example.com", "id": "x", "tier": "gold"})

    assert (known["id"], known["email"], known["tier"]) == ("C-77", "dana@example.com", "gold")


def test_a_first_name_is_never_made_up() -> None:
    assert "first_name" not in customer_facts(ref="C-77", name="Dana Ortiz")


def test_a_field_that_one_start_event_does_not_carry_may_be_missing() -> None:
    made = design("  - touchpoint: hello\n    email: thanks\n", "starts_on: [quote.sent, quote.changed]\n")

    names, wrong = declared_names(made.playbooks["follow-up"].playbook, made.lifecycle, ())

    assert wrong == []
    assert {name: names[f"event.{name}"].optional for name in ("amount", "currency", "reason", "note")} == {
        "amount": False, "currency": True, "reason": True, "note": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("event.amout", "did you mean 'event.amount'?"),
        ("evnt.amount", "did you mean 'event.amount'?"),
        ("customer.tier", "known: customer.id, customer.name"),
        ("nothing.alike", "known: customer.id, customer.name, event.amount"),
    ],
)
def test_a_name_that_is_not_known_has_a_hint(name: str, hint: str) -> None:
    assert which_name(name, ["event.amount", "customer.id", "customer.name"]) == hint
