"""Which numbers may be dialled, and how a refusal is explained without naming the number."""

from __future__ import annotations

import pytest

from orchestrator.core.numbers import why_not

US = frozenset({"US"})


@pytest.mark.parametrize(
    ("number", "countries"),
    [
        ("+13127801234", {"US"}),
        ("+13127801234", {"us"}),
        ("+447400123456", {"US", "GB"}),
        ("+447400123456", set()),
        ("+493012345678", {"DE"}),
        ("+13125550142", {"US"}),  # for films and rehearsals
        ("+15550000001", {"US"}),
        ("+15551230003", {"CA"}),
    ],
)
def test_a_customers_number_may_be_dialled(number: str, countries: set[str]) -> None:
    assert why_not(number, countries) is None


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("", "no number"),
        ("call me", "not a telephone number"),
        ("3127801234", "not a telephone number"),
        ("+1312", "not a possible"),
        ("+13127801234567", "not a possible"),
        ("+10005551234", "in use"),
        ("+19002345678", "premium-rate"),
        ("+449098790000", "premium-rate"),
        ("+18002345678", "toll-free"),
        ("+4918033456789", "shared-cost"),
        ("+870773123456", "satellite"),
        ("+881612345678", "satellite"),
        ("+8821234567", "satellite"),
        ("+97912345678", "premium-rate|no country"),
        ("+14165551234", "CA are not among the allowed"),
        ("+18095551234", "not among the allowed"),
        ("+447400123456", "GB are not among the allowed"),
        ("+44555501999", "in use"),
        ("+1555000000", "not a possible"),
        ("\u0660\u0661", "not"),
    ],
)
def test_any_other_number_is_refused_with_the_reason_and_without_the_number(number: str, why: str) -> None:
    found = why_not(number, US)

    assert found is not None
    assert any(part in found for part in why.split("|")), found
    assert not number or number not in found
