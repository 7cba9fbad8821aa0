"""Templates: what customers read, and what is refused when a file is loaded."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.merge_fields import check_names
from orchestrator.language.templates import CannotSay, MissingValue, Template, compile_template
from tests.language.templates import DECLARED, facts, render


def compiled_or_refused(text: str) -> Template | list[Problem]:
    try:
        return compile_template(text, "hello", "emails/hello.md")
    except PlaybookError as refused:
        return list(refused.problems)


def check(text: str, line: int = 1) -> list[Problem]:
    return check_names(compile_template(text, "hello", "emails/hello.md", line), DECLARED)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello {{ customer.first_name | default: 'there' }}, this is {{ house.name }}.", "Hello Dana, this is Northside."),
        ("{{ event.amount }} {{ event.amount | times: 1.5 }} {{ event.amount | divided_by: 4.0 }}", "1850 2775 462.5"),
        ("{{ event.amount | money: event.currency }}", "$1,850.00"),
        ("{{ event.starts_at | day }} at {{ event.starts_at | clock }}", "Tuesday, November 24 at 10:00 AM"),
        ("{{ event.due_on | day }}", "Tuesday, November 24"),
        ("{{ customer.name | default: 'there' }}", "there"),
        ("{{ event.note | default: '' }}end", "end"),
        ("{{ customer.name | default: customer.first_name }}", "Dana"),
        ("{% if event.note %}{{ event.note }}{% else %}none{% endif %}", "none"),
        ("{% unless event.note %}none{% endunless %}", "none"),
        ("{% if event.amount > 500 and event.currency == 'USD' %}large{% endif %}", "large"),
        ("{% case event.currency %}{% when 'USD' %}dollars{% when 'EUR' %}euros{% endcase %}", "dollars"),
        ("{% for o in event.options %}- {{ o }}\n{% endfor %}", "- deck\n- gutter\n"),
        ("{% for o in event.options %}{{ forloop.index }}{% unless forloop.last %}, {% endunless %}{% endfor %}", "1, 2"),
        (
            "{{ event.options }} / {{ event.options | join: ' + ' }} / {{ event.options | first }}",
            "deck, gutter / deck + gutter / deck",
        ),
        ("{{ event.options.size }}", "2"),
        ("{% assign sum = event.amount | plus: 50 %}{{ sum }}", "1900"),
        ("{{ house.name | upcase | prepend: 'Dear ' }}", "Dear NORTHSIDE"),
        ("a{% comment %} not said {% endcomment %}b{% # nor this %}c", "abc"),
        ("No values at all.", "No values at all."),
    ],
)
def test_a_template_says(text: str, said: str) -> None:
    assert check(text) == []
    assert render(text) == said


def test_an_empty_text_is_as_good_as_none() -> None:
    assert render("{% if event.note %}about {{ event.note }}{% else %}none{% endif %}", note="") == "none"
    assert render("{{ event.note | default: 'none' }}", note="") == "none"


@pytest.mark.parametrize(
    ("locale", "zone", "day", "clock", "money"),
    [
        ("en-US", "America/Chicago", "Tuesday, November 24", "10:00 AM", "$1,850.00"),
        ("en-US", "Pacific/Auckland", "Wednesday, November 25", "5:00 AM", "$1,850.00"),  # already the next day there
        ("en-GB", "Europe/London", "Tuesday 24 November", "16:00", "US$1,850.00"),
        ("de", "Europe/Berlin", "Dienstag, 24. November", "17:00", "1.850,00 $"),
        ("de-AT", "Europe/Vienna", "Dienstag, 24. November", "17:00", "$ 1.850,00"),
        ("es-MX", "America/Chicago", "martes, 24 de noviembre", "10:00 a.m.", "USD1,850.00"),
        ("fr", "Europe/Paris", "mardi 24 novembre", "17:00", "1 850,00 $US"),
        ("xx", "America/Chicago", "Tuesday, November 24", "10:00 AM", "$1,850.00"),  # a language nobody knows
        ("en-XX", "America/Chicago", "Tuesday, November 24", "10:00 AM", "$1,850.00"),
        ("../../etc", "America/Chicago", "Tuesday, November 24", "10:00 AM", "$1,850.00"),
        (None, "America/Chicago", "Tuesday, November 24", "10:00 AM", "$1,850.00"),
    ],
)
def test_days_times_and_money_are_written_as_the_customer_does(
    locale: str | None, zone: str, day: str, clock: str, money: str
) -> None:
    known = {**facts(), "customer": {"locale": locale, "zone": zone}}

    def shown(text: str) -> str:
        return compile_template(text, "hello", "emails/hello.md").render(known)

    assert shown("{{ event.starts_at | day }}") == day
    assert shown("{{ event.starts_at | clock }}") == clock
    assert shown("{{ event.amount | money: event.currency }}") == money


@pytest.mark.parametrize(
    ("at", "clock"),
    [("2026-03-08T07:30:00+00:00", "1:30 AM"), ("2026-03-08T08:30:00+00:00", "3:30 AM"), ("2026-11-01T06:30:00+00:00", "1:30 AM"),
     ("2026-11-01T07:30:00+00:00", "1:30 AM"), ("2026-11-01T08:30:00+00:00", "2:30 AM")],
)  # fmt: skip
def test_times_follow_the_clock_changes(at: str, clock: str) -> None:
    assert render("{{ event.starts_at | clock }}", starts_at=at) == clock


def test_a_date_is_the_same_day_everywhere() -> None:
    known = {**facts(), "customer": {"zone": "Pacific/Honolulu", "locale": "en-US"}}

    assert compile_template("{{ event.due_on | day }}", "hello", "x.md").render(known) == "Tuesday, November 24"


@pytest.mark.parametrize(
    ("text", "event", "name"),
    [
        ("Hello {{ event.note }}", {}, "event.note"),
        ("Hello {{ event.note }}", {"note": None}, "event.note"),
        ("Hello {{ event.note }}", {"note": ""}, "event.note"),
        ("Hello {{ event.note }}", {"note": " \n"}, "event.note"),
        ("Hello {{ event.note | upcase }}", {}, "event.note"),
        ("Hello {{ event.note | prepend: 'about ' }}", {"note": ""}, "event.note"),
        ("Hello {{ 'about ' | append: event.note }}", {}, "event.note"),
        ("{{ event.amount | money: event.note }}", {}, "event.note"),
        ("{{ customer.name | default: event.note }}", {}, "customer.name"),
        ("{{ event.options }}", {"options": []}, "event.options"),
        ("{{ event.nothing.inside }}", {}, "event.nothing.inside"),
        ("{{ nobody.knows }}", {}, "nobody.knows"),
        ("{{ nobody }}", {}, "nobody"),
        ("{% assign x = event.note %}{{ x }}", {}, "x"),
    ],
)
def test_a_value_that_is_missing_means_that_nothing_is_said(text: str, event: dict[str, object], name: str) -> None:
    with pytest.raises(MissingValue) as missing:
        render(text, **event)

    assert missing.value.name == name
    assert "emails/hello.md" in str(missing.value)


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("{{ event.amount | money: event.currency }}", {"amount": "1850"}),
        ("{{ event.amount | money: event.currency }}", {"currency": "dollars"}),
        ("{{ event.amount | money }}", {}),
        ("{{ event.starts_at | clock }}", {"starts_at": "2026-11-24T16:00:00"}),  # no zone: no instant
        ("{{ event.starts_at | day }}", {"starts_at": "soon"}),
        ("{{ event.due_on | day }}", {"due_on": "2026-13-01"}),
        ("{{ event.amount | divided_by: 0 }}", {}),
        ("{{ event.amount | times: 1 }}", {"amount": float("inf")}),
        ("{% if event.amount > 3 %}x{% endif %}", {"amount": "many"}),
        ("{{ event.currency | slice }}", {}),
        ("{{ event.currency | truncate: event.currency }}", {}),
    ],
)
def test_what_cannot_be_shown_means_that_nothing_is_said(text: str, event: dict[str, object]) -> None:
    with pytest.raises(CannotSay):
        render(text, **event)


def test_an_unknown_time_zone_means_that_nothing_is_said() -> None:
    known = {**facts(), "customer": {"zone": "Mars/Olympus", "locale": "en"}}

    with pytest.raises(CannotSay, match="Mars/Olympus"):
        compile_template("{{ event.starts_at | clock }}", "hello", "x.md").render(known)


@pytest.mark.parametrize(
    "text",
    [
        "{" * 19_000, "{{" * 9_000, "{% " * 6_000, "{%-" * 6_000, "{{ %} " * 3_000, "{{ a " * 4_000, "{{'" * 6_000,
        "{{" + " " * 19_000 + "}}", "{% if" + " " * 19_000 + "%}", "{% raw %}" * 2_000, "{{ x }}" * 2_800,
        "{{ event.code " + "| upcase " * 2_200 + "}}",
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_no_text_keeps_a_process_busy_when_it_is_read(text: str) -> None:
    before = time.process_time()

    with pytest.raises(PlaybookError):
        compile_template(text, "hello", "emails/hello.md")

    assert time.process_time() - before < 1  # the worst of them took 20 seconds


@pytest.mark.parametrize(
    ("text", "line", "column", "problem", "hint"),
    [
        ("Hi\n{{ event.amount ", 6, 1, "{{ or {% is opened and never closed", "{{ }}"),
        ("Hi\n {% if event.note %}x", 6, 2, "'{% endif %}' is missing", "its end"),
        ("Hi {% include 'x' %}", 5, 7, "'{% include %}' is not used here", "there are if"),
        ("Hi {% render 'x' %}", 5, 7, "'{% render %}' is not used here", "there are if"),
        ("Hi {% iff x %}{% endif %}", 5, 7, "there is no '{% iff %}' here", "did you mean 'if'?"),
        ("Hi {{ event.amount | mony: event.currency }}", 5, 22, "there is no filter 'mony'", "did you mean 'money'?"),
        ("Hi {{ 'now' | date: '%Y' }}", 5, 15, "there is no filter 'date'", "| day"),
        ("{% if event.amount | mony %}{% endif %}", 5, 20, "this cannot be read", "{{ }}"),
        ("Hi {{ event.amount if event.note else 3 }}", 5, 20, "this cannot be read", "{{ }}"),
        ("Hi {{ event..amount }}", 5, 12, "this cannot be read", "{{ }}"),
        ("x" * 20_001, 5, 1, "the text is longer than 20,000 characters", "shorten"),
    ],
)
def test_a_template_that_cannot_be_read_is_refused_with_its_place(
    text: str, line: int, column: int, problem: str, hint: str
) -> None:
    with pytest.raises(PlaybookError) as refused:
        compile_template(text, "hello", "emails/hello.md", 5)

    (found,) = refused.value.problems
    assert (found.place, found.line, found.column) == ("emails/hello.md", line, column)
    assert found.problem.startswith(problem)
    assert hint in found.hint


LIQUID = st.lists(
    st.sampled_from(
        ["{{", "}}", "{%", "%}", " event.amount ", " event.note ", " customer.first_name ", "|", " money: ", " default: 'x' ", "if", "endif",
         "for", " x in ", "endfor", "assign", " = ", "'", '"', "\n", "é", "- ", "[", "]", "(1..3)", "else", "unless", "case", "raw",
         "comment", ",", ":", "#"]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.one_of(LIQUID, st.text(max_size=80)))
def test_any_text_is_a_template_that_says_something_or_is_refused_with_a_place(text: str) -> None:
    answer = compiled_or_refused(text)

    if isinstance(answer, Template):
        check_names(answer, DECLARED)
        with suppress(CannotSay):
            assert isinstance(answer.render(facts()), str)
    else:
        assert answer
        assert all(p.line >= 1 and p.column >= 1 for p in answer)
