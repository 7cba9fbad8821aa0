"""Conditions: what they answer, what is refused when a file is loaded, and that nobody can make them expensive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import InputError, Problem
from orchestrator.language.conditions import Condition, ConditionError, compile_condition
from orchestrator.language.lifecycle import FieldType

DECLARED = {
    name: FieldType.parse(kind)
    for name, kind in {
        "event.amount": "number",
        "event.discount": "optional number",
        "event.kind": "text",
        "event.note": "optional text",
        "event.due_on": "date",
        "event.valid_until": "optional date",
        "event.starts_at": "time",
        "event.ends_at": "optional time",
        "event.options": "list",
        "event.extras": "optional list",
        "event.rush": "boolean",
        "event.member": "optional boolean",
        "customer.locale": "optional text",
        "answers.rating": "optional number",
        "subject.kind": "text",
    }.items()
}
FACTS: Mapping[str, object] = {
    "event.amount": 600,
    "event.kind": "roof",
    "event.due_on": "2026-12-01",
    "event.starts_at": "2026-11-24T10:00:00-06:00",
    "event.ends_at": "2026-11-24T13:00:00-06:00",
    "event.options": ["deck", "gutter"],
    "event.rush": True,
    "event.member": False,
    "customer.locale": "en-US",
    "answers.rating": 2,
    "subject.kind": "quote",
}


def holds(text: str, **changes: object) -> bool | None:
    facts = {**FACTS, **{name.replace("__", "."): value for name, value in changes.items()}}
    return compile_condition(text, DECLARED).holds(facts)


def refused(text: str) -> Problem:
    with pytest.raises(ConditionError) as error:
        compile_condition(text, DECLARED)
    (problem,) = error.value.problems
    return problem


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        # a number is a number, with or without a point
        ("event.amount >= 500", True), ("event.amount >= 500.5", True), ("event.amount == 600", True), ("600 == event.amount", True),
        ("event.amount < -3", False), ("-event.amount < 0", True), ("event.amount * 2 + 1 > 1200", True), ("event.amount > 2 + 3", True),
        ("(event.amount) >= (500)", True), ("event.amount in [500, 600]", True), ("event.amount in [500, 600.0]", True),
        ("!(event.amount in [1])", True), ("event.amount > 500 ? event.rush : false", True), ("[600].exists(x, x == 600)", True),
        ("event.amount > 1e2 && event.amount > 1", True), ("event.amount / 7 > 85", True),
        # text
        ("event.kind == 'roof'", True), ('event.kind == "roof"', True), ("event.kind.startsWith('ro')", True),
        ("event.kind.contains('oo') && event.kind != 'x'", True), ("event.kind in ['deck', 'roof']", True), ("event.kind.size() == 4", True),
        ("event.kind.matches('^r.*f$')", True), ("event . kind == 'roof'", True), ("event.kind == 'roof' // a comment", True),
        ("event.kind == 'event.nothing && 500'", False),
        # lists, truth, dates, times
        ("'deck' in event.options", True), ("size(event.options) > 1", True), ("size(event.options) > 1 && event.amount > 2", True),
        ("event.options[0] == 'deck' && event.amount > 3", True), ("event.options.exists(o, o == 'gutter')", True),
        ("event.rush", True), ("!event.rush", False), ("event.rush == true", True),
        ("event.due_on >= '2026-12-01'", True), ("event.due_on.startsWith('2026-12')", True),
        ("event.starts_at > timestamp('2026-11-24T15:59:59Z')", True), ("event.starts_at < timestamp('2026-11-24T16:00:00Z')", False),
        ("event.starts_at.getHours('America/Chicago') == 10", True),
        # what may be missing
        ("event.ends_at != null && event.ends_at - event.starts_at == duration('3h')", True),
        ("event.ends_at != null && event.ends_at.getHours('America/Chicago') == 13", True),
        ("event.note != null", False), ("event.note == null", True), ("null == event.note", True),
        ("event.note == null || event.note == 'x'", True), ("event.note != null && event.note.contains('x')", False),
        ("event.discount == null || event.discount + 1 > 3", True), ("answers.rating != null && answers.rating <= 3", True),
        ("event.extras == null || 'x' in event.extras", True), ("event.member != null && event.member", False),
        ("customer.locale != null && customer.locale.startsWith('en')", True), ("event.valid_until == null", True),
    ],
)  # fmt: skip
def test_a_condition_answers(text: str, answer: bool) -> None:
    assert holds(text) is answer


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("event.amount >= 500", {"event__amount": None}),  # what must be there is not
        ("event.amount >= 500", {"event__amount": "600"}),  # another kind
        ("event.amount >= 500", {"event__amount": True}),
        ("event.amount >= 500", {"event__amount": 10**400}),
        ("event.kind == 'roof'", {"event__kind": 7}),
        ("event.rush", {"event__rush": "yes"}),
        (
            "event.starts_at > timestamp('2026-11-24T15:59:59Z')",
            {"event__starts_at": "2026-11-24T10:00:00"},
        ),  # no zone: no instant
        ("event.starts_at > timestamp('2026-11-24T15:59:59Z')", {"event__starts_at": "soon"}),
        ("event.ends_at != null && event.ends_at > event.starts_at", {"event__ends_at": "soon"}),
        ("'deck' in event.options", {"event__options": "deck"}),
        ("'deck' in event.options", {"event__options": [1, 2]}),
        ("event.options[5] == 'x'", {}),  # an error of CEL is a value there, and a truthy one
        ("1 / 0 == 1", {}),
        ("event.starts_at.getHours('Nowhere') == 1", {}),
        ("event.note != null || event.note.contains('x')", {}),
    ],
)
def test_what_cannot_be_told_is_neither_true_nor_false(text: str, changes: dict[str, object]) -> None:
    assert holds(text, **changes) is None


def test_moments_and_dates_may_come_as_values_too() -> None:
    at = datetime(2026, 11, 24, 16, tzinfo=UTC)

    assert holds("event.starts_at == timestamp('2026-11-24T16:00:00Z')", event__starts_at=at) is True
    assert holds("event.due_on == '2026-11-24'", event__due_on=date(2026, 11, 24)) is True


@pytest.mark.parametrize("test", ["event.ends_at != null", "null != event.ends_at"])
def test_a_time_that_is_missing_is_missing(test: str) -> None:
    assert holds(f"{test} && event.ends_at > event.starts_at", event__ends_at=None) is False
    assert holds(f"{test} && event.ends_at > event.starts_at") is True


def test_a_whole_number_in_a_field_is_as_good_as_one_with_a_point() -> None:
    assert holds("event.discount != null && event.discount + 1.5 > 3", event__discount=2) is True


@pytest.mark.parametrize(
    ("text", "column", "problem", "hint"),
    [
        ("event.amont > 3", 1, "'event.amont' is not known", "did you mean 'event.amount'?"),
        ("event.rush && evnt.kind == 'x'", 15, "'evnt.kind' is not known", "did you mean 'event.kind'?"),
        ("customer.tier == 'x'", 1, "'customer.tier' is not known", "known: customer.locale"),
        ("event == 'x'", 1, "'event' is not known", ""),
        ("event.kind == roof", 15, "'roof' is not known", "text stands in quotes: 'roof'"),
        ("event.rush == True", 15, "'True' is not known", "write true, false or null"),
        ("event.amount", 1, "it gives a number, not yes or no", "compare it"),
        ("'yes'", 1, "it gives a text, not yes or no", "compare it"),
        ("event.rush ? 1 : 2", 1, "it gives a whole number, not yes or no", "compare it"),
        ("event.amount == 'x'", 14, "'==' does not go with a number and a text", "put text in quotes"),
        ("event.amount > '500'", 14, "'>' does not go with a number and a text", "numbers without"),
        ("event.kind > 500", 12, "'>' does not go with a text and a whole number", ""),
        ("event.amount >= 500 && event.kind == 3", 35, "'==' does not go with a text and a whole number", ""),
        ("event.starts_at > '2026-11-24'", 17, "'>' does not go with a time and a text", "timestamp('"),
        ("event.rush > 3", 12, "'>' does not go with a yes or no and a whole number", ""),
        ("event.amount > size(event.options)", 14, "'>' does not go with a number and a whole number", "double("),
        ("event.amount > size(event.options[0])", 14, "'>' does not go with a number and a whole number", "double("),
        ("event.discount > 3", 1, "'event.discount' may be missing", "test it first: event.discount != null && …"),
        ("event.amount > 3 && event.note == 'x'", 21, "'event.note' may be missing", "event.note != null"),
        ("event.note != null && event.discount > 3", 23, "'event.discount' may be missing", "event.discount != null"),
        ("event.member", 1, "'event.member' may be missing", "event.member != null"),
        ("event.kind == null", 12, "this is never missing", "leave the test for null out"),
        ("event.rush = true", 12, "'=' compares nothing", "write =="),
        ("event.rush and event.amount > 3", 12, "'and' is not used in conditions", "&&"),
        ("not event.rush", 5, "'not' is not used in conditions", "!"),
        ("event.rush &&", 14, "the condition stops too early", "at its end"),
        ("(event.rush", 12, "a bracket is opened and never closed", ""),
        ("event.rush)", 11, "')' does not belong here", "e.g."),
        ("event.kind.startWith('r')", 21, "there is no function 'startWith'", "did you mean 'startsWith'?"),
        ("now() > event.starts_at", 4, "there is no function 'now'", "known: "),
        ("event.amount.foo == 3", 1, "it has nothing inside that could be named", "declared names"),
        (" ", 2, "the condition stops too early", ""),
    ],
)  # fmt: skip
def test_a_condition_with_a_mistake_is_refused_when_it_is_loaded(text: str, column: int, problem: str, hint: str) -> None:
    found = refused(text)

    assert found.problem == problem
    assert hint in found.hint
    assert (found.line, found.column) == (1, column)


def test_every_mistake_of_a_condition_is_said_with_its_line() -> None:
    with pytest.raises(ConditionError) as error:
        compile_condition("event.amount >= 500 &&\n  event.knd == 'x' &&\n  event.amount > 'y'", DECLARED)

    assert [(p.line, p.column, p.problem) for p in error.value.problems] == [
        (2, 3, "'event.knd' is not known"), (3, 16, "'>' does not go with a number and a text"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "assures"),
    [
        ("event.note != null && event.amount > 3", {"event.note"}),
        ("null != event.note && event.discount != null", {"event.note", "event.discount"}),
        ("event.note == null", set()),
        ("event.note != null || event.rush", set()),
        ("!(event.note != null)", set()),
    ],
)
def test_a_condition_knows_what_is_there_when_it_holds(text: str, assures: set[str]) -> None:
    assert compile_condition(text, DECLARED).assures == assures


def test_only_what_a_condition_names_is_handed_to_it() -> None:
    condition = compile_condition("event.amount > 3 && event.kind == 'event.rush'", DECLARED)

    assert condition.names == {"event.amount", "event.kind"}
    assert condition.holds({**FACTS, "event.rush": object()}) is False


LIST = "[" + ",".join(map(str, range(10))) + "]"
NESTED = "event.amount == 1"
for _depth in range(9):
    NESTED = f"{LIST}.all(v{_depth}, {NESTED})"


@pytest.mark.parametrize(
    "text",
    [
        "event.options.all(a, event.options.all(b, event.options.all(c, event.options.all(d, a + b != c + d))))",
        NESTED.replace("event.amount == 1", "event.amount != 1"),
        "event.kind.matches('(a+)+$')",
        "event.kind.matches('(.*)*(.*)*(.*)*x')",
    ],
)
def test_a_condition_that_does_too_much_ends_soon_and_says_nothing(text: str) -> None:
    facts = {**FACTS, "event.options": [str(n) * 50 for n in range(1_000)], "event.kind": "a" * 9_999 + "!"}

    try:
        condition = compile_condition(text, DECLARED)
    except ConditionError:
        return
    assert condition.holds(facts) is not True


def test_the_work_of_a_condition_has_a_limit() -> None:
    """10 ** 9 rounds would take minutes; the limit makes the answer unknown."""
    assert holds(NESTED.replace("event.amount == 1", "event.amount != 1")) is None


@pytest.mark.parametrize(
    "text", ["x" * 1_001, "(" * 500 + "true" + ")" * 500, "!" * 999, "[" * 499 + "]" * 499, "a." * 499 + "b", "-" * 900 + "1 > 2"]
)
def test_a_condition_that_is_too_long_or_too_deep_is_refused_or_answered(text: str) -> None:
    try:
        condition = compile_condition(text, DECLARED)
    except ConditionError:
        return  # refused, and not with another error
    assert condition.holds(FACTS) in (True, False, None)


def test_what_customers_write_is_never_part_of_a_condition() -> None:
    evil = "' || true || '"

    assert holds("event.kind == 'roof'", event__kind=evil) is False
    assert holds(f"event.kind == '{'roof'}' || event.kind.size() > 100", event__kind=evil) is False


CONDITION_SIGNS = st.text(alphabet="event.amountnoknd ()[]{}!&|<>=+-*/%?:,'\"\\0159\n\té\U0001f600", max_size=60)
PIECES = st.lists(
    st.sampled_from(
        ["event.amount", "event.note", "event.starts_at", "event.ends_at", "event.options", "event.rush", "null", "500", "1.5", "'x'",
         "==", "!=", ">", "in", "&&", "||", "!", "(", ")", "[", "]", ",", "+", "-", "?", ":", "size", ".size()", "\n", "é", "timestamp", "x"]
    ),
    max_size=12,
).map(" ".join)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.one_of(CONDITION_SIGNS, PIECES, st.text(max_size=60)))
def test_any_text_is_a_condition_that_answers_or_is_refused_with_a_place(text: str) -> None:
    try:
        condition = compile_condition(text, DECLARED)
    except InputError as refused_:
        lines = text.split("\n")
        for problem in refused_.problems:
            assert 1 <= problem.line <= len(lines)
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
    else:
        assert isinstance(condition, Condition)
        assert condition.holds(FACTS) in (True, False, None)
        assert condition.holds({}) in (True, False, None)
