"""Stepping through a playbook by hand, with typed input."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrator.errors import InputError
from orchestrator.rehearsal.everything import run_text
from orchestrator.rehearsal.playing import play
from orchestrator.rehearsal.stage import Stage
from tests.rehearsal.stories import changed

NOW = datetime(2026, 3, 10, 14, 0, 40, tzinfo=UTC)  # Tuesday, ten in New York


def played(stage: Stage, *typed: str, playbook: str = "quote-follow-up") -> str:
    """Everything that was shown, questions included."""
    lines: list[str] = []
    answers = iter(typed)

    def ask(question: str) -> str | None:
        lines.append(question)
        return next(answers, None)

    play(stage, playbook, ask=ask, tell=lambda line, style="": lines.append(line), now=NOW)
    return "\n".join(lines)


def test_it_shows_the_clock_what_is_next_and_why(stage: Stage) -> None:
    said = played(stage, "", "", "")

    assert "Follow up a sent quote (quote-follow-up). An imaginary customer in America/New_York." in said
    assert "Next: Tue 2026-03-10 10:10  quote-thanks (email)" in said
    assert (
        "Tue 2026-03-10 10:10  Thanks for asking us: sent\n    why: quote-thanks: 10 minutes after the event\n    | Your quote for"
        in said
    )
    assert said.endswith("Stopped. Nobody was contacted.")


def test_a_call_shows_its_script_and_asks_how_it_ends(stage: Stage) -> None:
    said = played(stage, "", "", "", "", "c", "11")

    assert "Waits: quote-check-in, try 1, in the queue sales until Fri 2026-03-13 10:10" in said
    assert "    | Quote check-in" in said
    assert "  11  Voicemail left" in said
    assert "What do you think of the quote?: Voicemail left" in said
    assert "Next: Thu 2026-03-12 10:15  sorry-we-missed-you (text)" in said


def test_an_ending_may_be_typed_and_nonsense_is_asked_again(stage: Stage) -> None:
    said = played(stage, "", "", "", "", "c", "99", "later", "declined")

    assert said.count("A number from the list, or the disposition:") == 2
    assert "Follow up a sent quote ends: stopped" in said


def test_a_call_back_asks_for_its_moment(stage: Stage) -> None:
    said = played(stage, "", "", "", "", "c", "call_back", "soon", "Mon 2026-03-09 10:00", "Mon 15:00")

    assert "Next: Mon 2026-03-16 15:00  quote-check-in (call)" in said
    assert "'soon' is no moment" in said
    assert "That is over" in said


def test_an_ending_that_the_desk_refuses_is_told_and_asked_again(stage: Stage) -> None:
    said = played(stage, "", "", "", "", "c", "call_back", "Fri 2027-03-12 10:00", "declined", "f")

    assert "this follow-up is over by then: it gives up on " in said
    assert "Follow up a sent quote ends: stopped" in said
    assert "ends: declined}" in said.split("when:")[1]
    assert "call_back" not in said.split("when:")[1]


def test_time_passes_until_a_moment_or_until_a_call_waits(stage: Stage) -> None:
    said = played(stage, "", "", "u", "Fri 09:00")

    assert "Waits: quote-check-in" in said
    assert "Thu 2026-03-12 10:10 > " in said


def test_an_event_comes_with_other_values(stage: Stage) -> None:
    said = played(stage, "", "amount=300 work=the small deck")

    assert "Does not start\n    why: its condition is not met: event.amount >= 500" in said
    assert "Nothing is planned any more." in said


def test_a_value_that_does_not_fit_is_told_and_nothing_happens(stage: Stage) -> None:
    said = played(stage, "", "amount=much")

    assert "'amount' is not a number" in said
    assert "Next:" not in said


def test_an_event_that_ends_it_is_chosen_from_a_list(stage: Stage) -> None:
    said = played(stage, "", "", "e", "1", "")

    assert "   1  quote.accepted" in said
    assert "Follow up a sent quote ends: goal" in said


def test_no_more_contact_ends_it(stage: Stage) -> None:
    assert "ends: opted out" in played(stage, "", "", "s")


def test_an_automatic_call_asks_how_it_ends(stage: Stage) -> None:
    start = ("Thu 2026-04-09 11:00", "1", "starts_at=2026-04-16T10:30:00-05:00")
    by_voice = Stage(
        changed(stage, "visit-reminder.yaml", "    text: visit-reminder\n    when", "    voicemail: visit-reminder\n    when"),
        stage.ours,
    )

    said = played(by_voice, *start, "u", "Thu 2026-04-16 08:00", "voicemail_left", "f", playbook="visit-reminder")

    assert "visit-reminder, an automatic call, try 1: how does it end?" in said
    assert "See you tomorrow: Voicemail left" in said
    assert "{touchpoint: visit-reminder, try: 1, ends: voicemail_left}" in said


def test_what_was_played_is_a_rehearsal_file_that_comes_true(stage: Stage) -> None:
    said = played(stage, "Tue 2026-03-10 10:00", "", "", "", "c", "voicemail_left", "", "u", "Fri 12:00", "e", "1", "", "f")
    text = said[said.index("playbook: quote-follow-up\n") : said.rindex("\nNothing is planned any more.")]

    (outcome,) = run_text(stage, "played.yaml", text)

    assert outcome.problems == ()
    assert outcome.agrees
    assert "{touchpoint: quote-check-in, try: 1, ends: voicemail_left}" in text
    assert "ends: goal" in text


def test_the_keys_are_explained_and_an_unknown_playbook_is_refused(stage: Stage) -> None:
    assert 'u      let time pass until a moment, e.g. "Thu 09:00"' in played(stage, "", "", "?")
    with pytest.raises(InputError, match="did you mean 'quote-follow-up'"):
        played(stage, playbook="quote-folow-up")


def test_time_never_runs_back(stage: Stage) -> None:
    assert "That is over; it is Tue 2026-03-10 10:00." in played(stage, "", "", "u", "Mon 2026-03-09 10:00")
