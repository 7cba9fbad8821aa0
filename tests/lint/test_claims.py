"""What lint reads out of a condition is what the condition says when it is asked."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.language.conditions import compile_condition
from orchestrator.language.lifecycle import FieldType
from orchestrator.lint.claims import base, ways
from orchestrator.lint.values import Values, beside, none_of, one_of

DECLARED = {
    "event.amount": FieldType("number"),
    "event.kind": FieldType("text"),
    "event.rush": FieldType("boolean"),
    "event.note": FieldType("text", optional=True),
    "event.discount": FieldType("number", optional=True),
}
FACTS = [
    dict(zip(DECLARED, values, strict=True))
    for values in product(
        (0, 500, 500.5, 1_000), ("repair", "estimate"), (True, False), (None, "urgent", "repair"), (None, 0, 10)
    )
]
ATOMS = st.sampled_from(
    [
        "event.amount >= 500", "event.amount < 500", "500 < event.amount", "event.amount == 1000", "event.amount != 500.5",
        'event.kind == "repair"', "event.kind in ['repair', 'other']", '!(event.kind in ["estimate"])', "event.rush", "!event.rush",
        "event.rush == false", "event.note == null", 'event.note != null && event.note == "urgent"', "event.discount != null",
        "event.discount != null && event.discount > 0", "event.kind.startsWith('r')", '"repair" != event.kind',
    ]
)  # fmt: skip
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})")
        | inner.map(lambda one: f"!({one})")
    ),
    max_leaves=4,
)


def admits(claim: tuple[tuple[str, Values], ...], facts: dict[str, Any]) -> bool:
    """Whether what is claimed leaves room for these facts. A claim that could not be read admits everything."""
    known = beside({}, claim, base(DECLARED))
    if known is None:
        return False
    exactly = [
        (name, one_of([], null=True) if facts[name] is None else one_of([facts[name]])) for name, _ in known if name in facts
    ]
    return beside(dict(known), exactly, base(DECLARED)) is not None


@settings(max_examples=40, deadline=None, derandomize=True)
@given(CONDITIONS)
def test_a_condition_holds_only_in_the_ways_that_lint_reads(text: str) -> None:
    rule = compile_condition(text, DECLARED)
    yes, no = ways(text, DECLARED, holds=True), ways(text, DECLARED, holds=False)
    read = not any(name.startswith("⟨") for claim in yes + no for name, _ in claim)

    for facts in FACTS:
        answer = rule.holds(facts)
        said = any(admits(claim, facts) for claim in yes), any(admits(claim, facts) for claim in no)
        if answer is not None:
            assert said[0 if answer else 1], (text, facts)
        if read and answer is not None:
            assert not said[1 if answer else 0], (text, facts)


@pytest.mark.parametrize(
    ("one", "other", "possible"),
    [
        (Values(low=500.0), Values(null=False, high=500.0), True),
        (Values(null=False, low=500.0), Values(null=False, high=500.0, high_open=True), False),
        (Values(null=False, low=500.0), Values(null=False, high=499.0), False),
        (Values(low=500.0), Values(high=499.0), True),  # missing is both
        (one_of(["a", "b"]), none_of(["a"]), True),
        (one_of(["a"]), none_of(["a"]), False),
        (one_of([], null=True), Values(null=False), False),
        (Values(null=False, low=1.0, high=1.0), none_of([1.0]), False),
        (one_of([1.0, 5.0]), Values(low=2.0), True),
        (one_of([1.0]), Values(null=False, low=2.0), False),
    ],
)
def test_two_claims_about_one_name_contradict_each_other_or_not(one: Values, other: Values, possible: bool) -> None:
    assert one.meet(other).empty is not possible


def test_a_long_condition_is_a_claim_about_itself() -> None:
    text = " && ".join(f"(event.amount == {n} || event.amount == {n + 1})" for n in range(5))

    ((name, _),) = ways(text, DECLARED, holds=True)[0]

    assert name.startswith("⟨")
