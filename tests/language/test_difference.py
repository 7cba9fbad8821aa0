"""The difference of two playbooks as an author would tell it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.language.design import load_design
from orchestrator.language.difference import Sentence, playbook_difference, playbook_of
from orchestrator.language.difference.steps import likely_steps, match, same_steps
from tests.language.designs import WORDS, files

THANKS = "  - {touchpoint: thanks, email: thanks}\n"
SORRY = "  - {touchpoint: sorry, text: sorry, after: 3 days}\n"
CALL = "  - {touchpoint: check-in, call: check-in, queue: sales, after: 2 business days}\n"
HELLO = "  - {touchpoint: hello, voicemail: hello, after: 1 week}\n"


def document(steps: str, head: str = "starts_on: quote.sent\n", **others: str) -> dict[str, Any]:
    return load_design(files(steps, head, **others)).document("follow-up")


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Sentence]:
    return playbook_difference(old, new)


def texts(old: str, new: str) -> list[str]:
    return [one.text for one in difference(document(old), document(new)) if one.about == "steps"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (CALL, CALL.replace("2 business days", "1 business day"), ["The check-in call moves from 2 to 1 business days after the event."]),
        (CALL, CALL.replace("2 business days", "3 hours"), ["The check-in call moves from 2 business days to 3 hours after the event."]),
        (
            THANKS + CALL,
            THANKS + CALL.replace("2 business days", "1 business day"),
            ["The check-in call moves from 2 to 1 business days after “thanks”."],
        ),
        (
            THANKS.replace("}", ", title: Thanks for asking us}") + CALL,
            CALL.replace("2 business days", "1 business day"),
            [
                "The check-in call moves from 2 business days after “Thanks for asking us” to 1 business day after the event.",
                "The thanks e-mail is gone; it came first.",
            ],
        ),
        (
            CALL.replace("}", ", outcomes: {declined: [{touchpoint: sorry, text: sorry, after: 3 days}]}}"),
            CALL.replace("}", ", outcomes: {declined: [{touchpoint: sorry, text: sorry, after: 4 days, at: '09:00'}]}}"),
            [
                "The sorry text moves from 3 days after “check-in” to 4 days after “check-in” at 09:00.",
                "The sorry text: the time of day is now 09:00.",
            ],
        ),
        (CALL, CALL.replace("queue: sales", "queue: leads"), ["The check-in call: the queue changes from sales to leads."]),
        (THANKS + SORRY, THANKS, ["The sorry text is gone; it came after the thanks e-mail."]),
        (THANKS, THANKS + SORRY, ["The sorry text is new, after the thanks e-mail: 3 days after."]),
        (SORRY, SORRY.replace("touchpoint: sorry", "touchpoint: apology"), ["The sorry text is now called apology."]),
        (
            THANKS + SORRY + CALL,
            SORRY + CALL + THANKS,
            ["The thanks e-mail comes after the check-in call now, before that first."],
        ),
        (
            CALL + SORRY,
            CALL.replace("}", ", outcomes: {declined: [{touchpoint: sorry, text: sorry, after: 3 days}]}}"),
            [
                "The check-in call has a way of its own for declined now: the sorry text.",
                "The sorry text comes first under 'declined' of the check-in call now, before that after the check-in call.",
            ],
        ),
        (
            CALL.replace("}", ", outcomes: {declined: exit}}"),
            CALL.replace("}", ", outcomes: {declined: continue}}"),
            ["The check-in call, after declined: continue and no longer exit."],
        ),
        (
            THANKS + "  - wait: 3 days\n" + SORRY,
            THANKS + "  - wait: 5 days\n" + SORRY,
            ["The wait of 3 days becomes 5 days."],
        ),
        (
            THANKS + "  - wait: 3 days\n" + SORRY,
            THANKS + "  - wait: 1 day\n  - wait: 3 days\n" + SORRY,
            ["The wait of 1 day is new, after the thanks e-mail."],
        ),
        (
            THANKS + "  - exit\n",
            THANKS + "  - goal\n",
            ["After the thanks e-mail it is 'goal' and no longer 'exit'."],
        ),
    ],
)  # fmt: skip
def test_a_changed_step_is_told_in_a_sentence(old: str, new: str, told: list[str]) -> None:
    assert texts(old, new) == told


def test_whose_next_touch_a_change_alters_is_known_by_their_step() -> None:
    new = CALL.replace("2 business days", "1 day").replace("call: check-in,", "call: check-in, title: Hear them,")

    found = difference(document(THANKS + CALL), document(THANKS + new))

    assert {one.field: one.steps for one in found} == {
        "Touchpoint.after": frozenset({"check-in"}),
        "Touchpoint.title": frozenset(),
    }


def test_words_are_told_sentence_by_sentence() -> None:
    old = document(THANKS + SORRY, texts__sorry="Sorry we missed you. We call again tomorrow. {{ house.name }}\n")
    new = document(THANKS + SORRY, texts__sorry="Sorry we missed you. Call us when it suits you. {{ house.name }}\n")

    (one,) = difference(old, new)

    assert one.text == "texts/sorry.md: instead of “We call again tomorrow.” it says “Call us when it suits you.”"
    assert one.steps == {"sorry"}


def test_comments_and_layout_are_no_difference() -> None:
    plain, with_comment = document(THANKS), document("  # the first\n" + THANKS)

    assert difference(plain, with_comment) == []


def test_a_default_written_out_is_no_difference() -> None:
    assert difference(document(THANKS), document(THANKS, "starts_on: quote.sent\npurpose: service\n")) == []


def test_the_head_says_whom_it_concerns() -> None:
    old = document(THANKS, "starts_on: quote.sent\nstops_on: {quote.accepted: goal}\n")
    new = document(THANKS, "starts_on: [quote.sent, quote.changed]\nstops_on: {quote.accepted: goal, quote.declined: exit}\n")

    found = {one.text: one.everybody for one in difference(old, new) if one.about == "head"}

    assert found == {"It also starts on quote.changed.": False, "It also stops on quote.declined, as an exit.": True}


def test_what_a_version_pins_of_the_lifecycle_is_told_too() -> None:
    lifecycle = files(THANKS)["lifecycle.yaml"].replace("note: optional text", "note: text")

    found = difference(document(THANKS), document(THANKS, lifecycle=lifecycle))

    assert [one.text for one in found] == ["The event quote.sent: the field note changes from optional text to text."]


def test_a_wait_is_the_same_wait_when_something_is_put_before_it() -> None:
    old = playbook_of(document(THANKS + "  - wait: 3 days\n" + SORRY))
    new = playbook_of(document("  - wait: 1 hour\n" + THANKS + "  - wait: 4 days\n" + SORRY))

    assert same_steps(old, new) == {"thanks": "thanks", "2": "3", "sorry": "sorry"}


def test_a_renamed_step_is_another_one_until_somebody_says_otherwise() -> None:
    old, new = (
        playbook_of(document(THANKS + SORRY)),
        playbook_of(document(THANKS + SORRY.replace("touchpoint: sorry", "touchpoint: so-sorry"))),
    )

    assert same_steps(old, new) == {"thanks": "thanks"}
    assert likely_steps(old, new) == {"sorry": "so-sorry"}


STEPS = st.permutations(
    [THANKS, SORRY, CALL, HELLO, "  - wait: 3 days\n", "  - wait: 4 hours\n", "  - {wait_for: quote.accepted, within: 2 days}\n"]
)


@given(STEPS, STEPS, st.integers(1, 7), st.integers(1, 7))
def test_each_step_has_one_partner_at_most_and_what_differs_is_told(one: list[str], other: list[str], a: int, b: int) -> None:
    left, right = "".join(one[:a]), "".join(other[:b])
    old, new = (
        {"playbook": files(steps)["follow-up.yaml"], "words": WORDS, "stages": {}, "events": {}, "customer": {}}
        for steps in (left, right)
    )

    found = match(playbook_of(old), playbook_of(new))
    told = difference(old, new)

    assert len({x.id for x, _ in found.pairs}) == len({y.id for _, y in found.pairs}) == len(found.pairs)
    assert len(found.pairs) + len(found.gone) == a
    assert len(found.pairs) + len(found.added) == b
    assert bool(told) == (left != right)


def test_words_that_repeat_themselves_differ_in_what_is_new() -> None:
    body = "Hello there.\n" * 1_400
    old, new = (document(THANKS, emails__thanks=f"---\nsubject: Thanks\n---\n{text}") for text in (body, f"Well. {body}"))
    before = time.process_time()

    told = [one.text for one in difference(old, new)]

    assert told == ["emails/thanks.md: it also says “Well.”"]
    assert time.process_time() - before < 1
