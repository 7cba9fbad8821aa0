"""What follows how an automatic call ended, and what an unread answer of the customer does to touches that are due."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID, uuid4

import pytest

from orchestrator.core.house import House
from orchestrator.core.judging import Fate, Go, Later, Over, fate
from orchestrator.core.model import Change, End, EndReason, PauseScope, Plan
from orchestrator.core.planner import Facts, after
from orchestrator.language.program import Program
from tests.core.cases import CHICAGO, case
from tests.core.moments import at
from tests.language.designs import design

TUESDAY = at("Tue 12:00", CHICAGO)
LATER = "  - touchpoint: mail\n    email: thanks\n    after: 1 hour\n"


@cache
def designed(step: str) -> tuple[Program, House]:
    made = design(f"{step}{LATER}", voices__hello="Hello.\n")
    return made.playbooks["follow-up"].program, House.of(made.house_rules)


def step(channel: str, *lines: str) -> str:
    return f"  - touchpoint: ring\n    {channel}: hello\n" + "".join(f"    {line}\n" for line in lines)


def facts(text: str, *, held: str | None = None) -> Facts:
    program, house = designed(text)
    usual = case(run={"held": held})
    return Facts(program, usual.run, usual.customer, house, dict, {})


def ended(text: str, result: str, *, tries: int = 1) -> str:
    """What comes next: "mail", "ring again at 13:00", or how the follow-up ends."""
    touch = replace(case().touch, step="ring", touchpoint="ring", channel="voice", queue=None, tries=tries, effect_at=TUESDAY)
    return told(after(facts(text), touch, result, TUESDAY, uuid4))


def told(changes: list[Change]) -> str:
    last = changes[-1]
    if isinstance(last, End):
        return str(last.reason)
    assert isinstance(last, Plan)
    minutes = (last.touch.due_at - TUESDAY) / timedelta(minutes=1)
    return str(last.touch.touchpoint) + (f" again after {minutes:.0f} minutes" if last.touch.tries > 1 else "")


AGAIN = "attempts: {most: 3, apart: 1 hour}"


@pytest.mark.parametrize("channel", ["voice", "voicemail"])
@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("completed", "mail"),
        ("no_answer", "ring again after 60 minutes"),
        ("busy", "ring again after 60 minutes"),
        ("cut_off", "ring again after 60 minutes"),
        ("voicemail_not_left", "ring again after 60 minutes"),
        ("call_back", "ring again after 60 minutes"),
        ("goal_met", "goal"),
        ("do_not_contact", "stopped"),
        ("fax", "mail"),
        ("invalid_number", "mail"),
        ("sent", "mail"),  # by a channel that makes no calls
        ("skipped", "mail"),
        ("failed", "mail"),
    ],
)
def test_an_ending_that_the_playbook_does_not_name_does_the_sensible_thing(channel: str, result: str, expected: str) -> None:
    assert ended(step(channel, AGAIN), result) == expected


def test_a_voice_call_that_reached_a_voicemail_tries_again_but_a_voicemail_has_done_its_work() -> None:
    assert ended(step("voice", AGAIN), "voicemail_left") == "ring again after 60 minutes"
    assert ended(step("voicemail", AGAIN), "voicemail_left") == "mail"
    assert ended(step("voicemail", AGAIN, "outcomes: {retry: exit}"), "voicemail_left") == "mail"


def test_an_automatic_call_without_attempts_is_tried_once() -> None:
    assert ended(step("voice"), "no_answer") == "mail"
    assert ended(step("voice", "outcomes: {not_reached: exit}"), "no_answer") == "stopped"


def test_when_the_tries_are_used_up_the_customer_was_not_reached() -> None:
    text = step("voice", AGAIN, "outcomes: {not_reached: goal}")

    assert [ended(text, "busy", tries=n) for n in (1, 2, 3)] == [*["ring again after 60 minutes"] * 2, "goal"]


@pytest.mark.parametrize("outcomes", ["{goal_met: continue}", "{final: continue}"])
def test_what_the_playbook_says_about_an_ending_or_its_class_wins(outcomes: str) -> None:
    assert ended(step("voice", f"outcomes: {outcomes}"), "goal_met") == "mail"


def test_a_text_follows_ten_minutes_after_a_voicemail_was_left() -> None:
    text = step("voice", AGAIN, "outcomes:", "  voicemail_left:", "    - {touchpoint: beside, text: sorry, after: 10 minutes}")
    touch = replace(case().touch, step="ring", touchpoint="ring", channel="voice", queue=None)

    plan = after(facts(text), touch, "voicemail_left", TUESDAY, uuid4)[-1]

    assert isinstance(plan, Plan)
    assert (plan.touch.touchpoint, plan.touch.due_at) == ("beside", TUESDAY + timedelta(minutes=10))


# -- an answer that waits for a person ----------------------------------------------------------------------------


def due(text: str, of: str, *, held: str | None, paused: tuple[tuple[PauseScope, str], ...] = (), late: bool = False) -> Fate:
    known = facts(text, held=held)
    channel = "voice" if of == "ring" else None
    expires: datetime | None = TUESDAY - timedelta(minutes=1) if late else None
    touch = replace(case().touch, step=of, touchpoint=channel and of, channel=channel, queue=None, expires_at=expires)
    return fate(touch, known.run, known, (), paused, TUESDAY, lambda: UUID(int=9))


def test_a_wait_that_is_over_goes_on_only_when_the_answer_was_read() -> None:
    wait = "  - wait: 1 day\n"

    assert due(wait, "1", held="an answer") == Later(TUESDAY + timedelta(minutes=15), "reply", "an answer")
    assert isinstance(due(wait, "1", held=None), Over)


def test_what_was_held_is_not_dropped_for_being_late() -> None:
    assert isinstance(due(step("voice"), "ring", held="an answer", late=True), Later)
    assert isinstance(due(step("voice"), "ring", held=None, late=True), Over)
    assert isinstance(due(step("voice"), "ring", held=None), Go)


def test_a_pause_of_calls_never_drops_an_automatic_one() -> None:
    assert isinstance(due(step("voice"), "ring", held=None, paused=(("channel", "call"),), late=True), Later)
    assert isinstance(due(step("voice"), "ring", held=None, paused=(("channel", "text"),), late=True), Over)


def test_the_journal_names_the_consent_for_calls_when_a_call_is_made() -> None:
    gone = due(step("voice"), "ring", held=None)

    assert isinstance(gone, Go)
    assert "consent is service" in gone.why


def test_a_follow_up_that_has_ended_is_over_whatever_is_held() -> None:
    known = facts(step("voice"), held="an answer")
    run = replace(known.run, ended=EndReason.OPTED_OUT)

    assert isinstance(fate(case().touch, run, known, (), (), TUESDAY, uuid4), Over)
