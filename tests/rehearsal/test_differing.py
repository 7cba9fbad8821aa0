"""What differs is shown like a diff: what was expected, what came, and why it came."""

from __future__ import annotations

import time

import pytest

from orchestrator.rehearsal.differing import closest
from orchestrator.rehearsal.stage import Stage
from tests.rehearsal.stories import SENT, THANKS, outcome_of, shown, story

CALL = "{touchpoint: quote-check-in, ends: declined}"
CALLED = "{at: Thu 2026-03-12 10:10, touchpoint: quote-check-in, try: 1, is: declined}"
ENDED = "{at: Thu 2026-03-12 10:10, ends: stopped}"


def difference(stage: Stage, *then: str) -> str:
    return shown(outcome_of(stage, story([SENT, CALL], list(then))))


def test_what_came_as_expected_agrees(stage: Stage) -> None:
    assert outcome_of(stage, story([SENT, CALL], [THANKS, CALLED, ENDED])).agrees


def test_another_moment_is_shown_with_the_reason_for_the_real_one(stage: Stage) -> None:
    said = difference(stage, THANKS, CALLED.replace("Thu 2026-03-12 10:10", "Fri 2026-03-13 10:10"), ENDED)

    assert said.splitlines() == [
        "head| story.yaml:7: A story",
        " | - {at: Tue 2026-03-10 10:10, touchpoint: quote-thanks, is: sent}",
        "-| - {at: Fri 2026-03-13 10:10, touchpoint: quote-check-in, try: 1, is: declined}",
        "+| - {at: Thu 2026-03-12 10:10, touchpoint: quote-check-in, try: 1, is: declined}",
        "?| why: quote-check-in: 2 business days after quote-thanks",
        " | - {at: Thu 2026-03-12 10:10, ends: stopped}",
    ]


def test_a_touch_that_nobody_expected_is_a_difference(stage: Stage) -> None:
    said = difference(stage, CALLED, ENDED)

    assert "+| - {at: Tue 2026-03-10 10:10, touchpoint: quote-thanks, is: sent}" in said
    assert "\n-| " not in said


def test_a_touch_that_never_came_is_a_difference(stage: Stage) -> None:
    said = difference(stage, THANKS, THANKS.replace("10:10", "12:00"), CALLED, ENDED)

    assert "-| - {at: Tue 2026-03-10 12:00, touchpoint: quote-thanks, is: sent}" in said
    assert "+|" not in said


def test_the_order_counts(stage: Stage) -> None:
    assert not outcome_of(stage, story([SENT, CALL], [CALLED, THANKS, ENDED])).agrees


def test_another_end_is_a_difference(stage: Stage) -> None:
    said = difference(stage, THANKS, CALLED, ENDED.replace("stopped", "goal"))

    assert "-| - {at: Thu 2026-03-12 10:10, ends: goal}\n+| - {at: Thu 2026-03-12 10:10, ends: stopped}" in said


def test_another_rule_or_try_is_a_difference(stage: Stage) -> None:
    assert "+| - {at: Thu 2026-03-12 10:10, touchpoint: quote-check-in, try: 1" in difference(
        stage, THANKS, CALLED.replace("try: 1", "try: 2"), ENDED
    )
    cancelled = outcome_of(
        stage,
        story([SENT, "{at: Wed 09:00, event: quote.accepted}"],
              [THANKS, "{at: Wed 2026-03-11 09:00, touchpoint: quote-check-in, is: cancelled, because: stopped}",
               "{at: Wed 2026-03-11 09:00, ends: goal}"]),
    )  # fmt: skip
    assert "is: cancelled, because: goal}" in shown(cancelled)


def test_words_that_are_not_said_are_shown_beside_the_nearest_that_are(stage: Stage) -> None:
    said = difference(stage, THANKS.replace("}", ", says: Thanks for asking us}"), CALLED, ENDED)

    assert "-| says: Thanks for asking us\n+| says: Thank you for asking us.\n" in said
    assert said.count("quote-thanks") == 1


@pytest.mark.parametrize(
    ("piece", "words", "near"),
    [
        ("Shall we come on Friday?", "Hi Dana.\nShall we come on Monday? Just say so.", "Shall we come on Monday?"),
        ("Thanx!", "Hello Dana.\nThanks, Dana! Until soon.", "Thanks, Dana!"),
        ("SHALL WE COME", "We call. Shall we come?", "Shall we come?"),
        ("anything", "", ""),
    ],
)
def test_the_nearest_words_are_those_with_most_in_common(piece: str, words: str, near: str) -> None:
    assert closest(piece, words) == near


def test_words_that_repeat_themselves_do_not_keep_the_page_waiting() -> None:
    before = time.process_time()

    closest("ab " * 10_000, "ba " * 10_000)

    assert time.process_time() - before < 1, "0.03 s measured; 4,000 signs took 19 s when their order was compared"


def test_all_of_the_words_can_be_expected(stage: Stage) -> None:
    exactly = '{at: Thu 2026-03-12 10:15, touchpoint: sorry-we-missed-you, is: sent, says_exactly: "EXACT"}'
    words = (
        "Hi Dana, it's Harbor & Pine Home Services.  We just left you a voicemail about your quote. No rush: text back a good time to "
        "talk, or call (312) 555-0100. Text STOP to end texts."
    )
    when = [SENT, "{touchpoint: quote-check-in, ends: voicemail_left}"]
    left = CALLED.replace("declined", "voicemail_left")
    more = "until: Thu 2026-03-12 11:00"
    tried = "{at: Mon 2026-03-16 13:30, touchpoint: quote-check-in, try: 2, is: planned}"

    assert outcome_of(stage, story(when, [THANKS, left, exactly.replace("EXACT", words), tried], more=more)).agrees
    wrong = outcome_of(stage, story(when, [THANKS, left, exactly.replace("EXACT", words[:-1]), tried], more=more))
    assert f"-| {' '.join(words[:-1].split(chr(10)))}" in shown(wrong)


def test_a_line_about_a_try_that_never_comes_is_a_difference(stage: Stage) -> None:
    outcome = outcome_of(stage, story([SENT, CALL, "{touchpoint: quote-concern-call, ends: completed}"], [THANKS, CALLED, ENDED]))

    assert not outcome.agrees
    assert "-| quote-concern-call never came, though the file says that it ends with completed" in shown(outcome)


def test_a_call_back_that_the_desk_would_refuse_is_a_difference(stage: Stage) -> None:
    outcome = outcome_of(
        stage,
        story([SENT, "{touchpoint: quote-check-in, ends: call_back, call_back: Fri 2026-05-29 14:00}"], [THANKS]),
    )

    assert not outcome.agrees
    assert "this follow-up is over by then: it gives up on " in shown(outcome)


def test_an_answer_when_nobody_asked_is_a_difference(stage: Stage) -> None:
    small = "{at: Tue 2026-03-10 10:00, event: quote.sent, fields: {amount: 1}}"
    outcome = outcome_of(stage, story([small, "{at: Wed 10:00, survey: {rating: 2}}"]))

    assert not outcome.agrees
    assert "the survey is answered Wed 2026-03-11 10:00, when no follow-up is open" in shown(outcome)


def test_the_same_event_twice_in_one_moment_is_heard_twice(stage: Stage) -> None:
    outcome = outcome_of(stage, story([SENT, SENT.replace("}", ", fields: {amount: 2000}}")], [THANKS]))

    assert outcome.result is not None
    assert outcome.result.got[1].what == "superseded"
    assert any("$2,000.00" in (g.words or "") for g in outcome.result.got)
