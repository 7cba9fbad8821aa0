"""The values a template uses, checked against what is declared before anything is sent."""

from __future__ import annotations

import pytest

from orchestrator.errors import Problem
from orchestrator.language.merge_fields import check_names
from orchestrator.language.templates import compile_template
from tests.language.templates import DECLARED


def check(text: str, line: int = 1) -> list[Problem]:
    return check_names(compile_template(text, "hello", "emails/hello.md", line), DECLARED)


@pytest.mark.parametrize(
    ("text", "line", "column", "problem", "hint"),
    [
        ("Hi\n{{ event.amout }}", 6, 4, "'event.amout' is not known", "did you mean 'event.amount'?"),
        ("{% if event.nte %}x{% endif %}", 5, 7, "'event.nte' is not known", "did you mean 'event.note'?"),
        ("{{ customer.tier }}", 5, 4, "'customer.tier' is not known", "known: customer.first_name, customer.name"),
        ("{{ amount }}", 5, 4, "'amount' is not known", ""),
        ("{{ event['amout'] }}", 5, 4, "'event.amout' is not known", "did you mean"),
        ("{{ event[house.name] }}", 5, 4, "'event' is not known", ""),
        ("{{ event.note }}", 5, 4, "'event.note' may be missing", 'write {{ event.note | default: "…" }}, or put it between {% if'),
        ("{{ event.currency | append: event.note }}", 5, 29, "'event.note' may be missing", "default"),
        ("{% if event.amount > 3 %}{{ event.note }}{% endif %}", 5, 29, "'event.note' may be missing", "default"),
        ("{% if event.note %}x{% endif %}{{ event.note }}", 5, 35, "'event.note' may be missing", "default"),
        ("{% assign x = event.note %}{{ x }}", 5, 15, "'event.note' may be missing", "default"),
        ("{{ event.starts_at }}", 5, 4, "'event.starts_at' would print as computers write a time", "| clock }}"),
        ("{{ event.due_on | append: '!' }}", 5, 4, "'event.due_on' would print as computers write a date", "| day }}"),
        ("{{ event.due_on | clock }}", 5, 19, "'event.due_on' is a date and has no time of day", "| day"),
        ("{% assign event = 'x' %}", 5, 4, "'event' has a meaning already", "another word"),
        ("{% for customer in event.options %}{{ customer }}{% endfor %}", 5, 4, "'customer' has a meaning already", "another"),
    ],
)  # fmt: skip
def test_values_are_checked_against_what_is_declared(text: str, line: int, column: int, problem: str, hint: str) -> None:
    (found,) = check(text, 5)

    assert (found.line, found.column, found.problem) == (line, column, problem)
    assert hint in found.hint


@pytest.mark.parametrize(
    "text",
    [
        "{% if event.note %}{{ event.note | upcase }}{% endif %}",
        "{% if event.amount > 3 and event.note %}{% for o in event.options %}{{ event.note }}{% endfor %}{% endif %}",
        "{% if event.amount > 3 %}x{% elsif event.note %}{{ event.note }}{% endif %}",
        "{% unless event.note == blank %}{{ event.note }}{% endunless %}",
        "{{ event.note | strip | default: 'none' }}",
        "{{ event.ends_at | day | default: 'soon' }}",
        "{% if event.starts_at == event.ends_at %}at once{% endif %}",
    ],
)
def test_a_guarded_value_may_be_missing(text: str) -> None:
    assert check(text) == []


def test_a_step_that_tested_a_value_may_print_it() -> None:
    template = compile_template("{{ event.note }}", "hello", "emails/hello.md")

    assert check_names(template, DECLARED, frozenset({"event.note"})) == []


def test_a_template_knows_what_it_looks_at_and_what_it_prints() -> None:
    text = "{% if event.note %}{{ event.note }}{% endif %}{{ event.amount | money: event.currency }}"
    text += "{{ house.name | default: 'us' }}{{ 'x' | upcase }}"
    template = compile_template(text, "hello", "emails/hello.md")

    assert template.names == {"event.note", "event.amount", "event.currency", "house.name"}
    assert template.prints == {"event.amount", "event.currency"}
