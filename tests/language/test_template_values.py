"""The values of a template are never more than data: no markup, no header line, no template, and no more of them than fits."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from orchestrator.language.templates import CannotSay, MissingValue, compile_template
from tests.language.templates import facts, render

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
