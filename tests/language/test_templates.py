"""Templates: what customers read, what is refused when a file is loaded, and that values are never more than data."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.lifecycle import FieldType
from orchestrator.language.merge_fields import check_names
from orchestrator.language.templates import CannotSay, MissingValue, Style, Template, compile_template

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


EVIL = "{{ 7 | times: 6 }}{% assign x = 1 %}{% include 'x' %}"


@pytest.mark.parametrize(
    "text", ["{{ event.note }}", "{% if event.note %}{{ event.note }}{% endif %}", "{{ event.note | strip }}"]
)
def test_a_customer_who_is_called_like_a_template_is_called_so(text: str) -> None:
    assert render(text, note=EVIL) == EVIL


MARKDOWN_TRICKS = [
    "*Bob* **Bob** _Bob_ __Bob__ ~~Bob~~ `Bob`", "[evil](https://evil.example)", "![x](https://evil.example/x.png)",
    "<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "&lt;b&gt; &amp; &#42;", "# heading", "> quote", "- item", "+ item",
    "* item", "1. item", "12) item", "a\n===", "a\n---", "a\n\n# b", "a\n* b\n* c", "\\*a\\*", "| a | b |\n|---|---|\n| c | d |",
    "https://evil.example/?a=b&c=d", "<https://evil.example>", "[a]: https://evil.example", "[x][a]", "javascript:alert(1)",
    "a  \nb", "~~~\ncode\n~~~",
    "a_b_c@example.com", "2 * 3 = 6", "C:\\path\\file", "{{ x }}", "$5 & more", "(312) 555-0142", "10:00", "O'Neil \"Kid\"",
]  # fmt: skip


@pytest.mark.parametrize("value", MARKDOWN_TRICKS)
def test_values_are_no_markdown(value: str) -> None:
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(render("{{ event.note }}", "markdown", note=value))

    for tag in (
        "<em",
        "<strong",
        "<a ",
        "<img",
        "<script",
        "<h1",
        "<h2",
        "<blockquote",
        "<ul",
        "<ol",
        "<code",
        "<pre",
        "<table",
        "<hr",
        "<s>",
    ):
        assert tag not in html
    shown = html
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        shown = shown.replace(entity, sign)
    words = "".join(shown.replace("<p>", "").replace("</p>", "").replace("<br />", "").split())
    assert words == "".join(value.split())


def test_a_link_made_of_a_value_keeps_its_address() -> None:
    html = MarkdownIt().render(
        render("[your quote]({{ event.note }})", "markdown", note="https://example.com/q?id=Q-10_42&x=(1)")
    )

    assert '<a href="https://example.com/q?id=Q-10_42&amp;x=(1)">your quote</a>' in html


def test_a_value_cannot_leave_its_link() -> None:
    html = MarkdownIt().render(render("[your quote]({{ event.note }})", "markdown", note="x) [evil](https://evil.example"))

    assert "<a " not in html


def test_the_authors_own_markdown_is_markdown() -> None:
    assert render("**{{ event.currency }}** - {{ event.amount | money: event.currency }}", "markdown") == "**USD** - $1,850.00"


@pytest.mark.parametrize("brk", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_a_value_cannot_begin_a_new_header_line(brk: str) -> None:
    said = render("Your quote, {{ event.note }}!", "line", note=f"Dana{brk}Bcc: everybody@example.com")

    assert said == "Your quote, Dana Bcc: everybody@example.com!"


def test_invisible_signs_of_a_value_are_left_out() -> None:
    assert render("{{ event.note }}", note="a\x00b\x1bc\u202ed\u2066e\x7ff") == "abcdef"


def test_an_emoji_of_several_signs_stays_whole() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"

    assert render("{{ event.note }}", note=family) == family


@pytest.mark.parametrize(
    "text",
    [
        "{{ (1..3000000) | join: ',' }}",
        "{{ (1..1001) | join: '' | size }}",  # what is not printed is bounded too
        "{{ event.note | replace: 'x', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' | size }}",
        "{% for i in (1..1000) %}{% for j in (1..1000) %}x{% endfor %}{% endfor %}",
        "{% for i in (1..100000000) %}x{% endfor %}",
        "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | append: a %}" * 30 + "{{ a }}",
        "{% assign a = event.currency %}" + "{% assign a = a | replace: '', 'xxxxxxxxxx' %}" * 8 + "{{ a }}",
        "{{ 99999999999 | times: 99999999999 | times: 99999999999 }}",
        "{% for i in (1..1000) %}{{ event.note }}{% endfor %}",
    ],
)
def test_a_template_that_does_too_much_is_stopped(text: str) -> None:
    with pytest.raises(CannotSay):
        render(text, note="x" * 1_000)


@pytest.mark.parametrize(
    "text",
    [
        "{% assign a = 'xxxxxxxxxxxx' %}{% assign a = a | replace: 'x', a | replace: 'x', a %}{{ a | replace: 'x', a | size }}",
        "{% assign a = 'xxxxxxxxxxxx' %}{% assign a = a | replace: 'x', a | replace: 'x', a %}{{ a | split: '' | join: a | size }}",
        "{% assign a = event.note | append: event.note %}{{ a | replace: '', a | size }}",
    ],
)
def test_a_value_that_becomes_too_long_takes_no_memory_first(text: str) -> None:
    template = compile_template(text, "hello", "emails/hello.md")
    tracemalloc.start()

    try:
        with pytest.raises(CannotSay, match="a value of more than 20,000 characters"):
            template.render(facts(note="x" * 1_000))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert most < 1_000_000, "they took 3 to 374 MB before they were refused"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ event.note | replace: 'x', 'yyyyyyyyyyyyyyyyyyyy' | size }}", "20000"),
        ("{{ event.note | replace: 'xxxxx', 'y' | size }}", "200"),
        ("{{ event.note | split: '' | join: '1234567890123456789' | size }}", "19981"),
        (
            "{{ event.options | join }} {{ event.options | join: ', ' }} {{ event.note | join: 'yy' | size }}",
            "deck gutter deck, gutter 1000",
        ),
        ("{{ (1..4) | join: 0 }} {{ event.amount | replace: 8, 9 }}", "1020304 1950"),
    ],
)
def test_a_value_of_just_so_many_characters_is_said(text: str, said: str) -> None:
    assert render(text, note="x" * 1_000) == said


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


@settings(max_examples=150, deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_any_value_prints_as_itself_in_markdown(value: str) -> None:
    try:
        said = render("{{ event.note }}", "markdown", note=value)
    except MissingValue:
        assert not value.strip() or not value.isprintable()
        return
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(f"Hello {said}.")

    assert html.count("<") == html.count("<p>") + html.count("</p>") + html.count("<br />") + html.count("<code>") + html.count(
        "</code>"
    ) + html.count("<pre>") + html.count("</pre>")
    assert "<a " not in html
