"""An ending that the desk refuses is refused in a rehearsal too, and then it has no effect at all."""

from __future__ import annotations

import pytest

from orchestrator.rehearsal.everything import Outcome
from orchestrator.rehearsal.stage import Stage
from orchestrator.rehearsal.updating import updated
from tests.rehearsal.stories import SENT, outcome_of, shown, story

CONCERN = (
    "{touchpoint: quote-check-in, ends: completed_concern, answers: {feeling: something is missing, next_step: a drawing}, "
    "promised_for: {next_step: DAY}}"
)
NEXT = "{touchpoint: quote-concern-call, ends: completed}"
NO_DAY = "this day has passed, or is too far away (choose a day in the next two years)"


def promised_for(stage: Stage, day: str) -> Outcome:
    return outcome_of(stage, story([SENT, CONCERN.replace("DAY", day), NEXT]))


def touched(outcome: Outcome) -> list[tuple[str | None, str]]:
    assert outcome.result is not None, outcome.problems
    return [(got.touchpoint, got.what) for got in outcome.result.got]


@pytest.mark.parametrize("day", ["2020-01-01", "2026-03-10", "2028-03-20", "9998-01-01", "9999-12-31"])
def test_a_promise_for_a_day_that_the_desk_refuses_ends_no_call(stage: Stage, day: str) -> None:
    outcome = promised_for(stage, day)

    assert not outcome.agrees
    assert f"quote-check-in cannot end so: next_step: {NO_DAY}" in shown(outcome)
    assert touched(outcome) == [("quote-thanks", "sent"), ("quote-check-in", "in_call")], "nothing follows from it"


def test_a_promise_for_a_day_soon_ends_the_call_and_is_kept_in_mind(stage: Stage) -> None:
    outcome = promised_for(stage, "2026-03-16")

    assert ("quote-check-in", "completed_concern") in touched(outcome)
    assert ("quote-concern-call", "completed") in touched(outcome)
    assert "keep-promise" in {touchpoint for touchpoint, _ in touched(outcome)}
    assert outcome.result is not None
    assert not outcome.result.refused


def test_near_the_end_of_the_calendar_it_is_refused_in_words_too(stage: Stage) -> None:
    text = story([SENT, CONCERN.replace("DAY", "9999-12-31"), NEXT]).replace("Tue 2026-03-10", "Wed 9998-03-04")

    outcome = outcome_of(stage, text)

    assert "quote-check-in cannot end so: next_step: no promise can be made for 9999-12-31" in shown(outcome)
    assert "completed_concern" not in dict(touched(outcome)).values()


def test_update_does_not_expect_an_ending_that_is_refused(stage: Stage) -> None:
    text = story([SENT, CONCERN.replace("DAY", "2020-01-01"), NEXT])

    assert updated(text, [outcome_of(stage, text)]) == text
