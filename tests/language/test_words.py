"""Word files: what stands between the lines ---, what is said below, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.lifecycle import FieldType
from orchestrator.language.templates import CannotSay, MissingValue
from orchestrator.language.words import Words, read_words

FACTS: Mapping[str, Mapping[str, object]] = {
    "event": {"amount": 1850, "currency": "USD"},
    "customer": {"first_name": "Dana", "zone": "America/Chicago", "locale": "en-US"},
    "subject": {"key": "Q-1042"},
    "house": {"name": "Northside", "email": "hello@example.com"},
    "touch": {"tries": 2},
}
EMAIL = """\
---
subject: Your quote {{ subject.key }}
preheader: "It comes to {{ event.amount | money: event.currency }}"
reply_to: "{{ house.email }}"
---

Hello **{{ customer.first_name }}**,


{% if event.note %}
{{ event.note }}
{% endif %}


thank you.
"""
SCRIPT = """\
---
title: Check in on {{ subject.key }}
goal: Hear what {{ customer.first_name }} thinks.
voicemail: |
  Hello {{ customer.first_name }}, this is {{ house.name }}.
  We will try again.
questions:
  mood: {ask: How do they feel?, kind: choice, choices: [happy, unsure], required: yes}
  decides_on: {ask: When?, kind: date}
  budget: {ask: How much?, kind: number}
  compares: {ask: Others?, kind: boolean}
  promise: {ask: What did we promise?, kind: commitment}
  said: {ask: Anything else?}
---
# Hello {{ customer.first_name }}
"""


def read(channel: str, text: str) -> Words:
    return read_words(channel, "hello", text, "words/hello.md")


def refused(channel: str, text: str) -> list[Problem]:
    with pytest.raises(PlaybookError) as error:
        read(channel, text)
    return list(error.value.problems)


def test_an_email_has_a_subject_and_a_body_without_gaps() -> None:
    said = read("email", EMAIL).render(FACTS)

    assert said.subject == "Your quote Q-1042"
    assert said.preheader == "It comes to $1,850.00"
    assert said.reply_to == "hello@example.com"
    assert said.body == "Hello **Dana**,\n\nthank you."


def test_a_script_tells_staff_what_to_say_and_to_ask() -> None:
    words = read("call", SCRIPT)

    said = words.render(FACTS)

    assert said.title == "Check in on Q-1042"
    assert said.goal == "Hear what Dana thinks."
    assert said.voicemail == "Hello Dana, this is Northside.\nWe will try again."
    assert said.body == "# Hello Dana"
    assert words.questions["mood"].required
    assert words.questions["mood"].choices == ["happy", "unsure"]
    assert not words.questions["said"].required


def test_the_answers_of_a_script_may_always_be_missing() -> None:
    assert read("call", SCRIPT).answers == {
        "mood": FieldType("text", True),
        "decides_on": FieldType("date", True),
        "budget": FieldType("number", True),
        "compares": FieldType("boolean", True),
        "promise": FieldType("text", True),
        "said": FieldType("text", True),
    }


@pytest.mark.parametrize("channel", ["text", "voicemail"])
@pytest.mark.parametrize("front", ["", "---\n---\n", "---\ntitle: Hello\n---\n"])
def test_a_text_or_voicemail_needs_no_front_matter(channel: str, front: str) -> None:
    assert read(channel, f"{front}Hello {{{{ customer.first_name }}}}.\n").render(FACTS).body == "Hello Dana."


def test_a_text_is_no_markdown() -> None:
    facts = {**FACTS, "customer": {"first_name": "*D_n_*"}}

    assert read("text", "Hello {{ customer.first_name }}.").render(facts).body == "Hello *D_n_*."
    assert read("email", "---\nsubject: x\n---\nHello {{ customer.first_name }}.").render(facts).body == r"Hello \*D\_n\_\*."


def test_windows_line_endings_change_nothing() -> None:
    assert read("email", EMAIL.replace("\n", "\r\n")).render(FACTS) == read("email", EMAIL).render(FACTS)


def test_a_line_of_dashes_in_the_body_belongs_to_the_body() -> None:
    assert read("email", "---\nsubject: x\n---\na\n\n---\n\nb").render(FACTS).body == "a\n\n---\n\nb"


def test_a_customer_cannot_add_a_line_to_the_subject() -> None:
    facts = {**FACTS, "subject": {"key": "Q\r\nBcc: everybody@example.com"}}

    assert read("email", EMAIL).render(facts).subject == "Your quote Q Bcc: everybody@example.com"


@pytest.mark.parametrize("missing", ["subject", "customer", "house"])
def test_a_value_that_is_missing_anywhere_means_that_nothing_is_said(missing: str) -> None:
    facts = {**FACTS, missing: {}}

    with pytest.raises(MissingValue):
        read("email", EMAIL).render(facts)


def test_words_that_come_to_nothing_are_not_said() -> None:
    with pytest.raises(CannotSay, match="says nothing"):
        read("text", "{% if event.note %}{{ event.note }}{% endif %}").render(FACTS)


def test_a_text_that_becomes_too_long_is_not_said() -> None:
    facts = {**FACTS, "customer": {"first_name": "x" * 1_700}}

    with pytest.raises(CannotSay, match="1704 characters"):
        read("text", "Hi {{ customer.first_name }}.").render(facts)


@pytest.mark.parametrize(
    ("channel", "text", "line", "column", "problem", "hint"),
    [
        ("email", "Hello\n", 1, 1, "the file does not begin with its subject", "between two lines ---"),
        ("call", "Hello\n", 1, 1, "the file does not begin with its title and goal", "between two lines ---"),
        ("email", "---\nsubject: x\nHello\n", 1, 1, "the file does not begin with its subject", "between two lines ---"),
        ("email", "---\nsubjct: x\nsubject: y\n---\nHello", 2, 1, "'subjct' is not known here", "did you mean 'subject'?"),
        ("email", "---\npreheader: x\n---\nHello", 2, 1, "'subject' is missing", "the subject line"),
        ("email", "---\nsubject: a: b\n---\nHello", 2, 11, "there is a second ': ' in this line", "quotes"),
        ("email", "---\nsubject: x\n---\n\n", 4, 1, "the file says nothing", "below the second ---"),
        ("email", "---\nsubject: {{ subject.key }}\n---\nx", 2, 11, "a key must be one word", "stands in quotes"),
        ("email", "---\nsubject: x {{ subject.key\n---\nx", 2, 12, "{{ or {% is opened and never closed", ""),
        (
            "email",
            "---\npreheader: a\nsubject: 'x {{ a | mony }}'\n---\nx",
            3,
            20,
            "there is no filter 'mony'",
            "did you mean 'money'?",
        ),
        ("email", "---\nsubject: x\n---\n\nHello {{ a | mony }}", 5, 14, "there is no filter 'mony'", "did you mean 'money'?"),
        ("text", "x" * 641, 1, 1, "the text has 641 characters", "at most 640"),
        ("text", "", 1, 1, "the file says nothing", ""),
        ("text", "---\nsubject: x\n---\nHello", 2, 1, "'subject' is not known here", "known: title"),
        ("call", SCRIPT.replace(", choices: [happy, unsure]", ""), 8, 3, "a choice needs at least two choices", "e.g."),
        ("call", SCRIPT.replace("kind: number", "kind: nmber"), 10, 34, "'nmber' is not possible here", "did you mean 'number'?"),
        ("call", SCRIPT.replace("kind: number", "choices: [a, b]"), 10, 28, "choices are for 'kind: choice'; this is a text", ""),
        ("call", SCRIPT.replace("budget:", "Budget:"), 10, 3, "'Budget' is not a field name", "small letters"),
    ],
)
def test_a_mistake_is_said_with_its_place_in_the_file(
    channel: str, text: str, line: int, column: int, problem: str, hint: str
) -> None:
    (found,) = refused(channel, text)

    assert found.problem == problem
    assert (found.place, found.line, found.column) == ("words/hello.md", line, column)
    assert hint in found.hint


def test_all_mistakes_of_a_file_are_said_at_once() -> None:
    found = refused("email", "---\nsubject: x {{ a | b }}\n---\nHello {{ c | d }}\n")

    assert [(p.line, p.problem) for p in found] == [(2, "there is no filter 'b'"), (4, "there is no filter 'd'")]
